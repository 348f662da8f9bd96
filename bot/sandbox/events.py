"""The event feed: everything that happens, numbered, for tests and for the chat page to follow."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from bot.sandbox.errors import Json

_KEPT = 20_000


class Feed:
    """Numbered events, the newest kept; any number of readers, each with its own place."""

    def __init__(self) -> None:
        self.last = 0
        self._events: deque[Json] = deque(maxlen=_KEPT)
        self._changed = asyncio.Event()

    def emit(self, kind: str, **data: Any) -> None:
        """Adds an event and wakes every reader."""
        self.last += 1
        self._events.append({"seq": self.last, "kind": kind, **data})
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def after(self, seq: int) -> list[Json]:
        """The events that came after number `seq`."""
        return [event for event in self._events if event["seq"] > seq]

    async def wait_after(self, seq: int, timeout: float) -> list[Json]:  # noqa: ASYNC109 a long poll has one
        """The events after `seq`, waiting up to `timeout` seconds for the first; empty when none came."""
        try:
            async with asyncio.timeout(timeout):
                while not (events := self.after(seq)):
                    await self._changed.wait()
                return events
        except TimeoutError:
            return []

    async def subscribe(self, seq: int) -> AsyncIterator[Json]:
        """Every event after `seq`, for ever."""
        while True:
            for event in self.after(seq):
                seq = event["seq"]
                yield event
            if not self.after(seq):
                await self._changed.wait()
