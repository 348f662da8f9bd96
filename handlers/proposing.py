"""What /deploy and /backup share: look at the host, ask for a plan; its card comes through the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from aiogram import Bot
from aiogram.types import CallbackQuery

from bot.access import Visitor
from bot.outcomes import TelegramFailure
from bot.views import talk
from handlers.arguments import Wanted
from handlers.replies import answer_first, say, show
from services.models import Kind
from services.operations import Operations
from services.phrases import Phrase
from services.projects import Project


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


async def propose_chosen(
    query: CallbackQuery, visitor: Visitor, operations: Operations, projects: Mapping[str, Project]
) -> None:
    """A project was chosen by button: the question gives way to what is happening."""
    await answer_first(query)
    _, kind, name = (query.data or "").split(":", 2)
    host = projects[name].host if name in projects else name
    with suppress(TelegramFailure):
        await show(query, visitor, talk.phrase(Phrase(id="looking", args={"host": host}), visitor.texts))
    await operations.propose(Kind(kind), name, visitor.person, visitor.origin())
