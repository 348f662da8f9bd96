"""The chat side whole, over HTTP against the local Bot API: intake, dispatcher, notifier; services are scripted."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from aiogram import Dispatcher

from bot.admins import Admins
from bot.conversation import make_dispatcher
from bot.gateway import Gateway, make_bot
from bot.intake import Intake, Rhythm
from bot.notifier import Notifier, Tempo
from bot.pace import Limits
from bot.sandbox.process import LocalBotApi
from services.backups.offsite import Offsite
from services.env_edits.room import EnvEdits
from services.errors import BadInput
from services.facts.models import Release
from services.models import Operation, Plan, State
from services.operations import Operations
from services.phrases import Phrase
from services.projects import Project
from services.remote.hosts import Hosts
from services.retention import Judged
from services.sources.zipped import Zipped
from services.status import StatusReader
from services.store import Store
from services.tasks import Tasks
from tests.unit.bot.stage import (
    ANNA,
    BORIS,
    CATALOGUES,
    NothingSealed,
    ScriptedOperations,
    ScriptedStatus,
    operation,
    project,
)

QUICK = Rhythm(
    poll=5,
    floor=0.1,
    longest_delay=0.3,
    conflicts=3,
    conflict_seconds=0.3,
    conflict_delay=0.2,
    answer_grace=1.0,
)
SWIFT = Tempo(poll=0.05, private_gap=0.4, group_gap=0.6, first_delay=0.1, longest_delay=0.3, patience=1.5)
BRISK = Limits(chat_interval=0.05, chat_burst=10)
"""For tests that are not about limits: the server here has none unless it is told to."""


class Chat:
    """`receive()` starts the intake, `deliver()` the notifier; both end with `close()`."""

    def __init__(self, api: LocalBotApi, store: Store) -> None:
        self.api, self.sim, self.store = api, api.sim, store
        self.tasks = Tasks()
        self.operations = ScriptedOperations()
        self.drift: list[str] = []
        self.status = ScriptedStatus()
        self.admins = Admins((ANNA.id, BORIS.id), store)
        self.bot = make_bot(api.token, api.url, Gateway(limits=BRISK))
        self.intakes: list[Intake] = []
        self.notifiers: list[Notifier] = []
        self.ended: dict[Intake, BaseException | None] = {}
        self.numbers = iter(range(1, 1000))

    def dispatcher(self) -> Dispatcher:
        return make_dispatcher(
            cast("Operations", self.operations),
            cast("StatusReader", self.status),
            self.admins,
            {"fitnessapp": project()},
            self.store,
            CATALOGUES,
            self.releases_of,
            bumped=self.bumped,
            keeping=self.bumped,
            difference=self.difference,
            zip_of=self.zip_of,
            outlook_of=self.outlook_of,
            migrations_chosen=self.migrations_chosen,
            env=cast("EnvEdits", SimpleNamespace(sealing=NothingSealed())),
            leaving=Offsite(Hosts({}, Path("/nowhere")), Path("/nowhere")).leaving,
            hosts={},
        )

    @staticmethod
    async def zip_of(_project: Project, _ref: str | None, target: Path) -> Zipped:
        return Zipped(target, 0, "", 0, "")

    @staticmethod
    async def outlook_of(_project: Project) -> dict[str, list[Judged]]:
        return {}

    async def difference(self, _offered: Operation) -> list[str]:
        return self.drift

    @staticmethod
    async def migrations_chosen(_project: Project, _choice: str) -> Plan:
        raise BadInput("error-bad-input")

    @staticmethod
    async def bumped(offered: Operation) -> Plan:
        return offered.plan

    @staticmethod
    async def releases_of(_project: str) -> list[Release]:
        return []

    def intake(self, rhythm: Rhythm = QUICK, dispatcher: Dispatcher | None = None) -> Intake:
        return Intake(
            self.bot,
            dispatcher or self.dispatcher(),
            self.store,
            self.tasks,
            lambda: sorted(self.admins.ids),
            rhythm=rhythm,
        )

    def receive(self, rhythm: Rhythm = QUICK, dispatcher: Dispatcher | None = None) -> Intake:
        intake = self.intake(rhythm, dispatcher)
        self.intakes.append(intake)
        self.tasks.start(f"intake-{next(self.numbers)}", self._watch(intake))
        return intake

    async def _watch(self, intake: Intake) -> None:
        try:
            await intake.run()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.ended[intake] = error
        else:
            self.ended[intake] = None

    def deliver(
        self, tempo: Tempo = SWIFT, log_of: Callable[[str], Path | None] = lambda _: None
    ) -> Notifier:
        notifier = Notifier(
            self.bot,
            self.store,
            self.admins,
            CATALOGUES,
            self.tasks,
            {"fitnessapp": "home"},
            log_of=log_of,
            tempo=tempo,
        )
        self.notifiers.append(notifier)
        self.tasks.start(f"notifier-{next(self.numbers)}", notifier.run())
        return notifier

    async def close(self) -> None:
        for intake in self.intakes:
            await intake.stop(0.2)
        for notifier in self.notifiers:
            await notifier.stop(0)
        await self.tasks.close()
        await self.bot.session.close()

    # --- what services would do ---

    async def proposed(self, **changes: Any) -> Operation:
        number = next(self.numbers)
        unique = {"id": f"op-{number}", "nonce": f"nonce{number}"}
        origin = operation().origin.model_copy(update={"update_id": 10_000 + number})
        return await self.store.operations.propose(operation(**{"origin": origin} | unique | changes))

    async def running(self, **changes: Any) -> Operation:
        """Confirmed and running, without a card in the way."""
        stored = await self.proposed(**{"expires_at": datetime(2100, 1, 1, tzinfo=UTC)} | changes)
        chat_id = stored.origin.chat_id
        confirmed = await self.store.operations.confirm(stored.nonce, ANNA, chat_id, 1, datetime.now(UTC))
        assert confirmed is not None
        return await self.store.operations.change(
            confirmed.id, state=State.RUNNING, started_at=datetime.now(UTC)
        )

    async def finished(
        self, stored: Operation, state: State = State.FAILED, *, everybody: bool = True, **fields: Any
    ) -> None:
        chats = [ANNA.id, BORIS.id] if everybody else []
        await self.store.operations.finish(stored.id, state, datetime.now(UTC), chats, **fields)

    async def notice(self, number: int, *chats: int) -> None:
        phrase = Phrase(id="error-no-project", args={"project": f"n{number}", "known": "x"})
        await self.store.outbox.notice(phrase, chats or [ANNA.id], time.time())

    async def inbox(self) -> dict[int, str]:
        """The state of every update."""
        rows = await self.store.inbox._database.all("SELECT update_id, state FROM inbox")
        return {row[0]: row[1] for row in rows}
