"""An operation that is active has somebody at work on it; who may not go on turns back."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Collection
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services import operations as module
from services.errors import Busy, StepFailed
from services.models import TERMINAL, Kind, Operation, Origin, Plan, State
from services.operation_log import OperationLogs
from services.operations import Operations, Trade
from services.phrases import Phrase
from services.projects import Project
from services.remote.hosts import Hosts
from services.runs import Procedure
from services.tasks import Tasks
from tests.unit.services.stage import ANNA, BORIS, PROJECT, Crash, Stage, proposal


class Replanning:
    """What reading the facts again gives: the same plan, another one, or an error."""

    def __init__(self) -> None:
        self.digest = ""
        self.error: Exception | None = None

    async def plan(self, _project: Project, _ref: str | None) -> Plan:
        raise AssertionError("nothing is proposed here")

    async def again(self, _project: Project, plan: Plan) -> Plan:
        if self.error:
            raise self.error
        return plan.model_copy(update={"digest": self.digest})


class Full(OperationLogs):
    """Our own disk is full for the first so many notes."""

    left = 2

    def note(self, *words: Any) -> None:
        if self.left:
            self.left -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        super().note(*words)


def operations(
    stage: Stage,
    replanning: Replanning | None = None,
    admins: Collection[int] = (ANNA.id, BORIS.id),
    procedure: Procedure | None = None,
) -> tuple[Operations, Tasks]:
    replanning, tasks = replanning or Replanning(), Tasks()
    trade = Trade(replanning.plan, replanning.again, procedure or stage.procedure())
    hosts = cast("Hosts", SimpleNamespace(get=lambda _name: stage.remote()))
    logs = OperationLogs(stage.folder / "logs", lambda text: text)
    found = Operations(
        stage.store, hosts, {"fitnessapp": PROJECT}, admins, {Kind.DEPLOY: trade}, stage.runner(), logs, tasks,
        lambda: None, stage.folder / "packs",
    )  # fmt: skip
    return found, tasks


async def recovered(
    stage: Stage, operation: Operation, of: tuple[Operations, Tasks], within: float = 10
) -> Operation:
    """As after a start of the process: to the end of what was active."""
    await of[0].recover()
    async with asyncio.timeout(within):
        while of[1].running(f"operation:{operation.id}"):
            await asyncio.sleep(0.01)
    ended = await stage.store.operations.get(operation.id)
    assert ended is not None
    return ended


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_AGAIN", 0.01)


async def queued(stage: Stage) -> Operation:
    offered = await stage.store.operations.propose(proposal())
    confirmed = await stage.store.operations.confirm(offered.nonce, ANNA, ANNA.id, 1, datetime.now(UTC))
    assert confirmed is not None
    return confirmed


async def test_a_half_done_deploy_of_a_removed_admin_turns_back(stage: Stage) -> None:
    stage.behaviour["up"] = [Crash()]
    operation = await stage.queued(epoch=1)
    with pytest.raises(BaseExceptionGroup):
        await stage.run(operation)
    stage.did.clear()
    ended = await recovered(stage, operation, operations(stage, admins=(BORIS.id,)))
    assert stage.did == ["undo-up", "undo-swap", "undo-build"]
    assert ended.state is State.ROLLED_BACK
    assert ended.reason is not None
    assert ended.reason.id == "error-not-admin"
    failed = [s.name for s in await stage.store.operations.steps(operation.id) if s.state == "failed"]
    assert failed == ["up"]


async def test_a_way_back_goes_on_whoever_confirmed_it(stage: Stage) -> None:
    stage.behaviour["up"] = [StepFailed("error-up-failed", status=1)]
    stage.behaviour["undo-up"] = [Crash()]
    operation = await stage.queued()
    with pytest.raises(BaseExceptionGroup):
        await stage.run(operation)
    ended = await recovered(stage, operation, operations(stage, admins=(BORIS.id,)))
    assert ended.state is State.ROLLED_BACK
    assert ended.reason is not None
    assert ended.reason.id == "error-up-failed"


async def test_what_a_removed_admin_confirmed_and_nobody_began_is_not_begun(stage: Stage) -> None:
    operation = await queued(stage)
    ended = await recovered(stage, operation, operations(stage, admins=(BORIS.id,)))
    assert stage.did == []
    assert ended.state is State.FAILED


async def test_an_operation_whose_end_could_not_be_written_down_is_taken_up_again(stage: Stage) -> None:
    """A full disk of ours: the operation was stranded as running, with nobody at work on it."""
    stage.behaviour["up"] = [
        StepFailed("error-up-failed", detail="boom", status=1),
        StepFailed("error-up-failed", detail="boom", status=1),
        StepFailed("error-up-failed", detail="boom", status=1),
    ]
    usual = stage.runner
    full = Full(stage.folder / "logs", lambda text: text)

    def runner() -> Any:
        found = usual()
        found._logs = full
        return found

    stage.runner = runner  # type: ignore[method-assign]  # the stage's own
    operation = await queued(stage)
    ended = await recovered(stage, operation, operations(stage))
    assert ended.state is State.ROLLED_BACK
    assert stage.did.count("up") == 3
    assert stage.did.count("swap") == 1


async def test_a_defect_while_facts_are_read_again_leaves_the_project_free(stage: Stage) -> None:
    replanning = Replanning()
    replanning.error = KeyError("compose")
    operation = await queued(stage)
    ended = await recovered(stage, operation, operations(stage, replanning))
    assert ended.state is State.FAILED
    assert stage.did == []
    assert await stage.store.operations.active() == []


async def test_facts_that_changed_end_the_operation_and_show_the_new_plan(stage: Stage) -> None:
    replanning = Replanning()
    replanning.digest = "other"
    operation = await queued(stage)
    ended = await recovered(stage, operation, operations(stage, replanning))
    assert ended.state is State.DISMISSED
    rows = await stage.store._database.all("SELECT id FROM operations WHERE state = 'proposed'")
    assert len(rows) == 1
    cards = await stage.store._database.all(
        "SELECT 1 FROM outbox WHERE operation_id = ? AND kind = 'card'", (rows[0]["id"],)
    )
    assert len(cards) == 1


async def test_a_plan_is_not_taken_back_without_its_successor(stage: Stage) -> None:
    """One transaction: a crash between the two left neither a plan nor an operation."""
    operation = await queued(stage)
    taken = proposal(id=operation.id)  # cannot be stored: the id is in use
    with pytest.raises(Exception, match="UNIQUE"):
        await stage.store.operations.supersede(operation.id, taken, Phrase(id="error-superseded"))
    assert [one.id for one in await stage.store.operations.active()] == [operation.id]


async def test_while_it_is_taken_up_again_the_project_is_busy(stage: Stage) -> None:
    await queued(stage)
    other = await stage.store.operations.propose(proposal())
    tap = await operations(stage)[0].confirm(other.nonce, BORIS, ANNA.id, 1)
    assert (tap.won, tap.phrase.id) == (False, "error-busy-now")
    assert len(await stage.store.operations.active()) == 1


async def test_from_a_terminal_nothing_waits(stage: Stage) -> None:
    """It would be gone when the plan must be shown anew."""
    await queued(stage)
    with pytest.raises(Busy):
        await operations(stage)[0].propose(Kind.DEPLOY, "fitnessapp", ANNA, Origin(chat_id=TERMINAL))
