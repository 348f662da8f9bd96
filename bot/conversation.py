"""The dispatcher: access first, then what tells errors, then one router per command family."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from aiogram import Dispatcher, Router

from bot.access import Access
from bot.admins import Admins
from bot.texts import Catalogues
from handlers import backup, deploy, gate, operations, start, status
from handlers.freshness import Fresh
from handlers.operations import RecentBackups
from handlers.replies import TellErrors
from services.operations import Operations
from services.projects import Project
from services.status import StatusReader


def make_dispatcher(
    operations_service: Operations,
    status_reader: StatusReader,
    admins: Admins,
    projects: Mapping[str, Project],
    recent_backups: RecentBackups,
    catalogues: Catalogues,
    clock: Callable[[], float] = time.time,
) -> Dispatcher:
    """Handlers take these by name, and `visitor` from access. `recent_backups` is the store's list of all projects."""
    dispatcher = Dispatcher(
        disable_fsm=True,
        operations=operations_service,
        status=status_reader,
        admins=admins,
        projects=projects,
        recent_backups=recent_backups,
        catalogues=catalogues,
    )
    dispatcher.update.outer_middleware(Access(admins, catalogues))
    dispatcher.update.outer_middleware(TellErrors())
    dispatcher.message.middleware(Fresh(clock))
    dispatcher.callback_query.middleware(Fresh(clock))
    for router in (start.router, status.router, deploy.router, backup.router, operations.router, gate.router):
        dispatcher.include_router(_unattached(router))
    dispatcher.include_router(_unattached(start.fallback))
    return dispatcher


def _unattached(router: Router) -> Router:
    """A router belongs to one dispatcher at a time; a new dispatcher takes it over."""
    router._parent_router = None  # noqa: SLF001 - aiogram offers no way to detach
    return router
