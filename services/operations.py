"""Propose, confirm, cancel, run, recover: the life of an operation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

from services import policy
from services.errors import BadInput, Frozen, OpsgateError, Superseded
from services.models import SCHEDULE, TERMINAL, Kind, Operation, Origin, Person, Plan, State, Step
from services.offers import Make, Replacing, offer
from services.operation_log import OperationLogs
from services.packs import Packs
from services.phrases import Phrase
from services.projects import Project
from services.queue import Queue, busy, without_own_lock
from services.remote.hosts import Hosts
from services.runner import Runner, answered
from services.runs import Procedure, Run
from services.store import Store
from services.store.operations import ActiveAlready
from services.taps import Tap, late, queued, refused, type_the_name
from services.tasks import Tasks

log = structlog.get_logger(__name__)

FIRST_AGAIN, LONGEST_AGAIN = 1.0, 60.0
"""Seconds until an operation that could not be carried on (a full disk of ours) is taken up again."""


@dataclass(frozen=True, slots=True)
class Trade:
    """All that is special about one kind of operation: its plan and its procedure."""

    plan: Callable[[Project, str | None], Awaitable[Plan]]
    replan: Callable[[Project, Plan], Awaitable[Plan]]
    procedure: Procedure


class Operations:
    """The gate and the life behind it. `trades` says what each kind does, `changed` wakes who shows it."""

    def __init__(
        self,
        store: Store,
        hosts: Hosts,
        projects: Mapping[str, Project],
        admins: Collection[int],
        trades: Mapping[Kind, Trade],
        runner: Runner,
        logs: OperationLogs,
        tasks: Tasks,
        changed: Callable[[], None],
        packs: Path,
        starts: bool = True,  # what is confirmed and what waits; else only what `recover` is told to take up
    ) -> None:
        self._store = store
        self._hosts = hosts
        self._projects = projects
        self._admins = admins
        self._trades = trades
        self._runner = runner
        self._logs = logs
        self._tasks = tasks
        self._changed = changed
        self._packs = Packs(packs, store)
        self._starts = starts
        self._runs: dict[str, Run] = {}
        self._replacing = Replacing(store)
        self._queue = Queue(store, self._start, changed)

    # --- the gate ---

    async def propose(
        self, kind: Kind, project: str, by: Person, origin: Origin, ref: str | None = None
    ) -> Operation:
        """Plans and stores a proposal; its card goes out through the outbox. One proposal per update.

        Raises BadInput, Busy, Frozen, SourceError and every HostError: nothing is stored then.
        """
        if origin.update_id is not None:
            same = await self._store.operations.proposed_by_update(origin.update_id)
            if same is not None:
                return same
        target = self.project(project)
        plan = await self._admitted(kind, project, origin, partial(self._trades[kind].plan, target, ref))
        return await self._store_proposal(plan, by, origin, ref)

    async def _store_proposal(self, plan: Plan, by: Person, origin: Origin, ref: str | None) -> Operation:
        operation = await self._store.operations.propose(offer(plan, by, origin, ref))
        log.info("proposed", operation=operation.id, kind=operation.kind, project=operation.project, by=by.id)
        self._changed()
        return operation

    async def propose_instead(self, nonce: str, by: Person, chat_id: int, make: Make) -> Tap:
        """An offer that nobody confirmed gives way to a new plan of `make`, whose card goes out as any other.

        Exactly one tap does it. Raises Busy, Frozen and what `make` raises: the old offer stands then.
        """

        async def planned(old: Operation) -> Plan:
            return await self._admitted(old.kind, old.project, old.origin, partial(make, old))

        replaced = await self._replacing.replace(nonce, by, chat_id, planned)
        if replaced.first:
            return Tap(Phrase(id="tap-replacing", args={"who": replaced.first.name}), won=False)
        if replaced.unused:
            await self._packs.drop(replaced.unused)
        if replaced.old is None or replaced.fresh is None:
            return await late(self._store, nonce, chat_id)
        self._changed()
        return Tap(Phrase(id="tap-replaced"), won=True, operation=replaced.fresh)

    def project(self, name: str) -> Project:
        """Raises BadInput for a name that is not configured."""
        if name not in self._projects:
            raise BadInput("error-no-project", project=name[:40], known=", ".join(self._projects))
        return self._projects[name]

    async def _admitted(
        self, kind: Kind, project: str, origin: Origin, made: Callable[[], Awaitable[Plan]]
    ) -> Plan:
        """The plan, unless the project is locked, or busy and this kind cannot wait."""
        await self._store.freezes.check(kind, project, datetime.now(UTC))
        active = await self._store.operations.active(project)
        if active and not policy.may_wait(kind, origin.chat_id):
            raise busy(active[0])
        plan = await made()
        return without_own_lock(plan, active[0]) if active else plan

    async def confirm(self, nonce: str, by: Person, chat_id: int, message_id: int) -> Tap:
        """Exactly one tap on a card starts it; every other learns who was first."""
        try:
            operation = await self._store.operations.confirm(
                nonce, by, chat_id, message_id, datetime.now(UTC)
            )
        except (ActiveAlready, Frozen) as why:
            return await refused(self._store, nonce, why)
        if operation is None:
            return await late(self._store, nonce, chat_id)
        if operation.state is State.PROPOSED:
            self._changed()
            return type_the_name(operation)
        return self._confirmed(operation, by)

    async def queue(
        self, nonce: str, by: Person, chat_id: int, message_id: int, replaces: str | None = None
    ) -> Tap:
        """Confirmed, to start when what runs has ended well. `replaces`: the short id of the waiting one that gives way."""
        try:
            operation = await self._queue.wait(nonce, by, chat_id, message_id, replaces)
        except OpsgateError as error:
            return Tap(error.phrase, won=False)
        return queued(operation) if operation else await late(self._store, nonce, chat_id)

    def _confirmed(self, operation: Operation, by: Person) -> Tap:
        log.info("confirmed", operation=operation.id, by=by.id)
        self._changed()
        if self._starts:
            self._start(operation)
        return Tap(Phrase(id="tap-confirmed"), won=True, operation=operation)

    async def awaiting(self, by: Person, chat_id: int) -> Operation | None:
        """The proposal whose project's name this person was asked to type in this chat, if the time is not over."""
        return await self._store.operations.awaiting(by.id, chat_id, datetime.now(UTC))

    async def confirm_typed(self, nonce: str, by: Person, chat_id: int, typed: str) -> Tap:
        """The stronger gate (R-UX-2). Wrong text changes nothing, and may be followed by the right one."""
        awaited = await self._store.operations.by_nonce(nonce)
        if awaited is not None and not policy.is_the_name(typed, awaited.project):
            return Tap(Phrase(id="typed-wrong", args={"project": awaited.project}), won=False)
        try:
            operation = await self._store.operations.confirm_typed(nonce, by, chat_id, datetime.now(UTC))
        except (ActiveAlready, Frozen) as why:
            return await refused(self._store, nonce, why)
        return self._confirmed(operation, by) if operation else await late(self._store, nonce, chat_id)

    async def dismiss(self, nonce: str, by: Person, chat_id: int, message_id: int) -> Tap:
        """Takes a proposal back. The message is bound through the nonce, which stands on one card only."""
        del message_id
        operation = await self._store.operations.dismiss(nonce, by, chat_id, datetime.now(UTC))
        if operation is None:
            return await late(self._store, nonce, chat_id)
        await self._packs.drop(operation)
        self._changed()
        return Tap(Phrase(id="tap-dismissed"), won=True, operation=operation)

    async def cancel(self, operation_id: str, by: Person) -> Tap:
        """Asks a running operation to stop: before the stack is touched nothing changes, after that it goes back.

        One that waits for its turn is called off.
        """
        if waiting := await self._queue.call_off(operation_id, by):
            await self._packs.drop(waiting)
            return Tap(Phrase(id="tap-dismissed"), won=True, operation=waiting)
        operation = await self._store.operations.request_cancel(operation_id, by)
        if operation is None:
            known = await self._store.operations.get(operation_id)
            return Tap(Phrase(id="tap-cancel-late" if known else "tap-unknown"), won=False)
        if run := self._runs.get(operation_id):
            run.cancelled.set()
        log.info("cancel requested", operation=operation_id, by=by.id)
        self._changed()
        return Tap(Phrase(id="tap-cancelling"), won=True, operation=operation)

    async def expire(self) -> None:
        """Takes the buttons off cards whose time is over, and the packs that nobody needs off the disk."""
        now = datetime.now(UTC)
        if await self._store.operations.expire(now) + await self._store.operations.stop_asking(now):
            self._changed()
        await self._packs.sweep()

    # --- the run ---

    def _start(self, operation: Operation) -> bool:
        return self._tasks.start(f"operation:{operation.id}", self._run(operation))

    async def _run(self, operation: Operation) -> None:
        """To its end: as long as the store says that it is active, somebody must be at work on it."""
        delay = FIRST_AGAIN
        while True:
            try:
                await self._carry_out(await self._store.operations.get(operation.id) or operation)
            except Exception:
                log.exception("an operation could not be carried on", operation=operation.id, again_in=delay)
            else:
                return await self._queue.advance() if self._starts else None
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_AGAIN)

    async def _carry_out(self, operation: Operation) -> None:
        if operation.state not in {State.QUEUED, State.RUNNING}:
            return
        project = self._projects.get(operation.project)
        may = policy.may_start(operation, self._admins)
        if project is None or not (may or operation.state is State.RUNNING):
            await self._refuse(operation, "error-project-gone" if project is None else "error-not-admin")
            return
        trade = self._trades[operation.kind]
        if not await self._claim(operation, project, trade):
            return
        operation = await self._store.operations.get(operation.id) or operation
        run = self._runner.prepare(operation, project, self._hosts.get(project.host))
        run.refused = None if may else OpsgateError("error-not-admin", project=project.name)
        self._runs[operation.id] = run
        try:
            await self._runner.run(run, trade.procedure)
        finally:
            self._runs.pop(operation.id, None)
        await self._packs.drop(operation)

    async def _refuse(self, operation: Operation, code: str) -> None:
        """Ends an operation that may not go on. When steps were begun already, a person must look."""
        begun = {step.name for step in await self._store.operations.steps(operation.id)}
        state = policy.verdict(begun, rolled_back=False)
        await self._end(operation, state, Phrase(id=code, args={"project": operation.project}))

    async def _end(self, operation: Operation, state: State, reason: Phrase) -> None:
        await self._store.operations.finish(
            operation.id, state, datetime.now(UTC), list(self._admins), reason=reason
        )
        await self._packs.drop(operation)
        self._changed()

    async def _claim(self, operation: Operation, project: Project, trade: Trade) -> bool:
        """Queued → running, after the facts were read again. False when it ended here."""
        if operation.state is State.RUNNING:
            return True
        try:
            await self._store.freezes.check(operation.kind, operation.project, datetime.now(UTC))
            await self._recheck(operation, project, trade)
            await self._store.operations.begin(operation.id, datetime.now(UTC))
        except Superseded:
            return False
        except Frozen as frozen:
            await self._end(operation, State.DISMISSED, frozen.phrase)
            return False
        except OpsgateError as error:
            await self._end(operation, State.FAILED, error.phrase)
            return False
        except Exception:  # a defect of ours; nothing was changed anywhere yet
            log.exception("facts could not be read again", operation=operation.id)
            await self._end(operation, State.FAILED, Phrase(id="error-internal"))
            return False
        self._changed()
        return True

    async def _recheck(self, operation: Operation, project: Project, trade: Trade) -> None:
        """Facts that the plan rests on are read again; if they changed, the plan is shown anew (a terminal asks for it itself), not run."""
        plan = await answered(partial(trade.replan, project, operation.plan))
        objection = await self._queue.objection(operation, plan)
        if objection is None:
            if operation.after or operation.origin.chat_id == SCHEDULE:
                await self._store.operations.change(operation.id, plan=plan)
            return
        if operation.origin.chat_id == TERMINAL:
            await self._end(operation, State.DISMISSED, objection)
            raise Superseded
        origin = operation.origin.model_copy(update={"update_id": None})
        fresh = offer(plan, operation.by, origin, operation.ref)
        await self._store.operations.supersede(operation.id, fresh, objection)
        log.info("superseded", operation=operation.id, by=fresh.id)
        self._changed()
        raise Superseded

    async def recover(self, only: str | None = None) -> list[Operation]:
        """Takes up what is queued or running: after a start, and what another process confirmed or asked to stop.

        `only`: one operation's id; all others, also what waits, are left to who stays.
        """
        active = [one for one in await self._store.operations.active() if only in {None, one.id}]
        for operation in active:
            if operation.cancelled_by and (run := self._runs.get(operation.id)):
                run.cancelled.set()
            if self._start(operation):
                log.info("taking up", operation=operation.id, state=operation.state, phase=operation.phase)
        if only is None:
            await self._queue.advance()
        return active

    async def rest(self, operation_id: str) -> None:
        """Returns when nobody here is at work on it any more."""
        await self._tasks.ended(f"operation:{operation_id}")

    # --- reading ---

    async def running(self) -> list[Operation]:
        """What is active, then what waits for its turn."""
        return [*await self._store.operations.active(), *await self._store.waiting.all()]

    async def recent(self, limit: int = 10) -> list[Operation]:
        return await self._store.operations.recent(limit)

    async def get(self, operation_id: str) -> tuple[Operation, list[Step]]:
        """Raises BadInput when there is no such operation."""
        operation = await self._store.operations.get(operation_id)
        if operation is None:
            raise BadInput("error-no-operation")
        return operation, await self._store.operations.steps(operation_id)

    async def log_file(self, operation_id: str) -> Path | None:
        """The whole log, redacted, as one local text file; None when nothing was logged."""
        await self.get(operation_id)
        return self._logs.joined(operation_id)
