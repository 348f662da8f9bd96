"""Telegram's limits, kept from our side: 30 a second over all, one a second per chat, 20 a minute per group."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limits:
    """Each a little below Telegram's: clocks and networks jitter. `chat_interval` is seconds between messages."""

    per_second: int = 28
    chat_interval: float = 1.02
    chat_burst: int = 3
    per_group_minute: int = 19


@dataclass
class _Chat:
    full_at: float = 0.0  # when its burst is whole again
    held_until: float = 0.0  # Telegram said to wait
    sent: deque[float] = field(default_factory=deque)


class Pace:
    """Hands out moments. Pure but for the clock: the caller does the waiting."""

    def __init__(self, clock: Callable[[], float], limits: Limits | None = None) -> None:
        self._clock = clock
        self._limits = limits or Limits()
        self._chats: dict[int, _Chat] = {}
        self._slots: list[float] = []

    def delay(self, chat_id: int | None) -> float:
        """Seconds until a request may leave, were it asked for now. Takes nothing."""
        now = self._clock()
        at = max(now, self._chat_slot(chat_id, now))
        while self._crowded(at):
            at += 1 / self._limits.per_second
        return at - now

    def take(self, chat_id: int | None) -> float:
        """Takes the next moment and returns the seconds until it."""
        now = self._clock()
        at = now + self.delay(chat_id)
        insort(self._slots, at)
        self._forget(now)
        if chat_id is not None:
            chat = self._chats.setdefault(chat_id, _Chat())
            chat.full_at = max(chat.full_at, at) + self._limits.chat_interval
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
        limits = self._limits
        at = max(chat.full_at - (limits.chat_burst - 1) * limits.chat_interval, chat.held_until)
        while chat.sent and chat.sent[0] <= now - 60:
            chat.sent.popleft()
        if chat_id is not None and chat_id < 0 and len(chat.sent) >= limits.per_group_minute:
            at = max(at, chat.sent[-limits.per_group_minute] + 60)
        return at

    def _crowded(self, at: float) -> bool:
        return sum(at - 1 < slot <= at for slot in self._slots) >= self._limits.per_second

    def _forget(self, now: float) -> None:
        while self._slots and self._slots[0] <= now - 1:
            self._slots.pop(0)
        quiet = [key for key, chat in self._chats.items() if max(chat.full_at, chat.held_until) < now - 60]
        for key in quiet:
            del self._chats[key]
