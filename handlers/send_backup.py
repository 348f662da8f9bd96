"""Send me the file: a backup as a document, to a private chat, and never in the clear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, FSInputFile

from bot import keyboards
from bot.access import Visitor
from bot.documents import MOST_BYTES, UPLOAD_SECONDS
from bot.outcomes import TelegramFailure
from handlers.replies import acknowledge
from handlers.tapped_backup import KnownBackup, tapped_backup
from services.backups.encryption import SUFFIX
from services.backups.models import Backup
from services.errors import BadInput
from services.projects import Project

router = Router(name="send_backup")

Leaving = Callable[[Project, Backup, Callable[[int], None]], AbstractAsyncContextManager[tuple[Path, bool]]]
"""The bytes of a backup that may leave, and whether they are encrypted."""


@router.callback_query(F.data.regexp(keyboards.SEND_BACKUP))
async def send(
    query: CallbackQuery,
    visitor: Visitor,
    bot: Bot,
    projects: Mapping[str, Project],
    known_backup: KnownBackup,
    leaving: Leaving,
) -> None:
    """Refused before anything is fetched, where it can be known: a group, no key to encrypt to, too large."""
    await acknowledge(query)
    backup = await tapped_backup(query, known_backup)
    project = projects.get(backup.project)
    if project is None:
        raise BadInput("error-no-backup")
    if not visitor.private:
        raise BadInput("error-send-private")
    if not project.backups.encrypt_to:
        raise BadInput("error-send-plain", project=project.name)
    demand_size(backup.size, backup)
    with suppress(TelegramFailure):
        await bot.send_chat_action(visitor.chat_id, "upload_document")
    async with leaving(project, backup, lambda _done: None) as (file, encrypted):
        if not encrypted:  # the settings said otherwise: nothing leaves in the clear, whatever went wrong
            raise BadInput("error-send-plain", project=project.name)
        demand_size(file.stat().st_size, backup)
        document = FSInputFile(file, filename=f"{project.name}-{backup.id}.dump{SUFFIX}")
        caption = visitor.texts("send-caption")
        await bot.send_document(
            visitor.chat_id, document, caption=caption, parse_mode=None, request_timeout=UPLOAD_SECONDS
        )


def demand_size(size: int, backup: Backup) -> None:
    """Raises BadInput for more than Telegram takes from a bot."""
    if size > MOST_BYTES:
        raise BadInput("error-send-large", size=size, file=str(backup.host_file))
