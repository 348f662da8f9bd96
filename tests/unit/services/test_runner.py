from __future__ import annotations

import asyncio

import pytest

from services.errors import CommandFailed, Fenced, HostKeyChanged, LockHeld, StepFailed, Unreachable
from services.models import State
from services.runner import answered
from services.runs import Run, StepDef
from tests.unit.services.stage import ANNA, BORIS, Crash, Stage

FORWARD = ("lock", "build", "swap", "up", "health")


async def test_an_operation_whose_steps_go_well_succeeds_with_one_verdict(stage: Stage) -> None:
    operation = await stage.queued()
    ended = await stage.run(operation)
    assert ended.state is State.SUCCEEDED
    assert stage.did == list(FORWARD)
    assert await stage.verdicts(operation) == [ANNA.id]


async def test_a_failure_before_the_stack_is_touched_ends_as_failed_and_tells_every_admin(
    stage: Stage,
) -> None:
    """R-UX-4: the failure is stored for every admin in the transaction that ends the operation."""
    stage.behaviour["build"] = [StepFailed("error-build-failed", detail="no such file", status=1)]
    operation = await stage.queued()
    ended = await stage.run(operation)
    assert ended.state is State.FAILED
    assert ended.reason is not None
    assert ended.reason.id == "error-build-failed"
    assert ended.log_tail == "no such file"
    assert stage.did == ["lock", "build", "undo-build"]
    assert await stage.verdicts(operation) == [ANNA.id, BORIS.id]


async def test_a_failure_after_the_swap_is_rolled_back(stage: Stage) -> None:
    """R-RB-3: what was begun is undone, in reverse."""
    stage.behaviour["health"] = [StepFailed("health-unhealthy", service="backend")]
    ended = await stage.run(await stage.queued())
    assert ended.state is State.ROLLED_BACK
    assert stage.did == [*FORWARD, "undo-health", "undo-up", "undo-swap", "undo-build"]


async def test_a_rollback_that_fails_needs_a_human_and_says_why(stage: Stage) -> None:
    stage.behaviour["up"] = [CommandFailed("docker compose", 1, "boom")]
    stage.behaviour["undo-swap"] = [StepFailed("error-job-interrupted", step="undo-swap")]
    ended = await stage.run(await stage.queued())
    assert ended.state is State.NEEDS_HUMAN
    assert ended.rollback_reason is not None
    assert ended.rollback_reason.id == "error-job-interrupted"


async def test_a_defect_of_ours_in_a_step_still_rolls_the_stack_back(stage: Stage) -> None:
    stage.behaviour["up"] = [ZeroDivisionError()]
    ended = await stage.run(await stage.queued())
    assert ended.state is State.ROLLED_BACK
    assert ended.reason is not None
    assert ended.reason.id == "error-internal"


@pytest.mark.parametrize("dies_in", [*FORWARD])
async def test_a_restart_after_a_crash_goes_on_at_the_step_that_was_not_done(
    stage: Stage, dies_in: str
) -> None:
    stage.behaviour[dies_in] = [Crash()]
    operation = await stage.queued()
    with pytest.raises(BaseExceptionGroup):
        await stage.run(operation)
    assert stage.did[-1] == dies_in
    assert await stage.verdicts(operation) == []
    ended = await stage.run(operation)
    assert ended.state is State.SUCCEEDED
    again = FORWARD[FORWARD.index(dies_in) :]
    assert stage.did[-len(again) :] == list(again)
    assert len(stage.did) == len(FORWARD) + 1
    assert await stage.verdicts(operation) == [ANNA.id]


@pytest.mark.parametrize("dies_in", ["undo-up", "undo-swap", "undo-build"])
async def test_a_restart_in_the_middle_of_a_rollback_goes_on_with_the_rollback(
    stage: Stage, dies_in: str
) -> None:
    stage.behaviour["up"] = [StepFailed("error-up-failed", status=1)]
    stage.behaviour[dies_in] = [Crash()]
    operation = await stage.queued()
    with pytest.raises(BaseExceptionGroup):
        await stage.run(operation)
    ended = await stage.run(operation)
    assert ended.state is State.ROLLED_BACK
    assert ended.reason is not None
    assert ended.reason.id == "error-up-failed"
    assert stage.did.count("up") == 1
    assert len(await stage.verdicts(operation)) == 2


async def test_what_a_step_decided_is_there_when_it_is_walked_again_after_crashes(stage: Stage) -> None:
    """What was begun with a decision goes on with it, however often the bot dies."""
    seen = []

    async def up(run: Run) -> dict[str, str]:
        seen.append(dict(run.results.get("up", {})))
        if not seen[-1]:
            await run.note({"changed": ["backend"]})
        if len(seen) < 3:
            raise Crash
        return {"end": "well"}

    procedure = type(stage.procedure())(
        forward=lambda _plan: (stage.step("lock"), StepDef("up", up)), rollback=stage.procedure().rollback
    )
    operation = await stage.queued()
    for _ in range(2):
        with pytest.raises(BaseExceptionGroup):
            await stage.run(operation, procedure)
    assert (await stage.run(operation, procedure)).state is State.SUCCEEDED
    assert seen == [{}, {"changed": ["backend"]}, {"changed": ["backend"]}]
    assert (await stage.store.operations.steps(operation.id))[-1].result == {"end": "well"}


async def test_a_resumed_operation_claims_the_lock_anew_so_that_its_dead_twin_is_fenced(stage: Stage) -> None:
    stage.behaviour["build"] = [Crash()]
    operation = await stage.queued()

    async def lock(run: Run) -> dict[str, int]:
        return {"epoch": await stage.runner().claim(run)}

    procedure = stage.procedure()
    names = [StepDef("lock", lock), *procedure.forward(operation.plan)[1:]]
    procedure = type(procedure)(forward=lambda _plan: tuple(names), rollback=procedure.rollback)
    with pytest.raises(BaseExceptionGroup):
        await stage.run(operation, procedure)
    ended = await stage.run(operation, procedure)
    assert ended.state is State.SUCCEEDED
    assert ended.epoch == 2


async def test_an_operation_that_was_taken_over_meanwhile_does_nothing_more(stage: Stage) -> None:
    stage.behaviour["up"] = [Crash()]
    operation = await stage.queued(epoch=1)
    with pytest.raises(BaseExceptionGroup):
        await stage.run(operation)
    did = list(stage.did)
    stage.lock.error = LockHeld(owner="other", operation="op-x", age=3)
    ended = await stage.run(operation)
    assert stage.did == did
    assert ended.state is State.NEEDS_HUMAN
    assert len(await stage.verdicts(operation)) == 2


async def test_a_lost_connection_is_waited_for_and_the_step_asked_again(stage: Stage) -> None:
    stage.behaviour["build"] = [Unreachable(), Unreachable(), None]
    ended = await stage.run(await stage.queued())
    assert ended.state is State.SUCCEEDED
    assert stage.did.count("build") == 3


async def test_a_host_that_stays_away_before_anything_was_touched_ends_as_failed(stage: Stage) -> None:
    stage.behaviour["build"] = [Unreachable() for _ in range(500)]
    stage.behaviour["undo-build"] = [Unreachable() for _ in range(500)]
    operation = await stage.queued()
    ended = await stage.run(operation)
    assert ended.state is State.FAILED
    notices = await stage.store._database.all("SELECT chat_id FROM outbox WHERE kind = 'notice'")
    assert sorted(row["chat_id"] for row in notices) == [ANNA.id, BORIS.id]  # told once, while it lasted


async def test_a_host_that_stays_away_after_the_swap_needs_a_human(stage: Stage) -> None:
    stage.behaviour["up"] = [Unreachable() for _ in range(500)]
    stage.behaviour["undo-up"] = [Unreachable() for _ in range(500)]
    ended = await stage.run(await stage.queued())
    assert ended.state is State.NEEDS_HUMAN


async def test_a_changed_host_key_is_never_retried(stage: Stage) -> None:
    stage.behaviour["build"] = [HostKeyChanged()]
    ended = await stage.run(await stage.queued())
    assert ended.state is State.FAILED
    assert stage.did.count("build") == 1


async def test_a_fenced_runner_stops_and_asks_for_a_human_when_it_had_begun(stage: Stage) -> None:
    stage.behaviour["up"] = [Fenced()]
    stage.behaviour["undo-up"] = [Fenced()]
    ended = await stage.run(await stage.queued())
    assert ended.state is State.NEEDS_HUMAN
    assert stage.did == ["lock", "build", "swap", "up"]


async def test_a_cancellation_before_the_swap_changes_nothing(stage: Stage) -> None:
    operation = await stage.queued()
    await stage.store.operations.request_cancel(operation.id, BORIS)
    ended = await stage.run(operation)
    assert ended.state is State.FAILED
    assert ended.reason is not None
    assert ended.reason.id == "error-cancelled"
    assert "swap" not in stage.did


async def test_a_cancellation_ends_a_wait_at_once(stage: Stage) -> None:
    async def waits(run: Run) -> None:
        asyncio.get_running_loop().call_later(0.05, run.cancelled.set)
        await run.sleep(30)

    procedure = stage.procedure("lock")
    steps = (StepDef("swap", waits),)
    procedure = type(procedure)(forward=lambda _plan: steps, rollback=procedure.rollback)
    async with asyncio.timeout(5):
        ended = await stage.run(await stage.queued(), procedure)
    assert ended.state is State.ROLLED_BACK


async def test_a_rollback_is_not_cancelled_half_way(stage: Stage) -> None:
    operation = await stage.queued()
    stage.behaviour["up"] = [StepFailed("error-up-failed", status=1)]
    stage.behaviour["undo-up"] = [Crash()]
    with pytest.raises(BaseExceptionGroup):
        await stage.run(operation)
    await stage.store.operations.request_cancel(operation.id, BORIS)
    ended = await stage.run(operation)
    assert ended.state is State.ROLLED_BACK
    assert stage.did[-2:] == ["undo-swap", "undo-build"]


async def test_a_connection_lost_at_the_moment_of_asking_is_asked_over_again() -> None:
    answers: list[object] = [Unreachable(host="home"), "facts"]

    async def ask() -> object:
        answer = answers.pop(0)
        if isinstance(answer, Unreachable):
            raise answer
        return answer

    assert await answered(ask) == "facts"


async def test_a_host_that_stays_away_is_not_asked_for_ever() -> None:
    asked = 0

    async def ask() -> None:
        nonlocal asked
        asked += 1
        raise Unreachable(host="home")

    with pytest.raises(Unreachable):
        await answered(ask, within=0.6)
    assert 2 <= asked <= 3
