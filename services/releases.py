"""Releases on the host: which are there, what holds their images, and which may go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import structlog
from pydantic import ValidationError

from services.commands import docker, state_files
from services.errors import Fenced, HostError, StepFailed, Unreachable
from services.facts.models import Release
from services.models import Plan
from services.projects import Project
from services.remote.host import RemoteHost
from services.runs import Run
from services.steps import SHORT, containers

log = structlog.get_logger(__name__)

REMOVING = 300
"""Seconds for an image to leave a slow disk."""
RECORD = "\x1e"


# --- what a plan brings --------------------------------------------------------------------------


def coming(plan: Plan) -> str:
    """The id of the release that runs when all goes well. Raises StepFailed for plans that bring none."""
    if plan.returning:
        return plan.returning.release.id
    if plan.pack is None:
        raise StepFailed("error-internal", detail="a plan that brings no release")
    return plan.pack.release_id


def services_of(plan: Plan) -> tuple[str, ...]:
    """The services of the release that comes; nothing where the plan brings none."""
    if plan.returning:
        return services_in(plan.returning.release)
    return plan.pack.compose_services if plan.pack else ()


def services_in(release: Release) -> tuple[str, ...]:
    """Records of older versions name no services: then those that ran."""
    return release.services or tuple(sorted(release.images))


# --- what is there -------------------------------------------------------------------------------


async def recorded(remote: RemoteHost, project: Project) -> list[Release]:
    """Every release that was once healthy here and whose files are kept, the one that served last first."""
    output = await remote.verb("releases", project.state_dir)
    found = [_parsed(part) for part in output.decode("utf-8", "replace").split(RECORD)[1:]]
    return sorted((one for one in found if one), key=_when, reverse=True)


def _parsed(part: str) -> Release | None:
    """None for a record that is damaged, or lies in another release's folder: nobody knows what it is."""
    name, _, body = part.partition("\n")
    try:
        release = Release.model_validate_json(body)
    except ValidationError as error:
        log.warning("a release record is damaged", release=name, errors=error.error_count())
        return None
    return release if release.id == name else None


def _when(release: Release) -> tuple[float, str]:
    at = release.since or release.at
    return (at.timestamp() if at else 0.0), release.id


# --- what may go ---------------------------------------------------------------------------------


def superfluous(
    trees: Collection[str],
    known: Sequence[Release],
    keep: int,
    never: Collection[str],
    running: Collection[str] = (),
) -> list[str]:
    """Pure: the trees beyond the newest `keep` recorded releases; trees without a record never served.

    Never those of `never`, and never a release whose image runs (`running`: image ids) where no kept one has it too.
    """
    here = [one for one in known if one.id in trees]
    stays = {one.id for one in here[:keep]} | set(never)
    held = {image for one in here if one.id in stays for image in one.images.values()}
    still = {one.id for one in here if {*one.images.values()} & (set(running) - held)}
    return sorted(set(trees) - stays - still)


def superfluous_tags(tags: Sequence[str], keep: Collection[str]) -> list[str]:
    """Pure: keep-tags of all releases and operations but those of `keep`."""
    of = {tag: tag.split(".")[1] for tag in tags if tag.count(".") > 1}
    return sorted(tag for tag, owner in of.items() if owner not in keep)


async def keep_house(run: Run, current: Release) -> dict[str, Any]:
    """Old releases go, trees and images; those of the kept ones get a second name, so that no pruning takes them.

    The result says what was freed: `removed` (releases), `bytes` (of files that no other release shares), `images`. What cannot be tidied up
    is no reason to take a healthy release back. Raises Unreachable and Fenced.
    """
    try:
        return await _tidy_up(run, current)
    except (Unreachable, Fenced):
        raise
    except HostError as error:
        log.warning("old releases were not cleared away", operation=run.operation.id, error=str(error))
        return {}


async def _tidy_up(run: Run, current: Release) -> dict[str, Any]:
    project, remote = run.project, run.remote
    known = await recorded(remote, project)
    never = {current.id, *([run.plan.current.id] if run.plan.current else [])}
    running = {one.image_id for one in await containers(run)}
    gone, freed = await _prune(remote, project, known, never, running)
    kept = [one for one in known if one.id not in gone]
    stack = run.plan.compose_project
    tags = await _tags(remote, stack)
    await _hold(remote, stack, kept, tags)
    images = await _untag(
        remote, superfluous_tags(tags, {*(one.id for one in kept), *never, run.operation.id})
    )
    return {"removed": len(gone), "bytes": freed, "images": images}


async def _prune(
    remote: RemoteHost,
    project: Project,
    known: Sequence[Release],
    never: Collection[str],
    running: Collection[str],
) -> tuple[list[str], int]:
    """Which went, and how many bytes that freed."""
    listed = await remote.run(state_files.releases(project.state_dir))
    trees = [line for line in listed.stdout.decode("utf-8", "replace").split("\n") if line]
    gone = superfluous(trees, known, project.keep_releases, never, running)
    freed = 0
    for release in gone:
        freed += int(await remote.verb("remove-tree", project.state_dir, f"releases/{release}"))
    return gone, freed


async def _tags(remote: RemoteHost, stack: str) -> list[str]:
    """Those of this stack: projects of one name may share an engine. Nothing where they cannot be listed: that is no reason for a release to fail."""
    listed = await remote.run(docker.keep_tags(stack), check=False)
    ours = f"{docker.KEEP}:{stack}."
    lines = listed.stdout.decode("utf-8", "replace").split() if listed.exit_status == 0 else []
    return [tag for tag in lines if tag.startswith(ours)]


async def _hold(remote: RemoteHost, stack: str, kept: Sequence[Release], tags: Collection[str]) -> None:
    for release in kept:
        for service, image in release.images.items():
            tag = docker.keep_tag(stack, service, release.id)
            if tag not in tags:
                await remote.run(docker.tag(image, tag), timeout=SHORT, check=False)


async def _untag(remote: RemoteHost, tags: Sequence[str]) -> int:
    """How many images went. One that has other names, or is in use, stays."""
    gone = 0
    for tag in tags:
        done = await remote.run(docker.image_remove(tag), timeout=REMOVING, check=False)
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        gone += any(line.startswith("Deleted:") for line in lines)
    return gone
