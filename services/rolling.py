"""`up` by strategy: what changed is recreated; what is rolled gets a second instance that is proven before the first ends.

Every command is a job whose name says what it is for, and the whole can be walked again from the start: which
containers are the old ones was written into the plan, and images and configuration no longer change at this point.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import structlog

from services import health, stacks, strategies
from services.commands import compose, docker
from services.commands.command import Command
from services.errors import CommandFailed, Fenced, StepFailed
from services.facts.models import Container
from services.facts.read import together
from services.remote.jobs import JobSpec
from services.runs import Run
from services.steps import SHORT, containers
from services.strategies import Choice

log = structlog.get_logger(__name__)

MOST_UPS, UP_AGAIN = 4, 5.0
"""So often, and after so many seconds, what is missing is brought up again on the way back."""
NOT_DRAINED = 60
"""Seconds beside the drain time for the Engine to end a container."""


async def up(run: Run) -> dict[str, Any]:
    """What changed, in the order of what depends on what. Without strategies in the plan: everything, as ever."""
    choices = run.plan.strategies
    if not choices:
        return await stacks.up(run)
    changed = await _changed(run, choices)
    if changed is None:
        return await stacks.up(run)
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
    rest = bool(rolled) or not await _all_run(run, choices)
    if rest:
        await stacks.up_job(run, compose.up_changed(stacks.context(run, run.project.path)), "rest")
    recreated = sorted(changed - {one.service for one in rolled})
    return {"recreated": recreated, "rolled": _names(rolled), "rest": rest}


def left_alone(run: Run) -> bool:
    """Whether `up` found every container as it should be, and touched none."""
    done = run.results.get("up", {})
    return done.get("recreated") == done.get("rolled") == [] and done.get("rest") is False


async def _all_run(run: Run, choices: Iterable[Choice]) -> bool:
    """Whoever was not recreated has the image and the configuration that it should: only its running is left to see."""
    present = await _present(run)
    if not run.results.get(run.step_name, {}).get("changed"):  # nothing was touched, so nothing may be new
        return all(strategies.is_there(one, present) for one in choices)
    return all(
        found and all(each.state == "running" for each in found)
        for found in (present.get(one.service) for one in choices)
    )


async def _changed(run: Run, choices: Sequence[Choice]) -> frozenset[str] | None:
    """Who cannot stay; None: everything, by one command. Decided once: what was begun with it goes on with it."""
    if "changed" not in (noted := run.results.get(run.step_name, {})):
        noted = {"changed": await _weighed(run, choices)}
        await run.note(noted)
    found = noted["changed"]
    return None if found is None else frozenset(found)


async def _weighed(run: Run, choices: Sequence[Choice]) -> list[str] | None:
    """What Compose would start and the plan does not know (a profile of the env file, say) is left to Compose."""
    configs = await _configs(run)
    if (set(configs) or await _services(run)) != set(_names(choices)):
        return None
    images = await _images(run, choices)
    return sorted(strategies.changed(choices, images, configs, await _present(run)))


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


async def _services(run: Run) -> set[str]:
    asked = compose.config_services(stacks.context(run, run.project.path))
    done = await run.remote.run(asked, timeout=SHORT, check=False)
    return set(done.stdout.decode("utf-8", "replace").split()) if done.exit_status == 0 else set()


async def _images(run: Run, choices: Iterable[Choice]) -> dict[str, str]:
    """By name, the id of the image that has it now. A name that is none stands for nothing: it counts as changed."""
    names = sorted({one.image_name for one in choices if one.image_name})
    async with together() as group:
        asked = {name: group.create_task(_image_id(run, name)) for name in names}
    return {name: found for name, task in asked.items() if (found := task.result())}


async def _image_id(run: Run, name: str) -> str | None:
    try:
        command = docker.inspect_image(name)
    except ValueError:  # by its id: Compose calls an image so that lost its name
        return None
    done = await run.remote.run(command, timeout=SHORT, check=False)
    return str(json.loads(done.stdout)[0]["Id"]) if done.exit_status == 0 else None


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
    if not await _was_begun(run, run.job_id(f"beside-{service}")):
        found = (await _present(run))[service]
        if not any(one.id in choice.old and one.state == "running" for one in found):
            await _recreate(run, [choice], f"recreate-{service}")  # nothing serves any more
            return
    await stacks.up_job(run, beside, f"beside-{service}")
    new = health.Beside(choice.old, run.project.rolling_grace)
    await health.gate(run, (service,), beside=new)
    for one in (await _present(run))[service]:
        if one.id in choice.old:
            await _end(run, one, "drain", run.project.rolling_drain)


async def _was_begun(run: Run, job: str) -> bool:
    try:
        status, _ = await run.remote.jobs.poll(run.project.state_dir, job, 0)
    except Fenced:  # it waited for its turn and never ran
        return False
    return status.state != "missing"


async def _end(run: Run, one: Container, why: str, within: int | None = None) -> None:
    """Stops a container and removes it, both by its id. A host that went down meanwhile may have started it again."""
    limit = run.project.up_timeout if within is None else within + NOT_DRAINED
    for name in (why, f"{why}-again"):
        if one.state in {"created", "exited", "dead"}:
            break
        spec = _job(run, docker.stop_container(one.id, within), f"{name}-{one.id[:12]}")
        await run.job(spec, limit, log_name=f"{name}-{one.service}")
        now = [other for other in await containers(run) if other.id == one.id]
        if not now:
            return
        one = now[0]
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
    ending = await _ending(run, choices)
    await _remove_beside(run, choices, ending)
    present = await _present(run)
    surely = {name: [one for one in found if one.id not in ending] for name, found in present.items()}
    kept = strategies.kept(choices, surely).intersection(before)
    if not kept:
        return await stacks.up(run)
    if not await _was_begun(run, run.job_id("rest")):  # else what is there now came from it
        order = [*_names(choices), *(name for name in before if name not in _names(choices))]
        await _make_way(run, {name: present.get(name, []) for name in order if name in {*before} - kept})
    await _bring_missing(run)
    return {"kept": sorted(kept)}


async def _bring_missing(run: Run) -> None:
    """Who stayed may be unhealthy for a moment, while its database came anew, and Compose gives up on who waits for it."""
    wanted = compose.up_missing(stacks.context(run, run.project.path))
    for again in range(1, MOST_UPS):
        try:
            return await stacks.up_job(run, wanted, "rest" if again == 1 else f"rest-{again}")
        except StepFailed as error:
            log.info("what is missing did not come up yet", operation=run.operation.id, error=str(error))
        await run.sleep(UP_AGAIN)
    return await stacks.up_job(run, wanted, f"rest-{MOST_UPS}")


async def _ending(run: Run, choices: Iterable[Choice]) -> frozenset[str]:
    """Old instances that were told to end (ids): they may run for a while yet, and serve no more."""
    old = [each for one in choices if one.rolling for each in one.old]
    return frozenset([one for one in old if await _was_begun(run, run.forward_job(f"up-drain-{one[:12]}"))])


async def _make_way(run: Run, forced: Mapping[str, list[Container]]) -> None:
    """For the old release's containers, in such a way that nobody else is touched.

    Compose, told to recreate them, would hold what they depend on to the env file as it is now, and recreate that too.
    A volume without a name is handed on by Compose alone: with such a one it is left to it (R-DB-1).
    """
    found = [one for each in forced.values() for one in each]
    if strategies.has_anonymous(found):
        command = compose.up(stacks.context(run, run.project.path), list(forced))
        await stacks.up_job(run, command, f"recreate-{strategies.short_hash(forced)}")
        return
    for one in reversed(found):
        await _end(run, one, "stop")


async def _remove_beside(run: Run, choices: Iterable[Choice], ending: Collection[str]) -> None:
    """Where the old instance still serves, the new one goes, however far it came."""
    present = await _present(run)
    for choice in choices:
        found = present.get(choice.service, [])
        serves = {one.id for one in found if one.state == "running"}.intersection(choice.old)
        if choice.rolling and serves.difference(ending):
            for one in found:
                if one.id not in choice.old:
                    await _end(run, one, "stop")
