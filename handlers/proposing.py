"""What commands that propose an operation share: look at the host, ask for a plan; its card comes through the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from aiogram import Bot, F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot import keyboards
from bot.access import Visitor
from bot.outcomes import TelegramFailure
from bot.views import talk
from handlers.arguments import Wanted, wanted
from handlers.freshness import MUTATING
from handlers.replies import answer_first, say, show
from services.models import Kind
from services.operations import Operations
from services.phrases import Phrase
from services.projects import Project


def command_router(kind: Kind, *, takes_ref: bool) -> Router:
    """/<kind> [project] [ref], its button in the menu, and the buttons that choose its project."""
    router = Router(name=kind)

    @router.message(Command(kind, ignore_case=True), flags=MUTATING)
    async def asked(
        message: Message,
        command: CommandObject,
        visitor: Visitor,
        bot: Bot,
        operations: Operations,
        projects: Mapping[str, Project],
    ) -> None:
        wish = wanted(command.args, projects, takes_ref=takes_ref)
        await propose(bot, visitor, operations, projects, kind, wish, message.message_id)

    @router.callback_query(F.data == f"m:{kind}", flags=MUTATING)
    async def from_menu(
        query: CallbackQuery,
        visitor: Visitor,
        bot: Bot,
        operations: Operations,
        projects: Mapping[str, Project],
    ) -> None:
        await answer_first(query)
        wish = wanted(None, projects, takes_ref=takes_ref)
        await propose(bot, visitor, operations, projects, kind, wish)

    @router.callback_query(F.data.regexp(keyboards.proposing(kind)), flags=MUTATING)
    async def chosen(
        query: CallbackQuery, visitor: Visitor, operations: Operations, projects: Mapping[str, Project]
    ) -> None:
        await answer_first(query)
        wish = Wanted((query.data or "").split(":", 2)[2])
        await propose_in_place(query, visitor, operations, projects, kind, wish)

    return router


async def propose(
    bot: Bot,
    visitor: Visitor,
    operations: Operations,
    projects: Mapping[str, Project],
    kind: Kind,
    wish: Wanted,
    message_id: int | None = None,
) -> None:
    """Asks which project, or proposes. Raises OpsgateError."""
    if wish.project is None:
        await say(bot, visitor, talk.choose_project(kind, projects, visitor.texts))
        return
    with suppress(TelegramFailure):
        await bot.send_chat_action(visitor.chat_id, "typing")
    await operations.propose(kind, wish.project, visitor.person, visitor.origin(message_id), wish.ref)


async def propose_in_place(
    query: CallbackQuery,
    visitor: Visitor,
    operations: Operations,
    projects: Mapping[str, Project],
    kind: Kind,
    wish: Wanted,
) -> None:
    """Something was chosen by button: the question gives way to what is happening."""
    name = wish.project or ""
    host = projects[name].host if name in projects else name
    with suppress(TelegramFailure):
        await show(query, visitor, talk.phrase(Phrase(id="looking", args={"host": host}), visitor.texts))
    await operations.propose(kind, name, visitor.person, visitor.origin(), wish.ref)
