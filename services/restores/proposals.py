"""From a chosen backup, or an operation to take back, to a plan: reads, then computes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from services.backups.models import Backup
from services.checks.database import database_container
from services.engines import Engine, engine_at
from services.errors import BadInput
from services.facts.cluster import Seen
from services.facts.models import Facts
from services.models import Kind, Operation, Plan
from services.projects import Project, SqliteDatabase
from services.remote.hosts import Hosts
from services.restores import plans
from services.restores.names import replaced_by
from services.restores.reading import look, look_at_dump, rows_of
from services.store import Store


class RestoreProposals:
    """Makes plans, and makes them again when a tap arrives. `ref` is the id of a backup or of an operation."""

    def __init__(
        self, facts: Callable[[Project], Awaitable[Facts]], hosts: Hosts, store: Store, data: Path
    ) -> None:
        """`data`: DATA_DIR, where our own copies are."""
        self._facts = facts
        self._hosts = hosts
        self._store = store
        self._data = data

    async def restore(self, project: Project, ref: str | None) -> Plan:
        """The dump is hashed for the card. Raises BadInput for an unknown backup, and HostError."""
        return await self._restore(project, await self._backup(project, ref), hashed=True)

    async def restore_again(self, project: Project, plan: Plan) -> Plan:
        """Without hashing again: the first step does, before anything changes."""
        return await self._restore(project, await self._backup(project, _about(plan)), hashed=False)

    async def _backup(self, project: Project, backup_id: str | None) -> Backup:
        known = await self._store.backups.get(backup_id or "")
        if known is None or known.project != project.name:
            raise BadInput("error-no-backup")
        return known

    async def _restore(self, project: Project, backup: Backup, *, hashed: bool) -> Plan:
        facts = await self._facts(project)
        seen = await self._look(project, facts, backup, counted=hashed)
        remote, places = self._hosts.get(project.host), project.backups.offsite
        seen = await look_at_dump(seen, remote, self._data, backup, places, hashed=hashed)
        return plans.restore(project, facts, seen, backup)

    async def undo(self, project: Project, ref: str | None) -> Plan:
        """Raises BadInput when there is no such restore."""
        of = await self._operation(project, ref, {Kind.RESTORE})
        facts = await self._facts(project)
        seen = await self._look(project, facts, counted=True)
        return plans.undo(project, facts, seen, of, await self._rows_kept(project, facts, seen, of))

    async def undo_again(self, project: Project, plan: Plan) -> Plan:
        of = await self._operation(project, _about(plan), {Kind.RESTORE})
        facts = await self._facts(project)
        return plans.undo(project, facts, await self._look(project, facts), of)

    async def drop(self, project: Project, ref: str | None) -> Plan:
        of = await self._operation(project, ref, {Kind.RESTORE, Kind.UNDO})
        facts = await self._facts(project)
        return plans.drop(project, facts, await self._look(project, facts), of)

    async def drop_again(self, project: Project, plan: Plan) -> Plan:
        return await self.drop(project, _about(plan))

    async def _operation(self, project: Project, operation_id: str | None, kinds: set[Kind]) -> Operation:
        of = await self._store.operations.get(operation_id or "")
        if of is None or of.project != project.name or of.kind not in kinds or not of.state.is_verdict:
            raise BadInput("error-no-operation")
        return of

    async def _look(
        self, project: Project, facts: Facts, backup: Backup | None = None, *, counted: bool = False
    ) -> Seen:
        at = working_database(project, facts)
        if at is None:
            return Seen()
        engine, live = at
        remote = self._hosts.get(project.host)
        seen = await look(remote, engine, live, backup)
        rows = await rows_of(remote, engine, live, seen.worker) if counted else None
        return replace(seen, rows=rows)

    async def _rows_kept(
        self, project: Project, facts: Facts, seen: Seen, of: Operation
    ) -> dict[str, int] | None:
        at, database = working_database(project, facts), project.database
        kept = replaced_by(database.engine, database.name, of) if database else ""
        if at is None or kept not in seen.databases:
            return None
        return await rows_of(self._hosts.get(project.host), *at, seen.worker, kept)


def working_database(project: Project, facts: Facts) -> tuple[Engine, str] | None:
    """The project's database and its live name; None where it cannot be worked with: checks say why."""
    container, database = database_container(project, facts), project.database
    if database is None or container is None or facts.tools:
        return None
    if container.state != "running" and not isinstance(database, SqliteDatabase):
        return None
    return engine_at(database, container), database.name


def _about(plan: Plan) -> str:
    """The id that the plan was asked for with."""
    if plan.restoring is None:
        raise BadInput("error-internal")
    return plan.restoring.backup.id if plan.restoring.backup else plan.restoring.of
