"""`opsgate demo` as a newcomer runs it: one address, a bot that answers, and nothing left after Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.client import Sim
from bot.sandbox.demo import ANNA, BORIS
from bot.sandbox.process import TOKEN
from tests.e2e.conftest import require_real_parts

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def folder() -> Iterator[Path]:
    """As short as a system's own temporary folder: a unix socket lies in it, whose path may not be long."""
    with tempfile.TemporaryDirectory(prefix="demo-") as made:
        yield Path(made)


@asynccontextmanager
async def running(folder: Path, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command in a folder of its own, which is its temporary folder too."""
    command = [sys.executable, "-m", "bot", "demo", "--port", "0", *options]
    environment = os.environ | {"TMPDIR": str(folder), "PYTHONPATH": str(ROOT), "OPSGATE_PRACTICE_PACE": "0"}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def address_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async for line in process.stdout:
        if found := re.search(rb"Open +(http://127\.0\.0\.1:\d+)/$", line.strip()):
            return found[1].decode()
    assert process.stderr is not None
    raise AssertionError((await process.stderr.read()).decode())


def processes_below(folder: Path) -> list[str]:
    """Command lines and folders of processes that have to do with a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            said = (entry / "cmdline").read_bytes().decode(errors="replace")
            where = f"{(entry / 'cwd').readlink()} {said}"
        except OSError:
            continue
        if str(folder) in where and int(entry.name) != os.getpid():
            found.append(where)
    return found


async def ended(process: asyncio.subprocess.Process, number: signal.Signals) -> int:
    process.send_signal(number)
    async with asyncio.timeout(40):
        return await process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_demo_answers_and_leaves_no_process_and_no_file(folder: Path, number: signal.Signals) -> None:
    async with running(folder) as process:
        address = await address_of(process)
        async with aiohttp.ClientSession() as browser, browser.get(f"{address}/") as page:
            assert page.status == 200
            assert "<title>" in await page.text()
        async with Sim(address, address, TOKEN) as sim:
            assert "/deploy" in (await sim.wait_for(ANNA)).text
            assert "/deploy" in (await sim.wait_for(BORIS)).text
            assert [day["active"] for day in await sim.days()].count(True) == 0
        assert processes_below(folder)
        assert await ended(process, number) == 0
    assert processes_below(folder) == []
    assert list(folder.iterdir()) == []


async def test_ctrl_c_while_it_starts_leaves_nothing_either(folder: Path) -> None:
    async with running(folder) as process:
        assert process.stdout is not None
        await process.stdout.readline()
        await asyncio.sleep(0.7)
        assert await ended(process, signal.SIGINT) == 0
    assert processes_below(folder) == []
    assert list(folder.iterdir()) == []


async def test_a_demo_that_is_killed_takes_its_processes_with_it(folder: Path) -> None:
    async with running(folder) as process:
        await address_of(process)
        await ended(process, signal.SIGKILL)
    for _ in range(200):
        if not processes_below(folder):
            break
        await asyncio.sleep(0.1)
    assert processes_below(folder) == []


@pytest.mark.parametrize("port", ["-1", "70000", "web"])
async def test_a_wrong_port_is_refused_kindly(folder: Path, port: str) -> None:
    async with running(folder, f"--port={port}") as process:
        _, said = await process.communicate()
    assert process.returncode == 2
    assert f"not a port: {port}" in said.decode()


async def test_a_port_that_is_taken_is_said_in_one_line(folder: Path) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    taken = server.sockets[0].getsockname()[1]
    async with server, running(folder, f"--port={taken}") as process:
        _, said = await process.communicate()
    assert process.returncode == 1
    assert f"port {taken} is taken" in said.decode()
    assert "Traceback" not in said.decode()


@pytest.mark.engine
async def test_the_same_demo_on_the_real_engine(folder: Path) -> None:
    require_real_parts()
    async with running(folder, "--engine", "docker") as process:
        address = await address_of(process)
        async with Sim(address, address, TOKEN) as sim:
            since = await sim.mark()
            await sim.say(ANNA, "/status")
            status = await sim.wait_for(ANNA, "healthy", since=since, timeout=30)
            for service in ("db", "backend", "frontend"):
                assert service in status.text
        assert await ended(process, signal.SIGTERM) == 0
    assert processes_below(folder) == []
