"""Everything real at once: the bot process, the local Bot API, sshd, the Docker Engine with the practice stack."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bot.sandbox.bot_process import BotProcess, Practised
from bot.sandbox.client import Sim
from bot.sandbox.played import SimMessage, SimUser
from bot.sandbox.practice.sample import SampleProject
from bot.sandbox.process import LocalBotApi
from tests.conformance.schema import hold_to_schema
from tests.e2e.practice_ground import PracticeGround
from tests.e2e.sshd import Sshd
from tests.e2e.stack.server import PracticeServer

ANNA, BORIS, STRANGER = 1001, 1002, 6666
VERDICT = r"\A[^\n]*\b(succeeded|failed|rolled back|needs a human)\b"
"""A verdict's first line says one of the four."""
DEADLINE = 120.0
"""Seconds within which a verdict must arrive; a deploy of the practice stack takes about ten."""


class Ground(Protocol):
    """The host that Opsgate reaches over SSH, with the means to trouble it."""

    @property
    def home(self) -> Path: ...
    @property
    def docker(self) -> str: ...
    def told(self) -> dict[str, Any]:
        """What the bot's settings say about it: address, port, user, key_file, known_hosts."""
        ...

    def cut(self, *, refuse_for: float = 0) -> int: ...
    def silence(self) -> AbstractContextManager[None]: ...
    def change_host_key(self) -> None: ...
    def pin(self) -> None: ...


@dataclass
class World:
    """One admin's world. The bot is a process of its own, started from a folder with .env and opsgate.toml."""

    folder: Path
    api: LocalBotApi
    sshd: Ground
    project: SampleProject
    server: PracticeServer
    anna: SimUser
    boris: SimUser
    bot: BotProcess
    settings: dict[str, str] = field(default_factory=dict)
    mortal: bool = False
    """Whether the bot that runs takes orders to die."""

    @property
    def sim(self) -> Sim:
        return self.api.sim

    # --- the bot process ---

    def write_settings(self, **project: str) -> None:
        """Writes .env and opsgate.toml as an admin would. `project` adds lines of TOML to the project."""
        env = {
            "BOT_TOKEN": self.api.token,
            "ADMIN_IDS": f"{ANNA},{BORIS}",
            "TELEGRAM_API_URL": self.api.url,
            "LOG_FORMAT": "json",
        } | self.settings
        practised = Practised(
            **self.sshd.told(),
            path=self.server.path,
            source=self.project.path,
            compose_project=self.server.compose_project,
            site=self.server.url,
        )
        self.bot.write_settings(env, practised.toml(project))

    async def start_bot(self, *, kill_at: str = "", **environment: str) -> None:
        """Starts `python -m bot run`; with `kill_at` ("<phase>:<step>:<moment>") one that kills itself there."""
        await self._start(mortal=bool(kill_at), KILL_AT=kill_at, **environment)

    async def arm(self, kill_at: str, *, hold: Path | None = None, hears: bool = False) -> None:
        """The bot that runs is to kill itself there, or to stand still once (`hold`); if it `hears`, only the operation is.

        One that takes no orders, or does not run, is started.
        """
        if not self.mortal or self.bot.process is None:
            await self.stop_bot(signal.SIGKILL)
            await self.revive()
        order = self.folder / "kill_at"
        order.with_suffix(".new").write_text(f"{kill_at}\n{hold or ''}\n{'hears' if hears else ''}")
        order.with_suffix(".new").rename(order)

    async def holds(self, held: Path) -> None:
        """Waits until the bot stands still as it was ordered, within a minute. It goes on when `<held>.go` is made."""
        async with asyncio.timeout(60):
            while not held.exists():
                await asyncio.sleep(0.02)

    async def revive(self) -> None:
        """Starts a bot that can be armed, for now without an order."""
        await self._start(mortal=True)

    async def _start(self, *, mortal: bool, **environment: str) -> None:
        (self.folder / "kill_at").unlink(missing_ok=True)
        self.mortal = mortal
        module = "tests.e2e.killable" if mortal else "bot"
        await self.bot.start(module, PYTHONWARNINGS="default", **environment)

    async def wait_for_bot(self) -> int:
        """Waits until the bot process ended by itself; its exit status (negative: the signal)."""
        return await self.bot.ended(DEADLINE)

    async def stop_bot(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signals the bot process by its id and waits for its end."""
        return await self.bot.stop(number, DEADLINE)

    def bot_log(self) -> str:
        return self.bot.log()

    # --- what an admin does ---

    async def card(self, command: str = "/deploy", user: SimUser | None = None) -> SimMessage:
        """Sends a command and waits for its plan card."""
        who = user or self.anna
        sent = await self.sim.say(who, command)
        return await self.sim.wait_for(who, button="Confirm", after=sent, timeout=60)

    async def confirmed(self, command: str = "/deploy") -> int:
        """Sends a command and taps Confirm on its card. Returns the mark from which the operation's messages come."""
        card = await self.card(command)
        since = await self.sim.mark()
        await self.sim.tap(self.anna, card, "Confirm")
        return since

    async def verdict(
        self,
        since: int,
        user: SimUser | None = None,
        within: float = DEADLINE,
        *,
        after: SimMessage | None = None,
    ) -> SimMessage:
        """The verdict that arrives after a mark (and later than the one before), within so many seconds."""
        return await self.sim.wait_for(
            user or self.anna, regex=VERDICT, since=since, after=after, timeout=within
        )

    async def verdicts(self, since: int, user: SimUser | None = None) -> list[SimMessage]:
        """Every verdict message that came after a mark."""
        found = await self.sim.messages(user or self.anna, by_bot=True, since=since)
        return [message for message in found if re.search(VERDICT, message.text)]

    async def told(self, since: int, user: SimUser | None = None) -> list[SimMessage]:
        """The verdicts of the newest operation that came after a mark, once the bot has nothing left to send.

        Without those of the operation before, whose bot may have been killed before it knew that they had arrived.
        """
        await self.all_told()
        operation = self.operations()[-1]["id"]
        found = await self.verdicts(since, user)
        return [one for one in found if any(operation in str(button) for button in one.buttons)]

    async def deploy(self, command: str = "/deploy") -> SimMessage:
        """A whole deploy; returns its verdict."""
        return await self.verdict(await self.confirmed(command))

    async def step(self, name: str, state: str = "running") -> None:
        """Waits until a step of the newest operation is in a state, within a minute and a half."""
        operation = self.operations()[-1]["id"]
        asked = "SELECT 1 FROM steps WHERE operation_id = ? AND name = ? AND state = ?"
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            with closing(self._database()) as database:
                if database.execute(asked, (operation, name, state)).fetchone():
                    return
            await asyncio.sleep(0.05)
        raise AssertionError(f"step {name} was never {state}")

    async def all_told(self) -> None:
        """Waits until there is nothing left to send: what would be told a second time has arrived by then."""
        await self._none_left(
            "SELECT 1 FROM outbox WHERE state IN ('pending', 'sending')"
            " OR (state = 'sent' AND dirty = 1 AND next_attempt_at <= CAST(strftime('%s', 'now') AS INTEGER))"
        )

    async def handled(self) -> None:
        """Waits until the bot has dealt with all that it was told, and has said what it has to say about it."""
        await self._none_left("SELECT 1 FROM inbox WHERE state = 'new'")
        await self.all_told()

    async def _none_left(self, asked: str) -> None:
        async with asyncio.timeout(60):
            while True:
                with closing(self._database()) as database:
                    if not database.execute(asked).fetchone():
                        return
                await asyncio.sleep(0.05)

    # --- what is left behind ---

    def operations(self) -> list[dict[str, str]]:
        """The operations in the bot's database, oldest first."""
        with closing(self._database()) as database:
            rows = database.execute("SELECT body FROM operations ORDER BY created_at").fetchall()
        return [json.loads(row[0]) for row in rows]

    def _database(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.folder}/data/opsgate.db?mode=ro", uri=True)

    def lock_is_free(self) -> bool:
        """Whether nobody holds the project's lock on the host."""
        holder = self.server.path.with_name("fitnessapp_opsgate") / "lock" / "holder"
        return not holder.exists() or not holder.read_text().strip()


@asynccontextmanager
async def world(
    folder: Path, *, ground: str = "real", flood: str = "off", forwarding: bool = True
) -> AsyncIterator[World]:
    """Builds a world on the real parts or on the practice server, and clears all that it made, the bot first."""
    folder.mkdir(parents=True, exist_ok=True)
    project = SampleProject.create(folder / "source")
    practice = folder / "practice" if ground == "practice" else None
    async with LocalBotApi.start(flood=flood, practice=practice) as api:
        with (
            Sshd(folder / "sshd", forwarding=forwarding) if practice is None else PracticeGround(api) as sshd
        ):
            server = PracticeServer(sshd.home, sshd.docker)
            anna = await api.sim.user(ANNA, "Anna", start=False)
            boris = await api.sim.user(BORIS, "Boris", start=False)
            here = World(folder, api, sshd, project, server, anna, boris, BotProcess(folder))
            here.write_settings()
            try:
                yield here
                await hold_to_schema(api.sim)
            finally:
                await here.stop_bot(signal.SIGKILL)
                server.teardown()
