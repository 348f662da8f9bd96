"""The steps of a rollback that a deploy does not have; all others, and the way back, are a deploy's."""

from __future__ import annotations

from typing import Any

from services import deploys, rolling, stacks
from services.backups.steps import back_up, ending_dumps, start_database
from services.errors import StepFailed
from services.models import Returning
from services.remote.jobs import JobSpec
from services.runs import Procedure, Run, StepDef
from services.steps import UNLOCK, containers
from services.uploads import release_dir

_HASH = 8
"""Hex digits of the manifest's hash at the end of a release id."""


def _returning(run: Run) -> Returning:
    if run.plan.returning is None:
        raise StepFailed("error-internal", detail="a rollback without a release")
    return run.plan.returning


async def verify_release(run: Run) -> dict[str, Any]:
    """Before anything changes: the kept files are what was shipped then, and every image is there."""
    release = _returning(run).release
    folder = release_dir(run, release.id)
    recorded = release.manifest_sha256 or release.id[-_HASH:]
    spec = JobSpec(
        id=run.job_id(),
        command=run.remote.agent_command("intact", folder / "tree", folder / "manifest", recorded),
        state_dir=run.project.state_dir,
        epoch=run.operation.epoch,
    )
    await run.job(spec, deploys.FILES_TIMEOUT)
    present = {str(one["Id"]) for one in await run.remote.images(sorted({*release.images.values()}))}
    if gone := sorted(service for service, image in release.images.items() if image not in present):
        raise StepFailed("error-images-gone", services=", ".join(gone))
    return {"images": len(present)}


async def bring_images(run: Run) -> dict[str, Any]:
    """Compose will find the very images under the names that it looks for (R-RB-2)."""
    about = _returning(run)
    await deploys.give_names(run, about.release.images, about.image_names)
    return {}


async def up_again(run: Run) -> dict[str, Any]:
    """The earlier release's containers, each as its strategy says, and nothing that only the one that goes had."""
    await stacks.remove_added(run)
    return await rolling.up(run)


async def healthy(run: Run) -> dict[str, Any]:
    """Well, and of the very images: a name that somebody moved meanwhile would have brought others."""
    await deploys.healthy(run)
    wanted = _returning(run).release.images
    found = [one for one in await containers(run) if one.service in stacks.expected(run)]
    if others := sorted(
        {one.service for one in found if one.image_id != wanted.get(one.service, one.image_id)}
    ):
        raise StepFailed("error-other-images", services=", ".join(others))
    return {}


def procedure(lock: StepDef) -> Procedure:
    forward = (
        lock,
        StepDef("start-database", start_database),
        StepDef("backup", back_up),
        StepDef("verify-release", verify_release),
        StepDef("config", deploys.check_config),
        StepDef("keep-images", deploys.keep_images),
        StepDef("safety-copy", deploys.safety_copy),
        StepDef("swap", deploys.swap),
        StepDef("bring-images", bring_images),
        StepDef("up", up_again),
        StepDef("health", healthy),
        StepDef("record", deploys.record),
        UNLOCK,
    )
    return ending_dumps(Procedure(forward=lambda _plan: forward, rollback=deploys.way_back))
