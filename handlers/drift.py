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
from handlers.replacing import OfferStands, replace
from handlers.replies import acknowledge, say
from services.errors import BadInput
from services.models import Operation
from services.offers import Make
from services.operations import Operations
from services.phrases import Phrase

router = Router(name="drift")

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
    await replace(query, visitor, bot, operations, offer_stands, keeping)
