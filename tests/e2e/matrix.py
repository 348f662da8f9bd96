"""`kill -9` of the bot and a cut SSH line, at each step of an operation and of its way back: made from the step lists."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

import pytest

from tests.e2e.world import DEADLINE, World

Case = tuple[str, str, str, str]
"""What happens (kill, cut), in which phase (forward, rollback), at which step, at which moment of it."""


def cases(trouble: str, phase: str, steps: Sequence[str], jobs: AbstractSet[str]) -> Iterator[Case]:
    """Killed: each step's work is done and not journaled; of a job also its middle, on the way back only that.

    (Begun and not worked on is the state that `done` of the step before leaves, but for the very first.) Cut: before a
    step's first word, or in the middle of its job.
    """
    for number, step in enumerate(steps):
        if trouble == "cut":
            yield trouble, phase, step, "working" if step in jobs else "begun"
        elif phase == "rollback":
            yield trouble, phase, step, "working" if step in jobs else "done"
        else:
            if number == 0:
                yield trouble, phase, step, "begun"
            if step in jobs:
                yield trouble, phase, step, "working"
            yield trouble, phase, step, "done"


def each(found: Sequence[tuple[str, ...]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", found, ids=["-".join(case) for case in found])


async def arm(here: World, case: Case) -> None:
    """The trouble is to come in the operation that is proposed next."""
    trouble, *moment = case
    held = here.folder / "held"
    for file in (held, held.with_suffix(".go")):
        file.unlink(missing_ok=True)
    await here.arm(":".join(moment), hold=held if trouble == "cut" else None)


async def strike(here: World, trouble: str, *, refuse_for: float = 0) -> None:
    """Waits for the moment. A killed bot is started again, a cut one finds its way by itself.

    `refuse_for`: seconds for which a line that was cut cannot be made anew.
    """
    if trouble == "kill":
        assert await here.wait_for_bot() == -signal.SIGKILL
        await here.revive()
        return
    held = here.folder / "held"
    async with asyncio.timeout(DEADLINE):
        while not held.exists():
            await asyncio.sleep(0.02)
    assert here.sshd.cut(refuse_for=refuse_for) > 0
    held.with_suffix(".go").touch()


async def verdicts(here: World, since: int) -> tuple[int, int]:
    """How many verdicts of the newest operation Anna and Boris have got, when there is nothing left to send."""
    return len(await here.told(since)), len(await here.told(since, here.boris))
