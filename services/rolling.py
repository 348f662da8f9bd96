"""`up` by strategy: what changed is recreated; what is rolled gets a second instance that is proven before the first ends.

Every command is a job whose name says what it is for, and the whole can be walked again from the start: which
containers are the old ones was written into the plan, and images and configuration no longer change at this point.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from services import health, stacks, strategies
from services.backups import SHORT, containers
from services.commands import compose, docker
from services.commands.command import Command
from services.errors import CommandFailed, Fenced
from services.facts.models import Container
from services.remote.jobs import JobSpec
from services.runs import Run
from services.strategies import Choice

NOT_DRAINED = 60
"""Seconds beside the drain time for the Engine to end a container."""


async def up(run: Run) -> dict[str, Any]:
    """What changed, in the order of what depends on what. Without strategies in the plan: everything, as ever."""
    choices = run.plan.strategies
    if not choices:
        return await stacks.up(run)
    changed = strategies.changed(choices, await _images(run, choices), await _configs(run))
    rolled = [one for one in choices if one.rolling and one.service in changed]
    if not rolled and len(changed) == len(choices):
        return await stacks.up(run)
    left = [one for one in choices if one.service in changed and not one.rolling]
    for number, one in enumerate(rolled):
        first = _under(one, left, choices)
        await _recreate(run, first, f"recreate-{number}")
        left = [other for other in left if other not in first]
        await _roll(run, one)
    await _recreate(run, left, f"recreate-{len(rolled)}")
    await stacks.up_job(run, compose.up_changed(stacks.context(run, run.project.path)), "rest")
    return {"recreated": sorted(changed - {one.service for one in rolled}), "rolled": _names(rolled)}


def _names(choices: Iterable[Choice]) -> list[str]:
    return [one.service for one in choices]


def _under(one: Choice, among: Sequence[Choice], choices: Sequence[Choice]) -> list[Choice]:
    """What it depends on, directly or not, of those `among`."""
    needs = {each.service: each.needs for each in choices}
    found, waiting = set[str](), list(one.needs)
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += needs.get(name, ())
    return [each for each in among if each.service in found]


async def _recreate(run: Run, choices: Sequence[Choice], job: str) -> None:
    if choices:
        command = compose.up(stacks.context(run, run.project.path), _names(choices))
        await stacks.up_job(run, command, job)


# --- what is there now ---------------------------------------------------------------------------


async def _images(run: Run, choices: Iterable[Choice]) -> dict[str, str]:
    """By name, the id of the image that has it now. A name that is none stands for nothing: it counts as changed."""
    found = {}
    for name in sorted({one.image_name for one in choices if one.image_name}):
        try:
            command = docker.inspect_image(name)
        except ValueError:  # by its id: Compose calls an image so that lost its name
            continue
        done = await run.remote.run(command, timeout=SHORT, check=False)
        if done.exit_status == 0:
            found[name] = str(json.loads(done.stdout)[0]["Id"])
    return found


async def _configs(run: Run) -> dict[str, str]:
    """By service, what Compose makes of its configuration now. Nothing where this Compose cannot tell."""
    asked = compose.config_hashes(stacks.context(run, run.project.path))
    done = await run.remote.run(asked, timeout=SHORT, check=False)
    lines = done.stdout.decode("utf-8", "replace").splitlines() if done.exit_status == 0 else []
    return {name: value for name, _, value in (line.partition(" ") for line in lines) if value}


async def _present(run: Run) -> Mapping[str, list[Container]]:
    found = defaultdict[str, list[Container]](list)
    for one in await containers(run):
        found[one.service].append(one)
    return found


# --- one service ---------------------------------------------------------------------------------


async def _roll(run: Run, choice: Choice) -> None:
    """A second instance from the new image; proven; then the first is told to end, and goes. Volumes stay (R-DB-1)."""
    service, context = choice.service, stacks.context(run, run.project.path)
    beside = compose.scale(context, service, 2)
    if not await _was_begun(run, f"beside-{service}"):
        found = (await _present(run))[service]
        if not any(one.id in choice.old and one.state == "running" for one in found):
            await _recreate(
                run, [choice], f"recreate-{service}"
            )  # nothing serves any more: nothing to wait for
            return
    await stacks.up_job(run, beside, f"beside-{service}")
    new = health.Beside(choice.old, run.project.rolling_grace)
    await health.gate(run, (service,), beside=new)
    for one in (await _present(run))[service]:
        if one.id in choice.old:
            await _end(run, one, "drain", run.project.rolling_drain)
    settled = compose.scale(context, service, 1, wait=int(run.project.health_timeout) or 1)
    await stacks.up_job(run, settled, f"settle-{service}")


async def _was_begun(run: Run, job: str) -> bool:
    try:
        status, _ = await run.remote.jobs.poll(run.project.state_dir, run.job_id(job), 0)
    except Fenced:  # it waited for its turn and never ran
        return False
    return status.state != "missing"


async def _end(run: Run, one: Container, why: str, within: int | None = None) -> None:
    """Stops a container and removes it, both by its id."""
    if one.state not in {"created", "exited", "dead"}:
        spec = _job(run, docker.stop_container(one.id, within), f"{why}-{one.id[:12]}")
        limit = run.project.up_timeout if within is None else within + NOT_DRAINED
        await run.job(spec, limit, log_name=f"{why}-{one.service}")
    await run.hold()
    try:
        await run.remote.run(docker.remove_container(one.id), timeout=SHORT)
    except CommandFailed:
        if any(other.id == one.id for other in await containers(run)):  # else it went meanwhile
            raise


def _job(run: Run, command: Command, name: str) -> JobSpec:
    return JobSpec(
        id=run.job_id(name),
        command=command,
        state_dir=run.project.state_dir,
        epoch=run.operation.epoch,
    )


# --- back ----------------------------------------------------------------------------------------


async def up_previous(run: Run) -> dict[str, Any]:
    """The containers from before. Those that never went stay: an old instance beside which a new one failed serves on."""
    choices = run.plan.strategies
    before = run.plan.current.services if run.plan.current else ()
    if run.phase == "forward" or not choices or not before:
        return await stacks.up_previous(run)
    await stacks.remove_added(run)
    await _remove_beside(run, choices)
    kept = strategies.kept(choices, await _present(run))
    forced = [name for name in before if name not in kept]
    if not kept or len(forced) == len(before):
        return await stacks.up(run)
    context = stacks.context(run, run.project.path)
    if forced:
        await stacks.up_job(run, compose.up(context, forced), _named_after("recreate", forced))
    await stacks.up_job(run, compose.up_changed(context), "rest")
    return {"kept": sorted(kept)}


def _named_after(what: str, services: Collection[str]) -> str:
    """Asked again, it may be for others: then it is another job."""
    return f"{what}-{strategies.short_hash(services)}"


async def _remove_beside(run: Run, choices: Iterable[Choice]) -> None:
    """Where the old instance still serves, the new one goes, however far it came."""
    present = await _present(run)
    for choice in choices:
        found = present.get(choice.service, [])
        if choice.rolling and any(one.id in choice.old and one.state == "running" for one in found):
            for one in found:
                if one.id not in choice.old:
                    await _end(run, one, "stop")
