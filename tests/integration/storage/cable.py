"""A cable between a client and a server on loopback, which can be cut, and can change a byte on its way."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Cable:
    """Forwards to `port`. `cut_after`: bytes from the client after which everything ends and nothing is accepted any
    more. `flip_at`: which byte of a connection changes.
    """

    def __init__(self, port: int, *, cut_after: int | None = None, flip_at: int | None = None) -> None:
        self._to = port
        self._left = cut_after
        self._flip_at = flip_at
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aexit__(self, *_error: object) -> None:
        self._cut()
        await asyncio.sleep(0.05)

    def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers |= {writer, there_writer}
        with suppress(OSError):
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward(reader, there_writer, ours=True))
                group.create_task(self._forward(there_reader, writer, ours=False))

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, ours: bool
    ) -> None:
        passed = 0
        with suppress(OSError):
            while data := await reader.read(65_536):
                if ours:
                    data = self._changed(data, passed)
                    passed += len(data)
                    if self._is_cut(len(data)):
                        self._cut()
                        return
                writer.write(data)
                await writer.drain()
        writer.close()

    def _changed(self, data: bytes, passed: int) -> bytes:
        at = -1 if self._flip_at is None else self._flip_at - passed
        if not 0 <= at < len(data):
            return data
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    def _is_cut(self, more: int) -> bool:
        if self._left is None:
            return False
        self._left -= more
        return self._left <= 0
