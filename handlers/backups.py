"""/backups [project]: the list, what retention would drop, and the way to /restore's choice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from aiogram import Bot, F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot import keyboards
from bot.access import Visitor
from bot.outcomes import TelegramFailure
from bot.views import backups as views
from bot.views.screen import Screen
from handlers.arguments import wanted
from handlers.replies import acknowledge, say, show
from services.backups.models import Backup
from services.errors import BadInput
from services.projects import Project
from services.retention import Judged

router = Router(name="backups")

CatalogueOf = Callable[[str], Awaitable[list[tuple[Backup, str]]]]
"""All backups of a project, newest first, each with the kind of operation that made it ("" when that is not known)."""
OutlookOf = Callable[[Project], Awaitable[Mapping[str, Sequence[Judged]]]]
"""What retention would keep and drop now, by place."""
NextBackup = Callable[[Project], Awaitable[datetime | None]]
"""When the next scheduled backup begins; None without a schedule."""


@router.message(Command("backups", ignore_case=True))
async def backups(
    _message: Message,
    command: CommandObject,
    visitor: Visitor,
    bot: Bot,
    projects: Mapping[str, Project],
    catalogue_of: CatalogueOf,
    next_backup: NextBackup,
) -> None:
    project = wanted(command.args, projects, takes_ref=False).project
    if project is None:
        await say(bot, visitor, views.choose_project(projects, visitor.texts))
        return
    await say(bot, visitor, await _listed(projects[project], visitor, catalogue_of, next_backup))


@router.callback_query(F.data.regexp(keyboards.BACKUPS))
async def project_chosen(
    query: CallbackQuery,
    visitor: Visitor,
    projects: Mapping[str, Project],
    catalogue_of: CatalogueOf,
    next_backup: NextBackup,
) -> None:
    await acknowledge(query)
    project = _named(query, projects)
    await show(query, visitor, await _listed(project, visitor, catalogue_of, next_backup))


@router.callback_query(F.data.regexp(keyboards.RETENTION))
async def retention(
    query: CallbackQuery,
    visitor: Visitor,
    bot: Bot,
    projects: Mapping[str, Project],
    outlook_of: OutlookOf,
) -> None:
    """The host knows the kept releases, so it is asked; its answer takes a moment."""
    await acknowledge(query)
    project = _named(query, projects)
    with suppress(TelegramFailure):
        await bot.send_chat_action(visitor.chat_id, "typing")
    await show(query, visitor, views.retention(project, await outlook_of(project), visitor.texts))


async def _listed(
    project: Project, visitor: Visitor, catalogue_of: CatalogueOf, next_backup: NextBackup
) -> Screen:
    found, following = await catalogue_of(project.name), await next_backup(project)
    return views.listed(project.name, found, following, visitor.texts, datetime.now(UTC))


def _named(query: CallbackQuery, projects: Mapping[str, Project]) -> Project:
    """Raises BadInput for a project that is no longer configured."""
    name = (query.data or "").split(":", 2)[2]
    if name not in projects:
        raise BadInput("error-no-project", project=name, known=", ".join(projects))
    return projects[name]
