"""R-FE-1: a deploy that only the app's version holds up is one tap from a plan that nothing does.

The tap raises the version in the source. It deploys nothing: the new plan wants its own confirmation (R-UX-2).
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import structlog

from services.bumps import app_json, folder, repository
from services.checks.frontend import is_higher
from services.checks.tree import APP_JSON
from services.errors import BadInput, SourceError
from services.models import Bump, Operation, Plan, Severity, Way
from services.projects import GitSource, Project, TreeSource
from services.sources import git
from services.sources.pack import mirror_of

log = structlog.get_logger(__name__)

Planning = Callable[[Project, str | None], Awaitable[Plan]]
Keeping = Callable[[Project, str | None, Plan], Awaitable[Plan]]
"""The same, with the server's files that an offered plan names."""


class Bumps:
    """Plans of deploys with what can be done about the version, and doing it.

    `mirrors`: the folder of git mirrors. Without `taps` (a terminal has no buttons) a person does all of it.
    """

    def __init__(
        self,
        plan: Planning,
        plan_keeping: Keeping,
        projects: Mapping[str, Project],
        mirrors: Path,
        *,
        taps: bool = True,
    ) -> None:
        self._plan = plan
        self._plan_keeping = plan_keeping
        self._projects = projects
        self._mirrors = mirrors
        self._taps = taps

    async def deploy(self, project: Project, ref: str | None) -> Plan:
        """The plan of a deploy; raises what planning raises."""
        return await self._offered(project, ref, await self._plan(project, ref))

    async def keeping(self, offered: Operation) -> Plan:
        """The plan anew, with what was edited on the server in the release: it may be the app that was edited."""
        project = self._project(offered)
        plan = await self._plan_keeping(project, offered.ref, offered.plan)
        return await self._offered(project, offered.ref, plan)

    def _project(self, offered: Operation) -> Project:
        if offered.project not in self._projects:
            raise BadInput("error-project-gone", project=offered.project)
        return self._projects[offered.project]

    async def _offered(self, project: Project, ref: str | None, plan: Plan) -> Plan:
        wanted = _wanted(plan)
        if wanted is None:
            return plan
        if isinstance(project.source, TreeSource):
            bump = await _in_folder(project.source.path, wanted)
        else:
            bump = await self._in_repository(project, project.source, ref, wanted)
        if bump and bump.way.by_tap and not self._taps:
            bump = bump.model_copy(update={"way": Way.BY_HAND})
        return plan.model_copy(update={"bump": bump})

    async def bumped(self, offered: Operation) -> Plan:
        """Raises the version as the card said, and plans anew. A version that is high enough by now is left alone.

        Raises BadInput for a card that offered no such thing, SourceError when the source does not take it, and what
        planning raises: then the version is raised, and another tap only plans.
        """
        bump, project = offered.plan.bump, self._project(offered)
        if bump is None or not bump.way.by_tap:
            raise BadInput("tap-unknown")
        log.info("bump", operation=offered.id, project=project.name, version=bump.version, to=bump.to)
        if isinstance(project.source, TreeSource) and bump.way is Way.FILE:
            await asyncio.to_thread(_edit, project.source.path, bump)
        elif isinstance(project.source, GitSource) and bump.way is Way.PUSH and project.source.bump == "push":
            await self._push(project, project.source, bump)
        else:
            raise BadInput("error-bump-settings", project=project.name)
        kept = offered.plan.pack is not None and bool(offered.plan.pack.kept)
        return await (self.keeping(offered) if kept else self.deploy(project, offered.ref))

    async def _in_repository(
        self, project: Project, source: GitSource, ref: str | None, wanted: Bump
    ) -> Bump | None:
        mirror, branch = mirror_of(project, self._mirrors), ref or source.branch
        async with git.alone_in(mirror):
            head = await repository.head_of(mirror, branch)
            entry = await repository.read(mirror, head) if head else None
        if head is None:
            return wanted.model_copy(update={"way": Way.NO_BRANCH, "branch": branch})
        found = _found(wanted, entry[1] if entry else None)
        way = Way.PUSH if source.bump == "push" else Way.BY_HAND
        return found.model_copy(update={"way": way, "branch": branch}) if found else None

    async def _push(self, project: Project, source: GitSource, bump: Bump) -> None:
        mirror = mirror_of(project, self._mirrors)
        async with git.alone_in(mirror):
            await git.update_mirror(mirror, source.git)
            head = await repository.head_of(mirror, bump.branch)
            if head is None:
                raise BadInput("error-no-ref", ref=bump.branch[:60])
            entry = await repository.read(mirror, head)
            if _high_enough(bump, entry[1] if entry else None):
                return
            commit = await repository.commit_on(mirror, head, bump.version, bump.to, source.bump_author)
            said = await repository.push(mirror, source.git, commit, bump.branch)
        if said is not None:
            raise SourceError("error-bump-refused", said=said, commands=by_hand(bump), detail=said)


def by_hand(bump: Bump) -> str:
    """The commands that raise the version in a checkout of the repository.

    Nothing is pulled after a switch that failed, nothing pushed after a commit that failed.
    """
    branch = shlex.quote(bump.branch)
    return "\n".join(
        (
            f"git switch {branch} && git pull --ff-only",
            f'# {APP_JSON}, line {bump.line}: "version": "{bump.to}"',
            f"git commit -m {shlex.quote(repository.message(bump.to))} {APP_JSON} && git push origin {branch}",
        )
    )


def _wanted(plan: Plan) -> Bump | None:
    """What would have to be written; None when something else blocks too, or no program can say."""
    blockers = [one for one in plan.findings if one.severity is Severity.BLOCKER]
    changes = plan.changes
    if [one.code for one in blockers] != ["version-not-bumped"] or changes is None:
        return None
    if plan.pack and APP_JSON in plan.pack.kept:  # the version is the one on the server, not the source's
        return None
    version, deployed = changes.frontend_to or "", changes.frontend_from or ""
    to = app_json.next_after(version, deployed)
    return Bump(deployed=deployed, version=version, to=to) if to else None


async def _in_folder(root: Path, wanted: Bump) -> Bump | None:
    found = _found(wanted, await asyncio.to_thread(folder.read, root))
    if found is None:
        return None
    way = Way.FILE if folder.writable(root) else Way.BY_HAND
    return found.model_copy(update={"way": way, "checkout": (root / ".git").exists()})


def _found(wanted: Bump, content: bytes | None) -> Bump | None:
    """With the line on which it stands; None where the source has another version than the plan."""
    spot = app_json.spot(content) if content is not None else None
    if spot is None or spot.version != wanted.version:
        return None
    return wanted.model_copy(update={"line": spot.line})


def _high_enough(bump: Bump, content: bytes | None) -> bool:
    spot = app_json.spot(content) if content is not None else None
    return spot is not None and is_higher(spot.version, bump.deployed)


def _edit(root: Path, bump: Bump) -> None:
    if not _high_enough(bump, folder.read(root)):
        folder.edit(root, bump.version, bump.to)
