"""A night for schedules: a store, a clock in the test's hand, scripted plans, operations that are taken up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.errors import OpsgateError
from services.models import Finding, Kind, Operation, Plan, State
from services.phrases import Phrase
from services.projects import BackupRules, Project
from services.schedules.clockwork import Schedules
from services.store import Store
from tests.unit.services.stage import ANNA, BORIS, PROJECT

NIGHTLY = PROJECT.model_copy(
    update={"backups": BackupRules(schedule="0 3 * * *", time_zone="Europe/Berlin", drill=False)}
)
EVENING = datetime(2026, 11, 22, 20, tzinfo=UTC)
DUE = datetime(2026, 11, 23, 2, tzinfo=UTC)  # 3:00 in Berlin


@dataclass
class Night:
    """A store, a clock in the test's hand, plans that the test scripts, and operations that are taken up."""

    store: Store
    now: datetime = EVENING
    project: Project = NIGHTLY
    taken: list[str] = field(default_factory=list)
    asked: list[tuple[Kind, str | None]] = field(default_factory=list)
    error: OpsgateError | Exception | None = None
    blocker: Finding | None = None
    drills: bool = False

    def schedules(self) -> Schedules:
        """A fresh process over the same store."""
        kinds = [Kind.BACKUP, *([Kind.DRILL] if self.drills else [])]
        return Schedules(
            store=self.store,
            projects={self.project.name: self.project},
            plans={kind: lambda project, ref, kind=kind: self._plan(kind, project, ref) for kind in kinds},  # type: ignore[misc]  # mypy cannot infer a lambda's default
            take_up=self._take_up,
            admins=(ANNA.id, BORIS.id),
            changed=lambda: None,
            now=lambda: self.now,
        )

    async def _plan(self, kind: Kind, project: Project, ref: str | None) -> Plan:
        self.asked.append((kind, ref))
        if self.error:
            raise self.error
        findings = (self.blocker,) if self.blocker else ()
        return Plan(kind=kind, project=project.name, steps=("lock",), findings=findings)

    async def _take_up(self, operation_id: str) -> None:
        self.taken.append(operation_id)

    async def counted(self) -> Schedules:
        """A process that has looked once in the evening: from then on it counts."""
        schedules = self.schedules()
        await schedules.look(self.project)
        return schedules

    async def look(self, schedules: Schedules, at: datetime) -> None:
        self.now = at
        await schedules.look(self.project)

    async def end(self, state: State = State.SUCCEEDED) -> Operation:
        """The newest operation that was taken up ends."""
        return await self.store.operations.finish(self.taken[-1], state, self.now, [])

    async def stored(self) -> list[Operation]:
        rows = await self.store._database.all("SELECT body FROM operations ORDER BY created_at")
        return [Operation.model_validate_json(row["body"]) for row in rows]

    async def told(self) -> list[tuple[int, str, str]]:
        """Chat, phrase and reason of every message that waits, oldest first."""
        rows = await self.store.outbox.due(10**12)
        found = await self.store._database.all("SELECT chat_id, phrase FROM outbox ORDER BY id")
        assert {row.chat_id for row in rows} <= {row["chat_id"] for row in found}
        phrases = [(row["chat_id"], Phrase.model_validate_json(row["phrase"])) for row in found]
        return [(chat, one.id, one.why.id if one.why else "") for chat, one in phrases]
