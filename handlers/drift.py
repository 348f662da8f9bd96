"""The buttons of a plan that would replace files edited on the server: look at the difference, keep them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery

from bot import keyboards
from bot.access import Visitor
from bot.documents import UPLOAD_SECONDS, difference_document
from bot.outcomes import TelegramFailure
from bot.views import talk
from handlers.freshness import MUTATING
from handlers.replies import acknowledge, answer_first, say, toast
from services.errors import BadInput
from services.models import Operation
from services.offers import Make
from services.operations import Operations
from services.phrases import Phrase

router = Router(name="drift")

OfferStands = Callable[[str], Awaitable[bool]]
"""Whether the proposal with this nonce still waits for a tap (read only)."""
Difference = Callable[[Operation], Awaitable[list[str]]]
"""Lines of a diff from the deployed release to the server. Raises HostError."""


@router.callback_query(F.data.regexp(keyboards.DIFFERENCE))
async def look(
    query: CallbackQuery, visitor: Visitor, bot: Bot, operations: Operations, difference: Difference
) -> None:
    if not visitor.private:
        raise BadInput("error-difference-private")
    await acknowledge(query)
    operation, _ = await operations.get((query.data or "")[2:])
    with suppress(TelegramFailure):
        await bot.send_chat_action(visitor.chat_id, "upload_document")
    if lines := await difference(operation):
        document = difference_document(lines, operation.id)
        await bot.send_document(visitor.chat_id, document, request_timeout=UPLOAD_SECONDS)
    else:
        await say(bot, visitor, talk.phrase(Phrase(id="drift-none"), visitor.texts))


@router.callback_query(F.data.regexp(keyboards.KEEP), flags=MUTATING)
async def keep(
    query: CallbackQuery,
    visitor: Visitor,
    bot: Bot,
    operations: Operations,
    offer_stands: OfferStands,
    keeping: Make,
) -> None:
    """Nothing is changed by it: the new card, with the server's files in the release, is confirmed as any other."""
    nonce = (query.data or "")[2:]
    stands = await offer_stands(nonce)
    if stands:
        await answer_first(query)
        with suppress(TelegramFailure):
            await bot.send_chat_action(visitor.chat_id, "typing")
    tap = await operations.propose_instead(nonce, visitor.person, visitor.chat_id, keeping)
    if not stands:
        await toast(query, visitor, tap.phrase)
    elif not tap.won:
        await say(bot, visitor, talk.phrase(tap.phrase, visitor.texts))
