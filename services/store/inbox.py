"""Incoming updates, stored before they are acknowledged, so that a crash loses none and runs none twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.store.database import Database

KEEP_SECONDS = 7 * 86_400
MOST_ATTEMPTS = 3
"""An update whose handling killed the process this often is set aside."""


@dataclass(frozen=True, slots=True)
class Incoming:
    update_id: int
    received_at: float  # Unix seconds
    payload: dict[str, Any]
    attempts: int


class Inbox:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, updates: Sequence[dict[str, Any]], now: float) -> int:
        """Stores a batch in one transaction; updates seen before are ignored. Returns how many were new."""
        new = 0
        async with self._database.transaction() as tx:
            for update in updates:
                cursor = await tx.execute(
                    "INSERT OR IGNORE INTO inbox (update_id, received_at, payload) VALUES (?, ?, ?)",
                    (update["update_id"], now, json.dumps(update, ensure_ascii=False)),
                )
                new += cursor.rowcount
            await tx.execute(
                "DELETE FROM inbox WHERE state != 'new' AND received_at < ?", (now - KEEP_SECONDS,)
            )
        return new

    async def waiting(self) -> list[Incoming]:
        """What is stored and not handled, oldest first."""
        rows = await self._database.all(
            "SELECT * FROM inbox WHERE state = 'new' ORDER BY update_id LIMIT 1000"
        )
        return [
            Incoming(row["update_id"], row["received_at"], json.loads(row["payload"]), row["attempts"])
            for row in rows
        ]

    async def begin(self, update_id: int) -> bool:
        """Counts an attempt. False when the update was tried too often: it is set aside as poison."""
        async with self._database.transaction() as tx:
            await tx.execute("UPDATE inbox SET attempts = attempts + 1 WHERE update_id = ?", (update_id,))
            cursor = await tx.execute(
                "UPDATE inbox SET state = 'poison' WHERE update_id = ? AND attempts > ?",
                (update_id, MOST_ATTEMPTS),
            )
            return cursor.rowcount == 0

    async def end(self, update_id: int, state: str = "done") -> None:
        """Marks an update done, failed (its handler raised) or poison (it cannot be decoded).

        What was handled is emptied: chat text is not kept longer than it is needed.
        """
        await self._database.write(
            "UPDATE inbox SET state = ?, payload = CASE WHEN ? = 'done' THEN '{}' ELSE payload END WHERE update_id = ?",
            (state, state, update_id),
        )

    async def next_offset(self) -> int | None:
        """The getUpdates offset that acknowledges all that is stored; None before the first update."""
        row = await self._database.one("SELECT max(update_id) FROM inbox")
        return None if row is None or row[0] is None else int(row[0]) + 1
