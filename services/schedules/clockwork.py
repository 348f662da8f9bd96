"""The loop that begins what is due: one per project, so that a host that does not answer delays nobody else.

It looks at the clock at least every half minute, so that it does not matter how the clock got where it is: a machine
that slept, a clock that was put. What came due meanwhile is caught up once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from services.backups.models import backup_id
from services.errors import BadInput, OpsgateError
from services.models import SCHEDULE, Kind, Operation, Origin, Person, Plan, State
from services.offers import offer
from services.phrases import Phrase
from services.projects import Project
from services.queue import busy, raise_if_blocked
from services.runner import answered
from services.schedules.models import Job, Schedule
from services.schedules.timetable import FAR_AHEAD, Timetable, zone_of
from services.store import Store
from services.store.operations import ActiveAlready

log = structlog.get_logger(__name__)

LONGEST_WAIT = 30.0
"""Seconds between two looks at the clock."""
AT_WORK_WAIT = 2.0
"""Seconds between two looks while something of the project runs: a drill follows its backup."""
FIRST_AGAIN, LONGEST_AGAIN = 30.0, 600.0
"""Seconds until what could not begin is tried again."""
LATE = timedelta(hours=1)
"""What begins later than that after it was due is said."""
TOLD_AGAIN = timedelta(hours=6)
"""The same reason of the same job is not told again within it."""
OUT_OF_REACH = frozenset({"finding-dump-missing", "finding-dump-encrypted", "finding-dump-elsewhere"})
"""Why a drill can never begin: no copy is left that may be loaded."""
SCHEDULED = Person(id=SCHEDULE, name="schedule")

PlanOf = Callable[[Project, str | None], Awaitable[Plan]]


def timetable_of(project: Project) -> Timetable | None:
    """None for a project without a schedule."""
    rules = project.backups
    if rules.schedule is None:
        return None
    return Timetable(project.name, rules.schedule, rules.time_zone, rules.jitter)


async def next_backup(store: Store, project: Project, now: datetime | None = None) -> datetime | None:
    """When the next scheduled backup begins; one that is due already began to be due at that time. None without any."""
    timetable, now = timetable_of(project), now or datetime.now(UTC)
    if timetable is None:
        return None
    row = await store.schedules.get(project.name, Job.BACKUP)
    known = row is not None and row.rule == timetable.rule and not timetable.is_wrong(row.handled, now)
    found = timetable.look(row.handled if row and known else now, now)
    return timetable.begins(found.at) if found.at else found.wake


@dataclass(slots=True)
class _Trouble:
    """When a job that could not begin is tried again; kept in memory, a restart tries at once."""

    due: datetime
    delay: float = FIRST_AGAIN
    at: float = 0.0  # of the monotonic clock


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to begin now: a job of a project, why, and how far it is taken up with it."""

    project: Project
    job: Job
    ref: str | None
    row: Schedule
    due: datetime
    first: datetime
    passed: int = 0

    @property
    def name(self) -> tuple[str, Job]:
        return self.project.name, self.job

    def late(self, now: datetime) -> bool:
        return self.job is Job.BACKUP and now - self.first > LATE


@dataclass
class Schedules:
    """`plans` says how each kind is planned, `take_up` carries out a stored operation, `changed` wakes who tells it."""

    store: Store
    projects: Mapping[str, Project]
    plans: Mapping[Kind, PlanOf]
    take_up: Callable[[str], Awaitable[object]]
    admins: Collection[int]
    changed: Callable[[], None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _trouble: dict[tuple[str, Job], _Trouble] = field(default_factory=dict)

    async def run(self) -> None:
        """For as long as the process lives. What fails is logged and tried again."""
        timed = [project for project in self.projects.values() if timetable_of(project)]
        await self.store.schedules.forget([project.name for project in timed])
        async with asyncio.TaskGroup() as group:
            for project in timed:
                group.create_task(self._keep(project))

    async def _keep(self, project: Project) -> None:
        while True:
            wait = LONGEST_WAIT
            try:
                wait = await self.look(project)
            except Exception:
                log.exception("a schedule could not be looked at", project=project.name)
            await asyncio.sleep(wait)

    async def look(self, project: Project) -> float:
        """Begins what is due. Returns the seconds until the next look."""
        timetable = timetable_of(project)
        if timetable is None:
            return LONGEST_WAIT
        now = self.now()
        row = await self._backups(timetable, now)
        found = timetable.look(row.handled, now)
        if found.at and found.first:
            wanted = _Wanted(project, Job.BACKUP, None, row, found.at, found.first, found.passed)
            await self._begin(wanted, found.wake)
        elif project.backups.drill and Kind.DRILL in self.plans:
            await self._drill(project, now)
        if await self.store.operations.active(project.name):
            return AT_WORK_WAIT
        wake = (found.wake - self.now()).total_seconds() if found.wake else LONGEST_WAIT
        return max(0.05, min(LONGEST_WAIT, wake))

    async def _backups(self, timetable: Timetable, now: datetime) -> Schedule:
        """How far it was taken up. What is new, or follows another rule now, has missed nothing."""
        row = await self.store.schedules.get(timetable.project, Job.BACKUP)
        if row and row.rule == timetable.rule and not timetable.is_wrong(row.handled, now):
            return row
        fresh = Schedule(project=timetable.project, job=Job.BACKUP, handled=now, rule=timetable.rule)
        log.info("a schedule counts from now on", project=timetable.project, rule=timetable.rule)
        await self.store.schedules.put(fresh)
        return fresh

    async def _drill(self, project: Project, now: datetime) -> None:
        """The newest scheduled backup is tried out, once; an older one that was skipped is not made up for."""
        row = await self.store.schedules.get(project.name, Job.DRILL)
        if row is None or row.handled > now + FAR_AHEAD:
            row = Schedule(project=project.name, job=Job.DRILL, handled=now)
            await self.store.schedules.put(row)
        made = await self.store.schedules.newest_backup(project.name, row.handled, now)
        if made is not None:
            due = made.created_at
            await self._begin(_Wanted(project, Job.DRILL, backup_id(made.id), row, due, due), None)

    # --- what is due ---

    async def _begin(self, wanted: _Wanted, following: datetime | None) -> None:
        trouble = self._trouble.get(wanted.name)
        if trouble and trouble.due == wanted.due and trouble.at > time.monotonic():
            return
        if active := await self.store.operations.active(wanted.project.name):
            await self._waits(wanted, active[0], following)
            return
        try:
            await self._store(wanted, await self._planned(wanted))
        except ActiveAlready as already:
            await self._waits(wanted, already.other, following)
        except OpsgateError as error:
            final = isinstance(error, BadInput) or error.phrase.id in OUT_OF_REACH
            await self._failed(wanted, error.phrase, following, final=final)
        except Exception:
            log.exception("what is due could not begin", project=wanted.project.name, job=wanted.job)
            await self._failed(wanted, Phrase(id="error-internal"), following)

    async def _planned(self, wanted: _Wanted) -> Operation:
        """Raises OpsgateError, also where the plan is blocked: nobody is asked."""
        plan_of = self.plans[Kind(wanted.job)]
        plan = await answered(partial(plan_of, wanted.project, wanted.ref))
        raise_if_blocked(plan)
        offered = offer(plan, SCHEDULED, Origin(chat_id=SCHEDULE), wanted.ref, self.now())
        return offered.model_copy(update={"state": State.QUEUED, "confirmed_by": SCHEDULED})

    async def _store(self, wanted: _Wanted, operation: Operation) -> None:
        told = self._said(wanted, "notice-schedule-late") if self._must_say(wanted) else None
        row = wanted.row.model_copy(update={"handled": wanted.due, "told": {}})
        chats = sorted(self.admins)
        if not await self.store.schedules.take(row, wanted.row.handled, operation, told, chats):
            return
        self._trouble.pop(wanted.name, None)
        log.info(
            "due", operation=operation.id, project=operation.project, job=wanted.job, due=str(wanted.due)
        )
        self.changed()
        await self.take_up(operation.id)

    def _must_say(self, wanted: _Wanted) -> bool:
        return bool(wanted.row.told) or wanted.late(self.now())

    async def _waits(self, wanted: _Wanted, other: Operation, following: datetime | None) -> None:
        """It begins when that one has ended; only a long wait is told."""
        if wanted.late(self.now()):
            await self._tell(wanted, busy(other).phrase, following)

    async def _failed(
        self, wanted: _Wanted, reason: Phrase, following: datetime | None, *, final: bool = False
    ) -> None:
        """`final`: it can never begin, so it is not tried again."""
        old = self._trouble.get(wanted.name)
        delay = min(LONGEST_AGAIN, old.delay * 2) if old and old.due == wanted.due else FIRST_AGAIN
        self._trouble[wanted.name] = _Trouble(wanted.due, delay, time.monotonic() + delay)
        log.warning("what is due cannot begin", project=wanted.project.name, job=wanted.job, reason=reason.id)
        row = wanted.row
        if final:
            row = row.model_copy(update={"handled": wanted.due})
            await self.store.schedules.put(row)
        await self._tell(wanted, reason, None if final else following, row)

    async def _tell(
        self, wanted: _Wanted, reason: Phrase, following: datetime | None, row: Schedule | None = None
    ) -> None:
        """To every admin, with the reason; not the same one again and again."""
        row, now = row or wanted.row, self.now()
        last = row.told.get(reason.id)
        if last is not None and now.timestamp() - last < TOLD_AGAIN.total_seconds():
            return
        said = self._said(wanted, "notice-schedule-trouble", following).model_copy(update={"why": reason})
        row = row.model_copy(update={"told": {**row.told, reason.id: now.timestamp()}})
        await self.store.schedules.tell(row, said, sorted(self.admins), now)
        self.changed()

    def _said(self, wanted: _Wanted, phrase: str, following: datetime | None = None) -> Phrase:
        zone = zone_of(wanted.project.backups.time_zone)
        args: dict[str, str | int | float] = {
            "project": wanted.project.name,
            "job": str(wanted.job),
            "due": f"{wanted.first.astimezone(zone):%Y-%m-%d %H:%M %Z}",
            "passed": wanted.passed,
            "next": f"{following.astimezone(zone):%Y-%m-%d %H:%M %Z}" if following else "none",
        }
        return Phrase(id=phrase, args=args)
