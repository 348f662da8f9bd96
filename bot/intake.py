"""Durable intake: an update is stored before Telegram is told that we have it, then handled in order per chat."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiogram import Bot, Dispatcher
from aiogram.methods import DeleteWebhook, GetWebhookInfo
from aiogram.types import Update
from pydantic import ValidationError

from bot.gateway import RawGetUpdates
from bot.outcomes import Conflict, FloodWait, TelegramFailure, Unauthorized
from services.env_edits.intake import Sealing
from services.phrases import Phrase
from services.store import Store
from services.store.inbox import Incoming
from services.tasks import Tasks

log = structlog.get_logger(__name__)

ALLOWED_UPDATES = ["message", "callback_query", "my_chat_member"]


ALARM_AGAIN = 3600
"""Seconds within which the same alarm is not sent twice."""


class FatalIntake(Exception):
    """There is no use in going on: the token is wrong, or somebody else uses it. The process exits with status 1."""


@dataclass(frozen=True)
class Rhythm:
    """Times of the poll loop, in seconds, and how much is worked on at once."""

    poll: int = 50
    answer_grace: float = 15.0  # beyond `poll`, until an unanswered poll is given up
    floor: float = 0.3  # between polls that came back empty too soon
    longest_delay: float = 10.0
    conflicts: int = 3  # so many, over more than so many seconds, are a second instance
    conflict_seconds: float = 10.0
    conflict_memory: float = 120.0
    conflict_delay: float = 5.0
    at_once: int = 16
    most_waiting: int = 300


@dataclass
class _Lane:
    """What one chat waits for. Commands and taps have a lane each, so that no tap waits behind a slow command."""

    waiting: deque[Incoming] = field(default_factory=deque)


class Intake:
    """`run()` polls until `stop()`; handlers run as tasks of `tasks`."""

    def __init__(
        self,
        bot: Bot,
        dispatcher: Dispatcher,
        store: Store,
        tasks: Tasks,
        admin_ids: Callable[[], Sequence[int]],
        *,
        sealing: Sealing | None = None,
        rhythm: Rhythm | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._bot = bot
        self._dispatcher = dispatcher
        self._store = store
        self._tasks = tasks
        self._admin_ids = admin_ids
        self._sealing = sealing
        self._rhythm = rhythm or Rhythm()
        self._clock = clock
        self._stopping = False
        self._waiting_on: asyncio.Timeout | None = None
        self._lanes: dict[str, _Lane] = {}
        self._taken: set[int] = set()
        self._lane_number = 0
        self._conflicts: list[float] = []
        self._slots = asyncio.Semaphore(self._rhythm.at_once)
        self._moved = asyncio.Event()

    # --- life ---

    async def run(self) -> None:
        """Handles what was left, then polls. Returns after `stop()`; raises FatalIntake when polling is useless."""
        await self._dispatch_waiting()
        offset = await self._store.inbox.next_offset()
        if not await self._patiently(self._drop_webhook):
            return
        log.info("polling", offset=offset)
        while not self._stopping:
            began = time.monotonic()
            updates = await self._patiently(lambda at=offset: self._poll(at))  # type: ignore[misc]  # mypy cannot infer a lambda's default
            if updates:
                offset = await self._take(updates, offset)
            else:
                if time.monotonic() - began < self._rhythm.floor:
                    await self._sleep(self._rhythm.floor)
                await self._dispatch_waiting()  # what could not be begun, or was beyond one reading
            await self._room()

    async def stop(self, grace: float) -> None:
        """Ends the long poll at once and waits up to `grace` seconds for handlers that run.

        What was not begun stays in the inbox for the next start.
        """
        self._stopping = True
        self._interrupt()
        self._moved.set()
        for lane in self._lanes.values():
            lane.waiting.clear()
        deadline = time.monotonic() + grace
        while self._lanes and time.monotonic() < deadline:
            self._moved.clear()
            try:
                await asyncio.wait_for(self._moved.wait(), max(0.01, deadline - time.monotonic()))
            except TimeoutError:
                break
        if self._lanes:
            log.warning("handlers did not end in time", count=len(self._lanes))

    def _interrupt(self) -> None:
        if self._waiting_on is not None and not self._waiting_on.expired():
            self._waiting_on.reschedule(asyncio.get_running_loop().time())

    # --- polling ---

    async def _poll(self, offset: int | None) -> list[dict[str, Any]]:
        seconds = self._rhythm.poll
        method = RawGetUpdates(offset=offset, limit=100, timeout=seconds, allowed_updates=ALLOWED_UPDATES)
        updates = await self._bot(method, request_timeout=int(seconds + self._rhythm.answer_grace))
        return [update for update in updates if self._has_id(update)]

    @staticmethod
    def _has_id(update: dict[str, Any]) -> bool:
        if isinstance(update.get("update_id"), int):
            return True
        log.error("an update without an id was dropped")
        return False

    async def _drop_webhook(self) -> bool:
        """Long polling and a webhook exclude each other. What waits at Telegram stays there."""
        info = await self._bot(GetWebhookInfo())
        if info.url:
            log.warning("a webhook was set; it is removed")
            await self._bot(DeleteWebhook(drop_pending_updates=False))
        return True

    async def _patiently(self, ask: Callable[[], Any]) -> Any:
        """Asks until there is an answer; None when we are stopping. Raises FatalIntake."""
        troubles = 0
        while not self._stopping:
            try:
                async with asyncio.timeout(None) as self._waiting_on:
                    return await ask()
            except TimeoutError:
                return None  # stop() ended the wait
            except Unauthorized as failure:
                raise FatalIntake(f"Telegram does not accept BOT_TOKEN ({failure})") from None
            except Conflict as failure:
                await self._conflict(failure)
            except FloodWait as failure:
                log.warning("telegram asks to wait", seconds=failure.retry_after)
                await self._sleep(failure.retry_after)
            except TelegramFailure as failure:
                troubles += 1
                await self._back_off(failure, troubles)
            finally:
                self._waiting_on = None
        return None

    async def _conflict(self, failure: Conflict) -> None:
        """Once is a restart that overlaps. Again and again is a second instance, which takes a share of all updates."""
        now, rhythm = time.monotonic(), self._rhythm
        self._conflicts = [at for at in self._conflicts if at > now - rhythm.conflict_memory] + [now]
        log.error("somebody else polls with this token", count=len(self._conflicts), reason=failure.reason)
        if len(self._conflicts) >= rhythm.conflicts and now - self._conflicts[0] > rhythm.conflict_seconds:
            await self._alarm(Phrase(id="notice-conflict"))
            raise FatalIntake("somebody else polls Telegram with this BOT_TOKEN")
        await self._sleep(rhythm.conflict_delay)
        with suppress(TelegramFailure):  # it may be a webhook that was set meanwhile
            await self._drop_webhook()

    async def _alarm(self, phrase: Phrase) -> None:
        """To every admin, and not again within the hour: a supervisor starts us anew and anew."""
        if not await self._store.outbox.noticed(phrase.id, self._clock() - ALARM_AGAIN):
            await self._store.outbox.notice(phrase, self._admin_ids(), self._clock())

    async def _back_off(self, failure: TelegramFailure, troubles: int) -> None:
        wait = min(self._rhythm.longest_delay, 0.5 * 2 ** min(troubles - 1, 10))
        wait *= random.uniform(0.7, 1.0)  # noqa: S311 - jitter, not a secret
        log.warning(
            "telegram does not answer",
            failure=type(failure).__name__,
            reason=failure.reason,
            wait=round(wait, 1),
        )
        await self._sleep(wait)

    async def _sleep(self, seconds: float) -> None:
        """Ends early when we are stopping."""
        try:
            async with asyncio.timeout(seconds) as self._waiting_on:
                if not self._stopping:
                    await asyncio.Event().wait()
        except TimeoutError:
            pass
        finally:
            self._waiting_on = None

    # --- storing and handing on ---

    async def _take(self, updates: list[dict[str, Any]], offset: int | None) -> int | None:
        """Stores a batch in one commit, without secrets. The offset that acknowledges it comes after, never before."""
        try:
            storable = [self._sealing.seal(one) for one in updates] if self._sealing else updates
            new = await self._store.inbox.put(storable, self._clock())
        except Exception:
            log.exception("updates could not be stored; they stay with Telegram")
            await self._sleep(5)
            return offset
        if not new:  # a server that ignores the offset is not to be hammered
            await self._sleep(self._rhythm.floor)
        await self._dispatch_waiting()
        return 1 + max(int(update["update_id"]) for update in updates)

    async def _room(self) -> None:
        """Waits while too much is being worked on."""
        while len(self._taken) >= self._rhythm.most_waiting and not self._stopping:
            self._moved.clear()
            await self._moved.wait()

    async def _dispatch_waiting(self) -> None:
        if self._stopping:
            return
        for incoming in await self._store.inbox.waiting():
            if incoming.update_id not in self._taken:
                self._taken.add(incoming.update_id)
                self._enqueue(lane_of(incoming.payload), incoming)

    def _enqueue(self, key: str, incoming: Incoming) -> None:
        if (lane := self._lanes.get(key)) is not None:
            lane.waiting.append(incoming)
            return
        self._lanes[key] = _Lane(deque([incoming]))
        self._lane_number += 1
        if not self._tasks.start(f"updates:{key}:{self._lane_number}", self._work(key)):
            del self._lanes[key]

    async def _work(self, key: str) -> None:
        lane = self._lanes[key]
        try:
            while lane.waiting:
                async with self._slots:
                    if lane.waiting:  # stop() may have emptied it
                        await self._handle(lane.waiting.popleft())
        finally:
            self._lanes.pop(key, None)
            self._moved.set()

    async def _handle(self, incoming: Incoming) -> None:
        update_id, inbox = incoming.update_id, self._store.inbox
        try:
            if not await inbox.begin(update_id):
                log.error("an update was tried too often and set aside", update_id=update_id)
                return
            try:
                update = Update.model_validate(incoming.payload, context={"bot": self._bot})
            except ValidationError:
                log.error("an update cannot be decoded and was set aside", update_id=update_id)  # noqa: TRY400 - the traceback would show what it holds
                await inbox.end(update_id, "poison")
                return
            await inbox.end(update_id, await self._feed(update, incoming.received_at))
            if self._sealing:
                self._sealing.forget(update_id)
        except Exception:
            log.exception("an update could not be handled", update_id=update_id)
        finally:
            self._taken.discard(update_id)

    async def _feed(self, update: Update, received_at: float) -> str:
        """Runs the handler. Returns the state in which the inbox keeps the update."""
        try:
            await self._dispatcher.feed_update(self._bot, update, received_at=received_at)
        except Exception:
            log.exception("a handler failed", update_id=update.update_id)
            return "failed"
        return "done"


def lane_of(payload: dict[str, Any]) -> str:
    """Updates of one lane are handled one after the other. Whatever cannot be read has a lane of its own."""
    kind = next((name for name in ALLOWED_UPDATES if isinstance(payload.get(name), dict)), None)
    if kind is None:
        return "other"
    event = payload[kind].get("message") if kind == "callback_query" else payload[kind]
    chat = event.get("chat") if isinstance(event, dict) else None
    chat_id = chat.get("id") if isinstance(chat, dict) else None
    return f"{'taps' if kind == 'callback_query' else 'chat'}:{chat_id}"
