"""What the rest of Opsgate makes of an operation that a schedule began: silent success, facts that changed, who may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.errors import OpsgateError, Unreachable
from services.models import SCHEDULE, Finding, Kind, Operation, Plan, Severity, State
from services.schedules.clockwork import Schedules
from tests.unit.services.night import DUE, Night
from tests.unit.services.stage import ANNA, BORIS, Stage
from tests.unit.services.test_queue import Scene, deploy_plan


@pytest.mark.parametrize(("state", "told"), [(State.SUCCEEDED, []), (State.FAILED, [ANNA.id, BORIS.id])])
async def test_a_success_is_silent_and_a_failure_is_pushed_to_every_admin(
    stage: Stage, state: State, told: list[int]
) -> None:
    night = Night(stage.store)
    await night.look(await night.counted(), DUE)
    operation = await stage.store.operations.change(night.taken[-1], state=State.RUNNING)
    if state is State.FAILED:
        stage.behaviour["build"] = [Unreachable(host="home")] * 1000
    ended = await stage.run(operation, stage.procedure("lock", "build"))
    assert ended.state is state
    assert await stage.verdicts(operation) == told
    rows = await stage.store._database.all("SELECT kind FROM outbox WHERE chat_id = ?", (SCHEDULE,))
    assert rows == []


@pytest.fixture
async def scene(stage: Stage) -> AsyncIterator[Scene]:
    made = Scene(stage)
    yield made
    await made.tasks.close()


async def carried_out(scene: Scene, changed: dict[str, Any]) -> Operation:
    """A scheduled operation that is taken up by the service, on facts that differ like this from those of its plan."""
    service, night = scene.service(), Night(scene.stage.store)
    scene.again["r2"] = changed

    async def planned(_project: object, _ref: str | None) -> Plan:
        return deploy_plan("r2", kind=Kind.BACKUP)

    schedules: Schedules = await night.counted()
    schedules.plans, schedules.take_up = {Kind.BACKUP: planned}, service.recover
    await night.look(schedules, DUE)
    await scene.to_the_end()
    (operation,) = await night.stored()
    return operation


async def test_facts_that_changed_since_are_what_it_runs_on_for_nobody_can_be_asked(scene: Scene) -> None:
    ended = await carried_out(scene, {"digest": "other", "lasting": "other"})
    assert (ended.state, ended.plan.digest) == (State.SUCCEEDED, "other")
    assert scene.stage.did == ["lock", "up"]


async def test_facts_that_speak_against_it_by_now_end_it_unrun_and_every_admin_hears_why(
    scene: Scene,
) -> None:
    """R-UX-4: it is never lost silently."""
    blocker = Finding(code="disk-low", severity=Severity.BLOCKER)
    ended = await carried_out(scene, {"digest": "other", "findings": (blocker,)})
    assert ended.state is State.FAILED
    assert ended.reason is not None
    assert ended.reason.id == "finding-disk-low"
    assert scene.stage.did == []
    assert await scene.stage.verdicts(ended) == [ANNA.id, BORIS.id]


async def test_a_host_that_is_lost_between_plan_and_start_fails_it_aloud(scene: Scene) -> None:
    scene.stage.behaviour["lock"] = [OpsgateError("error-unreachable", host="home")]
    ended = await carried_out(scene, {})
    assert ended.state is State.FAILED
    assert await scene.stage.verdicts(ended) == [ANNA.id, BORIS.id]
