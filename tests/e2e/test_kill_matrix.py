"""`kill -9` of the bot at each step of a deploy and of its way back. The matrix is made from the step lists."""

from __future__ import annotations

import asyncio
import itertools
import signal

import pytest

from bot.sandbox.played import SimMessage
from services.deploys import way_back
from services.models import Kind, Plan
from services.plans import DEPLOY_STEPS
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]

JOB_STEPS = frozenset({"backup", "build", "safety-copy", "swap", "up", "restore-files", "up-previous"})
_some_images = Plan(kind=Kind.DEPLOY, project="x", steps=DEPLOY_STEPS, old_images={"backend": "sha256:0"})
ROLLBACK_STEPS = tuple(
    step.name for step in way_back(_some_images, frozenset(DEPLOY_STEPS) - {"record", "unlock"})
)


def moments(step: str) -> tuple[str, ...]:
    """Work done but not journaled, for every step; for jobs also their middle. (Begun and not worked on is the
    state that `done` of the step before leaves, but for the first.)
    """
    if step == DEPLOY_STEPS[0]:
        return ("begun", "done")
    return ("working", "done") if step in JOB_STEPS else ("done",)


def of_this_operation(here: World, verdicts: list[SimMessage]) -> list[SimMessage]:
    """Without those of the case before, whose bot may have been killed before it knew that they had arrived."""
    operation = here.operations()[-1]["id"]
    return [one for one in verdicts if any(operation in str(button) for button in one.buttons)]


FORWARD = [("forward", step, moment) for step in DEPLOY_STEPS for moment in moments(step)]
BACK = [("rollback", step, moments(step)[0]) for step in ROLLBACK_STEPS]
CASES = FORWARD + BACK
_numbers = itertools.count()


@pytest.mark.matrix
@pytest.mark.parametrize(("phase", "step", "moment"), CASES, ids=["-".join(case) for case in CASES])
async def test_a_killed_bot_finds_out_what_became_of_its_deploy_and_says_so_once(
    here: World, phase: str, step: str, moment: str
) -> None:
    """Final state: the healthy old or the healthy new release, one verdict per admin, no lock left."""
    number = next(_numbers)
    if number == 0:
        await here.revive()
        await here.sim.start(here.anna)
        await here.sim.start(here.boris)
        assert "succeeded" in (await here.deploy()).text
    old, new = here.server.served_version(), f"k{number}"
    here.project.write_release(new)
    if phase == "rollback":
        here.project.break_health()
    here.project.commit(f"release {new}")
    await here.arm(f"{phase}:{step}:{moment}")
    since = await here.confirmed()
    assert await here.wait_for_bot() == -signal.SIGKILL

    await here.revive()
    verdict = await here.verdict(since)
    here.project.fix()

    first_line = verdict.text.splitlines()[0]
    expected, served = ("succeeded", new) if phase == "forward" else ("rolled back", old)
    assert expected in first_line
    assert here.server.served_version() == served
    assert here.server.is_healthy()
    assert here.lock_is_free()
    await asyncio.sleep(0.5)
    assert len(of_this_operation(here, await here.verdicts(since))) == 1
    assert len(of_this_operation(here, await here.verdicts(since, here.boris))) == (phase == "rollback")
    assert {operation["state"] for operation in here.operations()} <= {"succeeded", "rolled_back"}
