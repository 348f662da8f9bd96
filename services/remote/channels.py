"""Commands over a connection: bounded in number, in time, and in what is kept of their output."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import asyncssh

from services.errors import TimedOut, Unreachable
from services.remote.connection import Connection

MOST_CHANNELS = 8
"""At once on one connection; sshd allows 10 (MaxSessions)."""
REFUSED_RETRIES, REFUSED_DELAY = 20, 0.1
"""How often and how long (seconds) we wait where sshd allows fewer."""

Sink = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended: -1 when a signal ended it. Output is bytes, cut at the limit when `truncated`."""

    exit_status: int
    stdout: bytes
    stderr: bytes
    truncated: bool


class Kept:
    """A sink that keeps the first `limit` bytes and forgets the rest."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()
        self.truncated = False

    def __call__(self, data: bytes) -> None:
        room = self._limit - len(self._data)
        self._data += data[:room]
        self.truncated = self.truncated or len(data) > room

    def __bytes__(self) -> bytes:
        return bytes(self._data)


class Session(asyncssh.SSHClientSession[bytes]):
    """One command: hands its output on as it comes, tells when writing may go on and when it is over."""

    def __init__(self, stdout: Sink, stderr: Sink) -> None:
        self._stdout, self._stderr = stdout, stderr
        self._may_write = asyncio.Event()
        self._may_write.set()
        self.over = asyncio.Event()
        self.error: BaseException | None = None
        self.opened = False
        self.channel: asyncssh.SSHClientChannel[bytes]

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self.channel = chan
        self.opened = True

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if self.error is not None:
            return
        try:
            (self._stderr if datatype == asyncssh.EXTENDED_DATA_STDERR else self._stdout)(data)
        except Exception as error:  # noqa: BLE001 - whatever a sink raises reaches the caller, not asyncssh
            self.error = error
            self.channel.abort()

    def eof_received(self) -> bool:
        return True

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the exit status tells what to make of it
        self.over.set()
        self._may_write.set()

    async def write(self, data: bytes) -> bool:
        """Hands data over and waits until there is room for more. False when the command reads no more."""
        if self.over.is_set() or self.channel.is_closing():
            return False
        try:
            self.channel.write(data)
        except OSError:  # the channel was closed in this moment
            return False
        await self._may_write.wait()
        return not self.over.is_set()

    def write_eof(self) -> None:
        if not self.channel.is_closing():
            self.channel.write_eof()


Feed = Callable[[Session], Awaitable[None]]


class Channels:
    """Runs commands on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._slots = asyncio.Semaphore(MOST_CHANNELS)

    @property
    def host(self) -> str:
        return self._connection.config.name

    async def execute(self, line: str, feed: Feed, stdout: Sink, stderr: Sink, timeout: float) -> int:  # noqa: ASYNC109 - a deadline that ends the channel too
        """Runs a command line to its end and returns its exit status (-1: ended by a signal).

        Raises TimedOut at the deadline (what runs on the host may go on), Unreachable when the connection is lost
        before the exit status came, and whatever `feed` or a sink raises.
        """
        await self._connection.get()  # with its own deadline, and one attempt for all that wait
        try:
            async with (
                asyncio.timeout(timeout),
                self._slots,
                self._session(line, stdout, stderr) as session,
            ):
                await feed(session)
                await session.over.wait()
        except TimeoutError as error:
            raise TimedOut(host=self.host) from error
        if session.error is not None:
            raise session.error
        status = session.channel.get_exit_status()
        if status is None:
            raise Unreachable(host=self.host, detail="the connection was lost while a command ran")
        return status

    @asynccontextmanager
    async def _session(self, line: str, stdout: Sink, stderr: Sink) -> AsyncIterator[Session]:
        session = await self._start(line, stdout, stderr)
        try:
            yield session
        finally:
            if not session.over.is_set():
                session.channel.abort()

    async def _start(self, line: str, stdout: Sink, stderr: Sink) -> Session:
        """Opens a channel. A connection that turns out to be dead before the command was handed over is made anew."""
        for left in reversed(range(REFUSED_RETRIES)):
            ssh = await self._connection.get()
            session = Session(stdout, stderr)
            try:
                await ssh.create_session(partial(_the, session), line, encoding=None)
            except (OSError, asyncssh.Error) as error:
                refused = isinstance(error, asyncssh.ChannelOpenError)
                if session.opened or not left or not (refused or ssh.is_closed()):
                    raise Unreachable(host=self.host, detail=str(error)) from error
                await asyncio.sleep(REFUSED_DELAY)
            else:
                return session
        raise AssertionError("the last refusal was raised")


def _the(session: Session) -> Session:
    return session
