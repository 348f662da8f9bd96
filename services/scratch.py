"""The scratch container of a drill: begun, waited for, found again after any crash, ended.

It is looked up by name and label each time, never remembered: whatever became of the bot meanwhile, the host knows.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import PurePosixPath

from services.commands import docker, scratch, words
from services.commands.scratch import Found
from services.errors import Fenced, HostError, StepFailed
from services.facts.host import parse_host
from services.models import Operation, Plan, short_id
from services.projects import Database
from services.remote.host import RemoteHost
from services.remote.jobs import JobSpec
from services.runs import Run
from services.steps import SHORT

STARTING = 300.0
"""Seconds for Docker to begin it."""
READY_WITHIN = 180.0
"""Seconds for a new cluster to be made and to answer."""
GONE_WITHIN = 60.0
"""Seconds for Docker to remove it, and for a start that was under way to come to its end."""
LOOK_EVERY = 0.25
REMOVED_AFTER = 12
"""Looks within which Docker removes by itself what ended."""
JOB = "create-scratch"


def in_container(plan: Plan) -> bool:
    """Whether this is a drill that loads into a container of its own, not into the live cluster."""
    return bool(plan.restoring and plan.restoring.scratch_image)


def container_name(operation: Operation) -> str:
    return scratch.name_of(short_id(operation.id))


async def found(run: Run) -> tuple[Found, ...]:
    """The scratch containers of this project, of whichever drill."""
    state_dir = run.project.state_dir
    done = await run.remote.run(scratch.listed(state_dir), timeout=SHORT)
    return scratch.parse(done.stdout, state_dir)


async def scratch_container(run: Run) -> str:
    """The id of this drill's own. Raises StepFailed when it is gone."""
    name = container_name(run.operation)
    for one in await found(run):
        if one.name == name:
            return one.id
    raise StepFailed("error-scratch-gone", name=name)


async def start(run: Run, database: Database, roles: list[str]) -> None:
    """Begins it, or finds it after a crash, and waits for its server. `database`: the live one as the stack's role sees it.

    `roles`: names that a dump may mention.
    """
    image = run.plan.restoring.scratch_image if run.plan.restoring else ""
    spec = JobSpec(
        id=run.job_id(),
        command=scratch.start(image, container_name(run.operation), run.project.state_dir, database),
        state_dir=run.project.state_dir,
        epoch=run.operation.epoch,
    )
    await run.job(spec, STARTING)
    container = await scratch_container(run)
    await _until_ready(run, container, database)
    make = scratch.make_roles(container, database.model_copy(update={"name": "postgres"}), roles)
    await run.remote.run(make, timeout=SHORT)


async def _until_ready(run: Run, container: str, database: Database) -> None:
    """Raises StepFailed when it ended, or does not answer in time; with the last lines that it wrote, where Docker has them."""
    waited, said = 0.0, ""
    while waited < READY_WITHIN:
        ready = await run.remote.run(scratch.is_ready(container, database), timeout=SHORT, check=False)
        if ready.exit_status == 0:
            return
        log = await run.remote.run(docker.logs(container, 20), timeout=SHORT, check=False)
        if log.exit_status != 0:  # it is gone, and its log with it
            image = run.plan.restoring.scratch_image if run.plan.restoring else ""
            raise StepFailed("error-scratch-ended", detail=said, image=image[:19])
        said = (log.stdout + log.stderr).decode("utf-8", "replace")
        await run.sleep(LOOK_EVERY)
        waited += LOOK_EVERY
    raise StepFailed("error-scratch-not-ready", detail=said, seconds=int(READY_WITHIN))


async def end(run: Run, *, but: str = "") -> None:
    """Ends all of this project's, whoever left them: we hold the lock. `but`: the name of one that stays.

    Raises StepFailed when Docker does not remove them in time.
    """
    there: list[Found] = []
    for look in range(int(GONE_WITHIN / LOOK_EVERY)):
        there = [one for one in await found(run) if one.name != but]
        if not there:
            return
        for one in there:
            await _end(run, one, ended_lately=look < REMOVED_AFTER)
        await asyncio.sleep(LOOK_EVERY)
    raise StepFailed("error-scratch-stays", name=there[0].name)


async def _end(run: Run, one: Found, *, ended_lately: bool) -> None:
    """One that was made but never begun, or that outlived its end, is begun first: Docker removes what ends."""
    if one.state == "created" or (one.state == "exited" and not ended_lately):
        await run.remote.run(scratch.wake(one), timeout=SHORT, check=False)
    elif one.state in {"running", "paused", "restarting"}:
        done = await run.remote.run(scratch.stop(one), timeout=SHORT, check=False)
        if docker.is_away(done.stderr.decode("utf-8", "replace")):
            run.remote.check("docker stop", done)


async def end_after_start(run: Run) -> None:
    """On the way back: a start that is still under way comes to its end first, else it would be missed."""
    job, state_dir = run.forward_job(JOB), run.project.state_dir
    for _ in range(int(GONE_WITHIN / LOOK_EVERY)):
        try:
            status, _ = await run.remote.jobs.poll(state_dir, job, 0)
        except Fenced:  # it waited for its turn and never ran
            break
        if status.state != "running":
            break
        await asyncio.sleep(LOOK_EVERY)
    else:
        await run.remote.jobs.cancel(state_dir, job)
    await end(run)


async def role_names(remote: RemoteHost, container: str, database: Database) -> list[str]:
    """The live cluster's, without PostgreSQL's own."""
    done = await remote.run(scratch.roles(container, database), timeout=SHORT)
    try:
        names = json.loads(done.stdout)
    except ValueError as error:
        raise HostError("error-host-answer", detail=f"roles: {done.stdout[:200]!r}") from error
    return [str(one) for one in names] if isinstance(names, list) else []


async def room(remote: RemoteHost) -> tuple[str, int] | None:
    """Where Docker keeps its data, and the bytes that are free there; None where Docker does not say."""
    asked = await remote.run(scratch.data_root(), timeout=SHORT, check=False)
    try:
        root = words.host_path(PurePosixPath(asked.stdout.decode("utf-8", "replace").strip()))
    except ValueError:
        return None
    return str(root), parse_host(await remote.verb("host", root), time.time()).disk_available
