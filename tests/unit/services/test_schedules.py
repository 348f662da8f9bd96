"""Schedules: what is due begins once, whatever the clock and the process do; trouble is told, success is not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services import policy
from services.backups.models import backup_id
from services.errors import BadInput, OpsgateError
from services.models import SCHEDULE, Finding, Freeze, Kind, Severity, State
from services.projects import BackupRules
from services.schedules.clockwork import SCHEDULED, next_backup
from services.schedules.models import Job
from services.store import Store
from tests.unit.services.night import DUE, EVENING, NIGHTLY, Night
from tests.unit.services.stage import ANNA, BORIS, PROJECT, proposal
from tests.unit.services.test_restores import BACKUP


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[Night]:
    store = await Store.open(tmp_path / "night.db")
    yield Night(store)
    await store.close()


async def test_a_backup_that_is_due_begins_without_a_tap_and_says_nothing(night: Night) -> None:
    schedules = await night.counted()
    await night.look(schedules, DUE - timedelta(seconds=1))
    assert night.taken == []
    await night.look(schedules, DUE)
    (operation,) = await night.stored()
    assert (operation.kind, operation.state, operation.origin.chat_id) == (
        Kind.BACKUP,
        State.QUEUED,
        SCHEDULE,
    )
    assert operation.by == operation.confirmed_by == SCHEDULED
    assert policy.may_start(operation, admins=())
    assert night.taken == [operation.id]
    await night.end()
    assert await night.told() == []


async def test_it_begins_once_however_often_one_looks_and_whoever_looks(night: Night) -> None:
    schedules = await night.counted()
    for seconds in (0, 1, 30, 3600):
        await night.look(schedules, DUE + timedelta(seconds=seconds))
        if seconds == 0:
            await night.end()
    await night.look(night.schedules(), DUE + timedelta(hours=2))  # a restart
    assert len(await night.stored()) == 1


async def test_killed_between_noting_and_starting_it_is_stored_and_queued(night: Night) -> None:
    """Both are one change: what was noted is there to be taken up, what is not there is not noted."""
    schedules = await night.counted()

    async def dies(_operation: str) -> None:
        raise KeyboardInterrupt

    schedules.take_up = dies
    with pytest.raises(KeyboardInterrupt):
        await night.look(schedules, DUE)
    (active,) = await night.store.operations.active()
    assert active.state is State.QUEUED
    await night.look(night.schedules(), DUE + timedelta(minutes=1))
    assert len(await night.stored()) == 1


async def test_a_due_time_is_not_noted_when_its_operation_cannot_be_stored(night: Night) -> None:
    schedules = await night.counted()
    other = await night.store.operations.propose(proposal())
    assert await night.store.operations.confirm(other.nonce, ANNA, ANNA.id, 1, datetime.now(UTC))
    row = await night.store.schedules.get("fitnessapp", Job.BACKUP)
    assert row is not None
    await night.look(schedules, DUE)
    assert await night.store.schedules.get("fitnessapp", Job.BACKUP) == row
    assert (night.taken, night.asked) == ([], [])
    await night.store.operations.finish(other.id, State.SUCCEEDED, night.now, [])
    await night.look(schedules, DUE + timedelta(minutes=5))
    assert len(night.taken) == 1


async def test_two_processes_that_look_at_once_begin_one(night: Night) -> None:
    first, second = await night.counted(), night.schedules()
    row = await night.store.schedules.get("fitnessapp", Job.BACKUP)
    assert row is not None
    await night.look(first, DUE)
    await night.end()
    late = proposal(state=State.QUEUED, project="fitnessapp")
    fresh = row.model_copy(update={"handled": DUE})
    assert not await night.store.schedules.take(fresh, row.handled, late, None, [])
    await night.look(second, DUE)
    assert len(night.taken) == 1


async def test_what_was_missed_while_the_machine_slept_is_caught_up_once_and_said(night: Night) -> None:
    await night.counted()
    await night.look(night.schedules(), DUE + timedelta(days=3, hours=5))
    assert len(night.taken) == 1
    assert await night.told() == [
        (ANNA.id, "notice-schedule-late", ""),
        (BORIS.id, "notice-schedule-late", ""),
    ]
    await night.end()
    await night.look(night.schedules(), DUE + timedelta(days=3, hours=6))
    assert len(night.taken) == 1


async def test_a_little_late_is_not_worth_a_message(night: Night) -> None:
    await night.counted()
    await night.look(night.schedules(), DUE + timedelta(minutes=40))
    assert (len(night.taken), await night.told()) == (1, [])


async def test_a_new_schedule_has_missed_nothing(night: Night) -> None:
    await night.counted()
    later = DUE + timedelta(days=10, hours=5)
    night.project = NIGHTLY.model_copy(update={"backups": BackupRules(schedule="0 4 * * *", drill=False)})
    await night.look(night.schedules(), later)
    assert night.taken == []


async def test_a_schedule_that_was_taken_out_ends_and_comes_back_without_its_past(night: Night) -> None:
    await night.counted()
    assert await night.store.schedules.get("fitnessapp", Job.BACKUP)
    night.project = PROJECT
    await night.schedules().run()  # returns: there is nothing to keep
    assert await night.store.schedules.get("fitnessapp", Job.BACKUP) is None
    await night.look(night.schedules(), DUE)
    night.project = NIGHTLY
    await night.look(night.schedules(), DUE + timedelta(days=2, hours=5))
    assert night.taken == []


async def test_a_clock_that_is_put_back_does_not_run_it_again(night: Night) -> None:
    schedules = await night.counted()
    await night.look(schedules, DUE + timedelta(minutes=2))
    await night.end()
    await night.look(schedules, DUE - timedelta(minutes=30))
    await night.look(schedules, DUE + timedelta(minutes=1))
    assert len(night.taken) == 1
    await night.look(schedules, DUE + timedelta(days=1))
    assert len(night.taken) == 2


async def test_a_clock_that_was_years_ahead_is_forgotten(night: Night) -> None:
    schedules = await night.counted()
    await night.look(schedules, DUE.replace(year=2031))
    await night.end()
    await night.look(schedules, EVENING)
    await night.look(schedules, DUE)
    assert len(night.taken) == 2


async def test_a_host_that_does_not_answer_is_told_once_tried_again_and_caught_up(night: Night) -> None:
    schedules = await night.counted()
    night.error = OpsgateError("error-unreachable", host="home")
    for minute in range(0, 120, 5):
        schedules._trouble.clear()  # its pause is over
        await night.look(schedules, DUE + timedelta(minutes=minute))
    assert await night.told() == [
        (admin.id, "notice-schedule-trouble", "error-unreachable") for admin in (ANNA, BORIS)
    ]
    assert len(night.asked) == 24
    night.error = None
    await night.look(night.schedules(), DUE + timedelta(hours=3))
    assert len(night.taken) == 1
    assert [phrase for _, phrase, _ in await night.told()][-1] == "notice-schedule-late"


async def test_between_two_tries_there_is_a_pause(night: Night) -> None:
    schedules = await night.counted()
    night.error = OpsgateError("error-unreachable", host="home")
    for seconds in range(5):
        await night.look(schedules, DUE + timedelta(seconds=seconds))
    assert len(night.asked) == 1


async def test_trouble_that_was_told_is_not_told_again_after_a_restart(night: Night) -> None:
    await night.counted()
    night.error = OpsgateError("error-unreachable", host="home")
    for minute in (0, 1, 2):
        await night.look(night.schedules(), DUE + timedelta(minutes=minute))
    assert len(await night.told()) == 2
    night.error = OpsgateError("error-auth-refused", host="home")  # something else is news
    await night.look(night.schedules(), DUE + timedelta(minutes=3))
    assert len(await night.told()) == 4
    await night.look(night.schedules(), DUE + timedelta(hours=7))
    assert len(await night.told()) == 6


async def test_a_blocked_plan_begins_nothing_and_its_reason_is_told(night: Night) -> None:
    schedules = await night.counted()
    night.blocker = Finding(code="disk-low", severity=Severity.BLOCKER, args={"free": 1})
    await night.look(schedules, DUE)
    assert night.taken == []
    assert (await night.told())[0] == (ANNA.id, "notice-schedule-trouble", "finding-disk-low")


async def test_a_defect_is_told_too_and_does_not_end_the_loop(night: Night) -> None:
    schedules = await night.counted()
    night.error = RuntimeError("a defect")
    await night.look(schedules, DUE)
    assert (await night.told())[0][2] == "error-internal"


async def test_it_waits_for_what_runs_and_a_long_wait_is_told(night: Night) -> None:
    schedules = await night.counted()
    other = await night.store.operations.propose(proposal())
    assert await night.store.operations.confirm(other.nonce, ANNA, ANNA.id, 1, datetime.now(UTC))
    before = len(await night.store.outbox.due(10**12))
    await night.look(schedules, DUE + timedelta(minutes=30))
    assert len(await night.store.outbox.due(10**12)) == before
    assert night.asked == []
    assert await schedules.look(night.project) == 2.0  # soon again
    await night.look(schedules, DUE + timedelta(minutes=61))
    rows = await night.store._database.all("SELECT phrase FROM outbox WHERE kind = 'notice'")
    assert len(rows) == 2
    assert all('"error-busy"' in row["phrase"] for row in rows)


async def test_a_locked_project_is_backed_up_all_the_same(night: Night) -> None:
    schedules = await night.counted()
    await night.store.freezes.lock(Freeze(project="fitnessapp", by=BORIS, reason="audit", at=EVENING))
    await night.look(schedules, DUE)
    assert len(night.taken) == 1


# --- the drill after it --------------------------------------------------------------------------


def with_drills(night: Night) -> None:
    night.drills = True
    rules = NIGHTLY.backups.model_copy(update={"drill": True})
    night.project = NIGHTLY.model_copy(update={"backups": rules})


async def test_a_scheduled_backup_that_succeeded_is_drilled_once(night: Night) -> None:
    with_drills(night)
    schedules = await night.counted()
    await night.look(schedules, DUE)
    await night.look(schedules, DUE + timedelta(seconds=2))  # it still runs
    backup = await night.end()
    await night.look(schedules, DUE + timedelta(seconds=4))
    drill = (await night.stored())[-1]
    assert (drill.kind, drill.ref, drill.by) == (Kind.DRILL, backup_id(backup.id), SCHEDULED)
    await night.end()
    for later in (night.schedules(), schedules):
        await night.look(later, DUE + timedelta(seconds=60))
    assert len(night.taken) == 2
    assert await night.told() == []


async def test_a_backup_that_failed_or_that_a_person_made_is_not_drilled(night: Night) -> None:
    with_drills(night)
    schedules = await night.counted()
    await night.look(schedules, DUE)
    await night.end(State.FAILED)
    by_hand = await night.store.operations.propose(proposal(kind=Kind.BACKUP))
    assert await night.store.operations.confirm(by_hand.nonce, ANNA, ANNA.id, 1, datetime.now(UTC))
    await night.store.operations.finish(by_hand.id, State.SUCCEEDED, night.now, [])
    await night.look(schedules, DUE + timedelta(minutes=1))
    assert len(night.taken) == 1


async def test_a_backup_that_only_lacks_its_copy_elsewhere_is_drilled(night: Night) -> None:
    """It failed, and people heard of it; but the dump is proven, and whether it can be restored is worth knowing."""
    with_drills(night)
    schedules = await night.counted()
    await night.look(schedules, DUE)
    (made,) = await night.stored()
    await night.store.backups.add(BACKUP.model_copy(update={"id": backup_id(made.id), "operation": made.id}))
    await night.end(State.FAILED)
    await night.look(schedules, DUE + timedelta(minutes=1))
    drill = (await night.stored())[-1]
    assert (drill.kind, drill.ref) == (Kind.DRILL, backup_id(made.id))


async def test_what_a_clock_that_ran_ahead_made_is_not_drilled_again_and_again(night: Night) -> None:
    with_drills(night)
    schedules = await night.counted()
    ahead = DUE + timedelta(days=400)
    for minute in range(3):
        await night.look(schedules, ahead + timedelta(minutes=minute))
        if await night.store.operations.active():
            await night.end()
    assert len(night.taken) == 2  # the backup and its drill
    for minute in range(5):  # the clock is right again
        await night.look(schedules, EVENING + timedelta(minutes=minute))
        assert await night.store.operations.active() == []
    assert len(night.taken) == 2


@pytest.mark.parametrize("code", ["dump-missing", "dump-encrypted", "dump-elsewhere"])
async def test_a_drill_without_a_copy_that_can_be_loaded_is_told_once(night: Night, code: str) -> None:
    """Nothing that comes later makes it possible: to try and tell it again and again would only be noise."""
    with_drills(night)
    schedules = await night.counted()
    await night.look(schedules, DUE)
    await night.end()
    night.blocker = Finding(code=code, severity=Severity.BLOCKER)
    for hours in (1, 8, 15):
        schedules._trouble.clear()
        await night.look(schedules, DUE + timedelta(hours=hours))
    assert [kind for kind, _ in night.asked] == [Kind.BACKUP, Kind.DRILL]
    assert [reason for _, _, reason in await night.told()] == [f"finding-{code}"] * 2


async def test_a_drill_that_can_never_begin_is_told_and_not_tried_again(night: Night) -> None:
    with_drills(night)
    schedules = await night.counted()
    await night.look(schedules, DUE)
    await night.end()
    night.error = BadInput("error-no-backup")
    for minute in (1, 2):
        schedules._trouble.clear()
        await night.look(schedules, DUE + timedelta(minutes=minute))
    assert [kind for kind, _ in night.asked] == [Kind.BACKUP, Kind.DRILL]
    assert [reason for _, _, reason in await night.told()] == ["error-no-backup"] * 2


async def test_the_next_backup_is_known_from_the_table(night: Night) -> None:
    assert await next_backup(night.store, PROJECT, EVENING) is None
    assert await next_backup(night.store, NIGHTLY, EVENING) == DUE
    await night.counted()
    assert await next_backup(night.store, NIGHTLY, DUE + timedelta(minutes=1)) == DUE  # it is due now
