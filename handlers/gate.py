"""Taps that decide: confirm or dismiss a plan, stop what runs."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.types import CallbackQuery

from bot import keyboards
from bot.access import Visitor
from handlers.freshness import MUTATING
from handlers.replies import toast
from services.operations import Operations

router = Router(name="gate")


@router.callback_query(F.data.regexp(keyboards.GATE), flags=MUTATING)
async def decide(query: CallbackQuery, visitor: Visitor, operations: Operations) -> None:
    """The service decides by one guarded update, in milliseconds; the work begins behind the answer."""
    _, choice, nonce = (query.data or "").split(":", 2)
    ask = operations.confirm if choice == "y" else operations.dismiss
    message_id = query.message.message_id if query.message else 0
    tap = await ask(nonce, visitor.person, visitor.chat_id, message_id)
    await toast(query, visitor, tap.phrase)


@router.callback_query(F.data.regexp(keyboards.CANCEL), flags=MUTATING)
async def cancel(query: CallbackQuery, visitor: Visitor, operations: Operations) -> None:
    tap = await operations.cancel((query.data or "")[2:], visitor.person)
    await toast(query, visitor, tap.phrase)
