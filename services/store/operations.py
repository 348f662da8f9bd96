"""Operations and their steps. Every change of state is a guarded update together with its outbox rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from services.models import Backup, Operation, Person, Progress, Release, State, Step
from services.phrases import Phrase
from services.store import outbox
from services.store.database import Database, Row, Transaction

ACTIVE = ("queued", "running")


def _operation(row: Row) -> Operation:
    return Operation.model_validate_json(row["body"])


async def _load(tx: Transaction, where: str, values: tuple[Any, ...]) -> Operation | None:
    async with tx.execute(f"SELECT body FROM operations WHERE {where}", values) as cursor:  # noqa: S608 - literals of this module
        row = await cursor.fetchone()
    return _operation(row) if row else None


async def _save(tx: Transaction, operation: Operation) -> None:
    await tx.execute(
        "UPDATE operations SET state = ?, phase = ?, body = ? WHERE id = ?",
        (operation.state, operation.phase, operation.model_dump_json(), operation.id),
    )


class ActiveAlready(Exception):
    """Another operation of this project is queued or running."""

    def __init__(self, other: Operation) -> None:
        super().__init__(other.id)
        self.other = other


class OperationRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    # --- the gate ---

    async def propose(self, operation: Operation) -> Operation:
        """Stores a proposal and its card in one transaction. The same update proposes once."""
        now = operation.created_at.timestamp()
        async with self._database.transaction() as tx:
            update_id = operation.origin.update_id
            if update_id is not None and (same := await _load(tx, "update_id = ?", (update_id,))):
                return same
            await tx.execute(
                "INSERT INTO operations (id, kind, project, state, nonce, update_id, chat_id, created_at, expires_at,"
                " body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    operation.id,
                    operation.kind,
                    operation.project,
                    operation.state,
                    operation.nonce,
                    update_id,
                    operation.origin.chat_id,
                    now,
                    operation.expires_at.timestamp(),
                    operation.model_dump_json(),
                ),
            )
            await outbox.put(tx, "card", [operation.origin.chat_id], now, operation.id)
        return operation

    async def proposed_by_update(self, update_id: int) -> Operation | None:
        row = await self._database.one("SELECT body FROM operations WHERE update_id = ?", (update_id,))
        return _operation(row) if row else None

    async def confirm(
        self, nonce: str, by: Person, chat_id: int, message_id: int, now: datetime
    ) -> Operation | None:
        """The gate: exactly one tap turns a proposal into a queued operation. None for every other tap.

        Raises ActiveAlready (and leaves the proposal as it is) when the project is busy.
        """
        async with self._database.transaction() as tx:
            cursor = await tx.execute(
                "SELECT body FROM operations WHERE state = 'proposed' AND nonce = ? AND expires_at > ? AND chat_id = ?"
                " AND EXISTS (SELECT 1 FROM outbox WHERE operation_id = operations.id AND kind = 'card'"
                "             AND chat_id = ? AND (message_id = ? OR message_id IS NULL))",
                (nonce, now.timestamp(), chat_id, chat_id, message_id),
            )
            row = await cursor.fetchone()
            if row is None or _operation(row).plan.blocked:
                return None
            operation = _operation(row).model_copy(update={"state": State.QUEUED, "confirmed_by": by})
            try:
                await _save(tx, operation)
            except sqlite3.IntegrityError:
                other = await _load(
                    tx, "project = ? AND state IN ('queued', 'running')", (operation.project,)
                )
                if other is None:
                    raise
                raise ActiveAlready(other) from None
            await outbox.touch(tx, operation.id, final=True)
            await outbox.put(tx, "progress", [chat_id], now.timestamp(), operation.id)
        return operation

    async def dismiss(self, nonce: str, by: Person, chat_id: int, now: datetime) -> Operation | None:
        """Somebody said no to a proposal."""
        async with self._database.transaction() as tx:
            operation = await _load(tx, "state = 'proposed' AND nonce = ? AND chat_id = ?", (nonce, chat_id))
            if operation is None:
                return None
            ended = operation.model_copy(
                update={"state": State.DISMISSED, "cancelled_by": by, "finished_at": now}
            )
            await _save(tx, ended)
            await outbox.touch(tx, ended.id, final=True)
        return ended

    async def expire(self, now: datetime) -> list[Operation]:
        """Proposals past their time lose their buttons."""
        async with self._database.transaction() as tx:
            cursor = await tx.execute(
                "SELECT body FROM operations WHERE state = 'proposed' AND expires_at <= ?", (now.timestamp(),)
            )
            expired = [
                _operation(row).model_copy(update={"state": State.EXPIRED, "finished_at": now})
                for row in await cursor.fetchall()
            ]
            for operation in expired:
                await _save(tx, operation)
                await outbox.touch(tx, operation.id, final=True)
        return expired

    # --- the run ---

    async def change(self, operation_id: str, *, touch: bool = True, **fields: Any) -> Operation:
        """Changes fields of an active operation and marks its messages."""
        async with self._database.transaction() as tx:
            operation = await self._active(tx, operation_id)
            operation = operation.model_copy(update=fields)
            await _save(tx, operation)
            if touch:
                await outbox.touch(tx, operation_id)
        return operation

    async def _active(self, tx: Transaction, operation_id: str) -> Operation:
        operation = await _load(tx, "id = ? AND state IN ('queued', 'running')", (operation_id,))
        if operation is None:
            raise LookupError(f"operation {operation_id} is not active")
        return operation

    async def request_cancel(self, operation_id: str, by: Person) -> Operation | None:
        """Notes who asked to stop an active operation; the runner acts on it. None when it is not active or noted."""
        async with self._database.transaction() as tx:
            operation = await _load(tx, "id = ? AND state IN ('queued', 'running')", (operation_id,))
            if operation is None or operation.cancelled_by is not None:
                return None
            operation = operation.model_copy(update={"cancelled_by": by})
            await _save(tx, operation)
            await outbox.touch(tx, operation_id)
        return operation

    async def step(self, operation_id: str, position: int, step: Step) -> None:
        """Journals a step and marks the progress message, in one transaction."""
        async with self._database.transaction() as tx:
            await tx.execute(
                "INSERT INTO steps (operation_id, phase, name, position, state, body) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (operation_id, phase, name) DO UPDATE SET state = excluded.state, body = excluded.body",
                (operation_id, step.phase, step.name, position, step.state, step.model_dump_json()),
            )
            await outbox.touch(tx, operation_id)

    async def fail_step(
        self, operation_id: str, step_name: str, now: datetime, *, reason: Phrase, log_tail: str
    ) -> Operation:
        """A forward step failed: the step, the reason and the turn to rollback are one change."""
        async with self._database.transaction() as tx:
            operation = await self._active(tx, operation_id)
            operation = operation.model_copy(
                update={"phase": "rollback", "reason": reason, "log_tail": log_tail, "progress": None}
            )
            await _save(tx, operation)
            await tx.execute(
                "UPDATE steps SET state = 'failed', body = json_set(body, '$.state', 'failed', '$.finished_at', ?)"
                " WHERE operation_id = ? AND phase = 'forward' AND name = ? AND state = 'running'",
                (now.isoformat(), operation_id, step_name),
            )
            await outbox.touch(tx, operation_id)
        return operation

    async def progress(self, operation_id: str, progress: Progress | None) -> None:
        await self.change(operation_id, progress=progress)

    async def finish(
        self, operation_id: str, state: State, now: datetime, chats: Iterable[int], **fields: Any
    ) -> Operation:
        """The end: the verdict's outbox rows are stored with the state that they tell."""
        async with self._database.transaction() as tx:
            operation = await self._active(tx, operation_id)
            fields |= {"state": state, "finished_at": now, "progress": None}
            operation = operation.model_copy(update=fields)
            await _save(tx, operation)
            await outbox.touch(tx, operation_id, final=True)
            if state.is_verdict:
                await outbox.put(
                    tx, "verdict", [operation.origin.chat_id, *chats], now.timestamp(), operation_id
                )
        return operation

    # --- reading ---

    async def get(self, operation_id: str) -> Operation | None:
        row = await self._database.one("SELECT body FROM operations WHERE id = ?", (operation_id,))
        return _operation(row) if row else None

    async def by_nonce(self, nonce: str) -> Operation | None:
        row = await self._database.one("SELECT body FROM operations WHERE nonce = ?", (nonce,))
        return _operation(row) if row else None

    async def steps(self, operation_id: str) -> list[Step]:
        rows = await self._database.all(
            "SELECT body FROM steps WHERE operation_id = ? ORDER BY phase, position", (operation_id,)
        )
        return [Step.model_validate_json(row["body"]) for row in rows]

    async def active(self, project: str | None = None) -> list[Operation]:
        rows = await self._database.all(
            "SELECT body FROM operations WHERE state IN ('queued', 'running') AND (?1 IS NULL OR project = ?1)"
            " ORDER BY created_at",
            (project,),
        )
        return [_operation(row) for row in rows]

    async def recent(self, limit: int) -> list[Operation]:
        """Active ones first, then those that ran, newest first."""
        rows = await self._database.all(
            "SELECT body FROM operations WHERE state NOT IN ('proposed', 'dismissed', 'expired')"
            " ORDER BY state NOT IN ('queued', 'running'), created_at DESC LIMIT ?",
            (limit,),
        )
        return [_operation(row) for row in rows]

    async def packs_in_use(self) -> set[str]:
        """Files of packed sources that a proposal or an active operation still needs."""
        rows = await self._database.all(
            "SELECT body FROM operations WHERE state IN ('proposed', 'queued', 'running')"
        )
        return {pack.file for row in rows if (pack := _operation(row).plan.pack)}


class BackupRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, backup: Backup) -> None:
        await self._database.write(
            "INSERT OR REPLACE INTO backups (id, project, at, body) VALUES (?, ?, ?, ?)",
            (backup.id, backup.project, backup.at.timestamp(), backup.model_dump_json()),
        )

    async def newest(self, project: str, limit: int = 1) -> list[Backup]:
        rows = await self._database.all(
            "SELECT body FROM backups WHERE project = ? ORDER BY at DESC LIMIT ?", (project, limit)
        )
        return [Backup.model_validate_json(row["body"]) for row in rows]

    async def recent(self, limit: int = 5) -> list[Backup]:
        """The newest of all projects, newest first."""
        rows = await self._database.all("SELECT body FROM backups ORDER BY at DESC LIMIT ?", (limit,))
        return [Backup.model_validate_json(row["body"]) for row in rows]


class ReleaseRows:
    """History of what was deployed. The host is the truth about what is there now."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, release: Release) -> None:
        at = (release.at or datetime.now(UTC)).timestamp()
        await self._database.write(
            "INSERT OR REPLACE INTO releases (id, project, at, body) VALUES (?, ?, ?, ?)",
            (release.id, release.project, at, release.model_dump_json()),
        )
