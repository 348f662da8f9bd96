"""Taps that decide: confirm or dismiss a plan, stop what runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery

from bot import keyboards
from bot.access import Visitor
from bot.views import talk
from handlers.freshness import MUTATING
from handlers.replies import answer_first, say, toast
from services.models import State
from services.operations import Operations

router = Router(name="gate")

QUEUE = {"w", "r"}
"""Wait for what runs; wait in place of the one that waits already."""

GateOpen = Callable[[str], Awaitable[bool]]
"""Whether the proposal with this nonce can still be decided upon (read only)."""


@router.callback_query(F.data.regexp(keyboards.GATE), flags=MUTATING)
async def decide(
    query: CallbackQuery, visitor: Visitor, bot: Bot, operations: Operations, gate_open: GateOpen
) -> None:
    """A tap that may count is answered before it counts: one too old for an answer is too old to act on.

    The decision itself is one guarded update of the service; a tap that cannot count learns why from its answer.
    """
    _, choice, nonce, *other = (query.data or "").split(":")
    is_open = await gate_open(nonce)
    if is_open:
        await answer_first(query)
    message_id = query.message.message_id if query.message else 0
    tapped = (nonce, visitor.person, visitor.chat_id, message_id)
    if choice in QUEUE:
        tap = await operations.queue(*tapped, *other)
    else:
        tap = await (operations.confirm if choice == "y" else operations.dismiss)(*tapped)
    if not is_open:
        await toast(query, visitor, tap.phrase)
    elif not tap.won:
        await say(bot, visitor, talk.phrase(tap.phrase, visitor.texts))
    elif tap.operation is not None and tap.operation.state is State.PROPOSED:  # a tap is not enough here
        await say(bot, visitor, talk.type_the_name(tap.phrase, tap.operation, visitor.texts))


@router.callback_query(F.data.regexp(keyboards.CANCEL), flags=MUTATING)
async def cancel(query: CallbackQuery, visitor: Visitor, operations: Operations) -> None:
    """Stopping is safe and names one operation, so it is done first and its answer says what became of it."""
    tap = await operations.cancel((query.data or "")[2:], visitor.person)
    await toast(query, visitor, tap.phrase)
