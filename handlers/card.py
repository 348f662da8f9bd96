"""The plan card's Details: all of the plan as a document, when a message has no room for it."""

from __future__ import annotations

from collections.abc import Mapping

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery

from bot import keyboards
from bot.access import Visitor
from bot.documents import UPLOAD_SECONDS, plan_document
from bot.views.card import whole
from handlers.replies import acknowledge
from services.operations import Operations
from services.projects import Project

router = Router(name="card")


@router.callback_query(F.data.regexp(keyboards.PLAN))
async def whole_plan(
    query: CallbackQuery,
    visitor: Visitor,
    bot: Bot,
    operations: Operations,
    projects: Mapping[str, Project],
) -> None:
    await acknowledge(query)
    operation, _ = await operations.get((query.data or "")[2:])
    project = projects.get(operation.project)
    text = whole(operation, visitor.texts, project.host if project else "")
    document = plan_document(text, operation.id)
    await bot.send_document(visitor.chat_id, document, request_timeout=UPLOAD_SECONDS)
