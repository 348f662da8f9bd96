"""Files over a channel: constant memory, hashed on the way, nothing half left behind."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from services.commands.command import Command, command
from services.errors import CommandFailed
from services.remote.channels import Channels, Completed, Kept, Session

CHUNK = 256 * 1024
STDERR_KEPT = 16 * 1024

Progress = Callable[[int], None]
"""Is told how many bytes have gone so far. What it raises ends the transfer."""


async def send(
    channels: Channels,
    wanted: Command,
    source: Path,
    progress: Progress,
    timeout: float,  # noqa: ASYNC109 - a deadline that ends the channel too
    offset: int = 0,
) -> Completed:
    """A local file, from `offset` bytes on, becomes the command's stdin. `progress` counts from the file's beginning.

    A command that ends without reading it all decides by its status.
    """
    out, err = Kept(STDERR_KEPT), Kept(STDERR_KEPT)

    async def feed(session: Session) -> None:
        sent = offset
        with await asyncio.to_thread(source.open, "rb") as file:
            file.seek(offset)
            while data := await asyncio.to_thread(file.read, CHUNK):
                if not await session.write(data):
                    return
                sent += len(data)
                progress(sent)
        session.write_eof()

    status = await channels.execute(wanted.render(), feed, out, err, timeout)
    return Completed(status, bytes(out), bytes(err), out.truncated)


class _Arriving:
    """A sink that writes and hashes."""

    def __init__(self, file: int, progress: Progress) -> None:
        self._file = file
        self._progress = progress
        self.hash = hashlib.sha256()
        self.size = 0

    def __call__(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        self.hash.update(data)
        self.size += len(data)
        self._progress(self.size)


async def fetch(
    channels: Channels,
    remote: PurePosixPath,
    local: Path,
    progress: Progress,
    timeout: float,  # noqa: ASYNC109 - a deadline that ends the channel too
) -> tuple[int, str]:
    """The host's file becomes `local` (mode 600, on the disk when this returns): size in bytes and SHA-256.

    Whatever goes wrong, `local` is gone then. Raises CommandFailed when the host cannot read the file.
    """
    wanted, err = command("cat", "--", remote), Kept(STDERR_KEPT)
    try:
        await asyncio.to_thread(local.unlink, missing_ok=True)
        file = os.open(local, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            arriving = _Arriving(file, progress)
            status = await channels.execute(wanted.render(), _nothing, arriving, err, timeout)
            if status != 0:
                raise CommandFailed("cat", status, bytes(err).decode("utf-8", "replace"))
            await asyncio.to_thread(os.fsync, file)
        finally:
            os.close(file)
    except BaseException:
        local.unlink(missing_ok=True)
        raise
    return arriving.size, arriving.hash.hexdigest()


async def _nothing(session: Session) -> None:
    session.write_eof()
