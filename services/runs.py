"""One operation being carried out, as its steps see it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from http import HTTPStatus
from typing import Any

import structlog

from services import policy
from services.commands import docker
from services.errors import (
    Cancelled,
    CommandFailed,
    Fenced,
    HostError,
    OpsgateError,
    StepFailed,
    Unreachable,
)
from services.models import Operation, Plan, Progress, State, Step
from services.operation_log import Hearing, OperationLogs, StepLog
from services.projects import Project
from services.remote.host import RemoteHost
from services.remote.jobs import JobSpec, JobStatus
from services.store import Store

log = structlog.get_logger(__name__)

LEASE = 600
"""Seconds for which the host's lock is ours without a sign of life from us."""
NEWS_WITHIN, BETWEEN_LOOKS = 1, 0.05
"""Seconds for which the host may wait for a job's news before it answers, and between two such questions."""
TAIL_BYTES = 4096
"""How much of a job's log an error carries."""
MOST_TRIES = 5
"""So often a job of the way back is begun, where the host lost it or no Docker answered it."""


class Skip(Enum):
    """What a step returns when there was nothing to do."""

    SKIPPED = "skipped"


Prepare = Callable[["Run"], Awaitable[None]]
StepWork = Callable[["Run"], Awaitable[dict[str, Any] | Skip | None]]


@dataclass(frozen=True, slots=True)
class StepDef:
    """A named part of an operation. Its work must be safe to run again from the start."""

    name: str
    work: StepWork


@dataclass(frozen=True, slots=True)
class Procedure:
    """How one kind of operation runs, and how it is undone from what was begun.

    `ends`: the verdict after a way back, from the journal; None: by what was begun (policy.verdict).
    """

    forward: Callable[[Plan], tuple[StepDef, ...]]
    rollback: Callable[[Plan, frozenset[str]], tuple[StepDef, ...]]
    ends: Callable[[Sequence[Step]], State] | None = None


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
    refused: OpsgateError | None = None  # why it may only turn back
    must_claim: bool = False  # resumed: the lock is to be taken anew before anything else
    looked_at: float | None = None  # by time.monotonic: when the server's files were last what the plan says
    unlocking: bool = False  # the lock is being given back: no longer to have it means nothing

    @property
    def plan(self) -> Plan:
        return self.operation.plan

    def job_id(self, name: str = "") -> str:
        """A job's name is made of what it is for, so that asking again finds it."""
        return "-".join(part for part in (self.operation.id, self.phase[0], self.step_name, name) if part)

    def forward_job(self, step: str) -> str:
        """The name of a forward step's job, also for the way back."""
        return f"{self.operation.id}-f-{step}"

    async def hold(self) -> None:
        """Sees on the host that the lock is still ours, and renews it: this fences what is done outside of jobs.

        Raises Fenced and Unreachable. Other trouble (a full disk) leaves the lock as it is: ours.
        """
        if self.operation.epoch is None:
            return
        try:
            await self.remote.lock.renew(self.project.state_dir, self.operation.epoch, LEASE)
        except (Fenced, Unreachable):
            raise
        except HostError as error:
            log.warning("the lock was not renewed", operation=self.operation.id, error=str(error))

    def check_cancelled(self) -> None:
        """Raises Cancelled when a person asked to stop. A rollback is never stopped half way."""
        if self.hears and self.cancelled.is_set():
            raise Cancelled

    @property
    def hears(self) -> bool:
        """Whether a wish to stop counts at this very moment. A step that was begun may decide that itself."""
        return self.phase == "forward" and not (self.begun & policy.UNINTERRUPTED & {self.step_name})

    async def sleep(self, seconds: float) -> None:
        """Waits; a cancellation ends the wait at once."""
        if self.hears:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.cancelled.wait(), seconds)
            self.check_cancelled()
        else:
            await asyncio.sleep(seconds)

    def progress(self, done: int | None = None, total: int | None = None, unit: str = "") -> None:
        """Notes where the step stands; written to the store about once a second. Raises Cancelled."""
        self.check_cancelled()
        self.lost_since = None
        elapsed = time.monotonic() - self.step_began
        rate = done / elapsed if done and elapsed > 1 else None
        self.shown = Progress(
            step=self.step_name, phase=self.phase, done=done, total=total, unit=unit, rate=rate
        )

    async def note(self, result: dict[str, Any]) -> None:
        """Keeps what a step decided, so that it goes on with just that when it is walked again."""
        self.results[self.step_name] = result
        await self.store.operations.note(self.operation.id, self.phase, self.step_name, result)

    async def flush_progress(self) -> None:
        if self.shown is not self.written:
            self.written = self.shown
            await self.store.operations.progress(self.operation.id, self.shown)
            self.changed()

    def step_log(self, suffix: str = "", hearing: Hearing | None = None) -> StepLog:
        name = f"{self.step_name}-{suffix}" if suffix else self.step_name
        return self.logs.step(self.operation.id, self.phase, self.position, name, hearing)

    async def job(
        self,
        spec: JobSpec,
        within: float,
        on_log: Callable[[bytes], None] | None = None,
        log_name: str = "",
        prepare: Prepare | None = None,
        hearing: Callable[[], Hearing] | None = None,
    ) -> None:
        """Begins or finds a job and follows it to its end, `within` so many seconds.

        `hearing`: makes what says which part of the job's log people may know; only that is kept here, and raised.
        `prepare` is awaited before a job is begun, not where it is found. On the way back, whose jobs may all be
        repeated, one that the host lost (a reboot) or that met no Docker is begun again under the next number. Raises CommandFailed for an exit status other than 0, StepFailed when the host lost the job or the deadline
        passed (the job is ended then), Cancelled (likewise), Unreachable (the job goes on).
        """
        deadline = time.monotonic() + within
        for number in range(1, (MOST_TRIES if self.phase == "rollback" else 1) + 1):
            one = spec if number == 1 else replace(spec, id=f"{spec.id}-{number}")
            heard = hearing() if hearing else None
            status, tail = await self._carry_out(
                one, deadline, on_log, partial(self.step_log, log_name, heard), prepare
            )
            if not _nothing_came_of_it(status, tail):
                break
        lost = self.phase == "rollback" and _nothing_came_of_it(status, tail)
        if lost or status.state != "exited" or status.exit_status is None:
            raise StepFailed("error-job-interrupted", step=self.step_name)
        if status.exit_status != 0:
            said = heard.said if heard else tail.decode("utf-8", "replace")
            raise CommandFailed(spec.command.name, status.exit_status, said)

    async def _carry_out(
        self,
        spec: JobSpec,
        deadline: float,
        on_log: Callable[[bytes], None] | None,
        new_log: Callable[[], StepLog],
        prepare: Prepare | None,
    ) -> tuple[JobStatus, bytes]:
        if prepare and not await self._was_begun(spec):
            await self._prepare(prepare)
        try:
            return await self._follow(spec, deadline, on_log, new_log)
        except Fenced:
            # Our own newer claim, made on resuming, may have overtaken a job that waited for its turn: it never ran.
            if prepare:
                await self._prepare(prepare)
            fresh = replace(spec, epoch=self.operation.epoch)
            return await self._follow(fresh, deadline, on_log, new_log)

    async def _prepare(self, prepare: Prepare) -> None:
        await self.hold()
        await prepare(self)

    async def _was_begun(self, spec: JobSpec) -> bool:
        try:
            status, _ = await self.remote.jobs.poll(spec.state_dir, spec.id, 0)
        except Fenced:  # it waited for its turn and never ran
            return False
        return status.state != "missing"

    async def _follow(
        self,
        spec: JobSpec,
        deadline: float,
        on_log: Callable[[bytes], None] | None,
        new_log: Callable[[], StepLog],
    ) -> tuple[JobStatus, bytes]:
        """The job's end and the tail of its log. What makes us stop following for good ends the job too."""
        await self.remote.jobs.begin(spec)
        step_log = new_log()
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
        offset, tail = 0, b""
        while True:
            status, data = await self.remote.jobs.poll(spec.state_dir, spec.id, offset, NEWS_WITHIN)
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
                await asyncio.sleep(BETWEEN_LOOKS)


def _nothing_came_of_it(status: JobStatus, tail: bytes) -> bool:
    """The host lost the job, or there was no Docker to carry it out."""
    failed = status.state == "exited" and status.exit_status != 0
    return status.state == "interrupted" or (failed and docker.is_away(tail.decode("utf-8", "replace")))


def is_docker_away(error: HostError) -> bool:
    """Whether no Docker answers on the host at the moment, as after a reboot: sshd starts before it."""
    starting = error.phrase.args.get("status") == HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(error, CommandFailed):
        return docker.is_away(error.detail)
    return error.phrase.id == "error-docker" and starting
