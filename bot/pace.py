"""Telegram's limits, kept from our side: 30 a second over all, one a second per chat, 20 a minute per group."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

PER_SECOND = 28
CHAT_INTERVAL = 1.02
CHAT_BURST = 3
PER_GROUP_MINUTE = 19
"""Each a little below the limit: clocks and networks jitter."""


@dataclass
class _Chat:
    full_at: float = 0.0  # when its burst is whole again
    held_until: float = 0.0  # Telegram said to wait
    sent: deque[float] = field(default_factory=deque)


class Pace:
    """Hands out moments. Pure but for the clock: the caller does the waiting."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._chats: dict[int, _Chat] = {}
        self._slots: list[float] = []

    def delay(self, chat_id: int | None) -> float:
        """Seconds until a request may leave, were it asked for now. Takes nothing."""
        now = self._clock()
        at = max(now, self._chat_slot(chat_id, now))
        while self._crowded(at):
            at += 1 / PER_SECOND
        return at - now

    def take(self, chat_id: int | None) -> float:
        """Takes the next moment and returns the seconds until it."""
        now = self._clock()
        at = now + self.delay(chat_id)
        insort(self._slots, at)
        self._forget(now)
        if chat_id is not None:
            chat = self._chats.setdefault(chat_id, _Chat())
            chat.full_at = max(chat.full_at, at) + CHAT_INTERVAL
            chat.sent.append(at)
        return at - now

    def hold(self, chat_id: int | None, seconds: float) -> None:
        """Nothing leaves for this chat for so long: Telegram said so."""
        if chat_id is not None:
            chat = self._chats.setdefault(chat_id, _Chat())
            chat.held_until = max(chat.held_until, self._clock() + seconds)

    def _chat_slot(self, chat_id: int | None, now: float) -> float:
        chat = self._chats.get(chat_id) if chat_id is not None else None
        if chat is None:
            return now
        at = max(chat.full_at - (CHAT_BURST - 1) * CHAT_INTERVAL, chat.held_until)
        while chat.sent and chat.sent[0] <= now - 60:
            chat.sent.popleft()
        if chat_id is not None and chat_id < 0 and len(chat.sent) >= PER_GROUP_MINUTE:
            at = max(at, chat.sent[-PER_GROUP_MINUTE] + 60)
        return at

    def _crowded(self, at: float) -> bool:
        return sum(at - 1 < slot <= at for slot in self._slots) >= PER_SECOND

    def _forget(self, now: float) -> None:
        while self._slots and self._slots[0] <= now - 1:
            self._slots.pop(0)
        quiet = [key for key, chat in self._chats.items() if max(chat.full_at, chat.held_until) < now - 60]
        for key in quiet:
            del self._chats[key]
