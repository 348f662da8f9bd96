"""The frozen source: a tar.gz that holds `manifest` first, then `tree/<path>`.

The manifest has one line per file, sorted by path: `<sha256>  <644|755>  <path>`. Same files, same manifest.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import IO

from services.changes import manifest_lines
from services.errors import SourceError
from services.sources.tree import Entry

_LEVEL = 1
"""gzip's fastest: a release crosses a LAN or a VPN, its packing two cores."""


def manifest(root: Path, entries: Sequence[Entry]) -> bytes:
    """Reads and hashes every file."""
    lines = (f"{_hash(root, entry)}  {entry.mode:o}  {entry.path}\n" for entry in entries)
    return "".join(lines).encode()


def _hash(root: Path, entry: Entry) -> str:
    try:
        with entry.under(root).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceError("error-source-unreadable", path=entry.path, detail=str(error.strerror)) from None


class _Hashing(io.RawIOBase):
    """Hashes what is read through it: a file that changes while it is packed is noticed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._hash.update(data)
        return data

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def listing(packed: Path) -> bytes | None:
    """The manifest of an archive; None when the archive is gone, or is none."""
    try:
        with tarfile.open(packed, "r|gz") as tar:
            member = tar.next()
            found = tar.extractfile(member) if member and member.name == "manifest" else None
            return found.read() if found else None
    except (OSError, tarfile.TarError, EOFError):
        return None


def contents(packed: Path, paths: AbstractSet[str], most: int) -> dict[str, bytes | None]:
    """Of those of these files that travel in the archive; None for one of more than so many bytes."""
    found: dict[str, bytes | None] = {}
    try:
        with tarfile.open(packed, "r|gz") as tar:
            for member in tar:
                path = member.name.removeprefix("tree/")
                if path != member.name and path in paths:
                    file = tar.extractfile(member) if member.size <= most else None
                    found[path] = file.read() if file else None
    except (OSError, tarfile.TarError, EOFError):
        return found
    return found


def write(
    root: Path, entries: Sequence[Entry], listing: bytes, target: Path, base: AbstractSet[str] = frozenset()
) -> int:
    """Writes the archive (mode 600) and gives its size in bytes. Raises SourceError when a file changed meanwhile.

    Files whose line of the manifest is in `base` are left out: the host has them.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as raw:
            part.chmod(0o600)
            with (
                gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as packed,
                tarfile.open(mode="w|", fileobj=packed, format=tarfile.GNU_FORMAT, bufsize=1 << 18) as tar,
            ):
                _fill(tar, root, entries, listing, base)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size


def _fill(
    tar: tarfile.TarFile, root: Path, entries: Sequence[Entry], listing: bytes, base: AbstractSet[str]
) -> None:
    tar.addfile(_header("manifest", len(listing), 0o644, 0), io.BytesIO(listing))
    for entry, line in zip(entries, manifest_lines(listing), strict=True):
        if line in base:
            continue
        expected = line[:64]
        try:
            with entry.under(root).open("rb") as file:
                hashing = _Hashing(file)
                tar.addfile(_header(f"tree/{entry.path}", entry.size, entry.mode, entry.mtime), hashing)
        except OSError:  # also a file that became shorter
            raise SourceError("error-source-changing", path=entry.path) from None
        if hashing.hexdigest() != expected:
            raise SourceError("error-source-changing", path=entry.path)


def _header(name: str, size: int, mode: int, mtime: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode, header.mtime = size, mode, mtime
    return header
