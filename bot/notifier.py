"""Drains the outbox to Telegram: in order per chat, at least once, one editor per message, last state wins."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import structlog
from aiogram import Bot
from aiogram.types import ReplyParameters

from bot.admins import Admins
from bot.documents import log_document
from bot.gateway import patience
from bot.outcomes import (
    ChatClosed,
    ChatMoved,
    FloodWait,
    MessageGone,
    NoAnswer,
    NotModified,
    NotTaken,
    Rejected,
    Taken,
    TelegramFailure,
)
from bot.texts import Catalogues
from bot.views.outgoing import render
from bot.views.screen import Screen
from services.errors import BadInput
from services.models import Operation, State
from services.store import Store
from services.store.outbox import Outgoing
from services.tasks import Tasks

log = structlog.get_logger(__name__)

MOST_ATTACHED = 8 * 1024 * 1024
"""Bytes of a log that comes with a failure by itself; a longer one takes a tap."""
ATTACHING = 60
"""Seconds for that: the chat's next messages wait for it."""
RECHECK = 2 * 86_400
"""Seconds back from a start in which messages are compared with their state again."""


@dataclass(frozen=True)
class Tempo:
    """Times in seconds."""

    poll: float = 0.5
    private_gap: float = 3.0  # between edits of one message
    group_gap: float = 6.0
    first_delay: float = 1.0  # after a send that failed, doubled each time
    longest_delay: float = 10.0
    patience: float = 3.0  # that one request may wait for its turn
    at_once: int = 8  # chats


class Notifier:
    """`run()` until `stop()`. `hosts` names the host of each project, `log_of` gives an operation's whole log."""

    def __init__(
        self,
        bot: Bot,
        store: Store,
        admins: Admins,
        catalogues: Catalogues,
        tasks: Tasks,
        hosts: dict[str, str],
        *,
        log_of: Callable[[str], Path | None] = lambda _: None,
        tempo: Tempo | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._bot = bot
        self._store = store
        self._admins = admins
        self._catalogues = catalogues
        self._tasks = tasks
        self._hosts = hosts
        self._log_of = log_of
        self._tempo = tempo or Tempo()
        self._clock = clock
        self._awake = asyncio.Event()
        self._stopped = asyncio.Event()
        self._stopping = False
        self._last_round = float("inf")
        self._busy: set[int] = set()
        self._number = 0
        self._slots = asyncio.Semaphore(self._tempo.at_once)

    # --- life ---

    def wake(self) -> None:
        """Something new stands in the outbox."""
        self._awake.set()

    async def run(self) -> None:
        """Delivers until `stop()`. Trouble with the store is logged and survived."""
        since: float | None = self._clock() - RECHECK
        try:
            while not self._over():
                self._awake.clear()
                try:
                    if since is not None:
                        await self._store.outbox.recheck(since)
                        since = None
                    found = await self._round()
                except Exception:
                    log.exception("the outbox could not be read")
                    found = 0
                if self._stopping and not found and not self._busy:
                    return
                await self._wait()
        finally:
            self._stopped.set()

    async def stop(self, grace: float) -> None:
        """Delivers what is due now, for up to `grace` seconds, then ends between two rows."""
        self._stopping = True
        self._last_round = time.monotonic() + grace
        self.wake()
        try:
            await asyncio.wait_for(self._stopped.wait(), grace + 1)
        except TimeoutError:
            log.warning("the outbox was not drained in time")

    def _over(self) -> bool:
        return time.monotonic() > self._last_round

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._awake.wait(), self._tempo.poll)

    # --- rounds ---

    async def _round(self) -> int:
        """Starts a delivery for every chat that has something due and is not being served.

        A chat that was being served when the look began is left to the next round: what was seen of it is old.
        """
        served = set(self._busy)
        due = {row.id: row for row in await self._store.outbox.due(self._clock())}
        due |= {row.id: row for row in await self._store.outbox.finals()}
        ordered = sorted(due.values(), key=lambda row: (row.chat_id, row.id))
        for chat_id, rows in groupby(ordered, key=lambda row: row.chat_id):
            if chat_id not in served:
                self._busy.add(chat_id)
                self._number += 1
                if not self._tasks.start(
                    f"notify:{chat_id}:{self._number}", self._serve(chat_id, list(rows))
                ):
                    self._busy.discard(chat_id)
        return len(due)

    async def _serve(self, chat_id: int, rows: list[Outgoing]) -> None:
        try:
            async with self._slots:
                with patience(self._tempo.patience):
                    for row in rows:
                        if self._over():
                            return
                        await self._deliver(row)
        except Exception:
            log.exception("a delivery failed", chat_id=chat_id)
            await asyncio.sleep(self._tempo.first_delay)
        finally:
            self._busy.discard(chat_id)
            self.wake()

    async def _deliver(self, row: Outgoing) -> None:
        if row.chat_id > 0 and row.chat_id not in self._admins.ids:
            log.warning("a message for somebody who is no longer an admin was dropped", chat_id=row.chat_id)
            await self._divert(row)
        elif row.message_id is None:
            await self._send(row)
        else:
            await self._edit(row, row.message_id)

    async def _screen(self, row: Outgoing) -> tuple[Screen, Operation | None]:
        operation = await self._store.operations.get(row.operation_id) if row.operation_id else None
        steps = await self._store.operations.steps(row.operation_id) if row.operation_id else []
        reader = row.chat_id if row.chat_id > 0 else operation.by.id if operation else 0
        texts = self._catalogues[await self._admins.language(reader)]
        host = self._hosts.get(operation.project, "") if operation else ""
        ahead = await self._store.waiting.ahead(operation) if operation and row.kind == "card" else None
        now = datetime.fromtimestamp(self._clock(), UTC)
        return render(row, operation, steps, texts, now, host, ahead), operation

    # --- sending ---

    async def _send(self, row: Outgoing) -> None:
        await self._store.outbox.rendering(row.id)
        screen, operation = await self._screen(row)
        if not await self._store.outbox.sending(row.id):
            return
        try:
            message_id = await self._sent(row, screen, _reply_to(row, operation))
        except TelegramFailure as failure:
            await self._not_sent(row, failure)
        else:
            await self._store.outbox.sent(row.id, message_id, screen.digest)
            if operation and _brings_its_log(row, operation):
                await self._attach_log(row, operation.id, message_id)

    async def _attach_log(self, row: Outgoing, operation_id: str, verdict: int) -> None:
        """The whole log below a failure, once: the verdict is what must arrive, and its button gives the log too."""
        if self._stopping:
            return
        try:
            file = await asyncio.to_thread(self._log_of, operation_id)
            if file is None or file.stat().st_size > MOST_ATTACHED:
                return
            document = await log_document(file, operation_id)
            reply = ReplyParameters(message_id=verdict, allow_sending_without_reply=True) if verdict else None
            await self._bot.send_document(
                row.chat_id,
                document,
                disable_notification=True,
                reply_parameters=reply,
                request_timeout=ATTACHING,
            )
        except (TelegramFailure, BadInput, OSError) as failure:
            log.info("a log was not attached", row=row.id, operation=operation_id, failure=str(failure))

    async def _sent(self, row: Outgoing, screen: Screen, reply: ReplyParameters | None) -> int:
        """The new message's number; 0 when it arrived but the answer could not be read."""
        try:
            message = await self._bot.send_message(row.chat_id, **screen.kwargs(), reply_parameters=reply)
        except Taken as taken:
            return taken.message_id or 0
        except Rejected as failure:
            log.warning("telegram refuses a message; it is sent plain", row=row.id, reason=failure.reason)
            message = await self._bot.send_message(row.chat_id, **screen.plain().kwargs())
        return message.message_id

    async def _not_sent(self, row: Outgoing, failure: TelegramFailure) -> None:
        outbox = self._store.outbox
        log.warning("not sent", row=row.id, kind=row.kind, chat_id=row.chat_id, failure=str(failure))
        match failure:
            case ChatMoved():
                await self._moved(row, failure.new_chat_id)
            case ChatClosed():
                await self._closed(row)
            case Rejected():
                await outbox.dead(row.id)
            case FloodWait():
                await outbox.refused(row.id, self._clock() + failure.retry_after)
            case NoAnswer():
                await outbox.lost(row.id, self._later(row))
            case _:
                await outbox.refused(row.id, self._later(row))

    def _later(self, row: Outgoing) -> float:
        wait = min(self._tempo.longest_delay, self._tempo.first_delay * 2.0 ** min(row.attempts, 10))
        return self._clock() + wait * random.uniform(0.8, 1.0)  # noqa: S311 - jitter, not a secret

    async def _moved(self, row: Outgoing, new_chat_id: int) -> None:
        log.warning("a group became a supergroup", old=row.chat_id, new=new_chat_id)
        await self._store.outbox.move_chat(row.chat_id, new_chat_id)

    async def _divert(self, row: Outgoing) -> None:
        """A success is told only where it was asked for: when that chat is gone, every admin is told."""
        await self._store.outbox.divert(row, sorted(self._admins.ids), self._clock())

    async def _closed(self, row: Outgoing) -> None:
        await self._divert(row)
        if row.chat_id > 0:
            await self._admins.lost(row.chat_id)

    # --- editing ---

    async def _edit(self, row: Outgoing, message_id: int) -> None:
        outbox = self._store.outbox
        await outbox.rendering(row.id)
        screen, _ = await self._screen(row)
        if screen.digest == row.shown or message_id == 0:
            await outbox.edited(row.id, row.shown, 0)
            return
        try:
            await self._bot.edit_message_text(chat_id=row.chat_id, message_id=message_id, **screen.kwargs())
        except (NotModified, Taken):
            pass
        except TelegramFailure as failure:
            await self._not_edited(row, failure)
            return
        gap = self._tempo.private_gap if row.chat_id > 0 else self._tempo.group_gap
        await outbox.edited(row.id, screen.digest, self._clock() + gap)

    async def _not_edited(self, row: Outgoing, failure: TelegramFailure) -> None:
        """An edit may be repeated at will; what can never be edited is given up."""
        outbox = self._store.outbox
        log.info("not edited", row=row.id, kind=row.kind, chat_id=row.chat_id, failure=str(failure))
        match failure:
            case ChatClosed():
                await self._closed(row)
            case MessageGone() | ChatMoved() | Rejected():
                await outbox.dead(row.id)
            case FloodWait():
                await outbox.edit_failed(row.id, self._clock() + failure.retry_after)
            case NotTaken() | NoAnswer() | _:
                await outbox.edit_failed(row.id, self._later(row))


def _brings_its_log(row: Outgoing, operation: Operation) -> bool:
    """A failure's verdict, to who asked for it in private: in a group not all are admins, so there it takes their tap.

    Who stopped it knows why it did not go on.
    """
    asked_here = row.kind == "verdict" and row.chat_id == operation.origin.chat_id > 0
    if operation.cancelled_by is not None:
        return asked_here and operation.state is State.NEEDS_HUMAN
    return asked_here and operation.state is not State.SUCCEEDED


def _reply_to(row: Outgoing, operation: Operation | None) -> ReplyParameters | None:
    """A verdict hangs on the command that asked for it, in the chat where it was asked."""
    if row.kind != "verdict" or operation is None or operation.origin.chat_id != row.chat_id:
        return None
    if operation.origin.message_id is None:
        return None
    return ReplyParameters(message_id=operation.origin.message_id, allow_sending_without_reply=True)
