"""One command of an SSH client: a process of /bin/sh with three pipes, and backpressure both ways."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import asyncssh

_NO_SHELL = b"practice host: there is no terminal here. Give the command: ssh ... 'docker ps'\r\n"
_CANNOT_START = 255


class Session(asyncssh.SSHServerSession[bytes]):
    """A client's command. When the client goes away its pipes are closed and the process goes on, as under sshd.

    `begin` is handed the session and its command line; `admit` the bytes that stdin got so far and the next ones,
    and returns what of them the command still gets.
    """

    def __init__(self, begin: Callable[["Session", str], None], admit: Callable[[int, bytes], bytes]) -> None:
        self._begin, self._admit = begin, admit
        self._command: str | None = None
        self._channel: asyncssh.SSHServerChannel[bytes]
        self._input = _Input()
        self._outputs: list[_Output] = []
        self._given = 0
        self._leader = 0
        self._cut = False
        self._over = False

    # --- what the client does ---

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = self._input.channel = chan

    def exec_requested(self, command: str) -> bool:
        self._command = command
        return True

    def shell_requested(self) -> bool:
        return True

    def session_started(self) -> None:
        if self._command is not None:
            self._begin(self, self._command)
            return
        self._channel.write_stderr(_NO_SHELL)
        self._channel.exit(1)

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:  # noqa: ARG002 clients send one kind
        if self._cut:
            return
        admitted = self._admit(self._given, data)
        self._cut = len(admitted) < len(data)
        self._given += len(admitted)
        self._input.feed(admitted)

    def eof_received(self) -> bool:
        self._input.end()
        return True

    def signal_received(self, signal: str) -> None:
        number = _signal_named(signal)
        if self._leader and number is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._leader, number)

    def pause_writing(self) -> None:
        for output in self._outputs:
            output.pause()

    def resume_writing(self) -> None:
        for output in self._outputs:
            output.resume()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 however it ended
        self._over = True
        self._leave()

    # --- what the process does ---

    async def run(self, command: str, environment: Mapping[str, str], home: Path) -> None:
        """Runs the command to its end, whether or not the client is still there then."""
        try:
            process = await self._started(command, environment, home)
        except OSError as error:
            self._let_go()
            self.say(
                f"practice host: cannot start a command: {error}\n".encode(), asyncssh.EXTENDED_DATA_STDERR
            )
            self._exit(_CANNOT_START)
            return
        status = await process.wait()
        self._leader = 0
        for output in self._outputs:
            await output.closed.wait()
        self._let_go()
        self._exit(status)

    def say(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Output for the client; nothing when it is gone."""
        if not self._over and not self._channel.is_closing():
            self._channel.write(data, datatype)

    async def _started(
        self, command: str, environment: Mapping[str, str], home: Path
    ) -> asyncio.subprocess.Process:
        with ExitStack() as its_ends:
            stdin, stdout, stderr = await self._connected(its_ends)
            process = await asyncio.create_subprocess_exec(
                *("/bin/sh", "-c", command),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                env=dict(environment),
                cwd=home,
                start_new_session=True,
            )
        self._leader = process.pid
        self._input.flow()
        if self._over:
            self._leave()
        return process

    async def _connected(self, its_ends: ExitStack) -> list[int]:
        """Three pipes, our ends connected; the command's ends, to be closed when it has them."""
        loop = asyncio.get_running_loop()
        stdin, ours = os.pipe()
        its_ends.callback(os.close, stdin)
        await loop.connect_write_pipe(lambda: self._input, os.fdopen(ours, "wb", 0))
        theirs = [stdin]
        for datatype in (None, asyncssh.EXTENDED_DATA_STDERR):
            output = _Output(self.say, datatype)
            ours, end = os.pipe()
            its_ends.callback(os.close, end)
            await loop.connect_read_pipe(partial(_the, output), os.fdopen(ours, "rb", 0))
            self._outputs.append(output)
            theirs.append(end)
        return theirs

    def _leave(self) -> None:
        """The client is gone: what it sent still arrives, then stdin ends; nobody reads the output."""
        self._input.end()
        for output in self._outputs:
            output.close()

    def _let_go(self) -> None:
        self._input.close()
        for output in self._outputs:
            output.close()

    def _exit(self, status: int) -> None:
        if self._over or self._channel.is_closing():
            return
        if status < 0:
            self._channel.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
        else:
            self._channel.exit(status)


class _Input(asyncio.BaseProtocol):
    """The client's bytes on their way into the command's stdin; what comes after its end is dropped."""

    channel: asyncssh.SSHServerChannel[bytes]

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._early = bytearray()
        self._complete = False
        self._flows = False

    def flow(self) -> None:
        """The command is there: what came early goes first."""
        self._flows = True
        self.feed(bytes(self._early))
        self._early.clear()
        if self._complete:
            self.end()
        self.channel.resume_reading()

    def feed(self, data: bytes) -> None:
        if not self._flows:
            self._early += data
            self.channel.pause_reading()
        elif self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def end(self) -> None:
        self._complete = True
        if self._flows and self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.WriteTransport):
            raise TypeError(transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 however it ended
        self._transport = None
        self.channel.resume_reading()

    def pause_writing(self) -> None:
        self.channel.pause_reading()

    def resume_writing(self) -> None:
        # Soon, not now: asyncio's pipe transport loses its buffer when data and their end come from within this call.
        asyncio.get_running_loop().call_soon(self.channel.resume_reading)


class _Output(asyncio.Protocol):
    """The command's stdout or stderr on its way to the client."""

    def __init__(self, say: Callable[[bytes, asyncssh.DataType], None], datatype: asyncssh.DataType) -> None:
        self._say, self._datatype = say, datatype
        self._transport: asyncio.ReadTransport | None = None
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.ReadTransport):
            raise TypeError(transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._say(data, self._datatype)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 however it ended
        self.closed.set()

    def pause(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _the(output: _Output) -> _Output:
    return output


def _signal_named(name: str) -> signal.Signals | None:
    try:
        return signal.Signals[f"SIG{name}"]
    except KeyError:
        return None
