"""One process per data directory: two on one token would each get a random share of the updates."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.errors import OpsgateError


class AnotherInstance(OpsgateError):
    """Another process holds this data directory."""

    code = "error-another-instance"


@contextmanager
def only_instance(data_dir: Path) -> Iterator[None]:
    """Held while the process lives, freed by the kernel when it dies. Raises AnotherInstance."""
    file = os.open(data_dir / "opsgate.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 20, 0).decode("ascii", "replace").strip()
            raise AnotherInstance(
                detail=f"{data_dir} is in use by process {holder or '?'}", pid=holder
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(file)
