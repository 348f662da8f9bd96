from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.estimates import PastRun, estimate
from services.models import Kind, Operation, State, Step, StepState
from services.plans import estimated
from services.store import Store
from tests.unit.bot.stage import operation, plan
from tests.unit.checks.test_findings import facts

AT = datetime(2026, 11, 20, tzinfo=UTC)


def run(seconds: float, **steps: float) -> PastRun:
    return PastRun(seconds, steps)


def test_a_plan_is_estimated_by_the_median_so_that_one_slow_night_does_not_count() -> None:
    found = estimate([run(200), run(3600), run(240)], 10, 20)
    assert (found.runs, found.seconds, found.disk, found.free) == (3, 240, 10, 20)


def test_only_the_five_newest_count() -> None:
    found = estimate([run(10)] * 5 + [run(9999)] * 20, 0, 0)
    assert (found.runs, found.seconds) == (5, 10)


def test_the_three_longest_steps_are_named_longest_first_and_trifles_are_not() -> None:
    past = [
        run(90, lock=0.2, backup=20, upload=5, build=60, health=8),
        run(80, backup=30, build=50, swap=0.5),
    ]
    assert estimate(past, 0, 0).longest == (("build", 55), ("backup", 25), ("health", 8))
    assert estimate([run(1, lock=0.2)], 0, 0).longest == ()


def test_without_an_earlier_deploy_no_time_is_claimed() -> None:
    found = estimate([], 10, 20)
    assert (found.runs, found.seconds, found.longest) == (0, None, ())


def test_a_first_deploy_claims_no_time_and_no_dump() -> None:
    """The server was made anew: what its predecessor took says nothing."""
    first = estimated(plan(first=True, backup=False), facts(last_dump=500), [run(100)]).estimate
    later = estimated(plan(), facts(last_dump=500), [run(100)]).estimate
    assert first is not None
    assert later is not None
    assert (first.seconds, first.disk) == (None, 4_000_000)
    assert (later.seconds, later.disk) == (100, 4_000_500)


async def _ran(store: Store, number: int, seconds: float, state: State = State.SUCCEEDED) -> None:
    at = AT + timedelta(hours=number)
    done = operation(
        id=f"op-{number}",
        nonce=f"nonce-{number}",
        state=State.SUCCEEDED,
        created_at=at,
        started_at=at + timedelta(minutes=5),
        finished_at=at + timedelta(minutes=5, seconds=seconds),
    )
    await store.operations.propose(_as(done, state, number))
    for name, took, step_state in (("build", seconds / 2, StepState.DONE), ("fetch", 50, StepState.SKIPPED)):
        ended = at + timedelta(seconds=took)
        step = Step(name=name, phase="forward", state=step_state, started_at=at, finished_at=ended)
        await store.operations.step(done.id, 1, step)


def _as(done: Operation, state: State, number: int) -> Operation:
    origin = done.origin.model_copy(update={"update_id": number})
    return done.model_copy(update={"state": state, "origin": origin})


async def test_the_journals_of_deploys_that_succeeded_are_read_newest_first(store: Store) -> None:
    """Waiting for a tap does not count, nor what was skipped, failed, or belongs to another project."""
    for number, seconds in enumerate((100, 200, 300)):
        await _ran(store, number, seconds)
    await _ran(store, 9, 999, State.FAILED)
    found = await store.past.succeeded("fitnessapp", Kind.DEPLOY, 2)
    assert found == [PastRun(300, {"build": 150}), PastRun(200, {"build": 100})]
    assert await store.past.succeeded("other", Kind.DEPLOY) == []
    assert await store.past.succeeded("fitnessapp", Kind.BACKUP) == []
