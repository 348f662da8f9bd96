"""The backup that a button names: `<letter>:<backup id>`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiogram.types import CallbackQuery

from handlers.arguments import Wanted
from services.backups.models import Backup
from services.errors import BadInput

KnownBackup = Callable[[str], Awaitable[Backup | None]]
"""By its id, from the catalogue."""


async def tapped_backup(query: CallbackQuery, known_backup: KnownBackup) -> Backup:
    """Raises BadInput for one that nobody knows (any more)."""
    backup = await known_backup((query.data or "")[2:])
    if backup is None:
        raise BadInput("error-no-backup")
    return backup


async def wish_for_backup(query: CallbackQuery, known_backup: KnownBackup) -> Wanted:
    """Its project, and itself as the ref."""
    backup = await tapped_backup(query, known_backup)
    return Wanted(backup.project, backup.id)
