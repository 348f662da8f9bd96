"""The one way out to Telegram: paces, waits where waiting is bounded, and says what became of each request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

import structlog
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import AnswerCallbackQuery, SendChatAction, TelegramMethod
from aiogram.methods.base import TelegramType

from bot.outcomes import FloodWait, NoAnswer, NotTaken, TelegramFailure, classify
from bot.pace import Limits, Pace

log = structlog.get_logger(__name__)

REQUEST_SECONDS = 30.0
"""For a request that is not a long poll."""
DIRECT_PATIENCE = 20.0
"""Seconds that the answer to a person may wait, in all, before its handler is told that it failed."""
_PATIENCE: ContextVar[float] = ContextVar("patience", default=DIRECT_PATIENCE)


class RawGetUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates with the updates left as they are: each is decoded by itself, so that one cannot spoil the rest."""

    __returning__ = list[dict[str, Any]]
    __api_method__: ClassVar[str] = "getUpdates"

    offset: int | None = None
    limit: int | None = None
    timeout: int | None = None
    allowed_updates: list[str] | None = None


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Within, requests wait at most so long for pace, floods and troubles (the notifier keeps its own schedule)."""
    token = _PATIENCE.set(seconds)
    try:
        yield
    finally:
        _PATIENCE.reset(token)


class Gateway(BaseRequestMiddleware):
    """Session middleware. Every failure that leaves is a TelegramFailure without the token in its text."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        limits: Limits | None = None,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._pace = Pace(clock, limits)

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Any:
        if isinstance(method, RawGetUpdates):
            return await self._once(make_request, bot, method)
        deadline = self._clock() + _PATIENCE.get()
        delay = 0.5
        while True:
            await self._wait_turn(method, deadline)
            try:
                return await self._once(make_request, bot, method)
            except TelegramFailure as failure:
                wait = self._wait_after(failure, method, delay)
                if wait is None or self._clock() + wait > deadline:
                    raise
            log.info("telegram: again", method=method.__api_method__, seconds=round(wait, 1))
            await self._sleep(wait)
            delay *= 2

    async def _once(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Any:
        try:
            return await make_request(bot, method)
        except Exception as error:  # noqa: BLE001 - every failure becomes one of the known outcomes
            failure = classify(error, method.__api_method__)
        raise failure  # outside of the except clause: the original, which may hold the token, is not chained

    async def _wait_turn(self, method: TelegramMethod[Any], deadline: float) -> None:
        chat_id = _counted_chat(method)
        left = deadline - self._clock()
        if (delay := self._pace.delay(chat_id)) > max(left, 0.0):
            raise FloodWait(method.__api_method__, delay)
        if (delay := self._pace.take(chat_id)) > 0:
            await self._sleep(delay)

    def _wait_after(
        self, failure: TelegramFailure, method: TelegramMethod[Any], delay: float
    ) -> float | None:
        """Seconds until the same request may be tried again; None when trying again is not ours to decide."""
        if isinstance(failure, FloodWait):
            self._pace.hold(_counted_chat(method), failure.retry_after)
            return failure.retry_after
        if isinstance(failure, NotTaken) or (isinstance(failure, NoAnswer) and _is_repeatable(method)):
            return delay
        return None


def _counted_chat(method: TelegramMethod[Any]) -> int | None:
    """The chat whose allowance a request uses."""
    if isinstance(method, SendChatAction | AnswerCallbackQuery):
        return None
    chat_id = getattr(method, "chat_id", None)
    return chat_id if isinstance(chat_id, int) else None


def _is_repeatable(method: TelegramMethod[Any]) -> bool:
    """Whether doing it twice is the same as once. A sent message is not."""
    return not method.__api_method__.startswith(("send", "copy", "forward")) or isinstance(
        method, SendChatAction
    )


def make_bot(token: str, api_url: str, gateway: Gateway | None = None) -> Bot:
    """The bot, with every request through the gateway. Close it with `await bot.session.close()`."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(api_url), timeout=REQUEST_SECONDS)
    session.middleware(gateway or Gateway())
    return Bot(token, session=session)
