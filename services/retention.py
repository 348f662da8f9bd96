"""Grandfather, father, son: which backups stay and why. Pure.

Whatever the rule says, the newest good one never goes: the one that a restore drill proved, and the newest that nothing
was found against. One that a drill found bad stands for no day, week, month or year, and goes when a newer good one is
there; until then it is kept, for want of a better one. What was imported stays, and stands for no day or better one
either: nobody knows which server it came from. Nor does one that is dated in the future: a clock was wrong, and it would
take the place of real ones for as long as the clock was ahead. It stays until its day has come, or until people remove it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from services.backups.models import Backup, backup_id, copies_of, is_ahead, is_good_in
from services.facts.models import Release
from services.models import Operation
from services.projects import Keep, Project
from services.schedules.timetable import zone_of


class Why(StrEnum):
    """Why a backup stays. Catalogue: kept-<value>."""

    LAST = "last"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"
    PROVEN = "proven"  # the newest that a drill proved
    NEWEST = "newest"  # the newest that nothing was found against
    NOTHING_BETTER = "nothing-better"  # a bad one, but no newer good one is there
    RELEASE = "release"  # a kept release refers to it
    VERDICT = "verdict"  # the last change of the server refers to it
    IN_USE = "in-use"  # an operation that runs, or is offered, is about it
    IMPORTED = "imported"  # made by hand
    AHEAD = "ahead"  # dated in the future


@dataclass(frozen=True, slots=True)
class Judged:
    """A backup and why it stays; it goes when there is no reason."""

    backup: Backup
    why: tuple[Why, ...]

    @property
    def stays(self) -> bool:
        return bool(self.why)


_PERIODS: tuple[tuple[Why, Callable[[datetime], tuple[int, ...]]], ...] = (
    (Why.DAILY, lambda at: (at.year, at.month, at.day)),
    (Why.WEEKLY, lambda at: at.isocalendar()[:2]),
    (Why.MONTHLY, lambda at: (at.year, at.month)),
    (Why.YEARLY, lambda at: (at.year,)),
)


def judge(
    backups: Sequence[Backup],
    keep: Keep,
    zone: tzinfo,
    referred: Mapping[str, Why],
    where: str = "host",
    *,
    now: datetime,
) -> list[Judged]:
    """Each backup of one place, newest first. Days and weeks are those of `zone`; `referred`: by id, who needs it."""
    ordered = sorted(backups, key=lambda one: (one.at, one.id), reverse=True)
    dated = [one for one in ordered if not is_ahead(one, now)]
    bad = [one for one in dated if not is_good_in(one, where)]
    # people look after what they imported themselves
    good = [one for one in dated if one not in bad and not one.imported]
    why: dict[str, list[Why]] = {one.id: [] for one in ordered}
    for one in good[: keep.last]:
        why[one.id].append(Why.LAST)
    for reason, period in _PERIODS:
        for one in _newest_of_each(good, getattr(keep, reason), zone, period):
            why[one.id].append(reason)
    for reason, one in _never_dropped(good, bad):
        why[one.id].append(reason)
    for one in ordered:
        if one.imported:
            why[one.id].append(Why.IMPORTED)
        if is_ahead(one, now):
            why[one.id].append(Why.AHEAD)
        if one.id in referred:
            why[one.id].append(referred[one.id])
    return [Judged(one, tuple(why[one.id])) for one in ordered]


def _newest_of_each(
    good: Sequence[Backup], count: int, zone: tzinfo, period: Callable[[datetime], tuple[int, ...]]
) -> list[Backup]:
    """The newest backup of each of the newest `count` periods that have one. `good` is newest first."""
    found: dict[tuple[int, ...], Backup] = {}
    for one in good:
        found.setdefault(period(one.at.astimezone(zone)), one)
    return list(found.values())[:count]


def _never_dropped(good: Sequence[Backup], bad: Sequence[Backup]) -> list[tuple[Why, Backup]]:
    drilled = [one for one in good if one.drilled and one.drilled.good]
    found = [(Why.PROVEN, one) for one in drilled[:1]] + [(Why.NEWEST, one) for one in good[:1]]
    newer = good[0] if good else None
    return found + [
        (Why.NOTHING_BETTER, one) for one in bad if newer is None or (newer.at, newer.id) < (one.at, one.id)
    ]


def by_place(
    project: Project, backups: Sequence[Backup], referred: Mapping[str, Why], now: datetime
) -> dict[str, list[Judged]]:
    """What stays in each place that the settings name: "host", "local", then the off-site targets.

    A copy in a place that was taken out of the settings is left alone.
    """
    rules = project.backups
    keeps = {"host": rules.keep, "local": rules.keep} | {
        name: one.keep for name, one in rules.offsite.items()
    }
    zone = zone_of(rules.time_zone)
    return {
        where: judge([one for one in backups if _lies_in(one, where)], keep, zone, referred, where, now=now)
        for where, keep in keeps.items()
    }


def _lies_in(backup: Backup, where: str) -> bool:
    return any(copy.where == where for copy in copies_of(backup))


def referred(
    backups: Sequence[Backup], operations: Collection[Operation], releases: Iterable[Release]
) -> dict[str, Why]:
    """By the backup's id, what needs it: kept releases, the last change of the server, operations that are open.

    `operations`: the open ones in any order, those that ended newest first.
    """
    known = {one.id for one in backups}
    found = {one.backup_id: Why.RELEASE for one in releases if one.backup_id}
    ended = (one for one in operations if one.state.is_verdict)
    last = next((one for one in ended if backup_id(one.id) in known), None)
    if last is not None:
        found |= dict.fromkeys(_named_by(last), Why.VERDICT)
    for one in operations:
        if not one.state.is_verdict:
            found |= dict.fromkeys(_named_by(one), Why.IN_USE)
    return {name: why for name, why in found.items() if name in known}


def _named_by(operation: Operation) -> set[str]:
    """Its own backup, and those that its plan is about."""
    plan = operation.plan
    about = (plan.restoring, plan.returning)
    named = {one.backup.id for one in about if one is not None and one.backup is not None}
    return named | {backup_id(operation.id)} | ({operation.ref} if operation.ref else set())
