"""/pack [project] [ref]: the source as deploy.zip. And, below a plan card, the commands of a deploy by hand."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from aiogram import Bot, F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import BufferedInputFile, CallbackQuery, FSInputFile, Message

from bot import keyboards
from bot.access import Visitor
from bot.documents import MOST_BYTES, UPLOAD_SECONDS
from bot.outcomes import TelegramFailure
from bot.views import manual as views
from bot.views import talk
from handlers.arguments import wanted
from handlers.replies import acknowledge, say
from services import manual
from services.errors import BadInput
from services.operations import Operations
from services.projects import Host, Project
from services.sources.zipped import Zipped

router = Router(name="pack")

ZipOf = Callable[[Project, str | None, Path], Awaitable[Zipped]]
"""Writes a project's source, at a ref, to a file."""


@router.message(Command("pack", ignore_case=True))
async def pack(
    _message: Message,
    command: CommandObject,
    visitor: Visitor,
    bot: Bot,
    projects: Mapping[str, Project],
    zip_of: ZipOf,
) -> None:
    """Source code is for admins, and a group may have other people in it."""
    if not visitor.private:
        raise BadInput("error-pack-private")
    wish = wanted(command.args, projects, takes_ref=True)
    if wish.project is None:
        raise BadInput("error-name-a-project", known=", ".join(projects))
    with suppress(TelegramFailure):
        await bot.send_chat_action(visitor.chat_id, "upload_document")
    with tempfile.TemporaryDirectory(prefix="opsgate-") as folder:
        made = await zip_of(projects[wish.project], wish.ref, Path(folder) / manual.ZIP)
        if made.size > MOST_BYTES:
            await say(bot, visitor, talk.phrase(views.too_big(made, wish.project, wish.ref), visitor.texts))
            return
        caption = views.caption(made, visitor.texts)
        document = FSInputFile(made.file, filename=f"{wish.project}-{manual.ZIP}")
        await bot.send_document(
            visitor.chat_id, document, caption=caption, parse_mode=None, request_timeout=UPLOAD_SECONDS
        )


@router.callback_query(F.data.regexp(keyboards.MANUAL))
async def manual_steps(
    query: CallbackQuery,
    visitor: Visitor,
    bot: Bot,
    operations: Operations,
    projects: Mapping[str, Project],
    hosts: Mapping[str, Host],
) -> None:
    """RUNBOOK's fallback for exactly this plan: its ref, its stack."""
    await acknowledge(query)
    operation, _ = await operations.get((query.data or "")[2:])
    project = projects.get(operation.project)
    if project is None:
        raise BadInput("error-project-gone", project=operation.project)
    stack = operation.plan.compose_project
    acts = manual.acts(project, hosts[project.host], compose_project=stack, ref=operation.ref)
    screen = views.manual(project.name, acts, visitor.texts)
    if screen is not None:
        await say(bot, visitor, screen)
        return
    text = views.manual_text(project.name, acts, visitor.texts).encode()
    document = BufferedInputFile(text, filename=f"{project.name}-by-hand.txt")
    await bot.send_document(visitor.chat_id, document, request_timeout=UPLOAD_SECONDS)
