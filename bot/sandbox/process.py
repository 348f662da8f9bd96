"""The local Bot API, started and ended from Python: in a process of its own, or in this one."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bot.sandbox.client import Sim
from bot.sandbox.errors import Json
from bot.sandbox.flood import OFF, Limits
from bot.sandbox.played import SimError
from bot.sandbox.state import State
from bot.sandbox.telegram import Server

TOKEN = "123456789:AAlocal-bot-api-token-for-tests-only"  # noqa: S105 opens nothing but a local server
_ROOT = Path(__file__).resolve().parents[2]
_START_TIMEOUT = 30.0
_STOP_TIMEOUT = 5.0
_CLEAR_TIMEOUT = 60.0  # of a practice host, whose containers may be real ones


@dataclass(frozen=True)
class LocalBotApi:
    """A local Bot API in its own process; `practice` tells where its practice host is, if it has one."""

    url: str
    control: str
    token: str
    pid: int
    sim: Sim
    practice: Json | None = None

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        *,
        token: str = TOKEN,
        flood: str = "telegram",
        port: int = 0,
        control_port: int = 0,
        practice: Path | None = None,
        engine: str = "simulated",
    ) -> AsyncIterator[Self]:
        """Starts the server, yields it when it is ready, and ends that very process.

        With `practice`, a new folder, it makes a practice host there, with a `simulated` engine or with `docker`.
        The process also ends when this one does, however it does.
        """
        command = [sys.executable, "-m", "bot.sandbox.telegram", "--leash", "--flood", flood]
        options = ["--token", token, "--port", str(port), "--control-port", str(control_port)]
        if practice is not None:
            options += ["--practice", str(practice.absolute()), "--engine", engine]
        pipe = asyncio.subprocess.PIPE
        # A session of its own: a Ctrl-C in the terminal ends whoever started it, and that ends it.
        process = await asyncio.create_subprocess_exec(
            *command, *options, stdin=pipe, stdout=pipe, cwd=_ROOT, start_new_session=True
        )
        try:
            announced = await _announcement(process)
            async with Sim(announced["url"], announced["control"], token) as sim:
                told = announced.get("practice")
                yield cls(announced["url"], announced["control"], token, process.pid, sim, told)
        finally:
            await _end(process, _STOP_TIMEOUT if practice is None else _CLEAR_TIMEOUT)

    @classmethod
    @asynccontextmanager
    async def in_process(
        cls, *, token: str = TOKEN, limits: Limits = OFF, practice: Path | None = None
    ) -> AsyncIterator[Self]:
        """Serves from this very event loop: nothing to start, for tests of one client."""
        server = Server(State(token, limits))
        async with AsyncExitStack() as stack:
            announced = await server.start(0)
            stack.push_async_callback(server.stop)
            told = None
            if practice is not None:
                told = await stack.enter_async_context(server.practice(practice, "simulated"))
            urls = (announced["url"], announced["control"])
            sim = await stack.enter_async_context(Sim(*urls, token))
            yield cls(*urls, token, announced["pid"], sim, told)


async def _announcement(process: asyncio.subprocess.Process) -> Json:
    if process.stdout is None:
        raise SimError("the server's output is not a pipe")
    async with asyncio.timeout(_START_TIMEOUT):
        line = await process.stdout.readline()
    if not line:
        raise SimError("the local Bot API ended before it was ready")
    return dict(json.loads(line))


async def _end(process: asyncio.subprocess.Process, timeout: float) -> None:  # noqa: ASYNC109 then it is killed
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(timeout):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
