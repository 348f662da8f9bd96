"""Admins as Telegram shows them, and the strangers who were turned away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.store.database import Database


@dataclass(frozen=True, slots=True)
class Admin:
    user_id: int
    name: str
    language: str  # en or ru
    reachable: bool
    chosen: bool = False  # the language was chosen by them


class People:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def seen(self, user_id: int, name: str, language: str, now: float, *, private: bool = True) -> None:
        """An admin spoke: this is their name; in a private chat they are reachable. A chosen language stays."""
        await self._database.write(
            """INSERT INTO people (user_id, name, language, first_seen) VALUES (?, ?, ?, ?)
               ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, stranger = 0,
                   reachable = CASE ? WHEN 1 THEN 1 ELSE reachable END,
                   language = CASE chosen WHEN 1 THEN language ELSE excluded.language END""",
            (user_id, name, language, now, int(private)),
        )

    async def choose_language(self, user_id: int, language: str) -> None:
        await self._database.write(
            "UPDATE people SET language = ?, chosen = 1 WHERE user_id = ?", (language, user_id)
        )

    async def stranger(self, user_id: int, now: float) -> bool:
        """True the first time this stranger is seen, so that the id is logged once."""
        changed = await self._database.write(
            "INSERT INTO people (user_id, stranger, first_seen) VALUES (?, 1, ?) ON CONFLICT DO NOTHING",
            (user_id, now),
        )
        return changed == 1

    async def language(self, user_id: int) -> str:
        row = await self._database.one("SELECT language FROM people WHERE user_id = ?", (user_id,))
        return row["language"] if row else "en"

    async def set_reachable(self, user_id: int, reachable: bool, now: float) -> bool:
        """Records whether our messages reach an admin. True when that changed."""
        async with self._database.transaction() as tx:
            await tx.execute(
                "INSERT INTO people (user_id, first_seen) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (user_id, now),
            )
            cursor = await tx.execute(
                "UPDATE people SET reachable = ? WHERE user_id = ? AND reachable != ?",
                (int(reachable), user_id, int(reachable)),
            )
            return cursor.rowcount == 1

    async def admins(self, ids: Iterable[int]) -> list[Admin]:
        """The given ids, with what is known of each; an id never seen is reachable until proven otherwise."""
        rows = {
            row["user_id"]: row for row in await self._database.all("SELECT * FROM people WHERE stranger = 0")
        }
        return [
            Admin(
                i, rows[i]["name"], rows[i]["language"], bool(rows[i]["reachable"]), bool(rows[i]["chosen"])
            )
            if i in rows
            else Admin(i, "", "en", reachable=True)
            for i in ids
        ]
