"""The one operation of a project that waits for the one that runs. Every change is a guarded update."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services import policy
from services.models import Ahead, Operation, Person, State, short_id
from services.phrases import Phrase
from services.store import freezes, outbox
from services.store.database import Database, Transaction
from services.store.saved import load, offered, operation_of, save

_ACTIVE = "project = ? AND state IN ('queued', 'running')"
_WAITING = "project = ? AND state = 'waiting'"
_ENDED_SINCE = (
    "project = ? AND state IN ('succeeded', 'failed', 'rolled_back', 'needs_human')"
    " AND julianday(json_extract(body, '$.finished_at')) >= julianday(?)"
    " ORDER BY julianday(json_extract(body, '$.finished_at')) DESC LIMIT 1"
)


class WaitingAlready(Exception):
    """Another operation of this project waits, and not the one that the card named."""

    def __init__(self, other: Operation) -> None:
        super().__init__(other.id)
        self.other = other


class WaitingRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def wait(
        self, nonce: str, by: Person, chat_id: int, message_id: int, now: datetime, replaces: str | None
    ) -> Operation | None:
        """The gate of the queue: exactly one tap makes a proposal wait. None for a tap that does not count.

        `replaces`: the short id of the waiting one that the card offered to replace; only that one gives way.
        What ended while the tap was on its way is what was waited for. Where there is nothing to wait for the proposal
        comes back, its card marked: it offers to wait no longer. Raises WaitingAlready and Frozen.
        """
        async with self._database.transaction() as tx:
            operation = await offered(tx, nonce, chat_id, message_id, now)
            if operation is None or not policy.may_wait(operation.kind, chat_id):
                return None
            await freezes.check(tx, operation, now)
            before = await _before(tx, operation)
            if before is None:
                await outbox.touch(tx, operation.id)
                return operation
            await _make_room(tx, operation, by, now, replaces)
            update = {"state": State.WAITING, "confirmed_by": by, "after": before.id}
            return await _saved(tx, operation.model_copy(update=update))

    async def call_off(self, operation_id: str, by: Person, now: datetime) -> Operation | None:
        """It does not wait any more and never began. None when it is not waiting."""
        async with self._database.transaction() as tx:
            operation = await load(tx, "id = ? AND state = 'waiting'", (operation_id,))
            if operation is None:
                return None
            return await _saved(tx, _ended(operation, by, now), final=True)

    async def take_turn(self, operation_id: str, now: datetime) -> Operation | None:
        """Waiting → queued, when nothing of its project is active. None otherwise."""
        async with self._database.transaction() as tx:
            operation = await load(tx, "id = ? AND state = 'waiting'", (operation_id,))
            if operation is None or await load(tx, _ACTIVE, (operation.project,)):
                return None
            started = await _saved(tx, operation.model_copy(update={"state": State.QUEUED}), final=True)
            chats = [operation.origin.chat_id]
            await outbox.put(tx, "progress", chats, now.timestamp(), operation.id)
            return started

    async def all(self, project: str | None = None) -> list[Operation]:
        rows = await self._database.all(
            "SELECT body FROM operations WHERE state = 'waiting' AND (?1 IS NULL OR project = ?1) ORDER BY created_at",
            (project,),
        )
        return [operation_of(row) for row in rows]

    async def ahead(self, operation: Operation) -> Ahead | None:
        """What an offer would wait for, and which one it would replace; None when it can start at once."""
        may_wait = policy.may_wait(operation.kind, operation.origin.chat_id)
        if operation.state is not State.PROPOSED or not may_wait:
            return None
        row = await self._database.one(f"SELECT body FROM operations WHERE {_ACTIVE}", (operation.project,))  # noqa: S608 - a literal
        waiting = await self.all(operation.project)
        return Ahead(running=operation_of(row), waiting=waiting[0] if waiting else None) if row else None


async def _before(tx: Transaction, operation: Operation) -> Operation | None:
    """What the operation waits for: what runs, or what ran when its plan was made and has ended since."""
    if running := await load(tx, _ACTIVE, (operation.project,)):
        return running
    return await load(tx, _ENDED_SINCE, (operation.project, operation.created_at.isoformat()))


async def _make_room(
    tx: Transaction, operation: Operation, by: Person, now: datetime, replaces: str | None
) -> None:
    waiting = await load(tx, _WAITING, (operation.project,))
    if waiting is None:
        return
    if replaces != short_id(waiting.id):
        raise WaitingAlready(waiting)
    told = Phrase(
        id="queue-replaced", args={"who": by.name, "kind": str(waiting.kind), "project": waiting.project}
    )
    await _saved(tx, _ended(waiting, by, now, reason=told), final=True)
    if waiting.confirmed_by and waiting.confirmed_by.id != by.id:  # an edited card rings no bell
        await outbox.put(tx, "notice", [waiting.origin.chat_id], now.timestamp(), None, told)


def _ended(operation: Operation, by: Person, now: datetime, **fields: Any) -> Operation:
    ended = {"state": State.DISMISSED, "cancelled_by": by, "finished_at": now}
    return operation.model_copy(update=ended | fields)


async def _saved(tx: Transaction, operation: Operation, *, final: bool = False) -> Operation:
    """Stored, its card marked, and the other cards of the project: what they offer may have changed."""
    await save(tx, operation)
    await outbox.touch(tx, operation.id, final=final)
    await outbox.touch_offers(tx, operation.project)
    return operation
