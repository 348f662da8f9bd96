"""/status and its refresh button."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

from aiogram import Bot, F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot import keyboards
from bot.access import Visitor
from bot.admins import Admins
from bot.outcomes import TelegramFailure
from bot.views.screen import Screen
from bot.views.status import status as status_view
from handlers.replies import acknowledge, say, show
from services.projects import Project
from services.status import StatusReader

router = Router(name="status")


@router.message(Command("status", ignore_case=True))
async def status(
    _message: Message,
    visitor: Visitor,
    bot: Bot,
    status: StatusReader,
    admins: Admins,
    projects: Mapping[str, Project],
) -> None:
    with suppress(TelegramFailure):
        await bot.send_chat_action(visitor.chat_id, "typing")
    await say(bot, visitor, await look(visitor, status, admins, projects))


@router.callback_query(F.data.regexp(keyboards.REFRESH))
async def refresh(
    query: CallbackQuery,
    visitor: Visitor,
    status: StatusReader,
    admins: Admins,
    projects: Mapping[str, Project],
) -> None:
    await acknowledge(query)
    await show(query, visitor, await look(visitor, status, admins, projects))


@router.callback_query(F.data == "m:status")
async def from_menu(
    query: CallbackQuery,
    visitor: Visitor,
    bot: Bot,
    status: StatusReader,
    admins: Admins,
    projects: Mapping[str, Project],
) -> None:
    await acknowledge(query)
    await say(bot, visitor, await look(visitor, status, admins, projects))


async def look(
    visitor: Visitor, status: StatusReader, admins: Admins, projects: Mapping[str, Project]
) -> Screen:
    """All projects now, rendered."""
    found = await status.read(list(projects))
    return status_view(found, await admins.unreachable(), visitor.texts, datetime.now(UTC))
