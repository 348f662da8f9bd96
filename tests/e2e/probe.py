"""A browser that never rests: asks the site every 10 ms, and counts what it got."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field

EVERY = 0.01
"""Seconds between two requests of a probe."""
AT_ONCE = 30
"""Requests under way at one moment: a slow answer must not keep the next one from being sent. Each takes one of the
hundred connections that PostgreSQL has; the old and the new instance share them."""


@dataclass
class Seen:
    """What the probe saw: answers by (path, status or the error's name); the slowest, and the longest time without a good one, in seconds."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    slowest: float = 0
    longest_gap: float = 0
    last_good: float = field(default_factory=time.monotonic)

    @property
    def failed(self) -> dict[tuple[str, str], int]:
        return {what: count for what, count in self.answers.items() if what[1] != "200"}

    def add(self, path: str, said: str, began: float) -> None:
        now = time.monotonic()
        self.answers[path, said] += 1
        self.slowest = max(self.slowest, now - began)
        if said == "200":
            self.longest_gap = max(self.longest_gap, now - self.last_good)
            self.last_good = now

    def end(self) -> None:
        """The time since the last good answer counts too."""
        self.longest_gap = max(self.longest_gap, time.monotonic() - self.last_good)

    @property
    def total(self) -> int:
        return self.answers.total()


def _ask(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    with closing(connection):
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        return str(response.status)


@asynccontextmanager
async def probed(port: int, *paths: str) -> AsyncIterator[Seen]:
    """Asks the site, through the frontend's nginx, every 10 ms, one path after the other, until the block ends."""
    seen, over, slots = Seen(), asyncio.Event(), asyncio.Semaphore(AT_ONCE)

    async def one(path: str) -> None:
        began = time.monotonic()
        said = await asyncio.to_thread(_ask, port, path)
        slots.release()
        seen.add(path, said, began)

    async def ask_on(group: asyncio.TaskGroup) -> None:
        for path in itertools.cycle(paths):
            if over.is_set():
                return
            await slots.acquire()
            group.create_task(one(path))
            await asyncio.sleep(EVERY)

    async with asyncio.TaskGroup() as group:
        group.create_task(ask_on(group))
        try:
            yield seen
        finally:
            over.set()
    seen.end()
