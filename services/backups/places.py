"""Where copies of backups go off-site: S3-compatible storage, and folders on hosts that speak SFTP.

A place has files by name, `<project>/<backup>.dump` and its manifest `<project>/<backup>.json`, with .age at the end
where they are encrypted. Only such names can be written, read or removed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Protocol

from services.errors import AuthRefused, HostError, HostKeyChanged, StorageAway, StorageError, Unreachable
from services.projects import NAME, SftpTarget
from services.remote.files import Files

Progress = Callable[[int], None]
"""Is told how many bytes have gone so far. What it raises ends the transfer."""
SHORT = 60.0
"""Seconds for calls that move no file."""
_FILE = re.compile(rf"{NAME}/db-[a-z0-9-]{{1,80}}\.dump(?:\.age)?")
_MANIFEST = re.compile(rf"{NAME}/db-[a-z0-9-]{{1,80}}\.json(?:\.age)?")


def file_name(project: str, backup: str, *, encrypted: bool) -> str:
    """What a backup is called in every place. Raises ValueError for anything that is not ours."""
    return own(f"{project}/{backup}.dump{'.age' if encrypted else ''}")


def own(file: str) -> str:
    """Raises ValueError for what is neither the name of a copy nor that of its manifest."""
    if not is_copy(file) and not _MANIFEST.fullmatch(file):
        raise ValueError("not the name of a copy of a backup")
    return file


def is_copy(file: str) -> bool:
    return _FILE.fullmatch(file) is not None


def manifest_of(copy: str) -> str:
    """What lies beside a copy, encrypted as it is."""
    name, _, sealed = own(copy).partition(".dump")
    return own(f"{name}.json{sealed}")


def digest_of(file: Path) -> str:
    """SHA-256. For a thread: 10 GB take half a minute."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Stored:
    """A whole file as it lies in a place: its size in bytes, and since when."""

    file: str
    size: int
    at: datetime


class Place(Protocol):
    """All raise StorageError, StorageAway where trying again may help. `within`: seconds for all of it."""

    async def put(self, source: Path, file: str, progress: Progress, within: float) -> None:
        """The whole of `source` is there and was compared when this returns, or nothing is."""
        ...

    async def fetch(self, file: str, target: Path, progress: Progress, within: float) -> None:
        """`target` becomes the file. The caller compares its hash."""
        ...

    async def list(self, project: str) -> tuple[Stored, ...]:
        """The copies; their manifests are not among them."""
        ...

    async def remove(self, file: str) -> None:
        """Gone already is fine."""
        ...


class SftpPlace:
    """A folder on a host, which needs nothing but SFTP."""

    def __init__(self, files: Files, target: SftpTarget) -> None:
        self._files = files
        self._target = target

    async def put(self, source: Path, file: str, progress: Progress, within: float) -> None:
        try:
            await self._files.put(source, self._path(file), progress, within)
        except HostError as error:
            raise self._told(error) from error

    async def fetch(self, file: str, target: Path, progress: Progress, within: float) -> None:
        try:
            await self._files.fetch(self._path(file), target, progress, within)
        except HostError as error:
            raise self._told(error) from error

    async def list(self, project: str) -> tuple[Stored, ...]:
        try:
            found = await self._files.list(self._target.path / project, SHORT)
        except HostError as error:
            raise self._told(error) from error
        named = ((f"{project}/{one.name}", one) for one in found)
        return tuple(Stored(name, one.size, one.at) for name, one in named if is_copy(name))

    async def remove(self, file: str) -> None:
        try:
            await self._files.remove(self._path(file), SHORT)
        except HostError as error:
            raise self._told(error) from error

    def _path(self, file: str) -> PurePosixPath:
        return self._target.path / own(file)

    def _told(self, error: HostError) -> StorageError:
        """Never a HostError: the host of a copy is not the project's, and its trouble is no reason to wait for that."""
        kinds = (Unreachable, AuthRefused, HostKeyChanged)
        kind = next((_OF_CONNECTIONS[one] for one in kinds if isinstance(error, one)), StorageError.code)
        code = _CODES.get(error.phrase.id, kind)
        cls = StorageAway if isinstance(error, Unreachable) else StorageError
        place = f"{self._target.sftp}:{self._target.path}"
        return cls(code, detail=error.detail, place=place, why=error.phrase.id)


_OF_CONNECTIONS: dict[type[HostError], str] = {
    Unreachable: "error-storage-away",
    AuthRefused: "error-storage-refused",
    HostKeyChanged: "error-storage-host-key",
}
_CODES = {
    "error-files-full": "error-storage-full",
    "error-files-denied": "error-storage-denied",
    "error-files-missing": "error-storage-missing",
    "error-files-differ": "error-storage-differs",
}
