"""Carries out a confirmed operation, step by step, so that it can be resumed after any crash.

Every step is idempotent: a long command is a job on the host whose `begin` returns the present state when it
exists already. To resume is therefore to run the first step again that is not journaled as done.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog

from services import policy
from services.errors import Fenced, HostError, LockHeld, OpsgateError, Unreachable
from services.models import TERMINAL, Operation, Progress, State, Step, StepState
from services.operation_log import OperationLogs
from services.phrases import Phrase
from services.projects import Project
from services.remote.host import RemoteHost
from services.runs import LEASE, Procedure, Run, Skip, StepDef, is_docker_away
from services.store import Store

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")

RENEW_EVERY = 30
ASK_AGAIN = 20
"""Seconds in which facts are asked for again before a confirmed operation fails for want of them."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a lost connection is waited for, in seconds, before and after the running stack is touched."""

    untouched: float = 600
    touched: float = 86_400
    tell_after: float = 60
    first_delay: float = 0.5
    longest_delay: float = 15


async def answered(ask: Callable[[], Awaitable[Answer]], within: float = ASK_AGAIN) -> Answer:
    """Asks again when the connection was lost at this very moment. Raises Unreachable when `within` seconds are over."""
    until = time.monotonic() + within
    while True:
        try:
            return await ask()
        except Unreachable:
            if time.monotonic() > until:
                raise
        await asyncio.sleep(0.5)


class Runner:
    """Runs one operation to its verdict. Everything it learns is stored before it is used."""

    def __init__(
        self,
        store: Store,
        logs: OperationLogs,
        owner: str,
        failure_chats: Callable[[], list[int]],
        changed: Callable[[], None],
        learn: Callable[[RemoteHost, Project], Awaitable[None]],
        patience: Patience | None = None,
    ) -> None:
        self._store = store
        self._logs = logs
        self._owner = owner
        self._failure_chats = failure_chats
        self._changed = changed
        self._learn = learn
        self._patience = patience or Patience()

    def prepare(self, operation: Operation, project: Project, remote: RemoteHost) -> Run:
        return Run(operation, project, remote, self._store, self._logs, self._changed)

    async def run(self, run: Run, procedure: Procedure) -> None:
        """Forward, back if it must be, and the verdict. Resumes where the journal ends.

        Raises what keeps it from writing things down: the operation is as it was then, and may be run again.
        """
        steps = await self._store.operations.steps(run.operation.id)
        run.begun = {step.name for step in steps if step.phase == "forward"}
        run.must_claim = run.operation.epoch is not None and "lock" in run.begun
        if run.operation.cancelled_by:
            run.cancelled.set()
        heartbeat: asyncio.Task[None]
        try:
            async with asyncio.TaskGroup() as group:
                heartbeat = group.create_task(self._heartbeat(run))
                try:
                    await self._through(run, procedure, steps)
                finally:
                    heartbeat.cancel()
        except* Fenced as fenced:
            await self._stop(run, next(one for one in fenced.exceptions if isinstance(one, Fenced)))

    async def _through(self, run: Run, procedure: Procedure, steps: list[Step]) -> None:
        if run.operation.phase == "forward" and await self._forward(run, procedure, steps):
            await self._finish(run, State.SUCCEEDED)
        else:
            await self._back(run, procedure, steps)

    async def _stop(self, run: Run, error: OpsgateError) -> None:
        """At once and for good: a newer claim has the host, so that also a way back would be in its way."""
        log.warning("operation stops", operation=run.operation.id, step=run.step_name, error=str(error))
        for step in await self._store.operations.steps(run.operation.id):
            if step.state is StepState.RUNNING:
                failed = {"state": StepState.FAILED, "finished_at": datetime.now(UTC)}
                await self._store.operations.step(run.operation.id, 0, step.model_copy(update=failed))
        why = {"rollback_reason" if run.operation.phase == "rollback" else "reason": error.phrase}
        with suppress(LookupError):  # its end was stored already
            await self._finish(run, policy.verdict(run.begun, rolled_back=False), **why)

    # --- forward and back ---

    async def _forward(self, run: Run, procedure: Procedure, journal: list[Step]) -> bool:
        if run.refused is not None:
            run.step_name = next((step.name for step in journal if step.state is StepState.RUNNING), "")
            await self._turn_back(run, run.refused)
            return False
        try:
            await self._walk(run, "forward", procedure.forward(run.plan), journal)
        except Fenced:
            raise
        except OpsgateError as error:
            await self._turn_back(run, error)
            return False
        except Exception as error:  # a defect of ours must not leave a stack half changed
            log.exception("step failed by a defect", operation=run.operation.id, step=run.step_name)
            await self._turn_back(run, OpsgateError("error-internal", detail=repr(error)))
            return False
        return True

    async def _turn_back(self, run: Run, error: OpsgateError) -> None:
        log.warning("operation turns back", operation=run.operation.id, step=run.step_name, error=str(error))
        tail = self._failure_tail(run, error)
        run.operation = await self._store.operations.fail_step(
            run.operation.id, run.step_name, datetime.now(UTC), reason=error.phrase, log_tail=tail
        )
        self._changed()

    def _failure_tail(self, run: Run, error: OpsgateError) -> str:
        if error.detail:
            run.logs.note(run.operation.id, run.phase, run.position, f"{run.step_name}-error", error.detail)
        return run.logs.redacted(error.detail)

    async def _back(self, run: Run, procedure: Procedure, journal: list[Step]) -> None:
        """Undoes what was begun. The host gets its own time to come back for it."""
        if not policy.live_touched(run.begun):
            run.lost_since = None
        try:
            await self._walk(run, "rollback", procedure.rollback(run.plan, frozenset(run.begun)), journal)
            undone = True
        except Fenced:
            raise
        except Exception as error:
            log.exception("rollback failed", operation=run.operation.id, step=run.step_name)
            undone = False
            phrase = error.phrase if isinstance(error, OpsgateError) else Phrase(id="error-internal")
            await self._store.operations.change(run.operation.id, rollback_reason=phrase)
        await self._finish(run, await self._verdict(run, procedure, undone=undone))

    async def _verdict(self, run: Run, procedure: Procedure, *, undone: bool) -> State:
        if procedure.ends is None or not undone:
            return policy.verdict(run.begun, rolled_back=undone)
        return procedure.ends(await self._store.operations.steps(run.operation.id))

    async def _finish(self, run: Run, state: State, **why: Phrase) -> None:
        from_chat = run.operation.origin.chat_id != TERMINAL  # else no chat is told unless all are
        chats = [] if from_chat and state is State.SUCCEEDED else self._failure_chats()
        await self._store.operations.finish(run.operation.id, state, datetime.now(UTC), chats, **why)
        log.info("operation ended", operation=run.operation.id, state=state)
        self._changed()

    # --- steps ---

    async def _walk(self, run: Run, phase: str, steps: tuple[StepDef, ...], journal: list[Step]) -> None:
        run.phase = phase
        known = {step.name: step for step in journal if step.phase == phase}
        for position, step in enumerate(steps):
            run.step_name, run.position = step.name, position
            old = known.get(step.name)
            if old:
                run.results[step.name] = old.result
            if old and old.state in {StepState.DONE, StepState.SKIPPED}:
                continue
            run.check_cancelled()
            await self._one(run, step, old)

    async def _one(self, run: Run, step: StepDef, old: Step | None) -> None:
        if run.phase == "forward":
            run.begun.add(step.name)
        began = old.started_at if old else datetime.now(UTC)
        noted = old.result if old else {}
        entry = Step(name=step.name, phase=run.phase, state=StepState.RUNNING, started_at=began, result=noted)
        await self._journal(run, entry)
        run.step_began = time.monotonic()
        result = await self._patiently(run, step)
        state = StepState.SKIPPED if result is Skip.SKIPPED else StepState.DONE
        values = result if isinstance(result, dict) else {}
        run.results[step.name] = values
        run.shown = None
        done = entry.model_copy(update={"state": state, "finished_at": datetime.now(UTC), "result": values})
        await self._journal(run, done)

    async def _journal(self, run: Run, entry: Step) -> None:
        await self._store.operations.step(run.operation.id, run.position, entry)
        self._changed()

    async def _patiently(self, run: Run, step: StepDef) -> dict[str, Any] | Skip | None:
        """Runs a step; a lost connection is waited for, and the step run again: it finds its job on the host."""
        delay = self._patience.first_delay
        while True:
            try:
                if not run.secrets_known:  # before any output of the host is written down
                    await self._learn(run.remote, run.project)
                    run.secrets_known = True
                await self._see_the_lock(run, step)
                result = await step.work(run)
            except HostError as error:
                if not _may_pass(run, error):
                    raise
                await self._wait_for_host(run, error, delay)
                delay = min(delay * 2, self._patience.longest_delay)
            else:
                run.lost_since = None
                return result

    async def _wait_for_host(self, run: Run, error: HostError, delay: float) -> None:
        now = time.monotonic()
        if run.lost_since is None:
            run.lost_since = now
        lost = now - run.lost_since
        if lost >= self._patience_now(run):
            raise error
        log.warning(
            "host lost during a step", operation=run.operation.id, step=run.step_name, error=str(error)
        )
        if lost > self._patience.tell_after and not run.told_lost:
            run.told_lost = True
            await self._tell_lost(run, error)
        run.shown = Progress(step=run.step_name, phase=run.phase, unit="lost")
        await run.sleep(delay)

    def _patience_now(self, run: Run) -> float:
        return self._patience.touched if policy.live_touched(run.begun) else self._patience.untouched

    async def _tell_lost(self, run: Run, error: HostError) -> None:
        phrase = Phrase(
            id="notice-connection-lost" if isinstance(error, Unreachable) else "notice-docker-away",
            args={"project": run.project.name, "host": run.project.host, "step": run.step_name},
        )
        chats = [run.operation.origin.chat_id, *self._failure_chats()]
        await self._store.outbox.notice(phrase, chats, time.time())
        self._changed()

    # --- the host's lock ---

    async def _see_the_lock(self, run: Run, step: StepDef) -> None:
        """What a step does outside of jobs is fenced by this. Raises Fenced when somebody else has the lock.

        A resumed operation takes it again with a higher epoch, so that what an older process left is fenced off.
        """
        if step.name in {
            "lock",
            "unlock",
        }:  # one claims by itself, the other must not wait for a host that is away
            return
        if run.must_claim:
            try:
                await self.claim(run)
            except LockHeld as error:
                raise Fenced(error.phrase.id, detail=error.detail, **error.phrase.args) from error
        else:
            await run.hold()

    async def claim(self, run: Run) -> int:
        epoch = await run.remote.lock.claim(run.project.state_dir, run.operation.id, self._owner, LEASE)
        run.operation = await self._store.operations.change(run.operation.id, epoch=epoch)
        run.must_claim = False
        return epoch

    async def _heartbeat(self, run: Run) -> None:
        """Writes progress about once a second and keeps the host's lock ours. Raises Fenced when it is not any more.

        Whatever else goes wrong here is no reason to end an operation: its steps meet it themselves if it lasts.
        """
        renewed = time.monotonic()
        while True:
            await asyncio.sleep(1)
            try:
                await run.flush_progress()
            except LookupError:  # the operation ended meanwhile
                return
            except Exception:
                log.exception("progress was not stored", operation=run.operation.id)
            if time.monotonic() - renewed > RENEW_EVERY and not (run.unlocking or run.must_claim):
                renewed = time.monotonic()
                await self._renew(run)

    @staticmethod
    async def _renew(run: Run) -> None:
        epoch = run.operation.epoch
        try:
            await run.hold()
        except Unreachable:
            pass
        except Fenced:
            if run.operation.epoch == epoch and not run.unlocking:
                raise
        except Exception:
            log.exception("the lock was not renewed", operation=run.operation.id)


def _may_pass(run: Run, error: HostError) -> bool:
    """Whether to wait and ask again. On the way back also for Docker, which starts later than sshd does."""
    if isinstance(error, Unreachable) or run.phase == "forward":
        return isinstance(error, Unreachable)
    return is_docker_away(error)
