"""What waits for its turn: confirmed while another operation of the project runs, started when that one ended well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from services.errors import Busy, OpsgateError
from services.models import SCHEDULE, Kind, Operation, Person, Plan, Severity, State
from services.phrases import Phrase
from services.store import Store
from services.store.waiting import WaitingAlready
from services.strategies import rolling

log = structlog.get_logger(__name__)

_RISKS = ("low", "medium", "high")


class Queue:
    """One per project may wait. `start` takes up an operation that is queued, `changed` wakes who shows it."""

    def __init__(self, store: Store, start: Callable[[Operation], bool], changed: Callable[[], None]) -> None:
        self._store = store
        self._start = start
        self._changed = changed

    async def wait(
        self, nonce: str, by: Person, chat_id: int, message_id: int, replaces: str | None
    ) -> Operation | None:
        """A tap on "queue" or "replace". None for one that does not count. Raises Busy and Frozen.

        Where there is nothing to wait for any more the proposal comes back as it is.
        """
        try:
            operation = await self._store.waiting.wait(
                nonce, by, chat_id, message_id, datetime.now(UTC), replaces
            )
        except WaitingAlready as waiting:
            raise busy(waiting.other, "error-waiting-already") from None
        if operation is not None:
            self._changed()
        if operation is not None and operation.state is State.WAITING:
            log.info("waits for its turn", operation=operation.id, after=operation.after, by=by.id)
            await self.advance()  # what it waits for may have ended while the tap was on its way
        return operation

    async def call_off(self, operation_id: str, by: Person) -> Operation | None:
        """It will not start. None when it does not wait (any more)."""
        operation = await self._store.waiting.call_off(operation_id, by, datetime.now(UTC))
        if operation is not None:
            log.info("does not wait any more", operation=operation.id, by=by.id)
            self._changed()
        return operation

    async def advance(self) -> None:
        """Whoever waits for nothing any more takes its turn. Idempotent: after each end, each start, and now and then."""
        for operation in await self._store.waiting.all():
            if queued := await self._store.waiting.take_turn(operation.id, datetime.now(UTC)):
                log.info("takes its turn", operation=queued.id, after=queued.after)
                self._changed()
                self._start(queued)

    async def objection(self, operation: Operation, fresh: Plan) -> Phrase | None:
        """Why the plan as it would be now needs a fresh confirmation; None when it may run as it is.

        What waited was confirmed on facts that the operation before it was about to change. So it may rest on other
        facts now, if these are exactly what that one left behind; anything else was changed by somebody else.
        A schedule's was confirmed by nobody who saw it, so it runs on whatever facts let it. Raises OpsgateError where
        they do not: there is nobody to ask.
        """
        if operation.origin.chat_id == SCHEDULE:
            raise_if_blocked(fresh)
            return None
        if operation.after is None:
            same = fresh.digest == operation.plan.digest and not fresh.blocked
            return None if same else Phrase(id="error-superseded")
        before = await self._store.operations.get(operation.after)
        if before is None or before.state is not State.SUCCEEDED:
            kind = str(before.kind) if before else ""
            return Phrase(id="queue-before-failed", args={"kind": kind, "project": operation.project})
        expected = not fresh.blocked and not _says_more(operation.plan, fresh) and is_left_by(before, fresh)
        if expected and fresh.lasting == operation.plan.lasting:
            return None
        return Phrase(id="error-superseded")


def raise_if_blocked(plan: Plan) -> None:
    """For a plan that nobody looks at: the first thing that speaks against it, as an OpsgateError."""
    if blocker := next((one for one in plan.findings if one.severity is Severity.BLOCKER), None):
        raise OpsgateError(f"finding-{blocker.code}", detail="", **blocker.args)


def busy(other: Operation, code: str = Busy.code) -> Busy:
    """The refusal that names who is at it, with what."""
    who = other.confirmed_by or other.by
    return Busy(code, project=other.project, kind=str(other.kind), who=who.name, operation=other.id)


def without_own_lock(plan: Plan, running: Operation) -> Plan:
    """The lock on the host is held by the operation that this plan is going to wait for: no reason against it."""
    own = ("lock-held", running.id)
    kept = tuple(one for one in plan.findings if (one.code, one.args.get("operation")) != own)
    return plan.model_copy(update={"findings": kept})


def is_left_by(before: Operation, fresh: Plan) -> bool:
    """Whether what runs now is what an operation that ended well left behind. The host's own records tell."""
    release = _release_left_by(before)
    current = fresh.current.id if fresh.current else None
    images = fresh.current.images if fresh.current else before.plan.old_images
    others = {name for name, image in fresh.old_images.items() if images.get(name, image) != image}
    stopped = {*before.plan.old_running} & {*fresh.old_images} - {*fresh.old_running}
    return current == release and not others and not stopped


def _release_left_by(before: Operation) -> str | None:
    plan = before.plan
    if before.kind is Kind.DEPLOY and plan.pack:
        return plan.pack.release_id
    if before.kind is Kind.ROLLBACK and plan.returning:
        return plan.returning.release.id
    return plan.current.id if plan.current else None


def _says_more(confirmed: Plan, fresh: Plan) -> bool:
    """Whether the card would now say of something that its reader did not see: a warning, a migration, more downtime."""
    seen = {one.code for one in confirmed.findings}
    warned = {one.code for one in fresh.findings if one.severity is Severity.WARNING}
    drift = fresh.drift.files if fresh.drift else ()
    known = confirmed.drift.files if confirmed.drift else ()
    riskier = _RISKS.index(fresh.risk) > _RISKS.index(confirmed.risk)
    interrupted = {*rolling(confirmed.strategies)} - {*rolling(fresh.strategies)}
    more = warned - seen or {*drift} - {*known} or interrupted or _migrations(fresh) - _migrations(confirmed)
    return bool(more) or riskier


def _migrations(plan: Plan) -> set[str]:
    """The scripts that a plan would run in the database (R-DB-6)."""
    return {one.path for one in plan.migrating.scripts} if plan.migrating else set()
