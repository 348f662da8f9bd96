"""The stack's containers: brought up, given their names back, stopped, and cleared of what a failed release added."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

from services import health, releases, strategies
from services.commands import compose, docker
from services.commands.command import Command
from services.commands.compose import ComposeContext
from services.errors import CommandFailed, Fenced, StepFailed
from services.facts.models import Container
from services.remote.jobs import JobSpec
from services.runs import Run, is_docker_away
from services.steps import SHORT, containers

STRAY_NAME = re.compile(r"[0-9a-f]{12}_(?P<name>.+)")
"""What Compose calls a container while it puts another in its place."""
_PROGRESS = re.compile(r"(?:Container|Network|Volume|Image) \S+  ?[A-Z][a-z]+")
"""A line of `compose up --ansi never`: what, which, and how far."""
FORWARD_JOBS = ("build", "safety-copy", "swap", "swap-env", "up")
"""Steps whose job may still run when a deploy turns back: it was given up while the host was away."""
NO_CACHE = "no-cache"
"""The second job of a build: of the services that are built without cache."""


def context(run: Run, root: PurePosixPath) -> ComposeContext:
    """The compose file below `root`; the env file is always the one in the deployment path."""
    env_file = run.project.path / run.project.env_file if run.project.env_file else None
    return ComposeContext(run.plan.compose_project, root / run.project.compose_file, env_file)


def expected(run: Run) -> tuple[str, ...]:
    """Services that must be well: those of the new release; without one, and on the way back, those that ran before."""
    if run.phase == "forward":
        return releases.services_of(run.plan) or run.plan.old_running
    return run.plan.old_running or tuple(run.plan.old_images)


async def up(run: Run) -> dict[str, Any]:
    """RUNBOOK's `up -d --force-recreate`, on images that are built already."""
    await up_job(run, compose.up(context(run, run.project.path)))
    return {}


async def up_job(run: Run, command: Command, name: str = "") -> None:
    """An `up` of any kind. Raises StepFailed with what the failing service said."""
    spec = JobSpec(
        id=run.job_id(name), command=command, state_dir=run.project.state_dir, epoch=run.operation.epoch
    )
    try:
        await run.job(spec, run.project.up_timeout, log_name=name, prepare=mend_names)
    except CommandFailed as error:
        if run.phase == "rollback" and is_docker_away(error):
            raise  # met before the job was begun: the runner waits for it
        raise await _why_not_up(run, error) from error


async def _why_not_up(run: Run, error: CommandFailed) -> StepFailed:
    """Compose says only that a dependency is unhealthy; the service's own last lines say why, and come first (R-RB-3)."""
    found = await containers(run)
    ills = [
        ill
        for ill in health.judge(found, expected(run))
        if ill.code not in {"health-starting", "health-not-running", "health-missing"}
    ]
    if not ills:
        return StepFailed("error-up-failed", detail=error.detail, status=error.exit_status)
    tail = await health.service_log(run, ills[0].service, found)
    return StepFailed(
        ills[0].code,
        detail=f"{tail.strip()}\n{without_progress(error.detail)}".strip(),
        service=ills[0].service,
        **ills[0].args,
    )


def without_progress(output: str) -> str:
    """What Compose said besides counting its containers off: the service's own lines explain, these only crowd them."""
    return "\n".join(
        line for line in output.splitlines() if line.strip() and not _PROGRESS.fullmatch(line.strip())
    )


async def mend_names(run: Run) -> None:
    """An interrupted `up` leaves containers called <hash>_<name>: the name is given back, or the stray one goes.

    Only while no `up` runs: to Compose at work such a name is the new container, whose turn is still to come.
    """
    found = await containers(run)
    by_name = {container.name: container for container in found}
    for container in found:
        stray = STRAY_NAME.fullmatch(container.name)
        if stray is None:
            continue
        name = stray["name"]
        holder = by_name.get(name)
        if holder is None:
            await run.remote.run(docker.rename(container.id, name), timeout=SHORT)
        elif holder.state != "running" and container.state == "running":
            await run.remote.run(docker.remove_container(holder.id), timeout=SHORT)
            await run.remote.run(docker.rename(container.id, name), timeout=SHORT)
        elif container.state != "running":
            await run.remote.run(docker.remove_container(container.id), timeout=SHORT)


# --- back ----------------------------------------------------------------------------------------


async def end_forward(run: Run) -> dict[str, Any]:
    """Ends what the way forward may have left running: a build that goes on would take the image names again."""
    jobs = [step for step in FORWARD_JOBS if step in run.begun]
    if "build" in jobs and run.plan.no_cache:
        jobs.append(f"build-{NO_CACHE}")
    if "up" in jobs:
        jobs += [f"up-{name}" for name in strategies.forward_jobs(run.plan.strategies)]
    for job in jobs:
        with suppress(Fenced):  # it waited for its turn and never ran
            await run.remote.jobs.cancel(run.project.state_dir, run.forward_job(job))
    return {}


async def stop_new(run: Run) -> dict[str, Any]:
    """Nothing ran before a first deploy: its containers are stopped. Volumes stay."""
    await end_forward(run)
    spec = JobSpec(
        id=run.job_id(),
        command=compose.stop(context(run, run.project.path)),
        state_dir=run.project.state_dir,
        epoch=run.operation.epoch,
    )
    await run.job(spec, run.project.up_timeout, prepare=_docker_answers)
    return {}


async def _docker_answers(run: Run) -> None:
    await containers(run)


async def up_previous(run: Run) -> dict[str, Any]:
    """An earlier release's containers again, and nothing beside them that only the one that goes had."""
    await remove_added(run)
    return await up(run)


async def remove_added(run: Run) -> None:
    """Services that only the release that goes has would go on with its code on the same database. Volumes stay."""
    for container in await containers(run):
        if not _added(run, container):
            continue
        if container.state not in {"created", "exited", "dead"}:
            spec = JobSpec(
                id=run.job_id(f"stop-{container.id[:12]}"),
                command=docker.stop_container(container.id),
                state_dir=run.project.state_dir,
                epoch=run.operation.epoch,
            )
            await run.job(spec, run.project.up_timeout, log_name=f"stop-{container.service}")
        await run.remote.run(docker.remove_container(container.id), timeout=SHORT)


def _added(run: Run, container: Container) -> bool:
    """Of the release that goes, and not of the one that comes. What a person started beside them is theirs."""
    brought = releases.services_of(run.plan)
    if run.phase == "forward":
        going = run.plan.current.services if run.plan.current else ()
        return container.service in going and container.service not in brought
    return container.service in brought and container.service not in run.plan.old_images
