"""/backup [project]: a plan card, then the gate."""

from __future__ import annotations

from collections.abc import Mapping

from aiogram import Bot, F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot import keyboards
from bot.access import Visitor
from handlers.arguments import wanted
from handlers.freshness import MUTATING
from handlers.proposing import propose, propose_chosen
from handlers.replies import answer_first
from services.models import Kind
from services.operations import Operations
from services.projects import Project

router = Router(name="backup")


@router.message(Command("backup", ignore_case=True), flags=MUTATING)
async def backup(
    message: Message,
    command: CommandObject,
    visitor: Visitor,
    bot: Bot,
    operations: Operations,
    projects: Mapping[str, Project],
) -> None:
    wish = wanted(command.args, projects, takes_ref=False)
    await propose(bot, visitor, operations, projects, Kind.BACKUP, wish, message.message_id)


@router.callback_query(F.data == "m:backup", flags=MUTATING)
async def from_menu(
    query: CallbackQuery, visitor: Visitor, bot: Bot, operations: Operations, projects: Mapping[str, Project]
) -> None:
    await answer_first(query)
    await propose(bot, visitor, operations, projects, Kind.BACKUP, wanted(None, projects, takes_ref=False))


@router.callback_query(F.data.regexp(keyboards.proposing(Kind.BACKUP)), flags=MUTATING)
async def chosen(
    query: CallbackQuery, visitor: Visitor, operations: Operations, projects: Mapping[str, Project]
) -> None:
    await propose_chosen(query, visitor, operations, projects)
