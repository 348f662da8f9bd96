"""R-UX-2: where a tap is not enough, the project's name is typed by whom it was asked of, here, in time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from services import policy
from services.errors import BadInput
from services.models import Kind, Operation, Origin, Person, Plan, State
from services.operation_log import OperationLogs
from services.operations import Operations, Trade
from services.projects import Project
from services.remote.hosts import Hosts
from services.store import Store
from services.store.operations import ActiveAlready
from services.tasks import Tasks
from tests.unit.services.stage import ANNA, BORIS, PROJECT, Stage, proposal

NOW = datetime.now(UTC)
IN_TIME = NOW + timedelta(seconds=119)
TOO_LATE = NOW + timedelta(seconds=121)


async def restore(store: Store, **changes: object) -> Operation:
    plan = Plan(kind=Kind.RESTORE, project="fitnessapp", steps=("lock",))
    return await store.operations.propose(proposal(kind=Kind.RESTORE, plan=plan, **changes))


async def tap(store: Store, operation: Operation, by: Person = ANNA, now: datetime = NOW) -> Operation | None:
    return await store.operations.confirm(operation.nonce, by, ANNA.id, 1, now)


async def test_a_tap_asks_for_the_name_and_starts_nothing(store: Store) -> None:
    offered = await restore(store)
    asked = await tap(store, offered)
    assert asked is not None
    assert asked.state is State.PROPOSED
    assert asked.asked is not None
    assert (asked.asked.person, asked.asked.until) == (ANNA, NOW + timedelta(minutes=2))
    assert await store.operations.active() == []


async def test_the_name_typed_in_time_starts_it(store: Store) -> None:
    offered = await restore(store)
    await tap(store, offered)
    assert (await store.operations.awaiting(ANNA.id, ANNA.id, IN_TIME)) is not None
    started = await store.operations.confirm_typed(offered.nonce, ANNA, ANNA.id, IN_TIME)
    assert started is not None
    assert (started.state, started.confirmed_by) == (State.QUEUED, ANNA)


async def test_it_counts_once(store: Store) -> None:
    offered = await restore(store)
    await tap(store, offered)
    assert await store.operations.confirm_typed(offered.nonce, ANNA, ANNA.id, IN_TIME)
    assert await store.operations.confirm_typed(offered.nonce, ANNA, ANNA.id, IN_TIME) is None


async def test_without_a_tap_before_it_typing_means_nothing(store: Store) -> None:
    offered = await restore(store)
    assert await store.operations.awaiting(ANNA.id, ANNA.id, NOW) is None
    assert await store.operations.confirm_typed(offered.nonce, ANNA, ANNA.id, NOW) is None


@pytest.mark.parametrize(
    ("by", "chat", "at"),
    [(BORIS, ANNA.id, IN_TIME), (ANNA, -100777, IN_TIME), (ANNA, ANNA.id, TOO_LATE)],
    ids=["another person", "another chat", "too late"],
)
async def test_another_person_another_chat_or_too_late_is_nothing(
    store: Store, by: Person, chat: int, at: datetime
) -> None:
    offered = await restore(store)
    await tap(store, offered)
    assert await store.operations.awaiting(by.id, chat, at) is None
    assert await store.operations.confirm_typed(offered.nonce, by, chat, at) is None
    assert await store.operations.active() == []


async def test_while_one_is_asked_another_is_not_and_afterwards_they_are(store: Store) -> None:
    offered = await restore(store)
    await tap(store, offered)
    assert await tap(store, offered, BORIS, IN_TIME) is None
    later = await tap(store, offered, BORIS, TOO_LATE)
    assert later is not None
    assert later.asked is not None
    assert later.asked.person == BORIS


async def test_the_button_comes_back_when_the_time_is_over(store: Store) -> None:
    offered = await restore(store)
    await tap(store, offered)
    assert await store.operations.stop_asking(IN_TIME) == []
    assert [one.id for one in await store.operations.stop_asking(TOO_LATE)] == [offered.id]
    again = await store.operations.get(offered.id)
    assert again is not None
    assert again.asked is None
    assert again.state is State.PROPOSED


async def test_the_time_for_typing_ends_with_the_offer(store: Store) -> None:
    offered = await restore(store, expires_at=NOW + timedelta(seconds=30))
    asked = await tap(store, offered)
    assert asked is not None
    assert asked.asked is not None
    assert asked.asked.until == offered.expires_at
    assert await store.operations.confirm_typed(offered.nonce, ANNA, ANNA.id, IN_TIME) is None


async def test_a_busy_project_is_busy_for_the_typed_name_too(store: Store) -> None:
    offered = await restore(store)
    await tap(store, offered)
    other = await store.operations.propose(proposal())
    assert await store.operations.confirm(other.nonce, ANNA, ANNA.id, 1, NOW)
    with pytest.raises(ActiveAlready):
        await store.operations.confirm_typed(offered.nonce, ANNA, ANNA.id, IN_TIME)


async def test_what_was_asked_survives_a_restart(stage: Stage) -> None:
    """No state but the operation's own: a new process reads the same row."""
    offered = await restore(stage.store)
    await tap(stage.store, offered)
    reopened = await Store.open(stage.folder / "opsgate.db")
    try:
        assert await reopened.operations.confirm_typed(offered.nonce, ANNA, ANNA.id, IN_TIME)
    finally:
        await reopened.close()


@pytest.mark.parametrize("typed", ["fitnessapp", "Fitnessapp ", "\nfitnessapp"])
def test_what_a_phone_adds_to_the_name_does_not_matter(typed: str) -> None:
    assert policy.is_the_name(typed, "fitnessapp")


@pytest.mark.parametrize("typed", ["", "yes", "fitness app", "fitnessapp!", "fitnessapp2"])
def test_anything_else_is_not_the_name(typed: str) -> None:
    assert not policy.is_the_name(typed, "fitnessapp")


# --- as the service words it ---


@pytest.fixture
async def operations(stage: Stage) -> AsyncIterator[Operations]:
    """A service whose restores end as soon as they begin: the gate is what is looked at."""
    plan = Plan(kind=Kind.RESTORE, project="fitnessapp", steps=("lock",))

    async def planned(_project: Project, _ref: str | None) -> Plan:
        return plan

    async def refused(_project: Project, _plan: Plan) -> Plan:
        raise BadInput("error-no-backup")

    tasks = Tasks()
    trade = Trade(planned, refused, stage.procedure())
    yield Operations(
        store=stage.store,
        hosts=cast("Hosts", None),
        projects={"fitnessapp": PROJECT},
        admins={ANNA.id, BORIS.id},
        trades={Kind.RESTORE: trade},
        runner=stage.runner(),
        logs=OperationLogs(stage.folder / "logs", lambda text: text),
        tasks=tasks,
        changed=lambda: None,
        packs=stage.folder,
    )
    await tasks.close()


async def test_a_tap_is_answered_with_the_question_for_the_name(operations: Operations) -> None:
    offered = await operations.propose(Kind.RESTORE, "fitnessapp", ANNA, Origin(chat_id=ANNA.id))
    tapped = await operations.confirm(offered.nonce, ANNA, ANNA.id, 1)
    assert (tapped.phrase.id, tapped.won) == ("typed-ask", True)
    assert await operations.running() == []


async def test_a_wrong_name_is_told_and_the_right_one_counts_after_it(operations: Operations) -> None:
    offered = await operations.propose(Kind.RESTORE, "fitnessapp", ANNA, Origin(chat_id=ANNA.id))
    await operations.confirm(offered.nonce, ANNA, ANNA.id, 1)
    wrong = await operations.confirm_typed(offered.nonce, ANNA, ANNA.id, "fitnesapp")
    assert (wrong.phrase.id, wrong.won) == ("typed-wrong", False)
    assert await operations.running() == []
    right = await operations.confirm_typed(offered.nonce, ANNA, ANNA.id, "fitnessapp")
    assert (right.phrase.id, right.won) == ("tap-confirmed", True)


async def test_another_admins_tap_learns_who_is_being_asked(operations: Operations) -> None:
    offered = await operations.propose(Kind.RESTORE, "fitnessapp", ANNA, Origin(chat_id=ANNA.id))
    await operations.confirm(offered.nonce, ANNA, ANNA.id, 1)
    other = await operations.confirm(offered.nonce, BORIS, ANNA.id, 1)
    assert (other.phrase.id, other.phrase.args, other.won) == ("tap-asked", {"who": "Anna"}, False)


async def test_a_name_typed_for_a_proposal_that_was_called_off_is_handled_already(
    operations: Operations,
) -> None:
    offered = await operations.propose(Kind.RESTORE, "fitnessapp", ANNA, Origin(chat_id=ANNA.id))
    await operations.confirm(offered.nonce, ANNA, ANNA.id, 1)
    await operations.dismiss(offered.nonce, BORIS, ANNA.id, 1)
    assert await operations.awaiting(ANNA, ANNA.id) is None
    typed = await operations.confirm_typed(offered.nonce, ANNA, ANNA.id, "fitnessapp")
    assert (typed.phrase.id, typed.won) == ("tap-handled", False)
