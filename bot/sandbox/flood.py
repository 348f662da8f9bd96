"""Flood accounting: sends and edits share one allowance per chat, per group and over all chats."""

import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.sandbox.errors import too_many_requests


@dataclass(frozen=True)
class Limits:
    """What a bot may send; zero means unlimited.

    `per_chat` is messages per second with `burst` at once, `per_group` is per minute, `overall` is per second.
    `penalty` is the least `retry_after`, in seconds; Telegram's own is seldom just one.
    """

    per_chat: float = 1.0
    burst: int = 3
    per_group: int = 20
    overall: int = 30
    penalty: float = 1.0


TELEGRAM = Limits()
OFF = Limits(per_chat=0, per_group=0, overall=0)


@dataclass
class Flood:
    """Counts what is sent; a refused call keeps the chat closed until its wait is over."""

    limits: Limits
    clock: Callable[[], float]
    _tokens: dict[int, tuple[float, float]] = field(default_factory=dict)
    _closed_until: dict[int, float] = field(default_factory=dict)
    _in_group: defaultdict[int, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _overall: deque[float] = field(default_factory=deque)

    def count(self, chat_id: int) -> None:
        """Counts one message or edit to a chat.

        Raises:
            ApiError: 429 with the seconds to wait; nothing is counted then.
        """
        now = self.clock()
        if (left := self._closed_until.get(chat_id, 0.0) - now) > 0:
            raise too_many_requests(left)
        if (wait := max(self._wait_chat(chat_id, now), self._wait_windows(chat_id, now))) > 0:
            wait = math.ceil(max(wait, self.limits.penalty))
            self._closed_until[chat_id] = now + wait
            raise too_many_requests(wait)
        self._take(chat_id, now)

    def _balance(self, chat_id: int, now: float) -> float:
        tokens, at = self._tokens.get(chat_id, (float(self.limits.burst), now))
        return min(float(self.limits.burst), tokens + (now - at) * self.limits.per_chat)

    def _wait_chat(self, chat_id: int, now: float) -> float:
        if not self.limits.per_chat:
            return 0.0
        return max(0.0, (1.0 - self._balance(chat_id, now)) / self.limits.per_chat)

    def _wait_windows(self, chat_id: int, now: float) -> float:
        group = _wait(self._in_group[chat_id], self.limits.per_group, 60.0, now) if chat_id < 0 else 0.0
        return max(group, _wait(self._overall, self.limits.overall, 1.0, now))

    def _take(self, chat_id: int, now: float) -> None:
        if self.limits.per_chat:
            self._tokens[chat_id] = (self._balance(chat_id, now) - 1.0, now)
        if chat_id < 0:
            self._in_group[chat_id].append(now)
        self._overall.append(now)


def _wait(sent: deque[float], allowed: int, window: float, now: float) -> float:
    while sent and sent[0] <= now - window:
        sent.popleft()
    return sent[0] + window - now if allowed and len(sent) >= allowed else 0.0
