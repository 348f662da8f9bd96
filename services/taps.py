"""What became of a tap on a button, in words for who tapped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from services import policy
from services.errors import Frozen
from services.models import Operation, State
from services.phrases import Phrase
from services.queue import busy
from services.store import Store
from services.store.operations import ActiveAlready


@dataclass(frozen=True, slots=True)
class Tap:
    """What became of a tap on a button: the text for the person, and whether this tap was the one that counted."""

    phrase: Phrase
    won: bool
    operation: Operation | None = None


def type_the_name(operation: Operation) -> Tap:
    """A tap is not enough here."""
    phrase = Phrase(id="typed-ask", args={"project": operation.project, "kind": str(operation.kind)})
    return Tap(phrase, won=True, operation=operation)


def queued(operation: Operation) -> Tap:
    """What became of a tap on "queue" that counted, or came when there was nothing to wait for any more."""
    if operation.state is State.PROPOSED:
        return Tap(Phrase(id="tap-nothing-runs"), won=False)
    return Tap(Phrase(id="tap-queued"), won=True, operation=operation)


async def refused(store: Store, nonce: str, why: ActiveAlready | Frozen) -> Tap:
    """Locked, or somebody was faster. Where waiting is possible the card offers it from now on: a tap of its own."""
    if isinstance(why, Frozen):
        return Tap(why.phrase, won=False)
    mine = await store.operations.by_nonce(nonce)
    code = "error-busy-now" if mine and policy.may_wait(mine.kind, mine.origin.chat_id) else "error-busy"
    return Tap(busy(why.other, code).phrase, won=False)


async def late(store: Store, nonce: str, chat_id: int) -> Tap:
    """Why a tap did not count."""
    operation = await store.operations.by_nonce(nonce)
    if operation is None or operation.origin.chat_id != chat_id:
        return Tap(Phrase(id="tap-unknown"), won=False)
    stands = operation.state is State.PROPOSED and operation.expires_at > datetime.now(UTC)
    if operation.plan.blocked and stands:
        return Tap(Phrase(id="tap-blocked"), won=False)
    if operation.state is State.PROPOSED and operation.asked:
        return Tap(Phrase(id="tap-asked", args={"who": operation.asked.person.name}), won=False)
    if operation.state in {State.EXPIRED, State.PROPOSED}:
        return Tap(Phrase(id="tap-expired"), won=False)
    who = operation.confirmed_by or operation.cancelled_by
    return Tap(Phrase(id="tap-handled", args={"who": who.name if who else ""}), won=False)
