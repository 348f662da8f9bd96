from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.models import Finding, Kind, Plan, Severity, State
from services.phrases import Phrase
from services.store import Store
from services.store.operations import ActiveAlready
from tests.unit.services.stage import ANNA, BORIS, proposal


def now() -> datetime:
    return datetime.now(UTC)


async def test_an_update_is_stored_once_however_often_it_comes(store: Store) -> None:
    update = {"update_id": 5, "message": {"text": "/deploy"}}
    assert await store.inbox.put([update, update], 1.0) == 1
    assert await store.inbox.put([update], 2.0) == 0
    assert [incoming.update_id for incoming in await store.inbox.waiting()] == [5]
    assert await store.inbox.next_offset() == 6


async def test_a_handled_update_is_not_handed_out_again_and_its_text_is_gone(store: Store) -> None:
    await store.inbox.put([{"update_id": 5, "message": {"text": "private"}}], 1.0)
    await store.inbox.end(5)
    assert await store.inbox.waiting() == []
    row = await store._database.one("SELECT payload FROM inbox")
    assert row is not None
    assert row["payload"] == "{}"


async def test_an_update_that_kills_the_process_again_and_again_is_set_aside(store: Store) -> None:
    await store.inbox.put([{"update_id": 5}], 1.0)
    tries = [await store.inbox.begin(5) for _ in range(5)]
    assert tries == [True, True, True, False, False]
    assert await store.inbox.waiting() == []


async def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    first = await Store.open(tmp_path / "opsgate.db")
    await first.inbox.put([{"update_id": 9}], 1.0)
    await first.close()
    second = await Store.open(tmp_path / "opsgate.db")
    assert [incoming.update_id for incoming in await second.inbox.waiting()] == [9]
    await second.close()


async def test_the_database_is_readable_by_its_owner_only(store: Store, tmp_path: Path) -> None:
    assert (tmp_path / "opsgate.db").stat().st_mode & 0o077 == 0


async def test_a_database_of_a_newer_opsgate_is_refused(store: Store, tmp_path: Path) -> None:
    await store._database._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(sqlite3.DatabaseError, match="newer"):
        await Store.open(tmp_path / "opsgate.db")


async def test_the_same_update_proposes_once(store: Store) -> None:
    first = await store.operations.propose(proposal())
    twin = proposal(origin=first.origin)
    assert (await store.operations.propose(twin)).id == first.id


async def test_exactly_one_of_many_taps_starts_an_operation(store: Store) -> None:
    """R-UX-2: the gate is one guarded update."""
    operation = await store.operations.propose(proposal())
    taps = await asyncio.gather(
        *(store.operations.confirm(operation.nonce, ANNA, ANNA.id, 1, now()) for _ in range(20))
    )
    assert sum(tap is not None for tap in taps) == 1


async def test_an_expired_offer_cannot_be_confirmed(store: Store) -> None:
    operation = await store.operations.propose(proposal(expires_at=now() - timedelta(seconds=1)))
    assert await store.operations.confirm(operation.nonce, ANNA, ANNA.id, 1, now()) is None


async def test_a_tap_from_another_chat_or_message_does_nothing(store: Store) -> None:
    operation = await store.operations.propose(proposal())
    row = (await store.outbox.due(now().timestamp()))[0]
    await store.outbox.sent(row.id, 77, "shown")
    assert await store.operations.confirm(operation.nonce, BORIS, BORIS.id, 77, now()) is None
    assert await store.operations.confirm(operation.nonce, ANNA, ANNA.id, 78, now()) is None
    assert await store.operations.confirm(operation.nonce, ANNA, ANNA.id, 77, now()) is not None


async def test_a_plan_with_a_blocker_cannot_be_confirmed_even_with_the_right_nonce(store: Store) -> None:
    """R-UX-1: prerequisites are not a suggestion."""
    finding = Finding(code="env-missing", severity=Severity.BLOCKER)
    plan = Plan(kind=Kind.DEPLOY, project="fitnessapp", steps=(), findings=(finding,))
    operation = await store.operations.propose(proposal(plan=plan))
    assert await store.operations.confirm(operation.nonce, ANNA, ANNA.id, 1, now()) is None


async def test_two_operations_of_one_project_never_run_at_once(store: Store) -> None:
    first = await store.operations.propose(proposal())
    second = await store.operations.propose(proposal())
    elsewhere = await store.operations.propose(proposal(project="other"))
    assert await store.operations.confirm(first.nonce, ANNA, ANNA.id, 1, now())
    with pytest.raises(ActiveAlready) as refused:
        await store.operations.confirm(second.nonce, ANNA, ANNA.id, 1, now())
    assert refused.value.other.id == first.id
    assert await store.operations.confirm(elsewhere.nonce, ANNA, ANNA.id, 1, now())


async def test_a_verdict_is_stored_once_per_chat_with_the_state_it_tells(store: Store) -> None:
    operation = await store.operations.propose(proposal())
    await store.operations.confirm(operation.nonce, ANNA, ANNA.id, 1, now())
    await store.operations.finish(operation.id, State.FAILED, now(), [ANNA.id, BORIS.id])
    with pytest.raises(LookupError):
        await store.operations.finish(operation.id, State.SUCCEEDED, now(), [ANNA.id])
    rows = await store._database.all("SELECT chat_id FROM outbox WHERE kind = 'verdict'")
    assert sorted(row["chat_id"] for row in rows) == [ANNA.id, BORIS.id]


async def test_messages_of_a_chat_leave_in_order_and_one_waiting_holds_the_rest_back(store: Store) -> None:
    for number in range(3):
        await store.outbox.notice(Phrase(id=f"n{number}"), [ANNA.id, BORIS.id], 1.0)
    due = await store.outbox.due(10.0)
    assert [(row.chat_id, row.phrase.id if row.phrase else "") for row in due] == [
        (ANNA.id, "n0"),
        (BORIS.id, "n0"),
    ]
    await store.outbox.sending(due[0].id)
    await store.outbox.refused(due[0].id, 100.0)
    assert [row.chat_id for row in await store.outbox.due(10.0)] == [BORIS.id]
    await store.outbox.sent(due[1].id, 5, "")
    assert [(row.chat_id, row.phrase.id if row.phrase else "") for row in await store.outbox.due(200.0)] == [
        (ANNA.id, "n0"),
        (BORIS.id, "n1"),
    ]


async def test_a_send_that_was_under_way_at_a_crash_is_sent_again_and_marked_as_uncertain(
    store: Store,
) -> None:
    await store.outbox.notice(Phrase(id="n"), [ANNA.id], 1.0)
    row = (await store.outbox.due(2.0))[0]
    await store.outbox.sending(row.id)
    assert (await store.outbox.due(2.0))[0].uncertain


async def test_a_refused_send_is_not_uncertain(store: Store) -> None:
    await store.outbox.notice(Phrase(id="n"), [ANNA.id], 1.0)
    row = (await store.outbox.due(2.0))[0]
    await store.outbox.sending(row.id)
    await store.outbox.refused(row.id, 3.0)
    assert not (await store.outbox.due(4.0))[0].uncertain


async def test_a_change_of_an_operation_marks_its_sent_messages_for_an_edit(store: Store) -> None:
    operation = await store.operations.propose(proposal())
    card = (await store.outbox.due(now().timestamp()))[0]
    await store.outbox.sent(card.id, 5, "card")
    assert await store.outbox.due(now().timestamp()) == []
    await store.operations.confirm(operation.nonce, ANNA, ANNA.id, 5, now())
    kinds = {row.kind for row in await store.outbox.due(now().timestamp())}
    assert kinds == {"card", "progress"}


async def test_what_waits_for_a_group_follows_it_to_the_supergroup(store: Store) -> None:
    await store.outbox.notice(Phrase(id="n"), [-5], 1.0)
    await store.outbox.move_chat(-5, -100500)
    assert [row.chat_id for row in await store.outbox.due(2.0)] == [-100500]


async def test_a_stranger_is_new_once(store: Store) -> None:
    assert await store.people.stranger(666, 1.0)
    assert not await store.people.stranger(666, 2.0)


async def test_a_chosen_language_outlives_what_telegram_says(store: Store) -> None:
    await store.people.seen(ANNA.id, "Anna", "en", 1.0)
    await store.people.choose_language(ANNA.id, "ru")
    await store.people.seen(ANNA.id, "Anna", "en", 2.0)
    assert await store.people.language(ANNA.id) == "ru"


async def test_an_admin_who_blocks_the_bot_is_reported_once_until_they_return(store: Store) -> None:
    assert await store.people.set_reachable(ANNA.id, False, 1.0)
    assert not await store.people.set_reachable(ANNA.id, False, 2.0)
    assert [admin.reachable for admin in await store.people.admins([ANNA.id, BORIS.id])] == [False, True]
    assert await store.people.set_reachable(ANNA.id, True, 3.0)


async def test_a_cancelled_change_never_stands_in_the_way_of_the_next(store: Store) -> None:
    """At whatever moment: also while its BEGIN is on its way to the database."""
    for moments in range(12):
        async with asyncio.TaskGroup() as group:
            change = group.create_task(store.inbox.put([{"update_id": 100 + moments}], 1.0))
            for _ in range(moments):
                await asyncio.sleep(0)
            change.cancel()
        async with asyncio.timeout(5):
            assert await store.inbox.put([{"update_id": 500 + moments}], 1.0) == 1
