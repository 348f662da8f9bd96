"""What goes wrong around the steps: the lock, the line, a Docker that starts late. None of it strands an operation."""

from __future__ import annotations

import asyncio
import time

import pytest

from services import runner
from services.errors import AuthRefused, CommandFailed, Fenced, HostError, StepFailed, Unreachable
from services.models import State
from services.runs import Procedure, Run, StepDef
from services.steps import UNLOCK
from tests.unit.services.stage import ANNA, BORIS, Crash, ScriptedLock, Stage

NO_DOCKER = CommandFailed(
    "docker tag", 1, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock."
)
FULL = CommandFailed("opsgate-agent lock-renew", 1, "cat: write error: No space left on device")


async def takes_a_while(run: Run) -> None:
    await run.sleep(1.4)


class SlowRelease(ScriptedLock):
    """The lock is released long before we hear of it."""

    async def release(self, state_dir: object, epoch: int) -> None:
        self.renewing = [Fenced()]
        await super().release(state_dir, epoch)
        await asyncio.sleep(1.4)


def with_step(stage: Stage, step: StepDef, *before: str) -> Procedure:
    usual = stage.procedure(*before)
    return Procedure(lambda plan: (*usual.forward(plan), step), usual.rollback)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "RENEW_EVERY", 0)


@pytest.mark.parametrize("trouble", [FULL, AuthRefused(), Unreachable(), ZeroDivisionError()], ids=repr)
@pytest.mark.usefixtures("often")
async def test_a_heartbeat_that_fails_ends_no_operation(stage: Stage, trouble: Exception) -> None:
    stage.lock.renewing = [None, None, trouble]  # the steps' own looks go well
    operation = await stage.queued(epoch=1)
    ended = await stage.run(operation, with_step(stage, StepDef("build", takes_a_while), "lock", "keep"))
    assert ended.state is State.SUCCEEDED


@pytest.mark.usefixtures("often")
async def test_a_run_that_is_fenced_off_in_the_middle_of_a_step_stops_at_once_and_goes_no_way_back(
    stage: Stage,
) -> None:
    async def never(run: Run) -> None:
        await run.sleep(30)

    stage.lock.renewing = [None, None, Fenced()]
    operation = await stage.queued(epoch=1)
    async with asyncio.timeout(10):
        ended = await stage.run(operation, with_step(stage, StepDef("up", never), "lock", "swap"))
    assert ended.state is State.NEEDS_HUMAN
    assert ended.reason is not None
    assert ended.reason.id == "error-fenced"
    assert stage.did == ["lock", "swap"]
    assert await stage.verdicts(operation) == [ANNA.id, BORIS.id]
    steps = await stage.store.operations.steps(operation.id)
    assert [str(step.state) for step in steps] == ["done", "done", "failed"]


async def test_no_step_begins_under_a_lock_that_somebody_else_took(stage: Stage) -> None:
    """Renaming containers and writing `current` are no jobs: nothing on the host refuses them."""
    stage.lock.renewing = [None, Fenced()]
    ended = await stage.run(await stage.queued(epoch=1))
    assert stage.did == ["lock", "build"]
    assert ended.state is State.NEEDS_HUMAN  # the journal says that the swap was about to begin


async def test_a_way_back_that_is_fenced_off_stops_too(stage: Stage) -> None:
    stage.behaviour["up"] = [StepFailed("error-up-failed", status=1)]
    stage.lock.renewing = [None, None, None, None, Fenced()]
    ended = await stage.run(await stage.queued(epoch=1))
    assert stage.did == ["lock", "build", "swap", "up", "undo-up"]
    assert ended.state is State.NEEDS_HUMAN
    assert (ended.reason and ended.reason.id, ended.rollback_reason and ended.rollback_reason.id) == (
        "error-up-failed",
        "error-fenced",
    )


async def test_a_full_disk_of_the_host_lets_steps_begin_that_may_make_room(stage: Stage) -> None:
    stage.lock.renewing = [FULL]
    ended = await stage.run(await stage.queued(epoch=1))
    assert ended.state is State.SUCCEEDED


@pytest.mark.usefixtures("often")
async def test_a_lock_that_was_just_given_back_is_no_lost_one(stage: Stage) -> None:
    stage.lock = SlowRelease()
    operation = await stage.queued(epoch=1)
    ended = await stage.run(operation, with_step(stage, UNLOCK, "lock", "up"))
    assert ended.state is State.SUCCEEDED


async def test_a_way_back_before_the_swap_waits_for_the_host(stage: Stage) -> None:
    stage.behaviour["build"] = [StepFailed("error-build-failed", status=1)]
    stage.behaviour["undo-build"] = [Unreachable(), Unreachable(), None]
    ended = await stage.run(await stage.queued())
    assert stage.did.count("undo-build") == 3
    assert (ended.state, ended.rollback_reason) == (State.FAILED, None)


async def test_a_host_that_was_given_up_gets_its_own_time_for_the_way_back(stage: Stage) -> None:
    stage.behaviour["build"] = [Unreachable() for _ in range(500)]
    comes_back = time.monotonic() + 0.3

    async def undo(_run: Run) -> None:
        stage.did.append("undo")
        if time.monotonic() < comes_back:
            raise Unreachable

    usual = stage.procedure("lock", "build")
    procedure = Procedure(usual.forward, lambda _plan, _begun: (StepDef("undo-build", undo),))
    ended = await stage.run(await stage.queued(), procedure)
    assert stage.did.count("undo") > 1
    assert ended.rollback_reason is None


async def test_a_way_back_that_failed_before_the_swap_is_told(stage: Stage) -> None:
    stage.behaviour["build"] = [StepFailed("error-build-failed", status=1)]
    stage.behaviour["undo-build"] = [CommandFailed("docker tag", 1, "no such image")]
    ended = await stage.run(await stage.queued())
    assert ended.state is State.FAILED
    assert ended.rollback_reason is not None


@pytest.mark.parametrize("away", [NO_DOCKER, HostError("error-docker", status=503)], ids=str)
async def test_the_way_back_waits_for_a_docker_that_starts_later_than_sshd(
    stage: Stage, away: HostError
) -> None:
    stage.behaviour["up"] = [StepFailed("error-job-interrupted", step="up")]
    stage.behaviour["undo-up"] = [away, away, None]
    ended = await stage.run(await stage.queued())
    assert ended.state is State.ROLLED_BACK
    assert stage.did.count("undo-up") == 3


async def test_a_docker_that_stays_away_is_told_and_then_left_to_a_person(stage: Stage) -> None:
    stage.behaviour["up"] = [StepFailed("error-up-failed", status=1)]
    stage.behaviour["undo-up"] = [NO_DOCKER for _ in range(500)]
    ended = await stage.run(await stage.queued())
    assert ended.state is State.NEEDS_HUMAN
    notices = await stage.store._database.all("SELECT phrase FROM outbox WHERE kind = 'notice'")
    assert len(notices) == 2
    assert all("notice-docker-away" in row["phrase"] for row in notices)


async def test_on_the_way_forward_no_docker_is_a_failure(stage: Stage) -> None:
    stage.behaviour["build"] = [NO_DOCKER]
    ended = await stage.run(await stage.queued())
    assert stage.did.count("build") == 1
    assert ended.state is State.FAILED


async def test_patience_counts_from_the_present_loss_not_from_the_first(stage: Stage) -> None:
    tries: list[int] = []

    async def upload(run: Run) -> None:
        tries.append(len(tries))
        if len(tries) == 1:
            raise Unreachable
        if len(tries) == 2:
            await asyncio.sleep(0.25)  # longer than the patience with an untouched stack
            run.progress(1, 2, "bytes")
            raise Unreachable

    procedure = with_step(stage, StepDef("upload", upload), "lock")
    ended = await stage.run(await stage.queued(), procedure)
    assert ended.state is State.SUCCEEDED
    assert len(tries) == 3


async def test_a_resumed_run_whose_claim_was_granted_but_never_answered_claims_again(stage: Stage) -> None:
    """With the old epoch it would be fenced off by itself."""
    stage.behaviour["swap"] = [Crash()]
    operation = await stage.queued(epoch=1)
    with pytest.raises(BaseExceptionGroup):
        await stage.run(operation)
    stage.lock.epoch, stage.lock.unheard = 1, [Unreachable()]
    ended = await stage.run(operation)
    assert (ended.state, ended.epoch) == (State.SUCCEEDED, 3)


async def test_a_resumed_run_with_nothing_left_but_the_unlock_does_not_wait_for_the_host(
    stage: Stage,
) -> None:
    async def dies(_run: Run) -> None:
        raise Crash

    operation = await stage.queued(epoch=1)
    with pytest.raises(BaseExceptionGroup):
        await stage.run(operation, with_step(stage, StepDef("unlock", dies), "lock", "up"))
    stage.lock.unheard = [Unreachable()]
    ended = await stage.run(operation, with_step(stage, UNLOCK, "lock", "up"))
    assert ended.state is State.SUCCEEDED
    assert stage.lock.epoch == 0  # never claimed anew
    assert stage.lock.released == [1]
