"""From a wish to a plan: reads facts, freezes the source, computes. The only I/O before the gate."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from services import plans, sources
from services.changes import manifest_lines
from services.deployed import Deployed, changes, read_blocking, read_deployed, read_loss, read_standing
from services.differences import Differences
from services.drift import Drift, Drifted
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
NO_HASH = "0" * 64
"""Of a file whose content is asked for, whatever it is."""


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

    async def deploy_keeping(self, project: Project, ref: str | None, offered: Plan) -> Plan:
        """Like deploy; but what the offered plan would replace on the server goes into the release as it is there.

        Those that are larger than a person edits (drift.MOST_READ) stay out of it: the plan says what is lost.
        """
        facts = await self.facts(project)
        deployed = await self._deployed(project, facts)
        told = offered.drift or Drift()
        wanted = {one.path for one in told.files}.union(offered.pack.kept if offered.pack else ())
        remote = self._hosts.get(project.host)
        now = await read_standing(remote, project, [f"{NO_HASH}  644  {path}" for path in sorted(wanted)])
        if told.unnamed or now.unnamed or not (told.known and now.known):
            raise BadInput("error-drift-many", project=project.name, count=max(told.total, now.total))
        lines = frozenset(manifest_lines(deployed.manifest or b""))  # what was set back needs no keeping
        edited = [one for one in now.files if one.readable and one.line not in lines]
        with tempfile.TemporaryDirectory(prefix="kept-", dir=self._packs) as folder:
            kept = await self._fetch(project, edited, Path(folder))
            pack = await self._pack(project, ref, facts, deployed, kept)
        return await self._deploy(project, facts, deployed, pack)

    async def difference(self, project: Project, plan: Plan) -> list[str]:
        """Lines of a diff to what is on the server now, without secrets; empty where nothing differs. Raises HostError."""
        remote = self._hosts.get(project.host)
        return await Differences(remote, project, self._packs, self._secrets, plan).lines()

    async def _fetch(self, project: Project, edited: Sequence[Drifted], folder: Path) -> Kept:
        kept = {}
        for number, one in enumerate(edited):
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
