"""What the steps of every kind of operation share: the stack's containers, and the lock given back."""

from __future__ import annotations

import asyncio
from typing import Any

from services.errors import HostError, Unreachable
from services.facts.containers import parse_containers
from services.facts.models import Container
from services.runs import Run, Skip, StepDef

SHORT = 60
"""Seconds for commands that only look."""
UNLOCK_DELAYS = (0.2, 0.5, 1, 2, 4, 8)
"""Seconds between tries to give the lock back over a bad line."""


async def containers(run: Run) -> tuple[Container, ...]:
    """The stack's containers as they are now."""
    return tuple(parse_containers(await run.remote.containers(run.plan.compose_project)))


async def release_lock(run: Run) -> dict[str, Any] | Skip:
    """Best effort: a lock that cannot be given back now is free when its lease ends, and for us at once."""
    if run.operation.epoch is None:
        return Skip.SKIPPED
    run.unlocking = True
    for delay in UNLOCK_DELAYS:
        try:
            await run.remote.lock.release(run.project.state_dir, run.operation.epoch)
        except Unreachable:
            await asyncio.sleep(delay)
        except HostError as error:
            return {"left_to_lease": error.phrase.id}
        else:
            return {}
    return {"left_to_lease": Unreachable.code}


UNLOCK = StepDef("unlock", release_lock)
