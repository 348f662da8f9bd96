"""Health after a swap: the services were not started anew, so what Docker says of them may be older than the swap."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from services import health
from services.backups.steps import database_of
from services.commands import docker
from services.errors import HostError, StepFailed, Unreachable
from services.remote.jobs import JobSpec
from services.runs import Run
from services.steps import containers

FRESH_WITHIN = 30.0
"""Seconds for a new, good health check of every service that has one."""
FIRST_LOOK = 20.0
"""Seconds for the services to find their way back to the database by themselves."""
KEPT_JOBS = 200

Check = tuple[str, int]
"""When a health check began, in Docker's own words, and its exit status."""


async def healthy(run: Run) -> dict[str, Any]:
    """The services' sessions were ended: most come back by themselves, the rest is restarted once."""
    expected = tuple(run.plan.old_images)
    restarted: list[str] = []
    try:
        await _fresh_checks(run)
        await health.gate(run, expected, within=FIRST_LOOK)
    except StepFailed as error:
        run.check_cancelled()
        run.logs.note(run.operation.id, run.phase, run.position, "before-restart", str(error))
        restarted = await _restart(run)
        await health.gate(run, expected)
    await run.remote.jobs.prune(run.project.state_dir, KEPT_JOBS)
    return {"restarted": restarted}


def last_checks(inspected: Iterable[Mapping[str, Any]]) -> dict[str, Check]:
    """The newest health check of each container that has one, by the container's id."""
    found = {}
    for one in inspected:
        log = ((one.get("State") or {}).get("Health") or {}).get("Log") or ()
        if log:
            found[str(one["Id"])] = (str(log[-1].get("Start", "")), int(log[-1].get("ExitCode", 0)))
    return found


async def _fresh_checks(run: Run) -> None:
    """Waits for good checks that began after now. Raises StepFailed when the last ones are bad.

    A service that is checked seldom is left to the gate: there is no newer word of it.
    """
    before = await _last_checks(run)
    deadline = time.monotonic() + min(FRESH_WITHIN, run.project.health_timeout)
    while True:
        now = await _last_checks(run)
        missing = [one for one, check in before.items() if now.get(one, check) == check]
        bad = [one for one, check in now.items() if check[1] != 0]
        if not missing and not bad:
            return
        if time.monotonic() > deadline:
            break
        run.progress(unit="health")
        await run.sleep(0.5)
    if bad:
        named = [one.service for one in await containers(run) if one.id in bad]
        raise StepFailed("health-unhealthy", service=", ".join(named))


async def _last_checks(run: Run) -> dict[str, Check]:
    """Nothing while Docker does not answer: the gate knows what to do about that."""
    try:
        return last_checks(await run.remote.containers(run.plan.compose_project))
    except Unreachable:
        raise
    except HostError:
        return {}


async def _restart(run: Run) -> list[str]:
    """Every running service but the database."""
    found = [
        one
        for one in await containers(run)
        if one.state == "running" and one.service != database_of(run).service
    ]
    for one in found:
        spec = JobSpec(
            id=run.job_id(f"restart-{one.service}"),
            command=docker.restart_container(one.id),
            state_dir=run.project.state_dir,
            epoch=run.operation.epoch,
        )
        await run.job(spec, run.project.up_timeout, log_name=f"restart-{one.service}")
    return [one.service for one in found]
