"""From a backup, chosen or the newest, to the plan of its drill: reads, then computes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from services import scratch
from services.backups.copies import here
from services.backups.models import LOOKED_AT, Backup, newest_of, plain_offsite, rotted_on_host
from services.drills import plans
from services.errors import BadInput
from services.facts.cluster import Seen
from services.facts.models import Facts
from services.models import Plan
from services.projects import Project
from services.remote.hosts import Hosts
from services.restores.proposals import working_database
from services.restores.reading import dump_on_host, look, look_at_dump
from services.store import Store


class DrillProposals:
    """`ref` is the id of a backup; without one it is the newest. The live database is not asked for rows."""

    def __init__(
        self, facts: Callable[[Project], Awaitable[Facts]], hosts: Hosts, store: Store, data: Path
    ) -> None:
        """`data`: DATA_DIR, where our own copies are."""
        self._facts = facts
        self._hosts = hosts
        self._store = store
        self._data = data

    async def drill(self, project: Project, ref: str | None) -> Plan:
        """Raises BadInput when there is nothing to drill, and HostError.

        The dump is not hashed for the card: that is the drill's first step, so that what it finds is recorded.
        """
        if project.database is None:
            raise BadInput("error-no-database", project=project.name)
        return await self._drill(project, await self._backup(project, ref))

    async def drill_again(self, project: Project, plan: Plan) -> Plan:
        if plan.restoring is None or plan.restoring.backup is None:
            raise BadInput("error-internal")
        return await self._drill(project, await self._backup(project, plan.restoring.backup.id))

    async def _backup(self, project: Project, ref: str | None) -> Backup:
        if ref is None:
            found = await self._store.backups.newest(project.name, LOOKED_AT)
            newest = newest_of(found, datetime.now(UTC))
            if newest is None:
                raise BadInput("error-drill-no-backup", project=project.name)
            return newest
        known = await self._store.backups.get(ref)
        if known is None or known.project != project.name:
            raise BadInput("error-no-backup")
        return known

    async def _drill(self, project: Project, backup: Backup) -> Plan:
        facts = await self._facts(project)
        remote = self._hosts.get(project.host)
        at = working_database(project, facts)
        seen = await look(remote, *at, backup) if at else Seen()
        places = project.backups.offsite
        if rotted_on_host(backup):  # it is known and was told: our own copy takes its place
            seen = await look_at_dump(seen, remote, self._data, backup, places, hashed=True)
            return plans.drill(project, facts, seen, backup)
        dump = await dump_on_host(remote, backup, hashed=False)
        ours = None if dump else await here(self._data, backup, hashed=False)
        away = None if dump or ours else plain_offsite(backup, places)
        seen = replace(seen, dump=dump or ours, dump_is_here=ours is not None)
        seen = replace(seen, brought_from=away.where if away else "")
        if project.backups.drill_in == "container":
            seen = replace(seen, docker_room=await scratch.room(remote))
        return plans.drill(project, facts, seen, backup)
