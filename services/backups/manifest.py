"""The manifest beside each copy of a dump: all that the catalogue knows of it, for when the catalogue is gone."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from services.backups.models import Backup
from services.remote.host import RemoteHost

LONGEST = 8 * 1024 * 1024
"""Bytes: a table takes about 150."""


def of_dump(file: PurePosixPath) -> PurePosixPath:
    """Where the manifest of a dump on the host lies."""
    return file.with_suffix(".json")


def content(backup: Backup) -> bytes:
    """Without what a drill said: that changes while the dump stays as it is, and stands in the catalogue."""
    return backup.model_copy(update={"drilled": None}).model_dump_json(indent=1).encode() + b"\n"


def parse(data: bytes) -> Backup:
    """Raises ValueError for what is no manifest."""
    return Backup.model_validate_json(data)


async def write_on_host(remote: RemoteHost, backup: Backup) -> None:
    """Whole or not at all, for us alone. Raises HostError."""
    await remote.verb("write", of_dump(backup.host_file), stdin=content(backup))


def write_here(dump: Path, backup: Backup) -> None:
    """Beside our own copy (mode 600). Raises OSError; then the one before stays."""
    file = dump.with_suffix(".json")
    part = file.with_suffix(".json.part")
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(content(backup))
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise
