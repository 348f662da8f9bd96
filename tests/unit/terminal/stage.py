"""A terminal on the stage of operations: what it says, what the person types, whose turn it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from bot.app import Core
from bot.terminal.gate import Gate
from bot.terminal.turn import Turn
from bot.texts import Catalogues
from services.models import TERMINAL, Finding, Kind, Operation, Person, Plan, Restoring, Severity
from services.operation_log import OperationLogs
from services.operations import Operations, Trade
from services.projects import Project
from services.remote.hosts import Hosts
from services.tasks import Tasks
from tests.unit.bot.stage import backup
from tests.unit.services.stage import ANNA, BORIS, PROJECT, Stage

ENGLISH = Catalogues(strict=True)["en"]
ADA = Person(id=TERMINAL, name="terminal: ada")
OTHERS = (Kind.DRILL, Kind.RESTORE, Kind.MIGRATE)
STEPS = ("lock", "build", "swap", "up", "health")


@dataclass
class Desk:
    """`answers` are typed one after the other; `None` for `types` where nobody sits."""

    stage: Stage
    answers: list[str] = field(default_factory=lambda: ["yes"])
    types: bool = True
    blocked: bool = False
    digests: list[str] = field(default_factory=list)
    """Of the facts, each time that they are read again; the last stays."""
    said: list[str] = field(default_factory=list)
    tasks: Tasks = field(default_factory=Tasks)

    @property
    def folder(self) -> Path:
        return self.stage.folder

    @property
    def text(self) -> str:
        return "\n".join(self.said)

    async def plan(self, project: Project, _ref: str | None = None) -> Plan:
        blocker = Finding(code="env-missing", severity=Severity.BLOCKER, args={"path": "x", "file": "x"})
        digest = self.digests[0] if self.digests else ""
        return Plan(
            kind=Kind.DEPLOY,
            project=project.name,
            steps=STEPS,
            digest=digest,
            findings=(blocker,) if self.blocked else (),
        )

    async def backup(self, project: Project, _ref: str | None) -> Plan:
        return Plan(kind=Kind.BACKUP, project=project.name, steps=("lock",))

    def of(self, kind: Kind) -> Callable[[Project, str | None], Awaitable[Plan]]:
        async def plan(project: Project, ref: str | None) -> Plan:
            found = await self.plan(project)
            about = Restoring(database="fitnessapp", backup=backup(id=ref or "db-1"))
            return found.model_copy(
                update={"kind": kind, "restoring": None if kind is Kind.MIGRATE else about}
            )

        return plan

    def again_of(self, kind: Kind) -> Callable[[Project, Plan], Awaitable[Plan]]:
        async def plan(project: Project, old: Plan) -> Plan:
            return await self.of(kind)(
                project, old.restoring.backup.id if old.restoring and old.restoring.backup else None
            )

        return plan

    async def again(self, project: Project, _plan: Plan) -> Plan:
        if len(self.digests) > 1:
            self.digests.pop(0)
        return await self.plan(project)

    def operations(self, tasks: Tasks | None = None, *, starts: bool = False) -> Operations:
        trade = Trade(self.plan, self.again, self.stage.procedure(*STEPS))
        backup = Trade(self.backup, self.again, self.stage.procedure("lock"))
        return Operations(
            store=self.stage.store,
            hosts=cast("Hosts", SimpleNamespace(get=lambda _name: self.stage.remote())),
            projects={"fitnessapp": PROJECT},
            admins=(ANNA.id, BORIS.id),
            trades={Kind.DEPLOY: trade, Kind.BACKUP: backup}
            | {
                kind: Trade(self.of(kind), self.again_of(kind), self.stage.procedure(*STEPS))
                for kind in OTHERS
            },
            runner=self.stage.runner(),
            logs=OperationLogs(self.folder / "logs", lambda text: text),
            tasks=tasks or self.tasks,
            changed=lambda: None,
            packs=self.folder / "packs",
            starts=starts,
        )

    async def run(
        self,
        kind: Kind = Kind.DEPLOY,
        digest: str | None = None,
        ref: str | None = None,
        meanwhile: Callable[[], Awaitable[None]] | None = None,
    ) -> int:
        """The exit status of one command."""

        async def answer(_question: str) -> str:
            if meanwhile:
                await meanwhile()
            return self.answers.pop(0)

        settings = SimpleNamespace(projects={"fitnessapp": PROJECT})
        core = SimpleNamespace(operations=self.operations(), store=self.stage.store, settings=settings)
        with Turn(self.folder) as turn:
            asked = answer if self.types else None
            gate = Gate(cast("Core", core), turn, ENGLISH, ADA, asked, self.said.append, every=0.02)
            try:
                return await gate.carry_out(kind, "fitnessapp", ref, digest)
            finally:
                await self.tasks.close()
                self.tasks = Tasks()

    async def last(self) -> Operation:
        """The newest operation, also one that nobody confirmed."""
        row = await self.stage.store._database.one("SELECT id FROM operations ORDER BY rowid DESC LIMIT 1")
        assert row is not None
        found = await self.stage.store.operations.get(row["id"])
        assert found is not None
        return found

    async def outgoing(self) -> list[tuple[int, str]]:
        """Chats and kinds of what waits for Telegram."""
        rows = await self.stage.store._database.all("SELECT chat_id, kind FROM outbox ORDER BY id")
        return [(row["chat_id"], row["kind"]) for row in rows]


def now() -> datetime:
    return datetime.now(UTC)
