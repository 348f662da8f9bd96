"""One operation being carried out, as its steps see it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from services.errors import Cancelled, CommandFailed, Fenced, StepFailed
from services.models import Operation, Plan, Progress
from services.operation_log import OperationLogs, StepLog
from services.projects import Project
from services.remote.host import RemoteHost
from services.remote.jobs import JobSpec, JobStatus
from services.store import Store

FIRST_WAIT, LONGEST_WAIT = 0.05, 1.0
"""Seconds between two looks at a job that says nothing."""
TAIL_BYTES = 4096
"""How much of a job's log an error carries."""


class Skip(Enum):
    """What a step returns when there was nothing to do."""

    SKIPPED = "skipped"


StepWork = Callable[["Run"], Awaitable[dict[str, Any] | Skip | None]]


@dataclass(frozen=True, slots=True)
class StepDef:
    """A named part of an operation. Its work must be safe to run again from the start."""

    name: str
    work: StepWork


@dataclass(frozen=True, slots=True)
class Procedure:
    """How one kind of operation runs, and how it is undone from what was begun."""

    forward: Callable[[Plan], tuple[StepDef, ...]]
    rollback: Callable[[Plan, frozenset[str]], tuple[StepDef, ...]]


@dataclass
class Run:
    """One operation being carried out: what its steps see."""

    operation: Operation
    project: Project
    remote: RemoteHost
    store: Store
    logs: OperationLogs
    changed: Callable[[], None]
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    phase: str = "forward"
    step_name: str = ""
    position: int = 0
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    shown: Progress | None = None
    written: Progress | None = None
    step_began: float = 0
    lost_since: float | None = None
    told_lost: bool = False
    secrets_known: bool = False

    @property
    def plan(self) -> Plan:
        return self.operation.plan

    def job_id(self, name: str = "") -> str:
        """A job's name is made of what it is for, so that asking again finds it."""
        return "-".join(part for part in (self.operation.id, self.phase[0], self.step_name, name) if part)

    def check_cancelled(self) -> None:
        """Raises Cancelled when a person asked to stop. A rollback is never stopped half way."""
        if self.phase == "forward" and self.cancelled.is_set():
            raise Cancelled

    async def sleep(self, seconds: float) -> None:
        """Waits; a cancellation ends the wait at once."""
        if self.phase == "forward":
            with suppress(TimeoutError):
                await asyncio.wait_for(self.cancelled.wait(), seconds)
            self.check_cancelled()
        else:
            await asyncio.sleep(seconds)

    def progress(self, done: int | None = None, total: int | None = None, unit: str = "") -> None:
        """Notes where the step stands; written to the store about once a second. Raises Cancelled."""
        self.check_cancelled()
        elapsed = time.monotonic() - self.step_began
        rate = done / elapsed if done and elapsed > 1 else None
        self.shown = Progress(
            step=self.step_name, phase=self.phase, done=done, total=total, unit=unit, rate=rate
        )

    async def flush_progress(self) -> None:
        if self.shown is not self.written:
            self.written = self.shown
            await self.store.operations.progress(self.operation.id, self.shown)
            self.changed()

    def step_log(self, suffix: str = "") -> StepLog:
        name = f"{self.step_name}-{suffix}" if suffix else self.step_name
        return self.logs.step(self.operation.id, self.phase, self.position, name)

    async def job(
        self,
        spec: JobSpec,
        within: float,
        on_log: Callable[[bytes], None] | None = None,
        log_name: str = "",
    ) -> None:
        """Begins or finds a job and follows it to its end, `within` so many seconds.

        Raises CommandFailed for an exit status other than 0, StepFailed when the host lost the job or the deadline
        passed (the job is ended then), Cancelled (likewise), Unreachable (the job goes on).
        """
        deadline = time.monotonic() + within
        try:
            status, tail = await self._follow(spec, deadline, on_log, log_name)
        except (
            Fenced
        ):  # our own newer claim, made on resuming, may have overtaken a job that waited for its turn
            fresh = replace(spec, epoch=self.operation.epoch)
            status, tail = await self._follow(fresh, deadline, on_log, log_name)
        if status.state != "exited" or status.exit_status is None:
            raise StepFailed("error-job-interrupted", step=self.step_name)
        if status.exit_status != 0:
            raise CommandFailed(spec.command.name, status.exit_status, tail.decode("utf-8", "replace"))

    async def _follow(
        self, spec: JobSpec, deadline: float, on_log: Callable[[bytes], None] | None, log_name: str
    ) -> tuple[JobStatus, bytes]:
        """The job's end and the tail of its log. What makes us stop following for good ends the job too."""
        await self.remote.jobs.begin(spec)
        step_log = self.step_log(log_name)
        try:
            return await self._to_the_end(spec, deadline, step_log, on_log)
        except StepFailed:
            await self.remote.jobs.cancel(spec.state_dir, spec.id)
            raise
        finally:
            step_log.close()

    async def _to_the_end(
        self, spec: JobSpec, deadline: float, step_log: StepLog, on_log: Callable[[bytes], None] | None
    ) -> tuple[JobStatus, bytes]:
        offset, wait, tail = 0, FIRST_WAIT, b""
        while True:
            status, data = await self.remote.jobs.poll(spec.state_dir, spec.id, offset)
            self.lost_since = None
            if data:
                offset += len(data)
                step_log.feed(data)
                tail = (tail + data)[-TAIL_BYTES:]
                if on_log:
                    on_log(data)
            elif status.state != "running":
                return status, tail
            else:
                self.check_cancelled()
                if time.monotonic() > deadline:
                    raise StepFailed("error-step-timeout", step=self.step_name)
                await asyncio.sleep(wait)
                wait = min(wait * 1.5, LONGEST_WAIT)
