"""A tap that has another plan made in a card's place: it counts once, and nothing runs before the new card is confirmed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiogram import Bot
from aiogram.types import CallbackQuery

from bot.access import Visitor
from bot.outcomes import TelegramFailure
from bot.views import talk
from handlers.replies import answer_first, say, toast
from services.offers import Make
from services.operations import Operations

OfferStands = Callable[[str], Awaitable[bool]]
"""Whether the proposal with this nonce still waits for a tap, blocked or not (read only)."""


async def replace(
    query: CallbackQuery,
    visitor: Visitor,
    bot: Bot,
    operations: Operations,
    offer_stands: OfferStands,
    make: Make,
) -> None:
    """Answered before anything is made, as every tap that counts. The new card comes through the outbox."""
    nonce = (query.data or "").rpartition(":")[2]
    stands = await offer_stands(nonce)
    if stands:
        await answer_first(query)
        with suppress(TelegramFailure):
            await bot.send_chat_action(visitor.chat_id, "typing")
    tap = await operations.propose_instead(nonce, visitor.person, visitor.chat_id, make)
    if not stands:
        await toast(query, visitor, tap.phrase)
    elif not tap.won:
        await say(bot, visitor, talk.phrase(tap.phrase, visitor.texts))
