"""`kill -9` of the bot, and a cut connection, at each step of a deploy and of its way back: made from the step lists."""

from __future__ import annotations

import itertools

import pytest
import pytest_asyncio

from services.deploys import way_back
from services.models import Kind, Plan
from services.plans import DEPLOY_STEPS
from tests.e2e.matrix import Case, arm, cases, each, strike, verdicts
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.matrix,
]

JOB_STEPS = frozenset({"backup", "build", "safety-copy", "swap", "up", "restore-files", "up-previous"})
_some_images = Plan(kind=Kind.DEPLOY, project="x", steps=DEPLOY_STEPS, old_images={"backend": "sha256:0"})
BACK_STEPS = [step.name for step in way_back(_some_images, frozenset(DEPLOY_STEPS) - {"record", "unlock"})]
FORWARD, BACK = (
    [case for trouble in ("kill", "cut") for case in cases(trouble, phase, steps, JOB_STEPS)]
    for phase, steps in (("forward", DEPLOY_STEPS), ("rollback", BACK_STEPS))
)
_numbers = itertools.count()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def first(here: World) -> None:
    """A release serves already."""
    await here.revive()
    await here.sim.start(here.anna)
    await here.sim.start(here.boris)
    assert "succeeded" in (await here.deploy()).text


async def _ends_well(here: World, since: int, expected: str, release: str | None) -> None:
    """Healthy, no lock; the admin who asked is told once, the other one only of trouble."""
    verdict = await here.verdict(since)
    assert expected in verdict.text.splitlines()[0], verdict.text
    assert here.server.served_version() == release
    assert here.server.is_healthy()
    assert here.lock_is_free()
    assert await verdicts(here, since) == (1, expected == "rolled back")
    assert here.operations()[-1]["state"] == expected.replace(" ", "_")


@each(FORWARD)
async def test_a_deploy_that_is_killed_or_cut_off_at_any_step_ends_with_the_new_release_and_one_verdict(
    here: World, first: None, case: Case
) -> None:
    new = f"k{next(_numbers)}"
    here.project.fix()  # a case before this one may have failed half way
    here.project.release_commit(new)
    await arm(here, case)
    since = await here.confirmed()
    await strike(here, case[0])
    await _ends_well(here, since, "succeeded", new)


@each(BACK)
async def test_the_way_back_of_a_deploy_that_is_killed_or_cut_off_brings_back_what_served(
    here: World, first: None, case: Case
) -> None:
    """R-RB-3: the new release never gets healthy, and the bot is troubled while it takes that back."""
    old = here.server.served_version()
    here.project.fix()  # a case before this one may have failed half way
    here.project.write_release(f"k{next(_numbers)}")
    here.project.break_health()
    here.project.commit("a release that never gets healthy")
    await arm(here, case)
    since = await here.confirmed()
    await strike(here, case[0])
    here.project.fix()
    await _ends_well(here, since, "rolled back", old)
