"""R-UX-2: an offer gives way to a new plan by one tap, which is not the confirmation: the new card wants its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from services.errors import BadInput, Busy
from services.models import Finding, Kind, Operation, Origin, Pack, Person, Plan, Severity, State
from services.offers import Make
from services.operation_log import OperationLogs
from services.operations import Operations
from services.remote.hosts import Hosts
from services.taps import Tap
from services.tasks import Tasks
from tests.unit.services.stage import ANNA, BORIS, PROJECT, Stage, proposal

BLOCKER = Finding(code="version-not-bumped", severity=Severity.BLOCKER)


def plan(file: str = "", *findings: Finding) -> Plan:
    pack = Pack(release_id="r", file=file, size=1, files=1, unpacked=1, manifest_sha256="0" * 64, label="r")
    return Plan(
        kind=Kind.DEPLOY,
        project="fitnessapp",
        steps=("lock",),
        findings=findings,
        pack=pack if file else None,
    )


def makes(made: Plan, seen: list[str] | None = None) -> Make:
    async def make(old: Operation) -> Plan:
        if seen is not None:
            seen.append(old.id)
        return made

    return make


@pytest.fixture
async def operations(stage: Stage) -> AsyncIterator[Operations]:
    tasks = Tasks()
    yield Operations(
        store=stage.store,
        hosts=cast("Hosts", None),
        projects={"fitnessapp": PROJECT},
        admins={ANNA.id, BORIS.id},
        trades={},
        runner=stage.runner(),
        logs=OperationLogs(stage.folder / "logs", lambda text: text),
        tasks=tasks,
        changed=lambda: None,
        packs=stage.folder,
    )
    await tasks.close()


async def offered(stage: Stage, **changes: object) -> Operation:
    return await stage.store.operations.propose(proposal(plan=plan("old.tar.gz", BLOCKER), **changes))


async def known(stage: Stage, operation: Operation | None) -> Operation:
    assert operation is not None
    found = await stage.store.operations.get(operation.id)
    assert found is not None
    return found


async def instead(operations: Operations, old: Operation, make: Make, by: Person = BORIS) -> Tap:
    return await operations.propose_instead(old.nonce, by, ANNA.id, make)


async def test_the_old_card_ends_with_its_reason_and_the_new_one_is_offered_and_not_confirmed(
    stage: Stage, operations: Operations
) -> None:
    """R-UX-2."""
    old = await offered(stage, ref="main")
    tap = await instead(operations, old, makes(plan("new.tar.gz")))
    assert (tap.phrase.id, tap.won) == ("tap-replaced", True)
    ended, fresh = await known(stage, old), await known(stage, tap.operation)
    assert (ended.state, ended.cancelled_by) == (State.DISMISSED, BORIS)
    assert ended.reason is not None
    assert ended.reason.id == "offer-replaced"
    assert (fresh.state, fresh.by, fresh.ref, fresh.confirmed_by) == (State.PROPOSED, BORIS, "main", None)
    assert fresh.origin == Origin(chat_id=ANNA.id, message_id=7)
    assert await operations.running() == []
    cards = await stage.store._database.all(
        "SELECT operation_id FROM outbox WHERE kind = 'card' AND chat_id = ? ORDER BY id", (ANNA.id,)
    )
    assert [row["operation_id"] for row in cards] == [old.id, fresh.id]


async def test_the_source_of_the_old_plan_goes_and_that_of_the_new_one_stays(
    stage: Stage, operations: Operations
) -> None:
    for name in ("old.tar.gz", "new.tar.gz"):
        (stage.folder / name).touch()
    await instead(operations, await offered(stage), makes(plan("new.tar.gz")))
    assert [one.name for one in stage.folder.glob("*.tar.gz")] == ["new.tar.gz"]


async def test_a_source_that_both_plans_share_stays(stage: Stage, operations: Operations) -> None:
    (stage.folder / "old.tar.gz").touch()
    await instead(operations, await offered(stage), makes(plan("old.tar.gz")))
    assert (stage.folder / "old.tar.gz").exists()


async def test_a_second_tap_while_the_plan_is_made_learns_who_is_at_it_and_makes_none(
    stage: Stage, operations: Operations
) -> None:
    old, seen = await offered(stage), list[str]()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_old: Operation) -> Plan:
        begun.set()
        await go_on.wait()
        return plan("new.tar.gz")

    async with asyncio.TaskGroup() as group:
        first = group.create_task(instead(operations, old, slowly))
        await begun.wait()
        second = await instead(operations, old, makes(plan(), seen), by=ANNA)
        go_on.set()
    assert (second.phrase.id, second.phrase.args, second.won) == ("tap-replacing", {"who": "Boris"}, False)
    assert seen == []
    assert first.result().won


async def test_a_tap_after_it_learns_who_was_first(stage: Stage, operations: Operations) -> None:
    old, seen = await offered(stage), list[str]()
    await instead(operations, old, makes(plan()))
    late = await instead(operations, old, makes(plan(), seen), by=ANNA)
    assert (late.phrase.id, late.phrase.args, late.won) == ("tap-handled", {"who": "Boris"}, False)
    assert seen == []


async def test_an_offer_that_was_dismissed_while_the_plan_was_made_is_not_replaced(
    stage: Stage, operations: Operations
) -> None:
    old = await offered(stage)

    async def meanwhile(_old: Operation) -> Plan:
        await operations.dismiss(old.nonce, ANNA, ANNA.id, 1)
        (stage.folder / "new.tar.gz").touch()
        return plan("new.tar.gz")

    tap = await instead(operations, old, meanwhile)
    assert (tap.phrase.id, tap.phrase.args, tap.won) == ("tap-handled", {"who": "Anna"}, False)
    rows = await stage.store._database.all("SELECT id FROM operations")
    assert [row["id"] for row in rows] == [old.id]
    assert not (stage.folder / "new.tar.gz").exists()


async def test_a_plan_that_cannot_be_made_leaves_the_offer_as_it_is_and_it_can_be_tapped_again(
    stage: Stage, operations: Operations
) -> None:
    old = await offered(stage)

    async def refuse(_old: Operation) -> Plan:
        raise BadInput("error-bad-input")

    with pytest.raises(BadInput):
        await instead(operations, old, refuse)
    assert (await known(stage, old)).state is State.PROPOSED
    assert (await instead(operations, old, makes(plan()))).won


async def test_a_crash_between_the_two_leaves_the_old_offer(stage: Stage) -> None:
    """One transaction: a new offer that cannot be stored does not end the old one."""
    old = await offered(stage)
    assert old.reason is None
    with pytest.raises(Exception, match="UNIQUE"):
        await stage.store.operations.supersede(old.id, proposal(id=old.id), BadInput().phrase, ANNA)
    assert (await known(stage, old)).state is State.PROPOSED


@pytest.mark.parametrize(
    ("nonce", "chat"), [("forged", ANNA.id), ("", -100777)], ids=["a forged nonce", "another chat"]
)
async def test_a_tap_that_cannot_count_makes_no_plan(
    nonce: str, chat: int, stage: Stage, operations: Operations
) -> None:
    old, seen = await offered(stage), list[str]()
    tap = await operations.propose_instead(nonce or old.nonce, BORIS, chat, makes(plan(), seen))
    assert (tap.phrase.id, tap.won, seen) == ("tap-unknown", False, [])


async def test_an_expired_card_says_so_and_makes_no_plan(stage: Stage, operations: Operations) -> None:
    seen = list[str]()
    old = await offered(stage, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    tap = await instead(operations, old, makes(plan(), seen))
    assert (tap.phrase.id, seen) == ("tap-expired", [])
    await operations.expire()
    assert (await instead(operations, old, makes(plan(), seen))).phrase.id == "tap-expired"
    assert seen == []


async def test_while_something_runs_no_plan_is_made(stage: Stage, operations: Operations) -> None:
    await stage.queued()
    old, seen = await offered(stage, kind=Kind.RESTORE), list[str]()  # one that cannot wait its turn
    with pytest.raises(Busy):
        await instead(operations, old, makes(plan(), seen))
    assert seen == []


async def test_a_blocked_plan_still_says_that_it_may_not_run(stage: Stage, operations: Operations) -> None:
    old = await offered(stage)
    assert (await operations.confirm(old.nonce, ANNA, ANNA.id, 1)).phrase.id == "tap-blocked"
