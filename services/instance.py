"""This installation of Opsgate, as hosts know it."""

from __future__ import annotations

import hashlib


def owner_name(instance_key: bytes) -> str:
    """The name under which this installation takes locks. Tells nothing about the key."""
    return f"opsgate-{hashlib.sha256(instance_key).hexdigest()[:12]}"
