"""When a schedule comes due: clocks that are put forward and back, missed times, jitter, what nobody could mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.schedules.timetable import MOST_COUNTED, Timetable, cron_expression, zone_name

NIGHTLY = Timetable("fitnessapp", "30 2 * * *", "Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(table: Timetable, since: str, count: int) -> list[str]:
    """The next due times, as people there read them on the wall."""
    zone, found, at = ZoneInfo(table.zone or "UTC"), [], utc(since)
    for _ in range(count):
        following = table.after(at)
        assert following is not None
        at = following
        found.append(f"{at.astimezone(zone):%d %H:%M%z}")
    return found


def test_what_the_clock_leaves_out_comes_due_right_after_the_gap() -> None:
    assert times(NIGHTLY, "2026-03-27T12:00", 3) == ["28 02:30+0100", "29 03:00+0200", "30 02:30+0200"]


def test_what_comes_twice_is_due_the_first_time_only() -> None:
    assert times(NIGHTLY, "2026-10-24T12:00", 2) == ["25 02:30+0200", "26 02:30+0100"]
    between = utc("2026-10-25T01:15")  # 02:15 for the second time
    assert NIGHTLY.after(between) == utc("2026-10-26T01:30")
    assert NIGHTLY.look(utc("2026-10-25T00:30"), between + timedelta(minutes=20)).at is None


def test_what_is_due_every_half_hour_follows_the_real_time() -> None:
    often = Timetable("fitnessapp", "*/30 * * * *", "Europe/Berlin")
    expected = ["25 02:00+0200", "25 02:30+0200", "25 02:00+0100", "25 02:30+0100"]
    assert times(often, "2026-10-24T23:45", 4) == expected


def test_nothing_is_due_before_its_time_and_it_is_due_at_its_time() -> None:
    before, at = utc("2026-11-22T12:00"), utc("2026-11-23T01:30")
    early = NIGHTLY.look(before, at - timedelta(seconds=1))
    assert (early.at, early.wake) == (None, at)
    assert NIGHTLY.look(before, at).at == at
    assert NIGHTLY.look(at, at).at is None


def test_what_was_missed_is_caught_up_once_and_counted() -> None:
    found = NIGHTLY.look(utc("2026-11-20T12:00"), utc("2026-11-23T12:00"))
    assert (found.at, found.first, found.passed) == (utc("2026-11-23T01:30"), utc("2026-11-21T01:30"), 2)
    assert found.wake == utc("2026-11-24T01:30")
    assert NIGHTLY.look(utc("2026-11-23T01:30"), utc("2026-11-23T12:00")).at is None


def test_a_year_of_minutes_is_caught_up_without_counting_them_all() -> None:
    minutely = Timetable("fitnessapp", "* * * * *", "Europe/Berlin")
    found = minutely.look(utc("2025-11-23T12:00"), utc("2026-11-23T12:00:30"))
    assert (found.at, found.wake) == (utc("2026-11-23T12:00"), utc("2026-11-23T12:01"))
    assert found.passed == MOST_COUNTED


def test_jitter_is_the_same_after_a_restart_and_another_for_another_project() -> None:
    table = Timetable("fitnessapp", "0 3 * * *", "UTC", jitter=3600)
    due = utc("2026-11-23T03:00")
    begins = table.begins(due)
    assert due <= begins < due + timedelta(hours=1)
    assert Timetable("fitnessapp", "0 3 * * *", "UTC", jitter=3600).begins(due) == begins
    assert Timetable("other", "0 3 * * *", "UTC", jitter=3600).begins(due) != begins
    assert table.begins(due + timedelta(days=1)) - timedelta(days=1) != begins
    assert table.look(utc("2026-11-22T03:00"), begins - timedelta(microseconds=1)).at is None
    assert table.look(utc("2026-11-22T03:00"), begins).at == due


def test_a_clock_that_ran_years_ahead_does_not_keep_everything_from_coming_due() -> None:
    now = utc("2026-11-23T12:00")
    assert NIGHTLY.is_wrong(utc("2031-01-01T01:30"), now)
    assert not NIGHTLY.is_wrong(
        now + timedelta(hours=3), now
    )  # put back a little: each due time still counts once
    yearly = Timetable("fitnessapp", "0 3 1 1 *", "UTC")
    assert not yearly.is_wrong(utc("2027-01-01T03:00"), utc("2026-12-30T12:00"))


def test_a_clock_that_ran_ahead_for_an_afternoon_silences_no_hourly_backup() -> None:
    hourly, now = Timetable("fitnessapp", "0 * * * *", "UTC"), utc("2026-11-23T12:10")
    assert hourly.is_wrong(utc("2026-11-23T20:00"), now)
    assert not hourly.is_wrong(utc("2026-11-23T13:00"), now)


moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants bounds without a zone
tables = st.builds(
    Timetable,
    st.just("fitnessapp"),
    st.sampled_from(
        [
            "30 2 * * *",
            "*/7 * * * *",
            "0 */5 * * *",
            "15 1-3 * * *",
            "0 3 L * *",
            "5 4 * * SUN",
            "0,30 2,3 * * 7",
        ]
    ),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.sampled_from([0.0, 60.0, 3600.0]),
)


@settings(max_examples=150, deadline=None)
@given(tables, moments)
def test_due_times_only_go_forward_and_begin_before_the_next_is_due(
    table: Timetable, moment: datetime
) -> None:
    first = table.after(moment)
    assert first is not None
    second = table.after(first)
    assert second is not None
    assert moment < first <= table.begins(first) < second


@settings(max_examples=60, deadline=None)
@given(tables, moments, st.lists(st.floats(0.5, 7200), min_size=1, max_size=40))
def test_however_often_one_looks_each_due_time_is_taken_up_once(
    table: Timetable, moment: datetime, steps: list[float]
) -> None:
    """At most once each, never before it begins, and none is left behind."""
    handled, now, taken = moment, moment, []
    for step in steps:
        now += timedelta(seconds=step)
        found = table.look(handled, now)
        if found.at is not None:
            assert found.at not in taken
            assert table.begins(found.at) <= now
            taken.append(found.at)
            handled = found.at
    following = table.after(handled)
    assert following is not None
    assert table.begins(following) > now
    assert taken == sorted(taken)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "nightly",
        "@daily",
        "60 * * * *",
        "* * * *",
        "0 0 3 * * *",
        "0 0 31 4 *",
        "1#2 * * * *",
        "* " * 300,
    ],
)
def test_what_no_cron_understands_is_refused_with_an_example(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"five fields, such as 0 3 \* \* \*"):
        cron_expression(wrong)


@pytest.mark.parametrize(
    "right", ["0 3 * * *", "*/15 * * * *", "0 3 * * MON-FRI", "0 3 L * *", "0 3 1,15 * *"]
)
def test_what_cron_understands_is_kept_as_it_is(right: str) -> None:
    assert cron_expression(right) == right


@pytest.mark.parametrize("wrong", ["", "Mars/Phobos", "../../etc/passwd", "/etc/localtime", "Europe", "a\0b"])
def test_a_zone_that_nobody_knows_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="such as Europe/Berlin"):
        zone_name(wrong)
