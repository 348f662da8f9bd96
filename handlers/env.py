"""/env [project] [set KEY | unset KEY | undo]: the server's env file. A value that is typed is removed from the chat."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import Message
from pydantic import SecretStr

from bot.access import Visitor
from bot.outcomes import TelegramFailure
from bot.views import env as views
from bot.views import talk
from handlers.freshness import STALE_AFTER
from handlers.replies import say
from services.env_edits.intake import HIDDEN
from services.env_edits.proposals import UNDO
from services.env_edits.room import EnvEdits
from services.env_edits.wishes import Wish, checked_key, typed
from services.errors import BadInput
from services.models import Kind
from services.operations import Operations
from services.phrases import Phrase
from services.projects import Project

router = Router(name="env")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Asked:
    """What stands behind /env. `safe`: there is nothing in it that could be a value."""

    project: str
    verb: str = ""
    key: str = ""
    value: SecretStr | None = None
    safe: bool = True


async def _answer(
    _message: Message, visitor: Visitor, env: EnvEdits
) -> dict[str, dict[str, str | None]] | bool:
    """Whether this is the value that the person was asked for: it was taken out of the update before it was stored."""
    found = env.sealing.sealed(visitor.update_id)
    return {"answer": found} if found is not None and "value" in found else False


@router.message(_answer)
async def value_typed(
    message: Message,
    visitor: Visitor,
    bot: Bot,
    operations: Operations,
    env: EnvEdits,
    answer: dict[str, str | None],
    clock: Callable[[], float],
) -> None:
    """The one-time answer: gone from the chat first, then a plan."""
    key = answer.get("key") or ""
    await _remove(message, visitor, bot, key)
    if answer.get("late") or _age(message, clock) > STALE_AFTER:
        raise BadInput("error-env-late", key=key, project=answer.get("project") or "")
    wish = Wish(answer.get("project") or "", key, SecretStr(answer.get("value") or ""))
    await _propose(message, visitor, bot, operations, env, wish)


@router.message(Command("env", ignore_case=True))
async def env_file(
    message: Message,
    visitor: Visitor,
    bot: Bot,
    operations: Operations,
    projects: Mapping[str, Project],
    env: EnvEdits,
    clock: Callable[[], float],
) -> None:
    """The words come from where they were put before the update was stored, not from the message."""
    words = (env.sealing.sealed(visitor.update_id) or {}).get("args")
    if words is None and HIDDEN in (message.text or ""):
        await _remove(message, visitor, bot, "")
        raise BadInput("error-env-gone")
    words = words or ""
    try:
        asked = _read(words, projects)
    except BadInput:
        await _remove(message, visitor, bot, "")
        raise
    if not asked.safe:
        await _remove(message, visitor, bot, asked.key)
    if asked.verb and (age := _age(message, clock)) > STALE_AFTER:
        raise BadInput("stale-command", age=age)
    if asked.verb == "set" and not visitor.private:
        raise BadInput("error-env-group", key=asked.key, project=asked.project)
    await _carry_out(message, visitor, bot, operations, env, projects, asked)


async def _carry_out(
    message: Message,
    visitor: Visitor,
    bot: Bot,
    operations: Operations,
    env: EnvEdits,
    projects: Mapping[str, Project],
    asked: Asked,
) -> None:
    match asked.verb:
        case "":
            found = await env.proposals.listing(projects[asked.project])
            await say(bot, visitor, views.listing(asked.project, found, visitor.texts, datetime.now(UTC)))
        case "set" if asked.value is None:
            env.sealing.ask(visitor.person.id, visitor.chat_id, asked.project, asked.key)
            await say(bot, visitor, views.ask(asked.project, asked.key, visitor.texts))
        case "undo":
            with suppress(TelegramFailure):
                await bot.send_chat_action(visitor.chat_id, "typing")
            origin = visitor.origin(message.message_id)
            await operations.propose(Kind.ENV, asked.project, visitor.person, origin, UNDO)
        case _:
            wish = Wish(asked.project, asked.key, asked.value)
            await _propose(message, visitor, bot, operations, env, wish)


async def _propose(
    message: Message, visitor: Visitor, bot: Bot, operations: Operations, env: EnvEdits, wish: Wish
) -> None:
    """What was typed is kept only as long as its plan stands."""
    with suppress(TelegramFailure):
        await bot.send_chat_action(visitor.chat_id, "typing")
    name = env.wishes.stage(wish)
    try:
        origin = visitor.origin(message.message_id if wish.value is None else None)
        operation = await operations.propose(Kind.ENV, wish.project, visitor.person, origin, name)
    except BaseException:
        env.wishes.forget(name)
        raise
    if (
        operation.ref != name or operation.plan.blocked
    ):  # asked for before, by the same update; or never to be run
        env.wishes.forget(name)


async def _remove(message: Message, visitor: Visitor, bot: Bot, key: str) -> None:
    """At once, and said so. When Telegram refuses, the value is no secret any more."""
    try:
        await bot.delete_message(visitor.chat_id, message.message_id)
    except TelegramFailure as failure:
        log.warning("a message with a value could not be removed", failure=type(failure).__name__)
        code = "env-not-removed"
    else:
        code = "env-removed"
    said = Phrase(id=code, args={"key": key, "known": int(bool(key))})
    with suppress(TelegramFailure):
        await say(bot, visitor, talk.phrase(said, visitor.texts))


def _age(message: Message, clock: Callable[[], float]) -> float:
    return clock() - message.date.timestamp()


def _read(text: str, projects: Collection[str]) -> Asked:
    """Raises BadInput; then nobody knows whether a value was among the words."""
    first, _, rest = text.strip().partition(" ")
    if first in projects:
        project, text = first, rest
    elif len(projects) == 1:
        project = next(iter(projects))
    else:
        raise BadInput("error-env-which", project=next(iter(projects), ""), known=", ".join(projects))
    verb, _, rest = text.strip().partition(" ")
    match verb.casefold():
        case "":
            return Asked(project)
        case "undo" if not rest.strip():
            return Asked(project, "undo")
        case "unset" if len(rest.split()) == 1:
            return Asked(project, "unset", checked_key(rest.strip()))
        case "set" if rest.strip():
            key, value = typed(rest)
            return Asked(project, "set", key, value, safe=value is None)
    raise BadInput("error-env-usage", project=project)
