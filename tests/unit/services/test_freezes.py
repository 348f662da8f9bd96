"""/lock: a project refuses to be changed, until somebody opens it again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services import policy
from services.errors import BadInput, Frozen
from services.freezes import Freezes, reason_of
from services.models import Freeze, Kind, Operation, Plan, State
from services.phrases import Phrase
from services.store import Store
from tests.unit.services.stage import ANNA, BORIS, Stage, proposal

NOW = datetime.now(UTC)
CHANGES = [kind for kind in Kind if kind not in {Kind.BACKUP, Kind.DRILL}]


def freezes(store: Store) -> Freezes:
    return Freezes(store, (BORIS.id, ANNA.id), lambda: None)


async def offered(store: Store, kind: Kind) -> Operation:
    plan = Plan(kind=kind, project="fitnessapp", steps=("lock",))
    return await store.operations.propose(proposal(kind=kind, plan=plan))


async def notices(store: Store) -> list[tuple[int, Phrase]]:
    rows = await store._database.all(
        "SELECT chat_id, phrase FROM outbox WHERE kind = 'notice' ORDER BY chat_id"
    )
    return [(row["chat_id"], Phrase.model_validate_json(row["phrase"])) for row in rows]


@pytest.mark.parametrize("kind", CHANGES)
async def test_nothing_that_changes_the_server_can_be_confirmed(store: Store, kind: Kind) -> None:
    """R-UX-2: also what was offered before the lock came."""
    operation = await offered(store, kind)
    await freezes(store).lock("fitnessapp", "an audit", BORIS)
    lock = await store.freezes.of("fitnessapp")
    assert lock is not None
    with pytest.raises(Frozen) as refusal:
        await store.operations.confirm(operation.nonce, ANNA, ANNA.id, 1, lock.at + timedelta(minutes=5))
    wanted = {"who": "Boris", "reason": "an audit", "project": "fitnessapp", "age": 300}
    assert refusal.value.phrase.args == wanted
    assert await store.operations.active() == []


async def test_a_name_typed_after_the_lock_came_does_not_count(store: Store) -> None:
    operation = await offered(store, Kind.RESTORE)
    assert await store.operations.confirm(operation.nonce, ANNA, ANNA.id, 1, NOW)
    await freezes(store).lock("fitnessapp", "an audit", BORIS)
    with pytest.raises(Frozen):
        await store.operations.confirm_typed(operation.nonce, ANNA, ANNA.id, NOW)


async def test_what_was_confirmed_before_the_lock_does_not_begin_after_it(store: Store) -> None:
    operation = await offered(store, Kind.DEPLOY)
    assert await store.operations.confirm(operation.nonce, ANNA, ANNA.id, 1, NOW)
    await freezes(store).lock("fitnessapp", "an audit", BORIS)
    with pytest.raises(Frozen):
        await store.operations.begin(operation.id, NOW)
    assert [one.state for one in await store.operations.active()] == [State.QUEUED]


async def test_nothing_can_be_queued_either(stage: Stage) -> None:
    await stage.queued()
    operation = await offered(stage.store, Kind.DEPLOY)
    await freezes(stage.store).lock("fitnessapp", "an audit", BORIS)
    with pytest.raises(Frozen):
        await stage.store.waiting.wait(operation.nonce, ANNA, ANNA.id, 1, NOW, None)
    assert await stage.store.waiting.all() == []


async def test_a_backup_is_possible_all_the_same(store: Store) -> None:
    operation = await offered(store, Kind.BACKUP)
    await freezes(store).lock("fitnessapp", "an audit", BORIS)
    assert await store.operations.confirm(operation.nonce, ANNA, ANNA.id, 1, NOW)
    await store.operations.begin(operation.id, NOW)


async def test_another_project_is_not_locked_with_it(store: Store) -> None:
    await freezes(store).lock("other", "an audit", BORIS)
    operation = await offered(store, Kind.DEPLOY)
    assert await store.operations.confirm(operation.nonce, ANNA, ANNA.id, 1, NOW)


async def test_what_runs_goes_on_and_whoever_locks_is_told(stage: Stage) -> None:
    running = await stage.queued()
    said = await freezes(stage.store).lock("fitnessapp", "an audit", BORIS)
    assert [one.id for one in said] == ["lock-done", "lock-running"]
    assert (await stage.run(running)).state is State.SUCCEEDED


async def test_a_second_lock_says_who_holds_it_and_changes_nothing(store: Store) -> None:
    """Also when two come at once."""
    service = freezes(store)
    said = await asyncio.gather(*(service.lock("fitnessapp", f"reason {n}", BORIS) for n in range(5)))
    assert sorted(lines[0].id for lines in said) == ["lock-done"] + ["lock-held"] * 4
    kept = await store.freezes.of("fitnessapp")
    again = (await service.lock("fitnessapp", "mine", ANNA))[0]
    assert kept is not None
    assert (again.id, again.args["who"], again.args["reason"]) == ("lock-held", "Boris", kept.reason)
    assert await store.freezes.of("fitnessapp") == kept


async def test_any_admin_opens_it_and_all_of_them_hear_whose_lock_it_was(store: Store) -> None:
    service = freezes(store)
    await service.lock("fitnessapp", "an audit", BORIS)
    assert await service.locked(["fitnessapp", "other"]) == ["fitnessapp"]
    assert await service.unlock("fitnessapp", ANNA)
    told = await notices(store)
    assert [chat for chat, _ in told] == [ANNA.id, BORIS.id]
    assert told[0][1].args == {"who": "Anna", "project": "fitnessapp", "owner": "Boris", "reason": "an audit"}
    assert not await service.unlock("fitnessapp", ANNA)
    assert len(await notices(store)) == 2
    operation = await offered(store, Kind.DEPLOY)
    assert await store.operations.confirm(operation.nonce, ANNA, ANNA.id, 1, NOW)


async def test_a_lock_outlives_the_process(stage: Stage) -> None:
    await freezes(stage.store).lock("fitnessapp", "an audit", BORIS)
    again = await Store.open(stage.folder / "opsgate.db")
    try:
        kept = await again.freezes.of("fitnessapp")
    finally:
        await again.close()
    assert kept is not None
    assert (kept.by, kept.reason) == (BORIS, "an audit")


async def test_a_secret_in_a_reason_is_not_kept(stage: Stage) -> None:
    again = await Store.open(stage.folder / "opsgate.db", lambda text: text.replace("hunter2", "•••"))
    try:
        await freezes(again).lock("fitnessapp", "the password is hunter2", BORIS)
        row = await again._database.one("SELECT body FROM freezes")
    finally:
        await again.close()
    assert row is not None
    assert "hunter2" not in row["body"]


@pytest.mark.parametrize("text", ["an audit", " an audit  ", "a" * 200, "аудит 👨‍👩‍👧"])
def test_one_line_of_plain_text_is_a_reason(text: str) -> None:
    assert reason_of(text, "fitnessapp") == text.strip()


@pytest.mark.parametrize(
    "text", ["two\nlines", "a\x00b", "a\x1b[31mb", "a\u202eb", "a\u2066b", "a\u2028b", "a\ud800b", "a" * 201]
)
def test_anything_else_is_refused_kindly(text: str) -> None:
    with pytest.raises(BadInput) as refusal:
        reason_of(text, "fitnessapp")
    assert refusal.value.phrase.id == "error-lock-reason"


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_without_a_reason_an_example_is_shown(text: str) -> None:
    with pytest.raises(BadInput) as refusal:
        reason_of(text, "fitnessapp")
    assert refusal.value.phrase.id == "error-lock-no-reason"
    assert refusal.value.phrase.args["project"] == "fitnessapp"


def test_a_clock_that_was_set_back_makes_no_negative_age() -> None:
    freeze = Freeze(project="fitnessapp", by=ANNA, reason="x", at=NOW + timedelta(minutes=1))
    assert policy.frozen(freeze, NOW).phrase.args["age"] == 0
