"""Operations as rows: the body is the whole operation, the columns are what queries guard on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.models import Operation
from services.store.database import Row, Transaction

_OFFERED = (
    "state = 'proposed' AND nonce = ? AND expires_at > ? AND chat_id = ?"
    " AND (chat_id = 0 OR EXISTS (SELECT 1 FROM outbox WHERE operation_id = operations.id AND kind = 'card'"
    "             AND chat_id = ? AND (message_id = ? OR message_id IS NULL)))"
)


def operation_of(row: Row) -> Operation:
    return Operation.model_validate_json(row["body"])


async def load(tx: Transaction, where: str, values: tuple[Any, ...]) -> Operation | None:
    """The first operation for which a condition holds. `where` is a literal of this package, never a value."""
    async with tx.execute(f"SELECT body FROM operations WHERE {where}", values) as cursor:  # noqa: S608 - literals of this package
        row = await cursor.fetchone()
    return operation_of(row) if row else None


async def offered(
    tx: Transaction, nonce: str, chat_id: int, message_id: int, now: datetime
) -> Operation | None:
    """The proposal that this card stands for, when it can still be decided upon."""
    found = await load(tx, _OFFERED, (nonce, now.timestamp(), chat_id, chat_id, message_id))
    return None if found is None or found.plan.blocked else found


async def add(tx: Transaction, operation: Operation) -> None:
    """A new one. Raises sqlite3.IntegrityError where its state lets only one of the project be."""
    await tx.execute(
        "INSERT INTO operations (id, kind, project, state, nonce, update_id, chat_id, created_at, expires_at,"
        " body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            operation.id,
            operation.kind,
            operation.project,
            operation.state,
            operation.nonce,
            operation.origin.update_id,
            operation.origin.chat_id,
            operation.created_at.timestamp(),
            operation.expires_at.timestamp(),
            operation.model_dump_json(),
        ),
    )


async def save(tx: Transaction, operation: Operation) -> None:
    await tx.execute(
        "UPDATE operations SET state = ?, phase = ?, body = ? WHERE id = ?",
        (operation.state, operation.phase, operation.model_dump_json(), operation.id),
    )
