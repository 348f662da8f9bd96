"""The `deploy.zip` of the hand procedure: the very files that a release would ship, for the fallback."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from services.errors import BadInput, SourceError
from services.projects import Project, TreeSource
from services.sources import tree
from services.sources.pack import Origin, opened
from services.sources.tree import Entry

_CHUNK = 1 << 20
_UNIX = 3
"""Made by: without it unzip does not look at the mode."""
_FIRST, _LAST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2107, 12, 31, tzinfo=UTC)
"""What the format can date."""


@dataclass(frozen=True, slots=True)
class Zipped:
    """A written zip. Sizes are bytes."""

    file: Path
    size: int
    sha256: str
    files: int
    label: str


async def zipped(
    project: Project, ref: str | None, target: Path, mirrors: Path, *, replace: bool = False
) -> Zipped:
    """Writes the project's source to `target` (mode 600): same files, same bytes. `mirrors`: for clones of git sources.

    Raises BadInput for a ref that cannot be and for a target that exists (unless `replace`) or lies in the source,
    SourceError for a source that cannot be packed. Nothing is left behind then.
    """
    if isinstance(project.source, TreeSource) and _lies_in(target, project.source.path):
        raise BadInput("error-zip-in-source", file=str(target))
    async with opened(project, ref, None, mirrors) as origin:
        files = await asyncio.to_thread(_write, project, origin, target, replace=replace)
    digest = await asyncio.to_thread(_sha256, target)
    return Zipped(target, target.stat().st_size, digest, files, origin.label)


def _lies_in(target: Path, root: Path) -> bool:
    """It would be shipped with the next release."""
    return target.parent.resolve().is_relative_to(root.resolve())


def _write(project: Project, origin: Origin, target: Path, *, replace: bool) -> int:
    entries = tree.walk(origin.root, never=tree.never_shipped(project), gitignore=origin.gitignore)
    part = target.with_name(f"{target.name}.part-{os.getpid()}")
    try:
        with open(part, "xb", opener=_private) as raw:
            _fill(raw, origin.root, entries)
        if replace:
            part.replace(target)
        else:
            os.link(part, target)  # fails where something stands already, also something that came just now
    except FileExistsError:
        raise BadInput("error-zip-exists", file=str(target)) from None
    except OSError as error:
        raise BadInput("error-zip-not-written", file=str(target), detail=str(error.strerror)) from error
    finally:
        with suppress(OSError):
            part.unlink()
    return len(entries)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _fill(raw: IO[bytes], root: Path, entries: Sequence[Entry]) -> None:
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for entry in entries:
            _add(archive, root, entry)


def _add(archive: zipfile.ZipFile, root: Path, entry: Entry) -> None:
    """Streams one file. Raises SourceError when it cannot be read, or is not what was walked any more."""
    try:
        source = entry.under(root).open("rb")
    except OSError as error:
        raise SourceError("error-source-unreadable", path=entry.path, detail=str(error.strerror)) from None
    with source, archive.open(_header(entry), "w") as member:
        read = 0
        while chunk := source.read(_CHUNK):
            read += member.write(chunk)
        after = os.fstat(source.fileno())
    if (read, int(after.st_mtime)) != (entry.size, entry.mtime):
        raise SourceError("error-source-changing", path=entry.path)


def _header(entry: Entry) -> zipfile.ZipInfo:
    """Times are the files' own, in UTC: a web server tells a new file from an old one by them."""
    at = min(max(datetime.fromtimestamp(entry.mtime, UTC), _FIRST), _LAST)
    date = (at.year, at.month, at.day, at.hour, at.minute, at.second)
    header = zipfile.ZipInfo(entry.path, date)
    header.create_system = _UNIX
    header.external_attr = (stat.S_IFREG | entry.mode) << 16
    header.compress_type = zipfile.ZIP_DEFLATED
    header.file_size = entry.size
    return header


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
