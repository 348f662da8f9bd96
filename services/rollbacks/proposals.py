"""From a chosen release to a plan: reads, then computes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from services import releases, sources
from services.changes import compare, counts
from services.deployed import read_blocking, read_drift, read_loss, read_manifest
from services.drift import Drift
from services.errors import BadInput, SourceError
from services.facts.models import Facts, Release
from services.facts.read import current_release
from services.migrations import state
from services.migrations.models import ScriptState
from services.models import Plan, Returning
from services.projects import Project
from services.remote.hosts import Hosts
from services.rollbacks import plans
from services.store import Store

BACKUPS_LOOKED_AT = 200
"""For one that was made while the release served."""


class RollbackProposals:
    """Lists what can come back, makes plans, and makes them again when a tap arrives. `ref` is a release's id."""

    def __init__(
        self,
        facts: Callable[[Project], Awaitable[Facts]],
        hosts: Hosts,
        store: Store,
        projects: Mapping[str, Project],
        mirrors: Path,
    ) -> None:
        self._facts = facts
        self._hosts = hosts
        self._store = store
        self._projects = projects
        self._mirrors = mirrors

    async def earlier(self, name: str) -> list[Release]:
        """Kept releases other than the one that serves, the one that served last first. Raises BadInput and HostError.

        What the host knows is noted in the store, so that a button may name a release by its id alone.
        """
        project = self._projects.get(name)
        if project is None:
            raise BadInput("error-no-project", project=name[:40], known=", ".join(self._projects))
        remote = self._hosts.get(project.host)
        known = await releases.recorded(remote, project)
        current = await current_release(remote, project)
        found = [one for one in known if one.id != current and one.project == project.name]
        for release in found:
            await self._store.releases.add(release)
        return found

    async def rollback(self, project: Project, ref: str | None) -> Plan:
        """Raises BadInput for a release that is not kept or serves already, and HostError."""
        return await self._plan(project, ref or "")

    async def rollback_again(self, project: Project, plan: Plan) -> Plan:
        if plan.returning is None:
            raise BadInput("error-internal")
        return await self._plan(project, plan.returning.release.id)

    async def _plan(self, project: Project, release_id: str) -> Plan:
        facts = await self._facts(project)
        remote = self._hosts.get(project.host)
        known = {one.id: one for one in await releases.recorded(remote, project)}
        release = known.get(release_id)
        if release is None or not release.images:
            raise BadInput("error-no-release")
        if facts.current and facts.current.id == release_id:
            raise BadInput("error-release-serves", project=project.name)
        found = await remote.images(sorted({*release.images.values()}))
        present = {str(one["Id"]) for one in found}
        returning, lost = await self._returning(project, facts, release)
        return plans.rollback(project, facts, returning, present, lost)

    async def _returning(
        self, project: Project, facts: Facts, release: Release
    ) -> tuple[Returning, Drift | None]:
        """And what was edited on the server and would be replaced."""
        newer = facts.current.commit if facts.current else None
        gone = await self._commits(project, newer, release.commit)
        come = await self._commits(project, release.commit, newer)
        found = await self._manifests(project, facts, release)
        made = await self._store.backups.newest(project.name, BACKUPS_LOOKED_AT)
        since = compare(found[1], found[0]).migrations if found else ()
        returning = Returning(
            release=release,
            image_names=plans.names_for(facts, release),
            backup=next((one for one in made if one.release == release.id), None),
            gone=gone[0] if gone else None,
            more_gone=gone[1] if gone else 0,
            come=come[0] if come else (),
            more_come=come[1] if come else 0,
            files=counts(*found) if found else None,
            migrations=since,
            migrations_ran=await self._ran(project, since) if since else None,
        )
        return returning, await self._lost(project, facts, release, found)

    async def _ran(self, project: Project, since: tuple[str, ...]) -> tuple[str, ...] | None:
        """Names of those that ran, if only to a part; None where of one of them nobody knows."""
        known = await state.read(self._hosts.get(project.host), project)
        found = [known.get(PurePosixPath(path).name) for path in since]
        if any(one is None or one.state is ScriptState.UNSURE for one in found):
            return None
        idle = {ScriptState.NEW, ScriptState.RETURNED}
        return tuple(one.script for one in found if one is not None and one.state not in idle)

    async def _lost(
        self, project: Project, facts: Facts, release: Release, found: tuple[bytes, bytes] | None
    ) -> Drift | None:
        remote, lost = self._hosts.get(project.host), None
        if found and facts.current:
            drift = await read_drift(remote, project, project.state_dir / "releases" / facts.current.id)
            lost = await read_loss(remote, project, drift, *found)
        coming = found[1] if found else await read_manifest(remote, project, release.id)
        return lost if coming is None else await read_blocking(remote, project, facts, lost, coming)

    async def _commits(
        self, project: Project, commit: str | None, since: str | None
    ) -> sources.Commits | None:
        """None where nobody knows: the card is good without them."""
        if commit is None or since is None:
            return None
        with suppress(SourceError):
            return await sources.commits(project, commit, since, self._mirrors)
        return None

    async def _manifests(
        self, project: Project, facts: Facts, release: Release
    ) -> tuple[bytes, bytes] | None:
        """Of the present release and of the one that comes back. None where one of them is not known."""
        if facts.current is None:
            return None
        remote = self._hosts.get(project.host)
        now = await read_manifest(remote, project, facts.current.id)
        then = await read_manifest(remote, project, release.id)
        return None if now is None or then is None else (now, then)
