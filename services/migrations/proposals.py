"""From the scripts of the deployed release, and the host's records of them, to a plan: reads, then computes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.deployed import read_manifest
from services.errors import BadInput
from services.facts.models import Facts
from services.migrations import plans, state
from services.models import Operation, Plan
from services.projects import Project
from services.remote.host import RemoteHost
from services.remote.hosts import Hosts

Chosen = Callable[[Project, str], Awaitable[Plan]]
"""MigrationProposals.chosen."""


class MigrationProposals:
    """Makes plans, and makes them again when a tap arrives. `ref` is a choice of services.migrations.plans.CHOICES."""

    def __init__(self, facts: Callable[[Project], Awaitable[Facts]], hosts: Hosts) -> None:
        self._facts = facts
        self._hosts = hosts

    async def migrate(self, project: Project, _ref: str | None = None) -> Plan:
        """What is new. Raises BadInput when there is nothing to run or to decide, and HostError."""
        return await self._plan(project, "")

    async def migrate_again(self, project: Project, plan: Plan) -> Plan:
        return await self._plan(project, plan.migrating.choice if plan.migrating else "")

    async def chosen(self, project: Project, choice: str) -> Plan:
        """What a button of the card chose: to run a group of scripts too, or to note that it has run."""
        if choice not in plans.CHOICES:
            raise BadInput("error-bad-input")
        return await self._plan(project, choice)

    async def _plan(self, project: Project, choice: str) -> Plan:
        facts = await self._facts(project)
        if facts.current is None:
            raise BadInput("error-migrations-no-release", project=project.name)
        remote = self._hosts.get(project.host)
        manifest = await read_manifest(remote, project, facts.current.id)
        if manifest is None:
            raise BadInput("error-migrations-no-manifest", release=facts.current.id)
        scripts = state.scripts_of(manifest)
        return plans.migrate(
            project, facts, state.standings(scripts, await state.read(remote, project)), choice
        )


def choice_of(operation: Operation, letters: str) -> str:
    """What the two letters of a button mean: r(un) or n(ote), then f(ailed), u(nknown) or c(hanged)."""
    for choice in plans.CHOICES:
        what, _, standing = choice.partition("-")
        if f"{what[0]}{standing[0]}" == letters and operation.plan.migrating is not None:
            return choice
    raise BadInput("error-bad-input")


async def in_a_deploy(remote: RemoteHost, project: Project, plan: Plan, manifest: bytes | None) -> Plan:
    """The plan of a deploy, with what `migrate = "after-build"` adds to it, and with what keeps its new scripts from running."""
    if project.migrate == "never" or manifest is None:
        return plan
    scripts = state.scripts_of(manifest)
    if not scripts:
        return plan
    known = await state.read(remote, project)
    there = state.standings(scripts, known, state.brought(plan, scripts))
    return plans.after_build(plan, there) if project.migrate == "after-build" else plans.waiting(plan, there)
