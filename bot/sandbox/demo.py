"""`make demo`: the local Bot API with its chat page, a practice server, and the unchanged bot against them."""

import argparse
import asyncio
import contextlib
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.bot_process import BotProcess, Practised
from bot.sandbox.played import SimChat, SimError, SimUser
from bot.sandbox.practice.running_stack import StackFailed, deploy_first_release
from bot.sandbox.process import LocalBotApi

ANNA, BORIS, STRANGER = 1001, 1002, 6666
PORT = 8765
"""The page's port, if it is free: the same address each time."""
FIRST_REPLY = 60.0
"""Seconds within which the bot must have answered."""
STOP_WITHIN = 20.0


@dataclass(frozen=True)
class Demo:
    """A demo that runs: where its page is, who is in it, and the bot."""

    address: str
    api: LocalBotApi
    bot: BotProcess
    anna: SimUser
    boris: SimUser
    stranger: SimUser
    group: SimChat


class DemoError(Exception):
    """The demo cannot start or go on; the text says why and what to do."""


@asynccontextmanager
async def demo(folder: Path, *, engine: str = "simulated", port: int = 0) -> AsyncIterator[Demo]:
    """A demo in `folder`, from the first stack up to the bot's greeting; ends all that it started.

    Raises DemoError when the engine or the bot does not come up.
    """
    practice = folder / "host"
    async with LocalBotApi.start(control_port=port, practice=practice, engine=engine) as api:
        told = api.practice or {}
        practised = Practised.announced(told)
        try:
            await asyncio.to_thread(deploy_first_release, practised, told["docker"])
        except StackFailed as error:
            raise DemoError(str(error)) from error
        bot = BotProcess(folder / "bot")
        bot.write_settings(_environment(api), practised.toml())
        await bot.start()
        try:
            yield await _people(api, bot)
        finally:
            await _stop(bot)


def _environment(api: LocalBotApi) -> dict[str, str]:
    return {
        "BOT_TOKEN": api.token,
        "ADMIN_IDS": f"{ANNA},{BORIS}",
        "TELEGRAM_API_URL": api.url,
        "LOG_FORMAT": "console",
    }


async def _people(api: LocalBotApi, bot: BotProcess) -> Demo:
    """Two admins, who press Start, a stranger, who does not yet, and the group of all three."""
    sim = api.sim
    anna = await sim.user(ANNA, "Anna", language_code="en", role="admin")
    boris = await sim.user(BORIS, "Борис", language_code="ru", role="admin")
    stranger = await sim.user(STRANGER, "Mallory", language_code="en", role="stranger")
    since = await sim.mark()
    for admin in (anna, boris):
        await sim.start(admin)
    group = await sim.group("Operations", [anna, boris, stranger])
    await _greeted(api, bot, since)
    return Demo(api.control, api, bot, anna, boris, stranger, group)


async def _greeted(api: LocalBotApi, bot: BotProcess, since: int) -> None:
    """Waits for the bot's first words, or for its end."""
    deadline = asyncio.get_running_loop().time() + FIRST_REPLY
    while asyncio.get_running_loop().time() < deadline:
        for person in (ANNA, BORIS):
            if not await api.sim.messages(person, by_bot=True, since=since):
                break
        else:
            return
        if bot.process is None or bot.process.returncode is not None:
            break
        await asyncio.sleep(0.1)
    raise DemoError(f"the bot did not answer. The end of its log:\n{bot.log()[-2000:]}")


async def _stop(bot: BotProcess) -> None:
    try:
        await bot.stop(within=STOP_WITHIN)
    except TimeoutError:
        await bot.stop(signal.SIGKILL)


def run(arguments: argparse.Namespace) -> int:
    """Runs the demo until Ctrl-C: exit status 0, or 1 with the reason."""
    if arguments.engine == "docker" and shutil.which("docker") is None:
        return _failed("docker is not installed here: leave ENGINE out for the simulated one")
    with tempfile.TemporaryDirectory(prefix="opsgate-demo-") as folder:
        try:
            return asyncio.run(_until_stopped(Path(folder), arguments))
        except (DemoError, SimError) as error:
            return _failed(str(error))


async def _until_stopped(folder: Path, arguments: argparse.Namespace) -> int:
    """Serves until a signal comes, the first of which begins an orderly end; more of them change nothing."""
    serving = asyncio.current_task()
    signals: list[int] = []

    def end(number: int) -> None:
        signals.append(number)
        if len(signals) == 1 and serving is not None:
            serving.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, end, number)
    try:
        await _serve(folder, arguments)
    except asyncio.CancelledError:
        if not signals:
            raise
        _say("Stopped. Nothing of the demo is left.")
    return 0


async def _serve(folder: Path, arguments: argparse.Namespace) -> None:
    _say("Starting a practice server, a local Bot API and the bot …")
    port = _free_or_any(PORT) if arguments.port is None else arguments.port
    if port and not _free_or_any(port):
        raise DemoError(f"port {port} is taken: choose another with --port, or leave it out")
    async with demo(folder, engine=arguments.engine, port=port) as running:
        _say(f"\n  Open  {running.address}/\n\nCtrl-C ends it. Everything is in {folder} and goes with it.")
        await running.bot.ended()
        raise DemoError(f"the bot ended. The end of its log:\n{running.bot.log()[-2000:]}")


def _free_or_any(port: int) -> int:
    with contextlib.suppress(OSError), socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return port
    return 0


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what a command line is for


def _failed(reason: str) -> int:
    print(f"opsgate demo: {reason}", file=sys.stderr)  # noqa: T201 - what a command line is for
    return 1
