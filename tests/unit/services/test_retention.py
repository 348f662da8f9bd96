"""Which backups stay: grandfather, father, son, and what no rule may drop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import retention
from services.backups.models import Backup, Drilled
from services.phrases import Phrase
from services.projects import Keep
from services.retention import Judged, Why

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
BERLIN = ZoneInfo("Europe/Berlin")
NONE_BUT_LAST = Keep(last=1, daily=0, weekly=0, monthly=0, yearly=0)


def backup(at: datetime, *, drilled: bool | None = None, imported: bool = False, name: str = "") -> Backup:
    operation = f"op-{at:%Y%m%d-%H%M%S}-abcd"
    return Backup(
        id=name or operation.replace("op-", "db-"),
        project="fitnessapp",
        operation=operation,
        at=at,
        size=1,
        sha256="0" * 64,
        host_file=PurePosixPath("/srv/fitnessapp_backup/database/x.dump"),
        imported=imported,
        drilled=None if drilled is None else Drilled(operation="op-d", at=at, good=drilled, seconds=1),
    )


def days(count: int, hour: int = 12) -> list[Backup]:
    """One a day, newest first."""
    return [backup(NOON.replace(hour=hour) - timedelta(days=n)) for n in range(count)]


def judge(
    found: list[Backup],
    rule: Keep,
    zone: tzinfo,
    referred: dict[str, Why],
    where: str = "host",
    now: datetime = NOON + timedelta(days=1),
) -> list[Judged]:
    return retention.judge(found, rule, zone, referred, where, now=now)


def kept(judged: list[Judged]) -> list[str]:
    return [f"{one.backup.at:%m-%d}" for one in judged if one.stays]


def test_last_daily_weekly_monthly_and_yearly_each_keep_the_newest_of_their_period() -> None:
    judged = judge(days(800), Keep(last=2, daily=3, weekly=3, monthly=3, yearly=2), UTC, {})
    # 2 last and 3 days: 23, 22, 21; weeks end on Sundays: 22 (with 23's own week), 15; months; the year before
    assert kept(judged) == ["11-23", "11-22", "11-21", "11-15", "10-31", "09-30", "12-31"]
    assert judged[0].why == (Why.LAST, Why.DAILY, Why.WEEKLY, Why.MONTHLY, Why.YEARLY, Why.NEWEST)


def test_a_day_ends_when_it_ends_in_the_projects_zone() -> None:
    late, early = backup(datetime(2026, 11, 22, 23, 30, tzinfo=UTC)), backup(NOON.replace(hour=1))
    rule = Keep(last=1, daily=2, weekly=0, monthly=0, yearly=0)
    assert [one.stays for one in judge([early, late], rule, UTC, {})] == [True, True]
    assert [one.stays for one in judge([early, late], rule, BERLIN, {})] == [True, False]


def test_days_without_a_backup_do_not_count() -> None:
    sparse = [backup(NOON - timedelta(days=90 * n)) for n in range(4)]
    rule = Keep(last=1, daily=3, weekly=0, monthly=0, yearly=0)
    assert [one.stays for one in judge(sparse, rule, UTC, {})] == [True, True, True, False]


def test_the_newest_that_a_drill_proved_is_never_dropped() -> None:
    proven, older = (
        backup(NOON - timedelta(days=400), drilled=True),
        backup(NOON - timedelta(days=500), drilled=True),
    )
    judged = judge([*days(5), proven, older], NONE_BUT_LAST, UTC, {})
    assert [one.why for one in judged if one.stays] == [(Why.LAST, Why.NEWEST), (Why.PROVEN,)]


def test_a_bad_one_takes_nobodys_place_and_goes_when_a_newer_good_one_is_there() -> None:
    newest_bad = backup(NOON, drilled=False)
    good, old_bad = backup(NOON - timedelta(days=1)), backup(NOON - timedelta(days=2), drilled=False)
    judged = judge([old_bad, newest_bad, good], NONE_BUT_LAST, UTC, {})
    assert [one.why for one in judged] == [(Why.NOTHING_BETTER,), (Why.LAST, Why.NEWEST), ()]


def test_a_dump_that_rotted_on_the_host_takes_no_good_copy_elsewhere_with_it() -> None:
    """The drill hashed the host's copy only."""
    rotted, newer = backup(NOON - timedelta(days=1), drilled=False), backup(NOON)
    assert rotted.drilled is not None
    reason = rotted.drilled.model_copy(update={"reason": Phrase(id="error-dump-changed")})
    rotted = rotted.model_copy(update={"drilled": reason})
    rule = Keep(last=2, daily=0, weekly=0, monthly=0, yearly=0)
    stays = {where: judge([rotted, newer], rule, UTC, {}, where)[1].why for where in ("host", "local", "nas")}
    assert stays == {"host": (), "local": (Why.LAST,), "nas": (Why.LAST,)}


def test_when_all_are_bad_none_goes() -> None:
    bad = [backup(NOON - timedelta(days=n), drilled=False) for n in range(4)]
    assert all(one.stays for one in judge(bad, NONE_BUT_LAST, UTC, {}))


def test_what_is_referred_to_or_was_made_by_hand_stays_and_says_why() -> None:
    found = days(3)
    by_hand = backup(NOON - timedelta(days=9), imported=True)
    judged = judge([*found, by_hand], NONE_BUT_LAST, UTC, {found[2].id: Why.RELEASE})
    assert [one.why for one in judged] == [(Why.LAST, Why.NEWEST), (), (Why.RELEASE,), (Why.IMPORTED,)]


def test_what_was_made_by_hand_takes_nobodys_place() -> None:
    """It may be of another server: it is no reason to drop that day's own backup, nor a bad one without a better."""
    own, by_hand = backup(NOON), backup(NOON + timedelta(hours=1), imported=True, drilled=True)
    bad = backup(NOON - timedelta(days=1), drilled=False)
    rule = Keep(last=1, daily=1, weekly=0, monthly=0, yearly=0)
    assert [one.why for one in judge([own, by_hand], rule, UTC, {})] == [
        (Why.IMPORTED,),
        (Why.LAST, Why.DAILY, Why.NEWEST),
    ]
    assert [one.why for one in judge([bad, by_hand], rule, UTC, {})] == [
        (Why.IMPORTED,),
        (Why.NOTHING_BETTER,),
    ]


@pytest.mark.parametrize("drilled", [None, True, False], ids=["not drilled", "proven", "bad"])
def test_one_dated_in_the_future_takes_no_place_and_protects_nothing(*, drilled: bool | None) -> None:
    """It would for years, where a clock was years ahead."""
    ahead = backup(datetime(2040, 1, 1, tzinfo=UTC), drilled=drilled)
    bad = backup(NOON + timedelta(hours=1), drilled=False)
    real, old = backup(NOON), backup(NOON - timedelta(days=1), drilled=True)
    rule = Keep(last=1, daily=1, weekly=1, monthly=1, yearly=1)
    judged = judge([old, real, bad, ahead], rule, UTC, {})
    assert [one.why for one in judged] == [
        (Why.AHEAD,),
        (Why.NOTHING_BETTER,),
        (Why.LAST, Why.DAILY, Why.WEEKLY, Why.MONTHLY, Why.YEARLY, Why.NEWEST),
        (Why.PROVEN,),
    ]
    judged = judge([old, real, ahead], rule, UTC, {}, now=datetime(2040, 1, 2, tzinfo=UTC))
    assert Why.AHEAD not in judged[0].why, "its day has come"


def test_clocks_that_differ_a_little_are_no_wrong_clocks() -> None:
    judged = judge(days(1), NONE_BUT_LAST, UTC, {}, now=NOON - timedelta(minutes=5))
    assert judged[0].why == (Why.LAST, Why.NEWEST)


def test_where_the_clock_of_today_is_behind_nothing_goes() -> None:
    judged = judge(days(9), NONE_BUT_LAST, UTC, {}, now=datetime(1970, 1, 1, tzinfo=UTC))
    assert all(one.why == (Why.AHEAD,) for one in judged)


moments = st.datetimes(datetime(2015, 1, 1), datetime(2026, 11, 23), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants bounds without a zone
some_backups = st.lists(
    st.builds(lambda at, drilled: backup(at, drilled=drilled), moments, st.sampled_from([None, True, False])),
    max_size=40,
    unique_by=lambda one: one.id,
)
counts = st.integers(0, 8)
rules = st.builds(Keep, last=st.integers(1, 8), daily=counts, weekly=counts, monthly=counts, yearly=counts)


@given(some_backups, rules)
def test_whatever_the_rule_the_newest_good_and_the_newest_proven_stay(
    found: list[Backup], rule: Keep
) -> None:
    stays = [one.backup for one in judge(found, rule, BERLIN, {}) if one.stays]
    good = sorted(
        (one for one in found if one.drilled is None or one.drilled.good), key=lambda b: (b.at, b.id)
    )
    proven = [one for one in good if one.drilled]
    assert good[-1:] == [one for one in good[-1:] if one in stays]
    assert proven[-1:] == [one for one in proven[-1:] if one in stays]
    assert bool(stays) == bool(found)


@given(some_backups, rules)
def test_to_prune_twice_is_to_prune_once(found: list[Backup], rule: Keep) -> None:
    stays = [one.backup for one in judge(found, rule, BERLIN, {}) if one.stays]
    assert [one.backup for one in judge(stays, rule, BERLIN, {}) if one.stays] == stays


@given(some_backups, rules)
def test_no_more_stay_than_the_rule_and_its_exceptions_allow(found: list[Backup], rule: Keep) -> None:
    judged = judge(found, rule, BERLIN, {})
    by_rule = [
        one for one in judged if {*one.why} & {Why.LAST, Why.DAILY, Why.WEEKLY, Why.MONTHLY, Why.YEARLY}
    ]
    assert len(by_rule) <= rule.last + rule.daily + rule.weekly + rule.monthly + rule.yearly
    assert not any(one.backup.drilled and not one.backup.drilled.good for one in by_rule)


@given(some_backups, rules, rules)
def test_a_more_generous_rule_never_drops_more(found: list[Backup], rule: Keep, more: Keep) -> None:
    larger = Keep(**{name: max(getattr(rule, name), getattr(more, name)) for name in Keep.model_fields})
    stays = {one.backup.id for one in judge(found, rule, UTC, {}) if one.stays}
    assert stays <= {one.backup.id for one in judge(found, larger, UTC, {}) if one.stays}
