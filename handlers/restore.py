"""/restore [project]: choose a proven backup; then the card and the stronger gate. Undo, and the drop of what was kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from aiogram import Bot, F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot import keyboards
from bot.access import Visitor
from bot.outcomes import TelegramFailure
from bot.views import restore as views
from bot.views import talk
from bot.views.screen import Screen
from handlers.arguments import wanted
from handlers.freshness import MUTATING
from handlers.proposing import propose_in_place
from handlers.replies import acknowledge, answer_first, say, show
from handlers.tapped_backup import KnownBackup, wish_for_backup
from services.backups.models import Backup
from services.errors import BadInput
from services.models import Kind, Operation
from services.operations import Operations
from services.projects import Project

router = Router(name="restore")

BackupsOf = Callable[[str], Awaitable[list[Backup]]]
"""All backups of a project, newest first."""
TAKEN_BACK = {"b": Kind.UNDO, "d": Kind.DROP}


@router.message(Command("restore", ignore_case=True))
async def restore(
    _message: Message,
    command: CommandObject,
    visitor: Visitor,
    bot: Bot,
    projects: Mapping[str, Project],
    backups_of: BackupsOf,
) -> None:
    wish = wanted(command.args, projects, takes_ref=False)
    await say(bot, visitor, await listed(wish.project, visitor, projects, backups_of))


@router.callback_query(F.data == "m:restore")
async def from_menu(
    query: CallbackQuery,
    visitor: Visitor,
    bot: Bot,
    projects: Mapping[str, Project],
    backups_of: BackupsOf,
) -> None:
    await acknowledge(query)
    wish = wanted(None, projects, takes_ref=False)
    await say(bot, visitor, await listed(wish.project, visitor, projects, backups_of))


@router.callback_query(F.data.regexp(keyboards.proposing(Kind.RESTORE)))
async def project_chosen(
    query: CallbackQuery, visitor: Visitor, projects: Mapping[str, Project], backups_of: BackupsOf
) -> None:
    await acknowledge(query)
    name = (query.data or "").split(":", 2)[2]
    await show(query, visitor, await listed(name, visitor, projects, backups_of))


@router.callback_query(F.data.regexp(keyboards.BACKUPS_PAGE))
async def page_turned(
    query: CallbackQuery, visitor: Visitor, projects: Mapping[str, Project], backups_of: BackupsOf
) -> None:
    """Reads only, so an old button and a second tap do no harm: they show that page as it is now."""
    await acknowledge(query)
    _, _, page, name = (query.data or "").split(":", 3)
    await show(query, visitor, await listed(name, visitor, projects, backups_of, int(page)))


async def listed(
    project: str | None,
    visitor: Visitor,
    projects: Mapping[str, Project],
    backups_of: BackupsOf,
    page: int = 0,
) -> Screen:
    """A page of the proven backups of a project, or the question which project. Raises BadInput for one that is gone."""
    if project is None:
        return talk.choose_project(Kind.RESTORE, projects, visitor.texts)
    if project not in projects:
        raise BadInput("error-no-project", project=project, known=", ".join(projects))
    found = await backups_of(project)
    return views.choose_backup(project, found, visitor.texts, datetime.now(UTC), page)


@router.callback_query(F.data.regexp(keyboards.BACKUP), flags=MUTATING)
async def backup_chosen(
    query: CallbackQuery,
    visitor: Visitor,
    operations: Operations,
    projects: Mapping[str, Project],
    known_backup: KnownBackup,
) -> None:
    await answer_first(query)
    wish = await wish_for_backup(query, known_backup)
    await propose_in_place(query, visitor, operations, projects, Kind.RESTORE, wish)


@router.callback_query(F.data.regexp(keyboards.AFTER_RESTORE), flags=MUTATING)
async def take_back(query: CallbackQuery, visitor: Visitor, bot: Bot, operations: Operations) -> None:
    """Undo, or drop what was kept: a card of its own comes, the verdict stays as it is."""
    await answer_first(query)
    letter, _, operation_id = (query.data or "").partition(":")
    of, _steps = await operations.get(operation_id)
    with suppress(TelegramFailure):
        await bot.send_chat_action(visitor.chat_id, "typing")
    await operations.propose(TAKEN_BACK[letter], of.project, visitor.person, visitor.origin(), of.id)


async def _awaited(message: Message, visitor: Visitor, operations: Operations) -> dict[str, Operation] | bool:
    """Whether this person was asked to type a name here. In a group other talk goes on: it is none of ours."""
    if (message.text or "").startswith("/"):
        return False
    awaited = await operations.awaiting(visitor.person, visitor.chat_id)
    if awaited is None or not (visitor.private or _meant(message, awaited)):
        return False
    return {"awaited": awaited}


def _meant(message: Message, awaited: Operation) -> bool:
    answered = message.reply_to_message.from_user if message.reply_to_message else None
    to_us = answered is not None and message.bot is not None and answered.id == message.bot.id
    return to_us or (message.text or "").strip().casefold() == awaited.project.casefold()


@router.message(_awaited, flags=MUTATING)
async def name_typed(
    message: Message, visitor: Visitor, bot: Bot, operations: Operations, awaited: Operation
) -> None:
    """R-UX-2. The right name says nothing more: the card and the progress message show that it counted."""
    tap = await operations.confirm_typed(awaited.nonce, visitor.person, visitor.chat_id, message.text or "")
    if not tap.won:
        await say(bot, visitor, talk.phrase(tap.phrase, visitor.texts))
