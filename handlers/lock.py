"""/lock [project] <reason> and /unlock [project]: nothing changes a locked project."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from aiogram import Bot, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from bot.access import Visitor
from bot.views import talk
from handlers.arguments import wanted
from handlers.freshness import MUTATING
from handlers.replies import say
from services.errors import BadInput
from services.freezes import EXAMPLE, Freezes
from services.phrases import Phrase
from services.projects import Project

router = Router(name="lock")


@router.message(Command("lock", ignore_case=True), flags=MUTATING)
async def lock(
    _message: Message,
    command: CommandObject,
    visitor: Visitor,
    bot: Bot,
    projects: Mapping[str, Project],
    freezes: Freezes,
) -> None:
    project, reason = named(command.args, projects)
    said = await freezes.lock(project, reason, visitor.person)
    await say(bot, visitor, talk.phrases(said, visitor.texts))


@router.message(Command("unlock", ignore_case=True), flags=MUTATING)
async def unlock(
    _message: Message,
    command: CommandObject,
    visitor: Visitor,
    bot: Bot,
    projects: Mapping[str, Project],
    freezes: Freezes,
) -> None:
    """Every admin gets a notice of it, so that a private chat needs no answer of its own."""
    project = wanted(command.args, projects, takes_ref=False).project
    if project is None:
        project = await only_locked(projects, freezes)
    if not await freezes.unlock(project, visitor.person):
        found = Phrase(id="unlock-none", args={"project": project})
        await say(bot, visitor, talk.phrase(found, visitor.texts))
    elif not visitor.private:
        found = Phrase(id="unlock-done", args={"project": project})
        await say(bot, visitor, talk.phrase(found, visitor.texts))


def named(args: str | None, projects: Collection[str]) -> tuple[str, str]:
    """Project and reason. With one project configured its name may be left out. Raises BadInput."""
    first, _, rest = (args or "").partition(" ")
    if first in projects:
        return first, rest
    if len(projects) == 1:
        return next(iter(projects)), args or ""
    raise BadInput(
        "error-lock-which", project=next(iter(projects), ""), example=EXAMPLE, known=", ".join(projects)
    )


async def only_locked(projects: Collection[str], freezes: Freezes) -> str:
    """Without a name the one that is locked is meant. Raises BadInput when there is no such one."""
    locked = await freezes.locked(projects)
    if len(locked) == 1:
        return locked[0]
    if not locked:
        raise BadInput("error-nothing-locked")
    raise BadInput("error-unlock-which", project=locked[0], known=", ".join(locked))
