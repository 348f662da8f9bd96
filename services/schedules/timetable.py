"""When a cron expression comes due: pure arithmetic over moments in UTC, in the zone that an admin named.

The expression means what it means to Debian's cron, also where clocks are put forward or back: a time that is left out
comes due at the first minute after the gap, one that comes twice comes due the first time only; what is due every
minute or every hour follows the real time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

FIELDS = 5
LONGEST = 200
MOST_COUNTED = 500
"""So many missed due times are counted one by one; beyond that only the last one matters."""
FAR_AHEAD = timedelta(hours=1)
"""What was taken up so far in the future was taken up by a clock that was wrong."""


def cron_expression(value: str) -> str:
    """The expression as it was given. Raises ValueError with what to write instead."""
    form = "must be a cron expression of five fields, such as 0 3 * * * (every day at 3:00)"
    if len(value) > LONGEST or len(value.split()) != FIELDS:
        raise ValueError(form)
    try:
        comes = next(CronSim(value, datetime(2024, 1, 1, tzinfo=UTC)), None)
    except (CronSimError, ValueError) as error:
        raise ValueError(f"{form}; {str(error)[:80].lower() or 'it cannot be read'}: {value!r}") from None
    if comes is None:
        raise ValueError(f"never comes due: {value!r}")
    return value


def zone_name(value: str) -> str:
    """The name as it was given. Raises ValueError for a zone that nobody knows."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"must be the name of a time zone, such as Europe/Berlin, not {value!r}") from None
    return value


@cache
def own_zone() -> ZoneInfo:
    """That of this machine; UTC where it says none, or none that is known."""
    from tzlocal import get_localzone

    try:
        found = get_localzone()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
    return found if isinstance(found, ZoneInfo) else ZoneInfo("UTC")


def zone_of(name: str | None) -> ZoneInfo:
    """The named zone, or that of this machine."""
    return ZoneInfo(name) if name else own_zone()


@dataclass(frozen=True, slots=True)
class Due:
    """What a look at the clock found. `at` is the newest due time to take up now, None when there is none.

    `first` is the oldest that was not taken up, `passed` how many others than `at` there are: they are caught up by
    this one. `wake` is when the next one begins, None when there is none for fifty years.
    """

    at: datetime | None
    first: datetime | None
    passed: int
    wake: datetime | None


@dataclass(frozen=True, slots=True)
class Timetable:
    """One project's schedule. `jitter`: at most so many seconds after each due time, always the same for the same one."""

    project: str
    cron: str
    zone: str | None = None
    jitter: float = 0

    @property
    def rule(self) -> str:
        """What a due time follows from; another rule has nothing to catch up."""
        return f"{self.cron} {zone_of(self.zone).key or ''}"

    def after(self, moment: datetime) -> datetime | None:
        """The first due time after a moment."""
        return next(iter(self._all_after(moment, 1)), None)

    def _all_after(self, moment: datetime, most: int) -> list[datetime]:
        start = moment.astimezone(zone_of(self.zone))
        # In an hour that comes twice the library may begin with a time of its first pass, which is over.
        found = (one.astimezone(UTC) for one in CronSim(self.cron, start))
        return list(islice((one for one in found if one > moment), most))

    def begins(self, due: datetime) -> datetime:
        """The due time and its jitter: never as late as the next due time, the same after every restart."""
        following = self.after(due)
        room = self.jitter if following is None else min(self.jitter, (following - due).total_seconds())
        drawn = hashlib.sha256(f"{self.project} {int(due.timestamp())}".encode()).digest()[:6]
        return due + timedelta(seconds=room * int.from_bytes(drawn) / 256 ** len(drawn))

    def look(self, handled: datetime, now: datetime) -> Due:
        """What came due since `handled`, the newest due time that was taken up."""
        begun = self._passed(handled, now)
        if begun and self.begins(begun[-1]) > now:  # any other began before the next one was due
            begun = begun[:-1]
        last = begun[-1] if begun else None
        following = self.after(last or handled)
        wake = self.begins(following) if following else None
        return Due(last, begun[0] if begun else None, max(0, len(begun) - 1), wake)

    def _passed(self, handled: datetime, now: datetime) -> list[datetime]:
        """Due times after `handled` and up to now, oldest first; of very many the oldest and the newest."""
        found = self._all_after(handled, MOST_COUNTED)
        if not found or found[-1] > now or len(found) < MOST_COUNTED:
            return [one for one in found if one <= now]
        back = CronSim(self.cron, now.astimezone(zone_of(self.zone)), reverse=True)
        newest = next((at for one in back if (at := one.astimezone(UTC)) <= now), None)
        return found if newest is None else [*found, newest]

    def is_wrong(self, handled: datetime, now: datetime) -> bool:
        """Whether that was taken up by a clock that ran far ahead: it would keep everything from coming due."""
        following = self.after(now)
        return handled > now + FAR_AHEAD and following is not None and handled > following
