"""The dispatcher: access first, then what tells errors, then one router per command family."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

from aiogram import Dispatcher, Router

from bot.access import Access
from bot.admins import Admins
from bot.texts import Catalogues
from handlers import (
    backup,
    backups,
    bump,
    card,
    deploy,
    drift,
    drill,
    gate,
    lock,
    migrate,
    operations,
    pack,
    restore,
    rollback,
    send_backup,
    start,
    status,
)
from handlers import env as env_handlers
from handlers.freshness import Fresh
from handlers.replies import TellErrors
from services.env_edits.room import EnvEdits
from services.freezes import Freezes
from services.migrations.proposals import Chosen
from services.models import Operation, State
from services.offers import Make
from services.operations import Operations
from services.projects import Host, Project
from services.schedules.clockwork import next_backup
from services.status import StatusReader
from services.store import Store


def make_dispatcher(
    operations_service: Operations,
    status_reader: StatusReader,
    admins: Admins,
    projects: Mapping[str, Project],
    store: Store,
    catalogues: Catalogues,
    releases_of: rollback.ReleasesOf,
    clock: Callable[[], float] = time.time,
    *,
    bumped: Make,
    keeping: Make,
    difference: drift.Difference,
    zip_of: pack.ZipOf,
    outlook_of: backups.OutlookOf,
    migrations_chosen: Chosen,
    env: EnvEdits,
    leaving: send_backup.Leaving,
    hosts: Mapping[str, Host],
    changed: Callable[[], None] = lambda: None,
) -> Dispatcher:
    """Handlers take these by name, and `visitor` from access."""
    dispatcher = Dispatcher(
        disable_fsm=True,
        operations=operations_service,
        status=status_reader,
        admins=admins,
        projects=projects,
        recent_backups=store.backups.recent,
        backups_of=store.backups.of,
        known_backup=store.backups.get,
        releases_of=releases_of,
        known_release=store.releases.get,
        gate_open=partial(_gate_open, store, clock),
        offer_stands=partial(_offer_stands, store, clock),
        bumped=bumped,
        keeping=keeping,
        difference=difference,
        zip_of=zip_of,
        outlook_of=outlook_of,
        catalogue_of=store.backups.catalogue,
        next_backup=partial(next_backup, store),
        migrations_chosen=migrations_chosen,
        env=env,
        clock=clock,
        leaving=leaving,
        hosts=hosts,
        freezes=Freezes(store, admins.ids, changed),
        catalogues=catalogues,
    )
    dispatcher.update.outer_middleware(Access(admins, catalogues))
    dispatcher.update.outer_middleware(TellErrors())
    dispatcher.message.middleware(Fresh(clock))
    dispatcher.callback_query.middleware(Fresh(clock))
    for module in (
        env_handlers,  # first: what may hold a value is seen by nobody else
        start,
        status,
        deploy,
        rollback,
        migrate,
        backup,
        backups,
        operations,
        gate,
        lock,
        bump,
        drift,
        card,
        restore,
        drill,
        pack,
        send_backup,
    ):
        dispatcher.include_router(_unattached(module.router))
    dispatcher.include_router(_unattached(start.fallback))
    return dispatcher


async def _gate_open(store: Store, clock: Callable[[], float], nonce: str) -> bool:
    """A glance without effect; what counts is the guarded update of the service."""
    operation = await store.operations.by_nonce(nonce)
    return operation is not None and not operation.plan.blocked and _stands(operation, clock())


async def _offer_stands(store: Store, clock: Callable[[], float], nonce: str) -> bool:
    """The same for what may be done with a blocked plan too."""
    operation = await store.operations.by_nonce(nonce)
    return operation is not None and _stands(operation, clock())


def _stands(operation: Operation, now: float) -> bool:
    return operation.state is State.PROPOSED and operation.expires_at.timestamp() > now


def _unattached(router: Router) -> Router:
    """A router belongs to one dispatcher at a time; a new dispatcher takes it over."""
    router._parent_router = None  # noqa: SLF001 - aiogram offers no way to detach
    return router
