"""/status: what each project looks like now. A host that does not answer hides nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from services.backups.models import LOOKED_AT, Backup, newest_of
from services.envfile import EnvFile
from services.errors import HostError, OpsgateError, TimedOut
from services.facts.models import Facts
from services.facts.read import read_facts
from services.models import Freeze, Operation
from services.phrases import Phrase
from services.projects import Project
from services.remote.hosts import Hosts
from services.schedules.clockwork import next_backup
from services.store import Store

log = structlog.get_logger(__name__)

GRACE = 5.0
"""Seconds beyond a host's connect_timeout for all of its reads."""


@dataclass(frozen=True, slots=True)
class ProjectStatus:
    """One project: its facts, or why there are none."""

    project: str
    host: str
    facts: Facts | None
    error: Phrase | None
    last_backup: Backup | None
    running: Operation | None
    waiting: Operation | None = None
    freeze: Freeze | None = None  # locked by a person
    last_drilled: Backup | None = None  # the backup of the newest drill
    next_backup: datetime | None = None  # the scheduled one


class StatusReader:
    def __init__(
        self,
        store: Store,
        hosts: Hosts,
        projects: Mapping[str, Project],
        instance_key: bytes,
        learn: Callable[[EnvFile], None],
    ) -> None:
        self._store = store
        self._hosts = hosts
        self._projects = projects
        self._key = instance_key
        self._learn = learn

    async def read(self, names: Sequence[str]) -> list[ProjectStatus]:
        """Reads all at once, each within its own deadline."""
        return list(await asyncio.gather(*(self._one(self._projects[name]) for name in names)))

    async def _one(self, project: Project) -> ProjectStatus:
        facts, error = await self._facts(project)
        backups = await self._store.backups.newest(project.name, LOOKED_AT)
        active = await self._store.operations.active(project.name)
        waiting = await self._store.waiting.all(project.name)
        return ProjectStatus(
            project=project.name,
            host=project.host,
            facts=facts,
            error=error,
            last_backup=newest_of(backups, datetime.now(UTC)),
            running=active[0] if active else None,
            waiting=waiting[0] if waiting else None,
            freeze=await self._store.freezes.of(project.name),
            last_drilled=await self._store.backups.last_drilled(project.name),
            next_backup=await next_backup(self._store, project),
        )

    async def _facts(self, project: Project) -> tuple[Facts | None, Phrase | None]:
        remote = self._hosts.get(project.host)
        try:
            async with asyncio.timeout(remote.config.connect_timeout + GRACE):
                return await read_facts(remote, project, self._key, learn=self._learn), None
        except TimeoutError:
            return None, TimedOut("error-unreachable", host=project.host).phrase
        except HostError as error:
            log.info("no facts", project=project.name, error=str(error))
            return None, error.phrase
        except OpsgateError as error:
            return None, error.phrase
