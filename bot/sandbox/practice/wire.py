"""The wire to the practice host: a TCP relay that can be cut, closed, silenced and slowed down."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from bot.sandbox.practice.background import background

HOST = "127.0.0.1"
_CHUNK = 65536
_PIECES_PER_SECOND = 20  # of a slow line, so that it flows rather than stutters


class Wire:
    """Relays every connection to `port` on to the host's own port, and counts bytes both ways.

    `sent` counts bytes towards the host, `received` those from it.
    """

    def __init__(self, host_port: int, links: asyncio.TaskGroup) -> None:
        self.port = 0
        self.sent = 0
        self.received = 0
        self._host_port = host_port
        self._group = links
        self._links: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self._server: asyncio.Server | None = None
        self._reserved: socket.socket | None = None
        self._speaking = asyncio.Event()
        self._speaking.set()
        self._latency = 0.0
        self._rate = 0.0
        self._budget: int | None = None

    @classmethod
    @asynccontextmanager
    async def start(cls, host_port: int) -> AsyncIterator[Self]:
        """Listens on a free port in front of the host's, until exit."""
        async with background() as links:
            wire = cls(host_port, links)
            await wire.accept()
            try:
                yield wire
            finally:
                wire._stop()

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._links)

    # --- trouble ---

    def cut(self) -> int:
        """Ends every connection at once, both ends of it; how many there were."""
        links = list(self._links.items())
        for link, writers in links:
            for writer in writers:
                writer.transport.abort()
            link.cancel()
        return len(links)

    def cut_after(self, size: int) -> None:
        """Cuts once, when that many more bytes have gone towards the host."""
        self._budget = size

    async def refuse(self) -> None:
        """Refuses new connections and cuts those there are; the port stays reserved."""
        if (server := self._server) is None:
            return
        self._server = None
        server.close()
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind((HOST, self.port))
        self.cut()

    async def accept(self) -> None:
        """Takes connections (again)."""
        if self._server is not None:
            return
        self._server = await asyncio.start_server(self._connected, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._release()

    def silence(self) -> None:
        """From now on nothing arrives and nothing is refused, in either direction: a VPN that is down."""
        self._speaking.clear()

    def speak(self) -> None:
        """Ends the silence: what was held back arrives."""
        self._speaking.set()

    def slow(self, latency: float, bytes_per_second: float) -> None:
        """Delays everything by `latency` seconds and limits the rate, for each direction; 0 and 0: as fast as it goes."""
        self._latency, self._rate = latency, bytes_per_second

    # --- inside ---

    def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._release()
        self.cut()

    def _release(self) -> None:
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = self._group.create_task(self._carry(reader, writer))
        self._links[link] = [writer]
        link.add_done_callback(self._ended)

    def _ended(self, link: asyncio.Task[None]) -> None:
        for writer in self._links.pop(link):
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        await self._speaking.wait()
        try:
            host_reader, host_writer = await asyncio.open_connection(HOST, self._host_port)
        except OSError:
            return
        self._links[link].append(host_writer)  # type: ignore[index]  # a coroutine that runs has a task
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._way(reader, host_writer, to_host=True))
                ways.create_task(self._way(host_reader, writer, to_host=False))
        except* OSError:
            pass  # one end went away: so does the link

    async def _way(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_host: bool
    ) -> None:
        """One direction: what was read is due after the latency; the reading keeps to the rate."""
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)
        async with asyncio.TaskGroup() as ends:
            ends.create_task(self._read(reader, line))
            ends.create_task(self._write(line, writer, to_host=to_host))

    async def _read(self, reader: asyncio.StreamReader, line: asyncio.Queue[tuple[float, bytes]]) -> None:
        while True:
            piece = max(256, int(self._rate / _PIECES_PER_SECOND)) if self._rate else _CHUNK
            data = await reader.read(piece)
            if self._rate:  # perhaps since a moment only
                await asyncio.sleep(len(data) / self._rate)
            await line.put((asyncio.get_running_loop().time() + self._latency, data))
            if not data:
                return

    async def _write(
        self, line: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter, *, to_host: bool
    ) -> None:
        while True:
            due, data = await line.get()
            if (early := due - asyncio.get_running_loop().time()) > 0:
                await asyncio.sleep(early)
            await self._speaking.wait()
            if not data:
                writer.write_eof()
                return
            if to_host:
                data, over = self._within_budget(data)
            writer.write(data)
            await writer.drain()
            if not to_host:
                self.received += len(data)
                continue
            self.sent += len(data)
            if over:
                self.cut()
                return

    def _within_budget(self, data: bytes) -> tuple[bytes, bool]:
        """What may still go towards the host, and whether the cut comes then."""
        if self._budget is None:
            return data, False
        head = data[: self._budget]
        left = self._budget - len(head)
        self._budget = left or None
        return head, not left
