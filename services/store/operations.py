"""Operations and their steps. Every change of state is a guarded update together with its outbox rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from services import policy
from services.models import Asked, Kind, Operation, Person, Progress, State, Step
from services.phrases import Phrase
from services.store import freezes, outbox
from services.store.database import Database, Transaction
from services.store.saved import add, load, offered, operation_of, save


class ActiveAlready(Exception):
    """Another operation of this project is queued or running."""

    def __init__(self, other: Operation) -> None:
        super().__init__(other.id)
        self.other = other


_AWAITING = (
    "SELECT body FROM operations WHERE state = 'proposed' AND chat_id = ? AND expires_at > ?"
    " AND json_extract(body, '$.asked.person.id') = ? ORDER BY created_at DESC LIMIT 1"
)
_AWAITING_ONE = (
    "SELECT body FROM operations WHERE state = 'proposed' AND chat_id = ? AND expires_at > ?"
    " AND json_extract(body, '$.asked.person.id') = ? AND nonce = ?"
)


class OperationRows:
    def __init__(self, database: Database, redact: Callable[[str], str]) -> None:
        self._database = database
        self._redact = redact

    def _clean(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Reasons quote what commands printed: no secret of it is stored, nor told from there."""
        return {
            name: value.redacted(self._redact) if isinstance(value, Phrase) else value
            for name, value in fields.items()
        }

    # --- the gate ---

    async def propose(self, operation: Operation) -> Operation:
        """Stores a proposal and its card in one transaction. The same update proposes once."""
        async with self._database.transaction() as tx:
            update_id = operation.origin.update_id
            if update_id is not None and (same := await load(tx, "update_id = ?", (update_id,))):
                return same
            await self._add(tx, operation)
        return operation

    async def _add(self, tx: Transaction, operation: Operation) -> None:
        await add(tx, operation)
        await outbox.put(
            tx, "card", [operation.origin.chat_id], operation.created_at.timestamp(), operation.id
        )

    async def supersede(
        self, operation_id: str, fresh: Operation, reason: Phrase, by: Person | None = None
    ) -> bool:
        """It ends unrun, a new proposal in its place: both or nothing. With `by` (a wish), False if decided already."""
        async with self._database.transaction() as tx:
            proposed = load(tx, "id = ? AND state = 'proposed'", (operation_id,)) if by else None
            operation = await (proposed or self._active(tx, operation_id))
            if operation is None:
                return False
            ended = {"state": State.DISMISSED, "finished_at": fresh.created_at, "reason": reason}
            await save(tx, operation.model_copy(update=ended | ({"cancelled_by": by} if by else {})))
            await outbox.touch(tx, operation_id, final=True)
            await outbox.touch_offers(tx, operation.project)
            await self._add(tx, fresh)
        return True

    async def proposed_by_update(self, update_id: int) -> Operation | None:
        row = await self._database.one("SELECT body FROM operations WHERE update_id = ?", (update_id,))
        return operation_of(row) if row else None

    async def confirm(
        self, nonce: str, by: Person, chat_id: int, message_id: int, now: datetime
    ) -> Operation | None:
        """The gate: exactly one tap turns a proposal into a queued operation. None for every other tap.

        Where a tap is not enough the proposal comes back, with who was asked to type the project's name.
        Raises ActiveAlready or Frozen (and leaves the proposal as it is) when the project is busy or locked.
        """
        async with self._database.transaction() as tx:
            operation = await offered(tx, nonce, chat_id, message_id, now)
            if operation is None:
                return None
            await freezes.check(tx, operation, now)
            if operation.kind.typed:
                return await self._ask(tx, operation, by, now)
            return await self._queue(tx, operation, by, chat_id, now)

    async def _ask(
        self, tx: Transaction, operation: Operation, by: Person, now: datetime
    ) -> Operation | None:
        """Notes who is asked to type the name. None while somebody else is."""
        asked = operation.asked
        if asked and asked.until > now and asked.person.id != by.id:
            return None
        until = min(policy.typed_until(now), operation.expires_at)
        operation = operation.model_copy(update={"asked": Asked(person=by, until=until)})
        await save(tx, operation)
        await outbox.touch(tx, operation.id)
        return operation

    async def _queue(
        self, tx: Transaction, operation: Operation, by: Person, chat_id: int, now: datetime
    ) -> Operation:
        operation = operation.model_copy(update={"state": State.QUEUED, "confirmed_by": by})
        try:
            await save(tx, operation)
        except sqlite3.IntegrityError:
            other = await load(tx, "project = ? AND state IN ('queued', 'running')", (operation.project,))
            if other is None:
                raise
            raise ActiveAlready(other) from None
        await outbox.touch(tx, operation.id, final=True)
        await outbox.touch_offers(tx, operation.project)
        await outbox.put(tx, "progress", [chat_id], now.timestamp(), operation.id)
        return operation

    async def awaiting(self, person_id: int, chat_id: int, now: datetime) -> Operation | None:
        """The proposal whose name this person was asked to type in this chat."""
        row = await self._database.one(_AWAITING, (chat_id, now.timestamp(), person_id))
        operation = operation_of(row) if row else None
        return operation if operation and operation.asked and operation.asked.until > now else None

    async def confirm_typed(self, nonce: str, by: Person, chat_id: int, now: datetime) -> Operation | None:
        """The stronger gate: the name was typed by whom it was asked of, in time. None for everything else.

        Raises ActiveAlready when the project is busy, Frozen when it is locked.
        """
        async with self._database.transaction() as tx:
            cursor = await tx.execute(_AWAITING_ONE, (chat_id, now.timestamp(), by.id, nonce))
            row = await cursor.fetchone()
            operation = operation_of(row) if row else None
            if operation is None or operation.asked is None or operation.asked.until <= now:
                return None
            await freezes.check(tx, operation, now)
            return await self._queue(tx, operation, by, chat_id, now)

    async def stop_asking(self, now: datetime) -> list[Operation]:
        """Whose time for typing is over: their cards get the button back."""
        rows = await self._database.all(
            "SELECT body FROM operations WHERE state = 'proposed' AND json_extract(body, '$.asked') IS NOT NULL"
        )
        late = [one for row in rows if (one := operation_of(row)).asked and one.asked.until <= now]
        for operation in late:
            async with self._database.transaction() as tx:
                fresh = await load(tx, "id = ? AND state = 'proposed'", (operation.id,))
                if fresh and fresh.asked and fresh.asked.until <= now:
                    await save(tx, fresh.model_copy(update={"asked": None}))
                    await outbox.touch(tx, fresh.id)
        return late

    async def dismiss(self, nonce: str, by: Person, chat_id: int, now: datetime) -> Operation | None:
        """Somebody said no to a proposal."""
        async with self._database.transaction() as tx:
            operation = await load(tx, "state = 'proposed' AND nonce = ? AND chat_id = ?", (nonce, chat_id))
            if operation is None:
                return None
            ended = operation.model_copy(
                update={"state": State.DISMISSED, "cancelled_by": by, "finished_at": now}
            )
            await save(tx, ended)
            await outbox.touch(tx, ended.id, final=True)
        return ended

    async def expire(self, now: datetime) -> list[Operation]:
        """Proposals past their time lose their buttons."""
        async with self._database.transaction() as tx:
            cursor = await tx.execute(
                "SELECT body FROM operations WHERE state = 'proposed' AND expires_at <= ?", (now.timestamp(),)
            )
            expired = [
                operation_of(row).model_copy(update={"state": State.EXPIRED, "finished_at": now})
                for row in await cursor.fetchall()
            ]
            for operation in expired:
                await save(tx, operation)
                await outbox.touch(tx, operation.id, final=True)
        return expired

    # --- the run ---

    async def change(self, operation_id: str, *, touch: bool = True, **fields: Any) -> Operation:
        """Changes fields of an active operation and marks its messages."""
        async with self._database.transaction() as tx:
            operation = await self._active(tx, operation_id)
            operation = operation.model_copy(update=self._clean(fields))
            await save(tx, operation)
            if touch:
                await outbox.touch(tx, operation_id)
        return operation

    async def begin(self, operation_id: str, now: datetime) -> None:
        """Queued → running. Raises Frozen when the project was locked meanwhile: then it stays queued."""
        async with self._database.transaction() as tx:
            operation = await self._active(tx, operation_id)
            await freezes.check(tx, operation, now)
            await save(tx, operation.model_copy(update={"state": State.RUNNING, "started_at": now}))
            await outbox.touch(tx, operation_id)

    async def _active(self, tx: Transaction, operation_id: str) -> Operation:
        operation = await load(tx, "id = ? AND state IN ('queued', 'running')", (operation_id,))
        if operation is None:
            raise LookupError(f"operation {operation_id} is not active")
        return operation

    async def request_cancel(self, operation_id: str, by: Person) -> Operation | None:
        """Notes who asked to stop an active operation; the runner acts on it. None when it is not active or noted."""
        async with self._database.transaction() as tx:
            operation = await load(tx, "id = ? AND state IN ('queued', 'running')", (operation_id,))
            if operation is None or operation.cancelled_by is not None:
                return None
            operation = operation.model_copy(update={"cancelled_by": by})
            await save(tx, operation)
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

    async def note(self, operation_id: str, phase: str, step_name: str, result: Mapping[str, Any]) -> None:
        """What a step that still runs found so far."""
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE steps SET body = json_set(body, '$.result', json(?))"
                " WHERE operation_id = ? AND phase = ? AND name = ?",
                (json.dumps(result), operation_id, phase, step_name),
            )

    async def fail_step(
        self, operation_id: str, step_name: str, now: datetime, *, reason: Phrase, log_tail: str
    ) -> Operation:
        """A forward step failed: the step, the reason and the turn to rollback are one change."""
        async with self._database.transaction() as tx:
            operation = await self._active(tx, operation_id)
            operation = operation.model_copy(
                update={
                    "phase": "rollback",
                    "reason": reason.redacted(self._redact),
                    "log_tail": self._redact(log_tail),
                    "progress": None,
                }
            )
            await save(tx, operation)
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
            operation = operation.model_copy(update=self._clean(fields))
            await save(tx, operation)
            await outbox.touch(tx, operation_id, final=True)
            await outbox.touch_offers(tx, operation.project)
            if state.is_verdict:
                await outbox.put(
                    tx, "verdict", [operation.origin.chat_id, *chats], now.timestamp(), operation_id
                )
        return operation

    # --- reading ---

    async def get(self, operation_id: str) -> Operation | None:
        row = await self._database.one("SELECT body FROM operations WHERE id = ?", (operation_id,))
        return operation_of(row) if row else None

    async def by_nonce(self, nonce: str) -> Operation | None:
        row = await self._database.one("SELECT body FROM operations WHERE nonce = ?", (nonce,))
        return operation_of(row) if row else None

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
        return [operation_of(row) for row in rows]

    async def recent(self, limit: int) -> list[Operation]:
        """Active ones first, then those that ran, newest first."""
        rows = await self._database.all(
            "SELECT body FROM operations WHERE state NOT IN ('proposed', 'dismissed', 'expired')"
            " ORDER BY state NOT IN ('queued', 'running', 'waiting'), created_at DESC LIMIT ?",
            (limit,),
        )
        return [operation_of(row) for row in rows]

    async def of_kind(self, project: str, kind: Kind, limit: int) -> list[Operation]:
        """The newest of a project, newest first."""
        rows = await self._database.all(
            "SELECT body FROM operations WHERE project = ? AND kind = ? ORDER BY created_at DESC LIMIT ?",
            (project, kind, limit),
        )
        return [operation_of(row) for row in rows]

    async def packs_in_use(self) -> set[str]:
        """Files of packed sources that a proposal or an active operation still needs."""
        return {pack.file for one in await self._not_over() if (pack := one.plan.pack)}

    async def wishes_in_use(self) -> set[str]:
        """Names of what was typed behind /env that a proposal or an active operation still needs."""
        return {edit.wish for one in await self._not_over() if (edit := one.plan.editing)}

    async def _not_over(self) -> list[Operation]:
        rows = await self._database.all(
            "SELECT body FROM operations WHERE state IN ('proposed', 'waiting', 'queued', 'running')"
        )
        return [operation_of(row) for row in rows]
