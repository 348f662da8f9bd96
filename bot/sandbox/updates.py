"""The queue of updates and long polling, with the semantics of `getUpdates`."""

import asyncio
from dataclasses import dataclass
from typing import Any

from bot.sandbox.errors import ApiError, Json, bad_request
from bot.sandbox.events import Feed
from bot.sandbox.words import words

MAX_LIMIT = 100
MAX_TIMEOUT = 50
KINDS = words(
    "message edited_message channel_post edited_channel_post business_connection business_message ",
    "edited_business_message deleted_business_messages guest_message message_reaction message_reaction_count ",
    "inline_query chosen_inline_result callback_query shipping_query pre_checkout_query purchased_paid_media ",
    "poll poll_answer my_chat_member chat_member chat_join_request chat_boost removed_chat_boost managed_bot ",
    "subscription stopped_message_generation",
)
_ONLY_WHEN_ASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_FIRST_ID = 700_000_001
_OTHER_POLLER = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
_WEBHOOK_ACTIVE = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


@dataclass
class _Pending:
    update: Json
    forced: bool

    @property
    def id(self) -> int:
        return int(self.update["update_id"])


class UpdateQueue:
    """Updates that the bot has not confirmed, and the one poll that may wait for more."""

    def __init__(self, feed: Feed) -> None:
        self.confirmed = 0
        self._feed = feed
        self.allowed = KINDS - _ONLY_WHEN_ASKED
        self.webhook = ""
        self._pending: list[_Pending] = []
        self._seen: dict[int, Json] = {}
        self._next_id = _FIRST_ID
        self._waiting: asyncio.Future[None] | None = None

    @property
    def pending(self) -> list[int]:
        """The ids that were not confirmed, in order."""
        return [pending.id for pending in self._pending]

    def allow(self, kinds: Any) -> None:
        """Remembers `allowed_updates`; None leaves it, an empty list means the default.

        Raises:
            ApiError: 400 when a kind does not exist.
        """
        if kinds is None:
            return
        if not isinstance(kinds, list) or not KINDS.issuperset(kinds):
            raise bad_request(f"unknown update type in allowed_updates: {kinds}")
        self.allowed = frozenset(kinds) or KINDS - _ONLY_WHEN_ASKED

    def put(self, kind: str, payload: Json) -> int | None:
        """Queues an update of one kind; None when the bot did not ask for that kind."""
        return self.put_raw({kind: payload}) if kind in self.allowed else None

    def put_raw(self, update: Json, *, forced: bool = False) -> int:
        """Queues any object; without an `update_id` it gets the next. Forced ones ignore the offset, once."""
        update_id = update.get("update_id", self._next_id)
        self._next_id = max(self._next_id, update_id + 1)
        self._seen[update_id] = {"update_id": update_id, **update}
        self._pending.append(_Pending(self._seen[update_id], forced))
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
        return int(update_id)

    def seen(self, update_id: int) -> Json | None:
        """An update that was queued at any time."""
        return self._seen.get(update_id)

    def drop(self) -> None:
        """Forgets everything that waits."""
        self._pending.clear()

    def set_webhook(self, url: str) -> None:
        """A non-empty URL ends polling."""
        self.webhook = url
        if url:
            self._end_poll("Conflict: terminated by setWebhook request")

    async def poll(self, offset: int, limit: int, timeout: int) -> list[Json]:  # noqa: ASYNC109 part of getUpdates
        """Confirms what lies before `offset` (a negative one keeps only that many) and returns what is there.

        Waits up to `timeout` seconds for the first update. A waiting poll ends the one before it.

        Raises:
            ApiError: 409 when a webhook is set or another poll took over.
        """
        if self.webhook:
            raise ApiError(409, _WEBHOOK_ACTIVE)
        limit = limit if 1 <= limit <= MAX_LIMIT else MAX_LIMIT
        self._confirm(offset)
        self._feed.emit("poll", confirmed=self.confirmed)
        if not self._pending and timeout > 0:
            self._end_poll(_OTHER_POLLER)
            await self._wait(min(timeout, MAX_TIMEOUT))
        return self._take(limit)

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            offset = self._pending[offset:][0].id if self._pending else 0
        if offset > 0:
            self.confirmed = max(self.confirmed, offset - 1)
            self._pending = [entry for entry in self._pending if entry.forced or entry.id >= offset]

    def _take(self, limit: int) -> list[Json]:
        taken = self._pending[:limit]
        self._pending = [entry for entry in taken if not entry.forced] + self._pending[limit:]
        return [entry.update for entry in taken]

    async def _wait(self, seconds: float) -> None:
        waiting = self._waiting = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await waiting
        except TimeoutError:
            return

    def _end_poll(self, reason: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ApiError(409, reason))
