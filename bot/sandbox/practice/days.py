"""Bad days, and a few good ones: what can happen to the practice host, its source and the local Bot API."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

from bot.sandbox.errors import Json
from bot.sandbox.people import ScriptError
from bot.sandbox.practice import disk, keys
from bot.sandbox.practice.background import background
from bot.sandbox.practice.deployed import UnsafePassword, edit_by_hand
from bot.sandbox.practice.host import Practice
from bot.sandbox.practice.releases import COMMITS
from bot.sandbox.state import State

ONCE, LASTING = "once", "lasting"
_UPLOAD_BYTES = 2000
"""Less than the archive of the smallest release, more than any other thing that Opsgate sends."""

Options = Mapping[str, float]
Act = Callable[[Options], Awaitable[None]]
End = Callable[[], Awaitable[None]]


@dataclass
class Day:
    """What can be begun. A lasting one is `active` until its end; one that happens once, while it is still to come."""

    name: str
    begin: Act
    end: End | None = None
    options: dict[str, float] = field(default_factory=dict)
    kind: str = ONCE
    active: bool = False
    given: Options = field(default_factory=dict)
    timer: asyncio.Task[None] | None = None
    told: Json = field(default_factory=dict)
    """What came of its last beginning."""

    def shown(self) -> Json:
        """As the scripting side tells it; options in force stand in the place of their defaults."""
        options = self.options | dict(self.given) if self.active else self.options
        shown = {"name": self.name, "kind": self.kind, "active": self.active, "options": dict(options)}
        return shown | self.told

    def wanted(self, given: Json) -> Options:
        """The options to begin with. Raises ScriptError for one that is unknown or no number from 0 up."""
        for name, value in given.items():
            if name not in self.options:
                known = f"it takes {', '.join(self.options)}" if self.options else "it takes none"
                raise ScriptError(f"{self.name} has no option {name}: {known}")
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
                raise ScriptError(f"{name} must be a number, 0 or more, not {value!r}")
        return self.options | given


class Days:
    """Every day by name, one begin or end at a time. `timers` owns the ends that come by themselves."""

    def __init__(
        self,
        practice: Practice,
        state: State,
        faults_changed: Callable[[], Awaitable[None]],
        timers: asyncio.TaskGroup,
    ) -> None:
        self._practice, self._state, self._timers = practice, state, timers
        self._faults_changed = faults_changed
        self._one = asyncio.Lock()
        self._password = UnsafePassword(practice.env_file)
        self._faults: dict[str, int] = {}
        self._days = {day.name: day for day in self._all()}

    @classmethod
    @asynccontextmanager
    async def start(
        cls, practice: Practice, state: State, faults_changed: Callable[[], Awaitable[None]]
    ) -> AsyncIterator[Self]:
        """The days of a practice host, until exit: then none of them ends by itself any more."""
        async with background() as timers:
            days = cls(practice, state, faults_changed, timers)
            try:
                yield days
            finally:
                for day in days._days.values():
                    days._stop_timer(day)

    def actions(self) -> dict[str, Callable[[Json], Any]]:
        """The scripting side's actions, by path."""
        return {"days": self.listed, "days/begin": self.begin, "days/end": self.end}

    # --- what the scripting side asks for ---

    def listed(self, _given: Json) -> list[Json]:
        """All of them, in the order in which they are offered."""
        return [day.shown() for day in self._days.values()]

    async def begin(self, given: Json) -> Json:
        """Begins a day; returns when it is in force."""
        day = self._named(given)
        options = day.wanted({name: value for name, value in given.items() if name != "name"})
        async with self._one:
            if day.active:
                raise ScriptError(f"{day.name} is under way already: end it first")
            await day.begin(options)
            day.given, day.active = options, day.end is not None
            self._state.feed.emit("day", name=day.name, active=True)
            if seconds := options.get("seconds"):
                day.timer = self._timers.create_task(self._end_after(day, seconds))
        return day.shown()

    async def end(self, given: Json) -> Json | list[Json]:
        """Ends a day, or without a name all that are under way."""
        if given.get("name") is None:
            for day in self._days.values():
                await self._finish(day)
            return self.listed({})
        day = self._named(given)
        if day.end is None:
            raise ScriptError(
                f"{day.name} happens once and has no end (repaired puts a broken release right)"
            )
        await self._finish(day)
        return day.shown()

    def _named(self, given: Json) -> Day:
        name = given.get("name")
        if name not in self._days:
            raise ScriptError(f"there is no day named {name!r}: there are {', '.join(self._days)}")
        return self._days[name]

    async def _end_after(self, day: Day, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._finish(day)

    async def _finish(self, day: Day) -> None:
        async with self._one:
            if day.active and day.end is not None:
                await day.end()
                self._over(day)

    def _over(self, day: Day) -> None:
        day.active = False
        self._stop_timer(day)
        self._state.feed.emit("day", name=day.name, active=False)

    @staticmethod
    def _stop_timer(day: Day) -> None:
        timer, day.timer = day.timer, None
        if timer is not None and timer is not asyncio.current_task():
            timer.cancel()

    # --- what happens ---

    def _all(self) -> list[Day]:
        slow: dict[str, float] = {"latency_ms": 200, "bytes_per_second": 50_000}
        return [
            *(Day(name, partial(self._commit, name)) for name in COMMITS),
            Day("ssh-drops", self._drop, options={"refuse_seconds": 0}),
            Day("ssh-drops-mid-upload", self._arm, self._disarm, {"bytes": _UPLOAD_BYTES}),
            Day("host-unreachable", self._silence, self._speak, {"seconds": 0}, LASTING),
            Day("host-key-changed", self._change_key, self._restore_key, kind=LASTING),
            Day("slow-network", self._slow_down, self._speed_up, slow, LASTING),
            Day("disk-full", self._fill_disk, self._free_disk, kind=LASTING),
            Day("hand-edited-file", self._edit_by_hand),
            Day("bad-db-password", self._spoil_password, self._restore_password, kind=LASTING),
            Day("telegram-outage", self._refuse, partial(self._lift, "refuse"), {"seconds": 20}, LASTING),
            Day("flood-wait", self._flood, partial(self._lift, "flood"), {"seconds": 20}, LASTING),
        ]

    async def _commit(self, name: str, _options: Options) -> None:
        try:
            await asyncio.to_thread(COMMITS[name], self._practice.project)
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            raise ScriptError(f"the sample project cannot be changed: {error}") from error

    async def _drop(self, options: Options) -> None:
        """Cuts every connection; for `refuse_seconds` nobody is let in again."""
        day, wire = self._days["ssh-drops"], self._practice.wire
        day.told = {"cut": wire.connections}
        if seconds := options["refuse_seconds"]:
            await wire.refuse()
            self._stop_timer(day)
            day.timer = self._timers.create_task(self._accept_after(seconds))
        else:
            wire.cut()

    async def _accept_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._practice.wire.accept()

    async def _arm(self, options: Options) -> None:
        upload = self._practice.ssh.upload
        upload.after, upload.cut = int(options["bytes"]), self._cut_upload

    def _cut_upload(self) -> None:
        self._practice.wire.cut()
        self._over(self._days["ssh-drops-mid-upload"])

    async def _disarm(self) -> None:
        self._practice.ssh.upload.after = None

    async def _silence(self, _options: Options) -> None:
        self._practice.wire.silence()

    async def _speak(self) -> None:
        self._practice.wire.speak()

    async def _change_key(self, _options: Options) -> None:
        self._practice.ssh.change_host_key(keys.new_key("another host"))
        self._practice.wire.cut()

    async def _restore_key(self) -> None:
        self._practice.ssh.change_host_key(self._practice.host_key)

    async def _slow_down(self, options: Options) -> None:
        self._practice.wire.slow(options["latency_ms"] / 1000, options["bytes_per_second"])

    async def _speed_up(self) -> None:
        self._practice.wire.slow(0, 0)

    async def _fill_disk(self, _options: Options) -> None:
        (self._practice.days / disk.FLAG).touch()

    async def _free_disk(self) -> None:
        (self._practice.days / disk.FLAG).unlink(missing_ok=True)

    async def _edit_by_hand(self, _options: Options) -> None:
        edit_by_hand(self._practice.path)

    async def _spoil_password(self, _options: Options) -> None:
        self._password.begin()

    async def _restore_password(self) -> None:
        self._password.end()

    async def _refuse(self, _options: Options) -> None:
        self._faults["refuse"] = self._state.faults.add("refuse").id
        await self._faults_changed()

    async def _flood(self, options: Options) -> None:
        seconds = options["seconds"]
        fault = self._state.faults.add("flood", ends_at=time.monotonic() + seconds if seconds else None)
        self._faults["flood"] = fault.id

    async def _lift(self, kind: str) -> None:
        self._state.faults.lift(self._faults.pop(kind))
        await self._faults_changed()
