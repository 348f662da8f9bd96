"""Old wishes are not carried out: what changes something must have been asked for just now."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.dispatcher.flags import get_flag
from aiogram.types import CallbackQuery, InaccessibleMessage, Message, TelegramObject

from bot.views import talk
from handlers.replies import say, toast
from services.phrases import Phrase

MUTATING = {"mutating": True}
"""The flag of handlers that change something."""
STALE_AFTER = 120.0
"""Seconds. Telegram keeps commands for a day while we are away."""


class Fresh(BaseMiddleware):
    """Inner middleware of messages and taps. A stale wish is refused, and the person is told."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        visitor = data["visitor"]
        if isinstance(event, CallbackQuery) and not _tapped_message(event):
            return await toast(event, visitor, Phrase(id="stale-message"))
        age = self._age(event, data)
        if not get_flag(data, "mutating") or age <= STALE_AFTER:
            return await handler(event, data)
        if isinstance(event, CallbackQuery):
            return await toast(event, visitor, Phrase(id="stale-tap"))
        found = Phrase(id="stale-command", args={"age": age})
        return await say(data["bot"], visitor, talk.phrase(found, visitor.texts))

    def _age(self, event: TelegramObject, data: dict[str, Any]) -> float:
        """Of a message since it was written; of a tap, which bears no time, since it was received."""
        if isinstance(event, Message):
            return self._clock() - event.date.timestamp()
        return self._clock() - float(data.get("received_at", self._clock()))


def _tapped_message(query: CallbackQuery) -> bool:
    """Whether the tapped message can still be seen: what cannot be seen cannot have been decided upon."""
    return query.message is not None and not isinstance(query.message, InaccessibleMessage)
