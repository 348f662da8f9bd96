"""The health gate: containers and addresses must be well, and stay so, before a release counts."""

from __future__ import annotations

import time
from collections.abc import Collection, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime

from services.commands import docker as docker_commands
from services.errors import CommandFailed, HostError, StepFailed
from services.facts.models import MOST_RESTARTS, Container
from services.phrases import Value
from services.runs import Run, is_docker_away
from services.steps import SHORT, containers

UNHEALTHY_FOR = 10.0
"""Seconds for which a container may call itself unhealthy before it is believed."""
PROBE_SECONDS = 5
LOG_LINES = 40


@dataclass(frozen=True, slots=True)
class Ill:
    """One thing that is not well: what (a catalogue id), with values, and whether waiting can help."""

    code: str
    service: str
    hopeless: bool = False
    args: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Beside:
    """A new instance that is to be proven beside `old` ones (ids): well for so many seconds."""

    old: Collection[str]
    healthy_for: float


def judge(found: Collection[Container], expected: Collection[str]) -> list[Ill]:
    """Pure: what is wrong with the expected services right now. None expected: with all that is there.

    Others (of a profile, orphans, what a person stopped) neither make a release ill nor keep it from counting.
    """
    ills = [ill for container in _of(found, expected) if (ill := _judge_one(container))]
    present = {container.service for container in found}
    return ills + [Ill("health-missing", service) for service in expected if service not in present]


def judge_beside(found: Collection[Container], expected: Collection[str]) -> list[Ill]:
    """Pure: what is wrong with new instances. Each must say itself that it is healthy: the old ones end for it."""
    unproven = (ill for container in _of(found, expected) if (ill := _unproven(container)))
    return judge(found, expected) or list(unproven)


def _unproven(container: Container) -> Ill | None:
    if container.state != "running":  # it ended well, and so stays ended
        args: dict[str, Value] = {"status": container.exit_code}
        return Ill("health-exited", container.service, hopeless=True, args=args)
    return None if container.health == "healthy" else Ill("health-unchecked", container.service)


def _of(found: Collection[Container], expected: Collection[str]) -> list[Container]:
    return [container for container in found if not expected or container.service in expected]


def _judge_one(container: Container) -> Ill | None:
    name = container.service
    if _finished(container):
        return None
    if container.restarts >= MOST_RESTARTS:
        return Ill("health-restarting", name, hopeless=True, args={"count": container.restarts})
    if container.state in {"exited", "dead"}:
        return _ended(container)
    if container.state != "running":
        return Ill("health-not-running", name, args={"state": container.state})
    if container.health in {"unhealthy", "starting"}:
        return Ill(f"health-{container.health}", name)
    return None


def _finished(container: Container) -> bool:
    """A job that ran to its end, maybe after some tries."""
    ends = container.restart_policy in {"no", "", "on-failure"}
    return container.state == "exited" and container.exit_code == 0 and ends


def _ended(container: Container) -> Ill:
    never_again = container.restart_policy in {"no", ""}
    args: dict[str, Value] = {"status": container.exit_code}
    return Ill("health-exited", container.service, hopeless=never_again, args=args)


Lives = dict[str, tuple[int, datetime | None]]


def lives(found: Collection[Container], expected: Collection[str]) -> Lives:
    """By container: what changes when it dies and comes back, however well it looks in between."""
    return {one.id: (one.restarts, one.started_at) for one in _of(found, expected)}


def _restarted(found: Collection[Container], expected: Collection[str], before: Lives) -> Ill | None:
    """Who came back, or came anew, between two looks."""
    for one in _of(found, expected):
        if before.get(one.id) != (one.restarts, one.started_at):
            return Ill("health-restarting", one.service, args={"count": max(1, one.restarts)})
    return None


Past = MutableMapping[str, int | None]
"""Containers that were there before, by id: how often they had restarted at the first look."""


def _since(one: Container, past: Past) -> Container:
    """With the restarts that came since the first look: Docker counts on until a container is recreated."""
    if one.id not in past:
        return one
    before = past[one.id]
    if before is None:
        before = past[one.id] = one.restarts
    return one.model_copy(update={"restarts": max(0, one.restarts - before)})


async def gate(
    run: Run,
    expected: Collection[str],
    within: float | None = None,
    *,
    beside: Beside | None = None,
    steady_for: float | None = None,
) -> None:
    """Waits until all is well, and nothing restarts, for `healthy_for` seconds. Raises StepFailed with the failing service's last lines.

    `within`: seconds, where less than the project's own time is given. `beside`: judges only containers other than these.
    `steady_for`: seconds, in the place of `healthy_for`.
    """
    if steady_for is None:
        steady_for = beside.healthy_for if beside else run.project.healthy_for
    deadline = time.monotonic() + min(within or run.project.health_timeout, run.project.health_timeout)
    well_since: float | None = None
    ill_since: dict[str, float] = {}
    before: Lives | None = None
    past: Past = {old: None for choice in run.plan.strategies for old in choice.old}
    while True:
        found, ills = await _look(run, expected, beside, past)
        run.lost_since = None
        now = time.monotonic()
        if before is not None and not ills and (back := _restarted(found, expected, before)):
            well_since = None
            if now > deadline:
                raise await _unhealthy(run, back, found)
        if found:
            before = lives(found, expected)
        if not ills:
            well_since = well_since or now
            if now - well_since >= steady_for:
                return
        else:
            well_since = None
            if lost := _hopeless(ills, ill_since, now) or (ills[0] if now > deadline else None):
                raise await _unhealthy(run, lost, found)
        run.progress(unit="health")
        await run.sleep(0.5)


async def _look(
    run: Run, expected: Collection[str], beside: Beside | None, past: Past
) -> tuple[tuple[Container, ...], list[Ill]]:
    """The stack now. A Docker that does not answer for a moment (it restarts, say) is one more thing to wait for."""
    try:
        found = tuple(_since(one, past) for one in await containers(run))
    except HostError as error:
        if run.phase == "rollback" and is_docker_away(
            error
        ):  # the runner waits for it, for longer than we would
            raise
        if not isinstance(error, CommandFailed) and error.phrase.id != "error-docker":
            raise
        return (), [Ill("health-unknown", "docker")]
    if beside:  # an address is answered by the old instances too: it says nothing about the new one
        found = tuple(one for one in found if one.id not in beside.old)
        return found, judge_beside(found, expected)
    return found, judge(found, expected) or await _probes(run)


def _hopeless(ills: list[Ill], since: dict[str, float], now: float) -> Ill | None:
    """The first thing that waiting will not mend. `since` remembers who has been unhealthy from when."""
    unhealthy = {ill.service for ill in ills if ill.code in {"health-unhealthy", "health-unchecked"}}
    for service in list(since):
        if service not in unhealthy:
            del since[service]
    for service in unhealthy:
        since.setdefault(service, now)
    for ill in ills:
        if ill.hopeless or now - since.get(ill.service, now) >= UNHEALTHY_FOR:
            return ill
    return None


async def _probes(run: Run) -> list[Ill]:
    for probe in run.project.health:
        answer = await run.remote.verb("probe", probe.url, PROBE_SECONDS, timeout=PROBE_SECONDS * 3)
        status = answer.decode("ascii", "replace").strip()[-3:]
        if not status.startswith(("2", "3")):
            return [Ill("health-probe", probe.url, args={"url": probe.url, "status": status})]
    return []


async def _unhealthy(run: Run, ill: Ill, found: Collection[Container]) -> StepFailed:
    tail = await service_log(run, ill.service, found)
    return StepFailed(ill.code, detail=tail, service=ill.service, **ill.args)


async def service_log(run: Run, service: str, found: Collection[Container]) -> str:
    """The last lines of a service; of all services that are not well known when it is an address that failed."""
    chosen = [c for c in found if c.service == service] or list(found)
    parts = []
    for container in chosen[:3]:
        try:
            done = await run.remote.run(
                docker_commands.logs(container.id, LOG_LINES), timeout=SHORT, limit=65_536, check=False
            )
        except (HostError, CommandFailed):
            continue
        text = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
        if text:
            parts.append(text if len(chosen) == 1 else f"[{container.service}]\n{text}")
    return "\n".join(parts)
