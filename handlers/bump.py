"""The button of a plan that only the app's version blocks: raises it, then shows a new plan (R-FE-1)."""

from __future__ import annotations

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery

from bot import keyboards
from bot.access import Visitor
from handlers.freshness import MUTATING
from handlers.replacing import OfferStands, replace
from services.offers import Make
from services.operations import Operations

router = Router(name="bump")


@router.callback_query(F.data.regexp(keyboards.BUMP), flags=MUTATING)
async def bump(
    query: CallbackQuery,
    visitor: Visitor,
    bot: Bot,
    operations: Operations,
    offer_stands: OfferStands,
    bumped: Make,
) -> None:
    await replace(query, visitor, bot, operations, offer_stands, bumped)
