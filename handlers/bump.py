"""The button of a plan that only the app's version blocks: raises it, then shows a new plan (R-FE-1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery

from bot import keyboards
from bot.access import Visitor
from bot.outcomes import TelegramFailure
from bot.views import talk
from handlers.freshness import MUTATING
from handlers.replies import answer_first, say, toast
from services.offers import Make
from services.operations import Operations

router = Router(name="bump")

OfferStands = Callable[[str], Awaitable[bool]]
"""Whether the proposal with this nonce still waits for a tap, blocked or not (read only)."""


@router.callback_query(F.data.regexp(keyboards.BUMP), flags=MUTATING)
async def bump(
    query: CallbackQuery,
    visitor: Visitor,
    bot: Bot,
    operations: Operations,
    offer_stands: OfferStands,
    bumped: Make,
) -> None:
    """Answered before the source is changed, as every tap that counts. The new card comes through the outbox."""
    nonce = (query.data or "")[2:]
    stands = await offer_stands(nonce)
    if stands:
        await answer_first(query)
        with suppress(TelegramFailure):
            await bot.send_chat_action(visitor.chat_id, "typing")
    tap = await operations.propose_instead(nonce, visitor.person, visitor.chat_id, bumped)
    if not stands:
        await toast(query, visitor, tap.phrase)
    elif not tap.won:
        await say(bot, visitor, talk.phrase(tap.phrase, visitor.texts))
