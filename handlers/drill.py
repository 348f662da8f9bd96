"""/drill [project]: proves the newest backup by restoring it beside the live database. And a chosen one, by button."""

from __future__ import annotations

from collections.abc import Mapping

from aiogram import Bot, F
from aiogram.types import CallbackQuery

from bot import keyboards
from bot.access import Visitor
from handlers.freshness import MUTATING
from handlers.proposing import command_router, propose
from handlers.replies import answer_first
from handlers.tapped_backup import KnownBackup, wish_for_backup
from services.models import Kind
from services.operations import Operations
from services.projects import Project

router = command_router(Kind.DRILL, takes_ref=False)


@router.callback_query(F.data.regexp(keyboards.DRILL), flags=MUTATING)
async def backup_chosen(
    query: CallbackQuery,
    visitor: Visitor,
    bot: Bot,
    operations: Operations,
    projects: Mapping[str, Project],
    known_backup: KnownBackup,
) -> None:
    """From the card of a restore: that card stays, the drill's comes below it."""
    await answer_first(query)
    wish = await wish_for_backup(query, known_backup)
    await propose(bot, visitor, operations, projects, Kind.DRILL, wish)
