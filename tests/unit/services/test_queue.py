"""A second operation of a project waits for the first, and starts by itself only when that one ended well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.drift import Drift, Drifted
from services.errors import Busy, StepFailed
from services.facts.models import Release
from services.freezes import Freezes
from services.migrations.models import Migrating, Script, Standing
from services.models import (
    Finding,
    Kind,
    Operation,
    Origin,
    Pack,
    Person,
    Plan,
    Returning,
    Severity,
    State,
    short_id,
)
from services.operation_log import OperationLogs
from services.operations import Operations, Trade
from services.projects import Project
from services.queue import is_left_by, without_own_lock
from services.remote.hosts import Hosts
from services.strategies import Choice
from services.tasks import Tasks
from tests.unit.services.stage import ANNA, BORIS, PROJECT, Stage, proposal

OLD, NEW = "sha256:old", "sha256:new"
MIGRATION = Script(path="scripts/migrate_1.py", sha256="0" * 64, standing=Standing.NEW)


def pack(release: str) -> Pack:
    return Pack(
        release_id=release, file="", size=1, files=1, unpacked=1, manifest_sha256="0" * 64, label=release
    )


def release(name: str, image: str = NEW) -> Release:
    return Release(id=name, project="fitnessapp", images={"backend": image})


def deploy_plan(coming: str, **changes: Any) -> Plan:
    values: dict[str, Any] = {
        "kind": Kind.DEPLOY, "project": "fitnessapp", "steps": ("lock",), "pack": pack(coming), "digest": coming,
        "lasting": "same", "current": release("r1", OLD), "old_images": {"backend": OLD}, "old_running": ("backend",),
        "strategies": (Choice(service="backend", rolling=True, wished="rolling"),),
    }  # fmt: skip
    return Plan(**values | changes)


def after(coming: str, served: str = "r2", image: str = NEW, **changes: Any) -> dict[str, Any]:
    """What changes of a plan for `coming` once `served` is deployed."""
    return {
        "digest": f"{coming} after {served}",
        "current": release(served),
        "old_images": {"backend": image},
    } | changes


@dataclass
class Scene:
    """A service over a scripted project: plans by release, and what reading the facts again changes in them."""

    stage: Stage
    again: dict[str, dict[str, Any]] = field(default_factory=dict)
    at_work: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    admins: Collection[int] = (ANNA.id, BORIS.id)
    tasks: Tasks = field(default_factory=Tasks)

    def service(self) -> Operations:
        async def planned(_project: Project, ref: str | None) -> Plan:
            return deploy_plan(ref or "r2")

        async def replanned(_project: Project, plan: Plan) -> Plan:
            self.at_work.set()
            await self.go_on.wait()
            return plan.model_copy(update=self.again.get(plan.pack.release_id if plan.pack else "", {}))

        trade = Trade(planned, replanned, self.stage.procedure("lock", "up"))
        return Operations(
            store=self.stage.store,
            hosts=cast("Hosts", SimpleNamespace(get=lambda _name: self.stage.remote())),
            projects={"fitnessapp": PROJECT},
            admins=self.admins,
            trades=dict.fromkeys((Kind.DEPLOY, Kind.BACKUP, Kind.UNDO), trade),
            runner=self.stage.runner(),
            logs=OperationLogs(self.stage.folder / "logs", lambda text: text),
            tasks=self.tasks,
            changed=lambda: None,
            packs=self.stage.folder / "packs",
        )

    async def first_runs(self, service: Operations) -> Operation:
        offered = await service.propose(Kind.DEPLOY, "fitnessapp", ANNA, Origin(chat_id=ANNA.id), "r2")
        assert (await service.confirm(offered.nonce, ANNA, ANNA.id, 1)).won
        await self.at_work.wait()
        return offered

    async def to_the_end(self) -> None:
        """Until nothing is at work any more."""
        self.go_on.set()
        async with asyncio.timeout(10):
            while await self.stage.store.operations.active() or self.tasks._tasks:
                await asyncio.sleep(0.01)

    async def state(self, operation: Operation) -> State:
        found = await self.stage.store.operations.get(operation.id)
        assert found is not None
        return found.state


@pytest.fixture
async def scene(stage: Stage) -> AsyncIterator[Scene]:
    made = Scene(stage)
    yield made
    await made.tasks.close()


async def queued(
    service: Operations, ref: str = "r3", by: Person = ANNA, replaces: str | None = None
) -> Operation:
    offered = await service.propose(Kind.DEPLOY, "fitnessapp", by, Origin(chat_id=ANNA.id), ref)
    tap = await service.queue(offered.nonce, by, ANNA.id, 1, replaces)
    assert tap.won, tap.phrase
    return offered


async def cards(stage: Stage, state: State) -> list[Operation]:
    rows = await stage.store._database.all("SELECT body FROM operations WHERE state = ?", (state,))
    return [Operation.model_validate_json(row["body"]) for row in rows]


async def test_it_runs_after_the_first_on_the_facts_that_one_left_behind(scene: Scene) -> None:
    service = scene.service()
    first = await scene.first_runs(service)
    second = await queued(service)
    assert await scene.state(second) is State.WAITING
    assert scene.stage.did == []
    scene.again["r3"] = after("r3")
    await scene.to_the_end()
    assert await scene.state(first) is State.SUCCEEDED
    assert scene.stage.did == ["lock", "up"] * 2
    ended = await scene.stage.store.operations.get(second.id)
    assert ended is not None
    assert ended.state is State.SUCCEEDED
    assert ended.plan.current == release("r2")  # what ran is the plan on the facts of that moment
    assert ended.plan.old_images == {"backend": NEW}


CHANGED_BY_OTHERS = {
    "another release serves": after("r3", served="r9"),
    "another image runs": after("r3", image="sha256:by-hand"),
    "a service was stopped": after("r3", old_running=()),
    "the env file or the source changed": after("r3", lasting="other"),
    "it is blocked now": after("r3", findings=(Finding(code="disk-low", severity=Severity.BLOCKER),)),
    "it warns of what nobody saw": after(
        "r3", findings=(Finding(code="no-health", severity=Severity.WARNING),)
    ),
    "an edited file would be lost": after("r3", drift=Drift(files=(Drifted(path="a", sha256="1"),), total=1)),
    "its risk is higher": after("r3", risk="high"),
    "a migration would run that nobody saw": after(
        "r3", migrating=Migrating(service="backend", scripts=(MIGRATION,))
    ),
    "a service would be recreated, not rolled": after("r3", strategies=(Choice(service="backend"),)),
}


@pytest.mark.parametrize("changes", CHANGED_BY_OTHERS.values(), ids=CHANGED_BY_OTHERS.keys())
async def test_whatever_else_changed_is_shown_for_a_fresh_confirmation(
    scene: Scene, changes: dict[str, Any]
) -> None:
    """R-UX-2, R-DB-6: only what the first one was to change may differ from what was confirmed."""
    service = scene.service()
    await scene.first_runs(service)
    second = await queued(service)
    scene.again["r3"] = changes
    await scene.to_the_end()
    assert scene.stage.did == ["lock", "up"]
    assert await scene.state(second) is State.DISMISSED
    (again,) = await cards(scene.stage, State.PROPOSED)
    assert again.plan.digest == changes["digest"]


async def test_after_a_failure_it_does_not_start_and_asks_again_with_the_reason(scene: Scene) -> None:
    scene.stage.behaviour["up"] = [StepFailed("error-up-failed", status=1)]
    service = scene.service()
    await scene.first_runs(service)
    second = await queued(service)
    await scene.to_the_end()
    ended = await scene.stage.store.operations.get(second.id)
    assert ended is not None
    assert ended.reason is not None
    assert (ended.state, ended.reason.id) == (State.DISMISSED, "queue-before-failed")
    assert scene.stage.did.count("lock") == 1
    assert len(await cards(scene.stage, State.PROPOSED)) == 1


async def test_only_the_one_that_the_card_named_is_replaced(scene: Scene) -> None:
    service = scene.service()
    await scene.first_runs(service)
    second = await queued(service)
    third = await service.propose(Kind.DEPLOY, "fitnessapp", BORIS, Origin(chat_id=BORIS.id), "r4")
    for replaces in (None, "zzzz"):
        tap = await service.queue(third.nonce, BORIS, BORIS.id, 1, replaces)
        assert (tap.won, tap.phrase.id, tap.phrase.args["who"]) == (False, "error-waiting-already", "Anna")
    assert await scene.state(second) is State.WAITING
    assert (await service.queue(third.nonce, BORIS, BORIS.id, 1, short_id(second.id))).won
    gone = await scene.stage.store.operations.get(second.id)
    assert gone is not None
    assert gone.reason is not None
    assert (gone.state, gone.reason.args["who"]) == (State.DISMISSED, "Boris")
    told = await scene.stage.store._database.all("SELECT chat_id FROM outbox WHERE kind = 'notice'")
    assert [row["chat_id"] for row in told] == [ANNA.id]


async def test_of_many_taps_one_waits(scene: Scene) -> None:
    service = scene.service()
    await scene.first_runs(service)
    offers = [
        await service.propose(Kind.DEPLOY, "fitnessapp", ANNA, Origin(chat_id=ANNA.id), f"r{number}")
        for number in range(3, 7)
    ]
    taps = await asyncio.gather(*(service.queue(one.nonce, ANNA, ANNA.id, 1) for one in offers * 3))
    assert sum(tap.won for tap in taps) == 1
    assert len(await cards(scene.stage, State.WAITING)) == 1


async def test_called_off_it_never_starts(scene: Scene) -> None:
    service = scene.service()
    await scene.first_runs(service)
    second = await queued(service)
    tap = await service.cancel(second.id, BORIS)
    assert (tap.won, tap.phrase.id) == (True, "tap-dismissed")
    assert not (await service.cancel(second.id, ANNA)).won
    await scene.to_the_end()
    assert scene.stage.did == ["lock", "up"]
    assert await scene.state(second) is State.DISMISSED


async def test_a_tap_that_was_overtaken_by_the_end_of_the_first_still_counts(scene: Scene) -> None:
    service = scene.service()
    await scene.first_runs(service)
    offered = await service.propose(Kind.DEPLOY, "fitnessapp", ANNA, Origin(chat_id=ANNA.id), "r3")
    await scene.to_the_end()
    scene.again["r3"] = after("r3")
    assert (await service.queue(offered.nonce, ANNA, ANNA.id, 1)).won
    await scene.to_the_end()
    assert await scene.state(offered) is State.SUCCEEDED


async def test_where_nothing_runs_the_card_is_confirmed_instead(scene: Scene) -> None:
    """It is as valid as before, so it is not called expired; and its buttons are made anew."""
    service = scene.service()
    offered = await service.propose(Kind.DEPLOY, "fitnessapp", ANNA, Origin(chat_id=ANNA.id), "r3")
    (row,) = await scene.stage.store.outbox.due(4e9)
    await scene.stage.store.outbox.sent(row.id, 77, "shown")
    assert await scene.stage.store.outbox.due(4e9) == []
    tap = await service.queue(offered.nonce, ANNA, ANNA.id, 77)
    assert (tap.won, tap.phrase.id) == (False, "tap-nothing-runs")
    assert await scene.state(offered) is State.PROPOSED
    assert [one.kind for one in await scene.stage.store.outbox.due(4e9)] == ["card"]
    assert (await service.confirm(offered.nonce, ANNA, ANNA.id, 77)).won
    await scene.to_the_end()


async def test_a_plain_confirmation_never_queues(scene: Scene) -> None:
    """R-UX-2: who tapped "Confirm" did not agree to a later moment; the card offers that from now on."""
    service = scene.service()
    await scene.first_runs(service)
    offered = await service.propose(Kind.DEPLOY, "fitnessapp", ANNA, Origin(chat_id=ANNA.id), "r3")
    tap = await service.confirm(offered.nonce, ANNA, ANNA.id, 1)
    assert (tap.won, tap.phrase.id) == (False, "error-busy-now")
    assert await scene.state(offered) is State.PROPOSED
    ahead = await scene.stage.store.waiting.ahead(offered)
    assert ahead is not None
    assert (ahead.running.project, ahead.waiting) == ("fitnessapp", None)


async def test_what_takes_back_or_is_typed_stays_refused_while_something_runs(scene: Scene) -> None:
    service = scene.service()
    await scene.first_runs(service)
    with pytest.raises(Busy):
        await service.propose(Kind.UNDO, "fitnessapp", ANNA, Origin(chat_id=ANNA.id))


async def test_a_tap_in_another_chat_queues_nothing(scene: Scene) -> None:
    service = scene.service()
    await scene.first_runs(service)
    offered = await service.propose(Kind.DEPLOY, "fitnessapp", ANNA, Origin(chat_id=ANNA.id), "r3")
    tap = await service.queue(offered.nonce, BORIS, BORIS.id, 1)
    assert (tap.won, tap.phrase.id) == (False, "tap-unknown")
    assert await scene.state(offered) is State.PROPOSED


async def test_what_a_removed_admin_queued_is_not_started(stage: Stage) -> None:
    first = await stage.queued()
    offered = await stage.store.operations.propose(proposal(plan=deploy_plan("r3")))
    await stage.store.waiting.wait(offered.nonce, ANNA, ANNA.id, 1, datetime.now(UTC), None)
    await stage.store.operations.finish(first.id, State.SUCCEEDED, datetime.now(UTC), [])
    later = Scene(stage, admins=(BORIS.id,))
    await later.service().recover()
    await later.to_the_end()
    await later.tasks.close()
    ended = await stage.store.operations.get(offered.id)
    assert ended is not None
    assert ended.reason is not None
    assert (ended.state, ended.reason.id) == (State.FAILED, "error-not-admin")
    assert stage.did == []


async def test_after_a_restart_it_still_waits_and_starts_in_its_turn(stage: Stage) -> None:
    first = await stage.queued(plan=deploy_plan("r2"))
    offered = await stage.store.operations.propose(proposal(plan=deploy_plan("r3")))
    await stage.store.waiting.wait(offered.nonce, ANNA, ANNA.id, 1, datetime.now(UTC), None)
    later = Scene(stage, {"r3": after("r3")})
    service = later.service()
    await service.recover()
    await later.to_the_end()
    await later.tasks.close()
    assert [await later.state(one) for one in (first, offered)] == [State.SUCCEEDED, State.SUCCEEDED]


async def test_a_locked_project_starts_nothing_that_waits_and_says_why(scene: Scene) -> None:
    service = scene.service()
    await scene.first_runs(service)
    second = await queued(service)
    said = await Freezes(scene.stage.store, (), lambda: None).lock("fitnessapp", "enough for today", BORIS)
    assert [one.id for one in said] == ["lock-done", "lock-running", "lock-waiting"]
    await scene.to_the_end()
    ended = await scene.stage.store.operations.get(second.id)
    assert ended is not None
    assert ended.reason is not None
    assert (ended.state, ended.reason.id) == (State.DISMISSED, "error-frozen")
    assert (ended.reason.args["who"], ended.reason.args["reason"]) == ("Boris", "enough for today")


def test_the_lock_that_the_running_one_holds_is_no_reason_against_waiting_for_it() -> None:
    own = Finding(code="lock-held", severity=Severity.BLOCKER, args={"operation": "op-1"})
    other = Finding(code="lock-held", severity=Severity.BLOCKER, args={"operation": "op-2"})
    plan = without_own_lock(deploy_plan("r3", findings=(own, other)), proposal(id="op-1"))
    assert plan.findings == (other,)


def test_what_a_rollback_and_a_backup_leave_behind() -> None:
    rollback = Plan(
        kind=Kind.ROLLBACK,
        project="fitnessapp",
        steps=(),
        returning=Returning(release=release("r0"), image_names={}),
    )
    fresh = deploy_plan("r3", **after("r3", served="r0"))
    assert is_left_by(proposal(kind=Kind.ROLLBACK, plan=rollback), fresh)
    assert not is_left_by(proposal(kind=Kind.ROLLBACK, plan=rollback), deploy_plan("r3"))
    backup = deploy_plan("r1", kind=Kind.BACKUP, pack=None)
    assert is_left_by(proposal(kind=Kind.BACKUP, plan=backup), deploy_plan("r3"))
    assert not is_left_by(proposal(kind=Kind.BACKUP, plan=backup), fresh)
