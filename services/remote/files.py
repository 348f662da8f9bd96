"""Files over SFTP, for hosts that keep copies: they need no shell, no agent and no Docker."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from stat import S_ISREG

import asyncssh

from services.errors import HostError, TimedOut, Unreachable
from services.remote.connection import Connection
from services.remote.transfer import Progress

BLOCK, REQUESTS = 261_120, 16
"""Bytes per request and requests under way: what OpenSSH takes at once, measured the fastest."""
PART = ".part"
_LOST = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError)


@dataclass(frozen=True, slots=True)
class Found:
    """A finished file: its size in bytes, and when it was last written."""

    name: str
    size: int
    at: datetime


class Files:
    """Each call opens its own SFTP session on the host's kept connection.

    All raise HostError: error-files-full, -files-denied, -files-missing, -files (anything else), and what connecting
    raises. Deadlines are seconds.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(self, source: Path, target: PurePosixPath, progress: Progress, within: float) -> None:
        """`source` becomes `target` (mode 600), in one moment: written beside it, read back and compared, renamed.

        Folders that are missing are made (mode 700). What earlier, interrupted calls left in the folder goes.
        """
        part = target.with_name(target.name + PART)
        async with self._session(within) as sftp:
            await sftp.makedirs(str(target.parent), asyncssh.SFTPAttrs(permissions=0o700), exist_ok=True)
            await _remove_parts(sftp, target.parent)
            size = source.stat().st_size
            await _demand_room(sftp, target.parent, size)
            try:
                await _write(sftp, source, part, progress)
                if await _digest_of(sftp, part) != await asyncio.to_thread(_digest, source):
                    raise HostError("error-files-differ", file=target.name)
                await _rename(sftp, part, target)
            except BaseException as error:
                with suppress(asyncssh.Error, OSError, TimeoutError):
                    async with asyncio.timeout(5):
                        await sftp.remove(str(part))
                if isinstance(error, asyncssh.SFTPFailure):  # OpenSSH has no other word for a full disk
                    await _demand_room(sftp, target.parent, size)
                raise

    async def list(self, folder: PurePosixPath, within: float) -> tuple[Found, ...]:
        """The finished files of a folder; none where there is no such folder."""
        async with self._session(within) as sftp:
            try:
                entries = await sftp.readdir(str(folder))
            except asyncssh.SFTPNoSuchFile:
                return ()
            return tuple(
                sorted((_found(one) for one in entries if _is_finished(one)), key=lambda one: one.name)
            )

    async def remove(self, file: PurePosixPath, within: float) -> None:
        """Gone already is fine."""
        async with self._session(within) as sftp:
            with suppress(asyncssh.SFTPNoSuchFile):
                await sftp.remove(str(file))

    async def fetch(self, source: PurePosixPath, target: Path, progress: Progress, within: float) -> None:
        """The host's file becomes `target`, which must not exist."""
        async with self._session(within) as sftp:
            await sftp.get(
                str(source),
                str(target),
                block_size=BLOCK,
                max_requests=REQUESTS,
                progress_handler=lambda _from, _to, done, _size: progress(done),
            )

    @asynccontextmanager
    async def _session(self, within: float) -> AsyncIterator[asyncssh.SFTPClient]:
        host = self._connection.config.name
        try:
            async with asyncio.timeout(within):
                ssh = await self._connection.get()
                async with ssh.start_sftp_client() as sftp:
                    yield sftp
        except TimeoutError as error:
            raise TimedOut(host=host, detail="SFTP") from error
        except (*_LOST, ConnectionError) as error:
            raise Unreachable(host=host, detail=str(error)) from error
        except (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded) as error:
            raise HostError("error-files-full", host=host, detail=str(error)) from error
        except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect) as error:
            raise HostError("error-files-denied", host=host, detail=str(error)) from error
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as error:
            raise HostError("error-files-missing", host=host, detail=str(error)) from error
        except asyncssh.Error as error:
            raise HostError("error-files", host=host, detail=str(error)) from error


async def _write(sftp: asyncssh.SFTPClient, source: Path, part: PurePosixPath, progress: Progress) -> None:
    async with sftp.open(str(part), "wb", asyncssh.SFTPAttrs(permissions=0o600)):
        pass  # born readable by its owner only
    await sftp.put(
        str(source),
        str(part),
        block_size=BLOCK,
        max_requests=REQUESTS,
        progress_handler=lambda _from, _to, done, _size: progress(done),
    )


async def _rename(sftp: asyncssh.SFTPClient, part: PurePosixPath, target: PurePosixPath) -> None:
    try:
        await sftp.posix_rename(str(part), str(target))
    except asyncssh.SFTPOpUnsupported:  # a server that is not OpenSSH: its rename refuses to replace
        with suppress(asyncssh.SFTPNoSuchFile):
            await sftp.remove(str(target))
        await sftp.rename(str(part), str(target))


async def _remove_parts(sftp: asyncssh.SFTPClient, folder: PurePosixPath) -> None:
    for one in await sftp.readdir(str(folder)):
        if str(one.filename).endswith(PART):
            with suppress(asyncssh.SFTPNoSuchFile):
                await sftp.remove(str(folder / str(one.filename)))


async def _demand_room(sftp: asyncssh.SFTPClient, folder: PurePosixPath, size: int) -> None:
    """Raises SFTPNoSpaceOnFilesystem. Not every server can tell."""
    with suppress(asyncssh.SFTPOpUnsupported):
        seen = await sftp.statvfs(str(folder))
        if (seen.frsize or 0) * (seen.bavail or 0) < size:
            raise asyncssh.SFTPNoSpaceOnFilesystem(f"{size} bytes wanted")


async def _digest_of(sftp: asyncssh.SFTPClient, file: PurePosixPath) -> str:
    """Read back in big blocks: servers that only speak SFTP cannot hash."""
    found = hashlib.sha256()
    async with sftp.open(str(file), "rb", encoding=None, block_size=BLOCK, max_requests=REQUESTS) as opened:
        while data := await opened.read(BLOCK * REQUESTS):
            found.update(bytes(data, "utf-8") if isinstance(data, str) else data)
    return found.hexdigest()


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _is_finished(entry: asyncssh.SFTPName) -> bool:
    return S_ISREG(entry.attrs.permissions or 0) and not str(entry.filename).endswith(PART)


def _found(entry: asyncssh.SFTPName) -> Found:
    at = datetime.fromtimestamp(entry.attrs.mtime or 0, UTC)
    return Found(str(entry.filename), entry.attrs.size or 0, at)
