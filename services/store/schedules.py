"""How far each schedule was taken up. A due time is noted together with the operation that it begins, both or nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from services.models import SCHEDULE, Operation
from services.phrases import Phrase
from services.schedules.models import Job, Schedule
from services.store import outbox
from services.store.database import Database, Transaction
from services.store.operations import ActiveAlready
from services.store.saved import add, load, operation_of

# What failed after the dump was proven (no off-site copy, no room here) left a backup all the same. What a clock that
# ran ahead made is not of today: it would be drilled again and again.
_MADE = (
    "SELECT body FROM operations AS o WHERE project = ? AND kind = 'backup' AND chat_id = ?"
    " AND created_at > ? AND created_at <= ? AND (state = 'succeeded' OR (state = 'failed' AND EXISTS"
    " (SELECT 1 FROM backups WHERE project = o.project AND json_extract(backups.body, '$.operation') = o.id)))"
    " ORDER BY created_at DESC LIMIT 1"
)


class ScheduleRows:
    def __init__(self, database: Database, redact: Callable[[str], str]) -> None:
        self._database = database
        self._redact = redact

    async def get(self, project: str, job: Job) -> Schedule | None:
        row = await self._database.one(
            "SELECT body FROM schedules WHERE project = ? AND job = ?", (project, job)
        )
        return Schedule.model_validate_json(row["body"]) if row else None

    async def put(self, schedule: Schedule) -> None:
        """From here on it is counted."""
        async with self._database.transaction() as tx:
            await _put(tx, schedule)

    async def take(
        self,
        schedule: Schedule,
        before: datetime,
        operation: Operation,
        told: Phrase | None,
        chats: Iterable[int],
    ) -> bool:
        """Notes a due time, stores the operation that it begins, and queues what admins are told of it: all or nothing.

        False when somebody took it up meanwhile: `before` is how far it was taken up when the caller looked.
        Raises ActiveAlready while another operation of the project is queued or running.
        """
        async with self._database.transaction() as tx:
            changed = await tx.execute(
                "UPDATE schedules SET due_at = ?, body = ? WHERE project = ? AND job = ? AND due_at = ?",
                (
                    schedule.handled.timestamp(),
                    schedule.model_dump_json(),
                    schedule.project,
                    schedule.job,
                    before.timestamp(),
                ),
            )
            if changed.rowcount == 0:
                return False
            other = await load(tx, "project = ? AND state IN ('queued', 'running')", (operation.project,))
            if other is not None:
                raise ActiveAlready(other)
            await add(tx, operation)
            await outbox.touch_offers(tx, operation.project)
            if told is not None:
                now = operation.created_at.timestamp()
                await outbox.put(tx, "notice", chats, now, None, told.redacted(self._redact))
        return True

    async def tell(self, schedule: Schedule, phrase: Phrase, chats: Iterable[int], now: datetime) -> None:
        """Queues a notice and notes that it was told, both or nothing: a restart does not tell it again."""
        async with self._database.transaction() as tx:
            await _put(tx, schedule)
            await outbox.put(tx, "notice", chats, now.timestamp(), None, phrase.redacted(self._redact))

    async def forget(self, kept: Collection[str]) -> None:
        """Schedules that were taken out of the settings: what they missed is not caught up when they come back."""
        async with self._database.transaction() as tx:
            cursor = await tx.execute("SELECT DISTINCT project FROM schedules")
            gone = [row["project"] for row in await cursor.fetchall() if row["project"] not in kept]
            for project in gone:
                await tx.execute("DELETE FROM schedules WHERE project = ?", (project,))

    async def newest_backup(self, project: str, since: datetime, now: datetime) -> Operation | None:
        """The newest operation of a schedule that was asked for after `since` and, however it ended, made a backup."""
        asked = (project, SCHEDULE, since.timestamp(), now.timestamp())
        row = await self._database.one(_MADE, asked)
        return operation_of(row) if row else None


async def _put(tx: Transaction, schedule: Schedule) -> None:
    await tx.execute(
        "INSERT OR REPLACE INTO schedules (project, job, due_at, body) VALUES (?, ?, ?, ?)",
        (schedule.project, schedule.job, schedule.handled.timestamp(), schedule.model_dump_json()),
    )
