"""Outgoing messages, stored in the transaction that causes them, delivered at least once, in order per chat."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from services.models import SCHEDULE, TERMINAL
from services.phrases import Phrase
from services.store.database import Database, Row, Transaction


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A row of the outbox. Without message_id it is to be sent; with one it is to be edited (`dirty`)."""

    id: int
    chat_id: int
    kind: str  # card, progress, verdict, notice
    operation_id: str | None
    phrase: Phrase | None
    created_at: float
    attempts: int
    message_id: int | None
    uncertain: bool
    shown: str
    final: bool


def _outgoing(row: Row) -> Outgoing:
    phrase = row["phrase"]
    return Outgoing(
        id=row["id"],
        chat_id=row["chat_id"],
        kind=row["kind"],
        operation_id=row["operation_id"],
        phrase=Phrase.model_validate_json(phrase) if phrase else None,
        created_at=row["created_at"],
        attempts=row["attempts"],
        message_id=row["message_id"],
        uncertain=bool(row["uncertain"]) or row["state"] == "sending",  # the process died while it was sent
        shown=row["shown"],
        final=bool(row["final"]),
    )


async def put(
    tx: Transaction,
    kind: str,
    chats: Iterable[int],
    now: float,
    operation: str | None,
    phrase: Phrase | None = None,
) -> None:
    """Adds one row per chat; an operation's second card, progress or verdict in a chat is ignored.

    A terminal is no chat: it reads the store. Nor is a schedule: nobody reads what it is told.
    """
    for chat_id in dict.fromkeys(chat for chat in chats if chat not in {TERMINAL, SCHEDULE}):
        await tx.execute(
            "INSERT INTO outbox (chat_id, kind, operation_id, phrase, created_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (chat_id, kind, operation, phrase.model_dump_json() if phrase else None, now),
        )


async def touch(tx: Transaction, operation: str, *, final: bool = False) -> None:
    """The operation changed: its card and progress messages are to be shown anew."""
    await tx.execute(
        "UPDATE outbox SET dirty = 1, final = max(final, ?) WHERE operation_id = ? AND kind IN ('card', 'progress')",
        (int(final), operation),
    )


async def touch_offers(tx: Transaction, project: str) -> None:
    """What runs or waits changed: the cards that are still to be decided upon may offer something else now."""
    await tx.execute(
        "UPDATE outbox SET dirty = 1 WHERE kind = 'card' AND operation_id IN"
        " (SELECT id FROM operations WHERE project = ? AND state = 'proposed')",
        (project,),
    )


class Outbox:
    def __init__(self, database: Database, redact: Callable[[str], str]) -> None:
        self._database = database
        self._redact = redact

    async def notice(self, phrase: Phrase, chats: Iterable[int], now: float) -> None:
        """Queues a message that belongs to no operation."""
        async with self._database.transaction() as tx:
            await put(tx, "notice", chats, now, None, phrase.redacted(self._redact))

    async def noticed(self, phrase_id: str, since: float) -> bool:
        """Whether such a notice was queued after `since`."""
        row = await self._database.one(
            "SELECT 1 FROM outbox WHERE kind = 'notice' AND created_at > ? AND json_extract(phrase, '$.id') = ?",
            (since, phrase_id),
        )
        return row is not None

    async def due(self, now: float) -> list[Outgoing]:
        """What can go out now: the oldest unsent row of each chat, and every sent row that is dirty."""
        rows = await self._database.all(
            """SELECT * FROM outbox AS o
               WHERE next_attempt_at <= :now AND (
                     (state IN ('pending', 'sending') AND id = (
                         SELECT min(id) FROM outbox WHERE chat_id = o.chat_id AND state IN ('pending', 'sending')))
                  OR (state = 'sent' AND dirty = 1))
               ORDER BY id""",
            {"now": now},
        )
        return [_outgoing(row) for row in rows]

    async def next_attempt(self) -> float | None:
        """When the next row becomes due (Unix seconds), None when nothing waits."""
        row = await self._database.one(
            "SELECT min(next_attempt_at) FROM outbox WHERE state IN ('pending', 'sending') OR (state = 'sent' AND dirty = 1)"
        )
        return None if row is None else row[0]

    async def sending(self, row_id: int) -> bool:
        """Marked before the request leaves: after a crash the row may or may not have arrived.

        False when it was sent meanwhile: whoever asks looked too early, and must not send it again.
        """
        changed = await self._database.write(
            "UPDATE outbox SET uncertain = (state = 'sending' OR uncertain), state = 'sending',"
            " attempts = attempts + 1 WHERE id = ? AND state IN ('pending', 'sending')",
            (row_id,),
        )
        return changed > 0

    async def refused(self, row_id: int, retry_at: float) -> None:
        """Telegram surely did not take it (429, 5xx answer): it waits, and is not uncertain."""
        await self._database.write(
            "UPDATE outbox SET state = 'pending', next_attempt_at = ? WHERE id = ?", (retry_at, row_id)
        )

    async def lost(self, row_id: int, retry_at: float) -> None:
        """No answer came: it may have arrived. It is sent again, marked as a repeat."""
        await self._database.write(
            "UPDATE outbox SET state = 'pending', uncertain = 1, next_attempt_at = ? WHERE id = ?",
            (retry_at, row_id),
        )

    async def sent(self, row_id: int, message_id: int, shown: str) -> None:
        await self._database.write(
            "UPDATE outbox SET state = 'sent', message_id = ?, shown = ?, attempts = 0, next_attempt_at = 0 WHERE id = ?",
            (message_id, shown, row_id),
        )

    async def rendering(self, row_id: int) -> None:
        """Clears the mark before its text is made, so that a change from then on marks it again."""
        await self._database.write("UPDATE outbox SET dirty = 0 WHERE id = ?", (row_id,))

    async def edited(self, row_id: int, shown: str, next_at: float) -> None:
        """An edit arrived; the next one of this message waits until `next_at` (Unix seconds)."""
        await self._database.write(
            "UPDATE outbox SET shown = ?, attempts = 0, next_attempt_at = ? WHERE id = ?",
            (shown, next_at, row_id),
        )

    async def finals(self) -> list[Outgoing]:
        """Sent rows whose last state is to be shown: they do not wait for the pace of edits."""
        rows = await self._database.all(
            "SELECT * FROM outbox WHERE state = 'sent' AND dirty = 1 AND final = 1 AND attempts = 0 ORDER BY id"
        )
        return [_outgoing(row) for row in rows]

    async def recheck(self, since: float) -> None:
        """After a start: an edit that was cut off left no mark, so what was sent since then is compared again."""
        await self._database.write(
            "UPDATE outbox SET dirty = 1 WHERE state = 'sent' AND kind IN ('card', 'progress') AND created_at > ?",
            (since,),
        )

    async def edit_failed(self, row_id: int, retry_at: float) -> None:
        await self._database.write(
            "UPDATE outbox SET dirty = 1, attempts = attempts + 1, next_attempt_at = ? WHERE id = ?",
            (retry_at, row_id),
        )

    async def dead(self, row_id: int) -> None:
        """It can never be delivered (blocked, chat gone). Its edits are given up too."""
        await self._database.write("UPDATE outbox SET state = 'dead', dirty = 0 WHERE id = ?", (row_id,))

    async def divert(self, row: Outgoing, chats: Iterable[int], now: float) -> None:
        """A verdict that its chat can never be told is told to these: somebody must learn of it."""
        async with self._database.transaction() as tx:
            await tx.execute("UPDATE outbox SET state = 'dead', dirty = 0 WHERE id = ?", (row.id,))
            if row.kind == "verdict":
                await put(tx, row.kind, chats, now, row.operation_id)

    async def move_chat(self, old: int, new: int) -> None:
        """A group became a supergroup: what waits for the old chat goes to the new one."""
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE OR IGNORE outbox SET chat_id = ?, next_attempt_at = 0,"
                " state = CASE state WHEN 'sending' THEN 'pending' ELSE state END"
                " WHERE chat_id = ? AND state IN ('pending', 'sending')",
                (new, old),
            )
            await tx.execute(
                "UPDATE operations SET chat_id = ?, body = json_set(body, '$.origin.chat_id', ?) WHERE chat_id = ?",
                (new, new, old),
            )

    async def message_of(self, operation: str, chat_id: int, kind: str) -> int | None:
        row = await self._database.one(
            "SELECT message_id FROM outbox WHERE operation_id = ? AND chat_id = ? AND kind = ?",
            (operation, chat_id, kind),
        )
        return None if row is None else row["message_id"]

    async def counts(self) -> dict[str, int]:
        rows = await self._database.all("SELECT state, count(*) FROM outbox GROUP BY state")
        return {row[0]: row[1] for row in rows}
