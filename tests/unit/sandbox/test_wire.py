"""The wire in front of the practice host: what goes through it, and every way in which it fails."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.sandbox.practice.wire import Wire

HOST = "127.0.0.1"


class Echo:
    """A host that sends everything back, and remembers what it was given."""

    def __init__(self) -> None:
        self.given = bytearray()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                self.given += data
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


class Client:
    """One connection through the wire."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hears(self, size: int) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.readexactly(size)

    async def is_cut(self) -> bool:
        try:
            async with asyncio.timeout(5):
                return await self.reader.read() == b""
        except ConnectionError:
            return True

    async def is_quiet(self) -> bool:
        try:
            async with asyncio.timeout(0.2):
                await self.reader.read(1)
        except TimeoutError:
            return True
        return False


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def wire(echo: Echo) -> AsyncIterator[Wire]:
    server = await asyncio.start_server(echo.serve, HOST, 0)
    async with Wire.start(server.sockets[0].getsockname()[1]) as made:
        yield made
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def connected(wire: Wire) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection(HOST, wire.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def test_megabytes_go_through_unchanged_and_are_counted_both_ways(wire: Wire) -> None:
    data = os.urandom(5_000_000)
    async with connected(wire) as client, asyncio.TaskGroup() as group:
        group.create_task(client.say(data))
        assert await client.hears(len(data)) == data
    assert (wire.sent, wire.received) == (len(data), len(data))


async def test_the_end_of_one_direction_is_passed_on_and_the_other_goes_on(wire: Wire) -> None:
    async with connected(wire) as client:
        await client.say(b"last words")
        client.writer.write_eof()
        assert await client.reader.read() == b"last words"


async def test_a_cut_ends_every_connection_and_the_next_one_is_served(wire: Wire) -> None:
    async with connected(wire) as one, connected(wire) as two:
        for client in (one, two):
            await client.say(b"x")
            await client.hears(1)
        assert wire.cut() == 2
        assert await one.is_cut()
        assert await two.is_cut()
    async with connected(wire) as client:
        await client.say(b"again")
        assert await client.hears(5) == b"again"
        assert wire.connections == 1


async def test_a_cut_after_some_bytes_lets_exactly_those_arrive(wire: Wire, echo: Echo) -> None:
    async with connected(wire) as client:
        await client.say(b"before")
        await client.hears(6)
        wire.cut_after(100_000)
        await client.say(bytes(300_000))
        assert await client.is_cut()
    await asyncio.sleep(0.05)
    assert len(echo.given) == 6 + 100_000
    assert wire.sent == 6 + 100_000
    async with connected(wire) as client:  # it happens once
        await client.say(bytes(300_000))
        assert len(await client.hears(300_000)) == 300_000


async def test_a_wire_that_refuses_keeps_its_port_for_later(wire: Wire) -> None:
    port = wire.port
    async with connected(wire) as client:
        await client.say(b"x")
        await client.hears(1)
        await wire.refuse()
        assert await client.is_cut()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(HOST, port)
    await wire.accept()
    assert wire.port == port
    async with connected(wire) as client:
        await client.say(b"back")
        assert await client.hears(4) == b"back"


async def test_silence_answers_nothing_and_afterwards_everything_arrives(wire: Wire, echo: Echo) -> None:
    async with connected(wire) as old:
        await old.say(b"x")
        await old.hears(1)
        wire.silence()
        await old.say(b"are you there")
        async with connected(wire) as new:
            await new.say(b"hello")
            assert await old.is_quiet()
            assert await new.is_quiet()
            assert echo.given == b"x"
            wire.speak()
            assert await old.hears(13) == b"are you there"
            assert await new.hears(5) == b"hello"


async def test_a_cut_also_ends_what_waits_in_silence(wire: Wire, echo: Echo) -> None:
    wire.silence()
    async with connected(wire) as client:
        await client.say(b"hello")
        assert await client.is_quiet()
        assert wire.cut() == 1
        assert await client.is_cut()
    wire.speak()
    await asyncio.sleep(0.05)
    assert echo.given == b""


async def test_a_slow_wire_delays_and_limits_each_direction(wire: Wire) -> None:
    async with connected(wire) as client:
        wire.slow(0.1, 0)
        began = time.monotonic()
        await client.say(b"x")
        await client.hears(1)
        assert 0.2 <= time.monotonic() - began < 2  # there and back
        wire.slow(0, 50_000)
        began = time.monotonic()
        await client.say(bytes(20_000))
        await client.hears(20_000)
        assert 0.4 <= time.monotonic() - began < 5
        wire.slow(0, 0)
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(client.say(bytes(200_000)))
            await client.hears(200_000)
        assert time.monotonic() - began < 2  # it took four when it was slow


async def test_a_host_that_is_gone_ends_the_connection(echo: Echo) -> None:
    server = await asyncio.start_server(echo.serve, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with Wire.start(port) as wire, connected(wire) as client:
        assert await client.is_cut()
