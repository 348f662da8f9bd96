"""From a wish to a plan: reads facts, freezes the source, computes. The only I/O before the gate."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path, PurePosixPath

from services import plans, sources
from services.commands import files
from services.deployed import Deployed, changes, read_blocking, read_deployed, read_drift, read_loss
from services.drift import MOST_COMPARED, Drift, difference
from services.env_secrets import EnvSecrets
from services.errors import BadInput, SourceError
from services.facts.models import Facts
from services.facts.read import read_facts
from services.migrations.proposals import in_a_deploy
from services.models import Kind, Pack, Plan
from services.projects import Project
from services.remote.hosts import Hosts
from services.sources import Base, Kept, archive
from services.store.history import PastRuns

FETCHING = 60
"""Seconds for one file that is kept."""


class Proposals:
    """Makes plans, and makes them again when a tap arrives. `packs` and `mirrors` are folders under DATA_DIR."""

    def __init__(
        self, hosts: Hosts, packs: Path, mirrors: Path, key: bytes, secrets: EnvSecrets, past: PastRuns
    ) -> None:
        self._hosts = hosts
        self._packs = packs
        self._mirrors = mirrors
        self._key = key
        self._secrets = secrets
        self._past = past

    async def facts(self, project: Project, pack: Pack | None = None) -> Facts:
        """All facts of a project now. Raises HostError."""
        remote = self._hosts.get(project.host)
        facts = await read_facts(remote, project, self._key, pack=pack, learn=self._secrets.learn)
        last = max(facts.last_dump, await self._past.last_dump(project.name))
        return facts.model_copy(update={"last_dump": last})

    async def deploy(self, project: Project, ref: str | None) -> Plan:
        """Raises HostError and SourceError; nothing is stored."""
        facts = await self.facts(project)
        deployed = await self._deployed(project, facts)
        pack = await self._pack(project, ref, facts, deployed)
        if pack.compose_name and not facts.has_deployed_files:  # what is new says under which name to look
            facts = await self.facts(project, pack)
        return await self._deploy(project, facts, deployed, pack)

    async def deploy_again(self, project: Project, plan: Plan) -> Plan:
        """The same frozen source on facts read anew."""
        if plan.pack is None:
            raise BadInput("error-internal")
        facts = await self.facts(project, plan.pack)
        return await self._deploy(project, facts, await self._deployed(project, facts), plan.pack)

    async def deploy_keeping(self, project: Project, ref: str | None) -> Plan:
        """Like deploy; but files that were edited on the server go into the release as they are there.

        Those that are larger than a person edits (drift.MOST_READ) stay out of it: the plan says what is lost.
        """
        facts = await self.facts(project)
        deployed = await self._deployed(project, facts)
        if deployed.drift.unnamed or not deployed.drift.known:
            raise BadInput("error-drift-many", project=project.name, count=deployed.drift.total)
        with tempfile.TemporaryDirectory(prefix="kept-", dir=self._packs) as folder:
            kept = await self._fetch(project, deployed.drift, Path(folder))
            pack = await self._pack(project, ref, facts, deployed, kept)
        return await self._deploy(project, facts, deployed, pack)

    async def difference(self, project: Project, release: str) -> list[str]:
        """Lines of a diff from that release to what is on the server now, without secrets; empty where there is no drift."""
        remote = self._hosts.get(project.host)
        await self._secrets.read(remote, project)
        folder, found = project.state_dir / "releases" / release, []
        drift = await read_drift(remote, project, folder)
        for one in drift.files:
            if one.sha256 is None:
                found.append(f"{one.path}: {'no plain file any more' if one.odd else 'gone from the server'}")
            else:
                released = await self._content(project, folder / "tree" / one.path)
                present = await self._content(project, project.path / one.path) if one.readable else None
                found += await asyncio.to_thread(difference, one.path, released, present)
        return [*found, *([f"and {drift.unnamed} more files"] if drift.unnamed else [])]

    async def _content(self, project: Project, path: PurePosixPath) -> bytes | None:
        done = await self._hosts.get(project.host).run(files.read(path), limit=MOST_COMPARED, check=False)
        return None if done.exit_status or done.truncated else self._secrets.hide(done.stdout)

    async def _fetch(self, project: Project, drift: Drift, folder: Path) -> Kept:
        kept = {}
        for number, one in enumerate(one for one in drift.files if one.readable):
            file = folder / str(number)
            remote = self._hosts.get(project.host)
            _, sha256 = await remote.fetch(project.path / one.path, file, lambda _: None, FETCHING)
            if sha256 != one.sha256:
                raise SourceError("error-drift-changing", path=one.path)
            kept[one.path] = (file, one.mode == "755")
        return kept

    async def _deployed(self, project: Project, facts: Facts) -> Deployed:
        return await read_deployed(self._hosts.get(project.host), project, facts)

    async def _pack(
        self, project: Project, ref: str | None, facts: Facts, deployed: Deployed, kept: Kept | None = None
    ) -> Pack:
        """What the deployed release has does not travel again, where it is still whole."""
        base = None
        if deployed.whole and deployed.manifest and facts.current:
            base = Base(facts.current.id, deployed.manifest)
        self._packs.mkdir(mode=0o700, parents=True, exist_ok=True)
        return await sources.pack(
            project, ref, facts.current, self._packs, self._mirrors, base=base, kept=kept
        )

    async def _deploy(self, project: Project, facts: Facts, deployed: Deployed, pack: Pack) -> Plan:
        """Compared with what is deployed at this moment."""
        manifest = await asyncio.to_thread(archive.listing, self._packs / Path(pack.file).name)
        found = changes(deployed, manifest, facts, pack)
        remote = self._hosts.get(project.host)
        lost = None
        if deployed.manifest and manifest is not None:
            lost = await read_loss(remote, project, deployed.drift, deployed.manifest, manifest)
        if manifest is not None:
            lost = await read_blocking(remote, project, facts, lost, manifest)
        plan = plans.deploy(project, facts, pack, found, lost)
        plan = await in_a_deploy(remote, project, plan, manifest)
        return plans.estimated(plan, facts, await self._past.succeeded(project.name, Kind.DEPLOY))

    async def backup(self, project: Project, _ref: str | None) -> Plan:
        facts = await self.facts(project)
        if "local" in project.backups.copies:
            free = await asyncio.to_thread(shutil.disk_usage, self._packs.parent)
            facts = facts.model_copy(update={"local_available": free.free})
        return plans.backup(project, facts)

    async def backup_again(self, project: Project, _plan: Plan) -> Plan:
        return await self.backup(project, None)
