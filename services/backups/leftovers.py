"""Plain data that a kill left below DATA_DIR/backups: it goes as soon as nobody is at work on any.

Whoever makes such files holds a lock that several may hold, in whatever process; the system takes it away with the
process. The sweep removes only what lay there while nobody held it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOCK = ".lock"
"""Beside the folder."""
_OURS = ("*/*.importing", "*/*.unpacking", "*/*.leaving", "*/*.leaving-age", "*/*.bringing")
PLAIN = ".plain"
"""Of a dump that is to be encrypted before it is kept."""
_HALF = (f"*/*{PLAIN}", "*/*.dump.part", "*/*.dump.age.part", "*/*.json.part")
"""Of steps, which go on after a kill: they hold no lock, but what nobody writes to for so long is nobody's."""
FORGOTTEN = 86_400 + 3600
"""Seconds: longer than any deadline of a transfer."""


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """While it lasts nothing is swept. `folder`: DATA_DIR/backups."""
    with _locked(folder, fcntl.LOCK_SH):
        yield


def sweep(folder: Path) -> None:
    """Removes what nobody is at work on. Raises OSError."""
    if not folder.is_dir():
        return
    for file in [*_abandoned(folder), *filter(_forgotten, _found(folder, _HALF))]:
        file.unlink(missing_ok=True)


def _abandoned(folder: Path) -> list[Path]:
    """Names are never used twice: what is found under the lock stays nobody's after it."""
    try:
        with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            return _found(folder, _OURS)
    except BlockingIOError:
        return []


def _found(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    return [file for pattern in patterns for file in folder.glob(pattern)]


def _forgotten(file: Path) -> bool:
    with suppress(FileNotFoundError):
        return time.time() - file.lstat().st_mtime > FORGOTTEN
    return False


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(
        folder.with_name(folder.name + _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
    )
    try:
        fcntl.flock(lock, how)
        yield
    finally:
        os.close(lock)
