"""Node.js and the packages of package-lock.json, as far as this machine has them."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
LOCK = HERE / "package-lock.json"
_INSTALLED = HERE / "node_modules" / ".installed"
"""A copy of the lock that was installed (prepare.sh)."""
_SECONDS = 30


def packages_are_installed() -> bool:
    """Whether there is Node.js, and node_modules holds what the lock says."""
    if shutil.which("node") is None:
        return False
    return _INSTALLED.exists() and _INSTALLED.read_bytes() == LOCK.read_bytes()


def require_node() -> str:
    """The path of `node`; without it, or without the packages, the test is skipped by name (in CI: fails)."""
    node = shutil.which("node")
    if node is not None and packages_are_installed():
        return node
    reason = "needs Node.js and the npm packages of tests/conformance (make conformance)"
    if os.environ.get("CI"):
        pytest.fail(f"in CI nothing is skipped, but: {reason}")
    pytest.skip(reason)


@cache
def printed_json(script: str) -> Any:
    """What a script of this folder prints."""
    command = [require_node(), script]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=_SECONDS, check=True)
    return json.loads(done.stdout)
