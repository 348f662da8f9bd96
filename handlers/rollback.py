"""/rollback [project]: choose a kept release; then the card and the gate. The matching backup, afterwards."""

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
from bot.views import rollback as views
from bot.views import talk
from bot.views.screen import Screen
from handlers.arguments import Wanted, wanted
from handlers.freshness import MUTATING
from handlers.proposing import propose, propose_in_place
from handlers.replies import acknowledge, answer_first, say, show
from handlers.tapped_backup import KnownBackup, wish_for_backup
from services.errors import BadInput
from services.facts.models import Release
from services.models import Kind
from services.operations import Operations
from services.projects import Project

router = Router(name="rollback")

ReleasesOf = Callable[[str], Awaitable[list[Release]]]
"""The kept releases of a project but the one that serves, as the host knows them."""
KnownRelease = Callable[[str], Awaitable[Release | None]]


@router.message(Command("rollback", ignore_case=True))
async def rollback(
    _message: Message,
    command: CommandObject,
    visitor: Visitor,
    bot: Bot,
    projects: Mapping[str, Project],
    releases_of: ReleasesOf,
) -> None:
    wish = wanted(command.args, projects, takes_ref=False)
    await _list(bot, visitor, wish.project, projects, releases_of)


@router.callback_query(F.data == "m:rollback")
async def from_menu(
    query: CallbackQuery,
    visitor: Visitor,
    bot: Bot,
    projects: Mapping[str, Project],
    releases_of: ReleasesOf,
) -> None:
    await acknowledge(query)
    await _list(bot, visitor, wanted(None, projects, takes_ref=False).project, projects, releases_of)


async def _list(
    bot: Bot,
    visitor: Visitor,
    project: str | None,
    projects: Mapping[str, Project],
    releases_of: ReleasesOf,
) -> None:
    """The kept releases of a project, or the question which project."""
    if project is None:
        await say(bot, visitor, talk.choose_project(Kind.ROLLBACK, projects, visitor.texts))
        return
    with suppress(TelegramFailure):
        await bot.send_chat_action(visitor.chat_id, "typing")
    await say(bot, visitor, await _listed(project, visitor, releases_of))


async def _listed(project: str, visitor: Visitor, releases_of: ReleasesOf) -> Screen:
    return views.choose_release(project, await releases_of(project), visitor.texts, datetime.now(UTC))


@router.callback_query(F.data.regexp(keyboards.proposing(Kind.ROLLBACK)))
async def project_chosen(query: CallbackQuery, visitor: Visitor, releases_of: ReleasesOf) -> None:
    await acknowledge(query)
    name = (query.data or "").split(":", 2)[2]
    await show(query, visitor, await _listed(name, visitor, releases_of))


@router.callback_query(F.data.regexp(keyboards.RELEASE), flags=MUTATING)
async def release_chosen(
    query: CallbackQuery,
    visitor: Visitor,
    operations: Operations,
    projects: Mapping[str, Project],
    known_release: KnownRelease,
) -> None:
    await answer_first(query)
    release = await known_release((query.data or "")[2:])
    if release is None:
        raise BadInput("error-no-release")
    wish = Wanted(release.project, release.id)
    await propose_in_place(query, visitor, operations, projects, Kind.ROLLBACK, wish)


@router.callback_query(F.data.regexp(keyboards.MATCHING_BACKUP), flags=MUTATING)
async def matching_backup(
    query: CallbackQuery,
    visitor: Visitor,
    bot: Bot,
    operations: Operations,
    projects: Mapping[str, Project],
    known_backup: KnownBackup,
) -> None:
    """The restore gets a card of its own; the rollback's verdict stays as it is."""
    await answer_first(query)
    wish = await wish_for_backup(query, known_backup)
    await propose(bot, visitor, operations, projects, Kind.RESTORE, wish)
