"""Raises the version in a local folder: the file is replaced by rename, or not touched at all."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from services.bumps import app_json
from services.checks.tree import APP_JSON
from services.errors import SourceError


def read(root: Path) -> bytes | None:
    """mobile/app.json; None where it is missing, a link, or cannot be read."""
    try:
        return _read(root)[0]
    except (OSError, SourceError):
        return None


def writable(root: Path) -> bool:
    """Whether the file can be replaced here."""
    return os.access((root / APP_JSON).parent, os.W_OK | os.X_OK)


def edit(root: Path, version: str, to: str) -> None:
    """Writes `to` where `version` stands; mode and owner stay, and whoever reads sees the old file or the new one.

    Raises SourceError when the file is a link, has another version by now, changes meanwhile, or cannot be written.
    """
    try:
        content, seen = _read(root)
        found = app_json.spot(content)
        if found is None or found.version != version:
            raise SourceError("error-bump-changed", file=APP_JSON)
        _replace(root / APP_JSON, app_json.raised(content, to), seen)
    except OSError as error:
        raise SourceError("error-bump-file", file=APP_JSON, reason=error.strerror or "?") from error


def _read(root: Path) -> tuple[bytes, os.stat_result]:
    path = root / APP_JSON
    if path.parent.is_symlink() or path.is_symlink():
        raise SourceError("error-bump-link", file=APP_JSON)
    file = os.open(
        path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    )  # a pipe in its place must not hold us up
    with os.fdopen(file, "rb") as opened:
        seen = os.fstat(opened.fileno())
        if not stat.S_ISREG(seen.st_mode):
            raise SourceError("error-bump-link", file=APP_JSON)
        return opened.read(), seen


def _replace(path: Path, content: bytes, seen: os.stat_result) -> None:
    file, name = tempfile.mkstemp(prefix=".app.json.", dir=path.parent)
    try:
        with os.fdopen(file, "wb") as fresh:
            fresh.write(content)
            fresh.flush()
            with suppress(PermissionError):  # only root may give files away
                os.fchown(fresh.fileno(), seen.st_uid, seen.st_gid)
            os.fchmod(fresh.fileno(), stat.S_IMODE(seen.st_mode))
            os.fsync(fresh.fileno())
        if not _same(path.lstat(), seen):
            raise SourceError("error-bump-changed", file=APP_JSON)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _same(now: os.stat_result, seen: os.stat_result) -> bool:
    return (now.st_ino, now.st_size, now.st_mtime_ns) == (seen.st_ino, seen.st_size, seen.st_mtime_ns)
