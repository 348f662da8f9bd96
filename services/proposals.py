"""From a wish to a plan: reads facts, freezes the source, computes. The only I/O before the gate."""

from __future__ import annotations

import asyncio
from pathlib import Path

from services import plans, sources
from services.deployed import changes, read_deployed
from services.env_secrets import EnvSecrets
from services.errors import BadInput
from services.facts.models import Facts
from services.facts.read import read_facts
from services.models import Pack, Plan
from services.projects import Project
from services.remote.hosts import Hosts
from services.sources import archive


class Proposals:
    """Makes plans, and makes them again when a tap arrives. `packs` and `mirrors` are folders under DATA_DIR."""

    def __init__(self, hosts: Hosts, packs: Path, mirrors: Path, key: bytes, secrets: EnvSecrets) -> None:
        self._hosts = hosts
        self._packs = packs
        self._mirrors = mirrors
        self._key = key
        self._secrets = secrets

    async def facts(self, project: Project, pack: Pack | None = None) -> Facts:
        """All facts of a project now. Raises HostError."""
        remote = self._hosts.get(project.host)
        return await read_facts(remote, project, self._key, pack=pack, learn=self._secrets.learn)

    async def deploy(self, project: Project, ref: str | None) -> Plan:
        """Raises HostError and SourceError; nothing is stored."""
        facts = await self.facts(project)
        pack = await sources.pack(project, ref, facts.current, self._packs, self._mirrors)
        if pack.compose_name and not facts.has_deployed_files:  # what is new says under which name to look
            facts = await self.facts(project, pack)
        return await self._deploy(project, facts, pack)

    async def deploy_again(self, project: Project, plan: Plan) -> Plan:
        """The same frozen source on facts read anew."""
        if plan.pack is None:
            raise BadInput("error-internal")
        return await self._deploy(project, await self.facts(project, plan.pack), plan.pack)

    async def _deploy(self, project: Project, facts: Facts, pack: Pack) -> Plan:
        """Compared with what is deployed at this moment."""
        deployed = await read_deployed(self._hosts.get(project.host), project, facts, pack)
        manifest = await asyncio.to_thread(archive.listing, self._packs / Path(pack.file).name)
        return plans.deploy(project, facts, pack, changes(deployed, manifest, facts, pack))

    async def backup(self, project: Project, _ref: str | None) -> Plan:
        return plans.backup(project, await self.facts(project))

    async def backup_again(self, project: Project, _plan: Plan) -> Plan:
        return plans.backup(project, await self.facts(project))
