"""/ops, /cancel, one operation in full, its log as a document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiogram import Bot, F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot import keyboards
from bot.access import Visitor
from bot.documents import UPLOAD_SECONDS, log_document
from bot.views import operations as views
from bot.views import talk
from bot.views.screen import Screen
from handlers.freshness import MUTATING
from handlers.replies import acknowledge, say, show
from services.backups.models import Backup
from services.errors import BadInput
from services.operations import Operations
from services.phrases import Phrase

router = Router(name="operations")

RecentBackups = Callable[[], Awaitable[list[Backup]]]
"""The newest backups of all projects."""


@router.message(Command("ops", ignore_case=True))
async def ops(
    _message: Message, visitor: Visitor, bot: Bot, operations: Operations, recent_backups: RecentBackups
) -> None:
    await say(bot, visitor, await listed(visitor, operations, recent_backups))


@router.callback_query(F.data == "m:ops")
async def from_menu(
    query: CallbackQuery, visitor: Visitor, bot: Bot, operations: Operations, recent_backups: RecentBackups
) -> None:
    await acknowledge(query)
    await say(bot, visitor, await listed(visitor, operations, recent_backups))


async def listed(visitor: Visitor, operations: Operations, recent_backups: RecentBackups) -> Screen:
    """Operations and backups, rendered."""
    found, backups = await operations.recent(), await recent_backups()
    return views.operations(found, backups, visitor.texts, datetime.now(UTC))


@router.message(Command("cancel", ignore_case=True), flags=MUTATING)
async def cancel(message: Message, visitor: Visitor, bot: Bot, operations: Operations) -> None:
    """Stopping is safe, so one running operation is stopped without a question.

    Who is being asked to type a name says no to that first.
    """
    if awaited := await operations.awaiting(visitor.person, visitor.chat_id):
        tap = await operations.dismiss(awaited.nonce, visitor.person, visitor.chat_id, message.message_id)
        await say(bot, visitor, talk.phrase(tap.phrase, visitor.texts))
        return
    running = await operations.running()
    if len(running) > 1:
        await say(bot, visitor, talk.choose_to_cancel(running, visitor.texts))
        return
    phrase = Phrase(id="nothing-to-cancel")
    if running:
        phrase = (await operations.cancel(running[0].id, visitor.person)).phrase
    await say(bot, visitor, talk.phrase(phrase, visitor.texts))


@router.callback_query(F.data.regexp(keyboards.DETAILS))
async def details(query: CallbackQuery, visitor: Visitor, bot: Bot, operations: Operations) -> None:
    await acknowledge(query)
    await say(bot, visitor, await one(query, visitor, operations))


@router.callback_query(F.data.regexp(keyboards.DETAILS_AGAIN))
async def refresh_details(query: CallbackQuery, visitor: Visitor, operations: Operations) -> None:
    await acknowledge(query)
    await show(query, visitor, await one(query, visitor, operations))


async def one(query: CallbackQuery, visitor: Visitor, operations: Operations) -> Screen:
    """The operation that the button names, rendered."""
    operation, steps = await operations.get((query.data or "")[2:])
    has_log = await operations.log_file(operation.id) is not None
    return views.details(operation, steps, visitor.texts, datetime.now(UTC), has_log=has_log)


@router.callback_query(F.data.regexp(keyboards.LOG))
async def log_of(query: CallbackQuery, visitor: Visitor, bot: Bot, operations: Operations) -> None:
    await acknowledge(query)
    operation_id = (query.data or "")[2:]
    file = await operations.log_file(operation_id)
    if file is None:
        raise BadInput("no-log")
    document = await log_document(file, operation_id)
    await bot.send_document(visitor.chat_id, document, request_timeout=UPLOAD_SECONDS)
