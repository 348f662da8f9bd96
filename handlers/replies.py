"""How a handler answers: screens into the chat, toasts on taps, errors as phrases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.types import CallbackQuery, Message, TelegramObject, Update

from bot.access import Visitor
from bot.outcomes import MessageGone, NotModified, QueryTooOld, TelegramFailure
from bot.views import talk
from bot.views.screen import Screen
from services.errors import BadInput, OpsgateError
from services.phrases import Phrase

log = structlog.get_logger(__name__)

TOAST = 200
"""Characters of the answer to a tap (Bot API)."""


async def say(bot: Bot, visitor: Visitor, screen: Screen) -> None:
    """A new message in the chat of the visitor."""
    await bot.send_message(visitor.chat_id, **screen.kwargs())


async def acknowledge(query: CallbackQuery) -> None:
    """Ends the button's waiting at once. What the tap asks for is done whether or not this arrives."""
    with suppress(TelegramFailure):
        await query.answer()


async def answer_first(query: CallbackQuery) -> None:
    """Before something is changed. Raises BadInput when Telegram says that the tap is too old.

    An outage of Telegram does not undo a tap that is young enough: then the work goes on.
    """
    try:
        await query.answer()
    except QueryTooOld:
        raise BadInput("stale-tap") from None
    except TelegramFailure as failure:
        log.info("a tap could not be answered", failure=str(failure))


async def toast(query: CallbackQuery, visitor: Visitor, phrase: Phrase) -> None:
    """The answer to a tap; when it is too late for one, a message."""
    text = visitor.texts.phrase(phrase)
    try:
        await query.answer(text if len(text) <= TOAST else text[: TOAST - 1] + "…")
    except QueryTooOld:
        if query.bot is not None:
            await say(query.bot, visitor, talk.phrase(phrase, visitor.texts))


async def show(query: CallbackQuery, visitor: Visitor, screen: Screen) -> None:
    """Puts a screen in place of the tapped message, or into a new one. Nothing new to show is fine."""
    message = query.message
    if isinstance(message, Message):
        try:
            await message.edit_text(**screen.kwargs())
        except NotModified:
            return
        except MessageGone:
            message = None
    if not isinstance(message, Message) and query.bot is not None:
        await say(query.bot, visitor, screen)


class TellErrors(BaseMiddleware):
    """Outer middleware of updates, behind access: whoever asked learns that it went wrong.

    An OpsgateError is an answer, and ends here. A defect is told kindly and goes on to the intake's log.
    """

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        try:
            return await handler(event, data)
        except TelegramFailure as failure:
            log.warning("an answer did not arrive", failure=str(failure))
        except OpsgateError as error:
            log.info("refused", error=str(error))
            await self._tell(event, data, error.phrase)
        except Exception:
            await self._tell(event, data, Phrase(id="error-internal"))
            raise
        return None

    @staticmethod
    async def _tell(event: TelegramObject, data: dict[str, Any], phrase: Phrase) -> None:
        visitor, bot = data["visitor"], data["bot"]
        if isinstance(event, Update) and event.callback_query is not None:
            await acknowledge(event.callback_query)
        with suppress(TelegramFailure):
            await say(bot, visitor, talk.phrase(phrase, visitor.texts))
