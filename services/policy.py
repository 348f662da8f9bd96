"""Pure rules about operations: who may start them, how long an offer stands, how they end."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from services.errors import Frozen
from services.facts.models import Facts
from services.models import SCHEDULE, TERMINAL, Freeze, Kind, Operation, Plan, State

OFFER_STANDS = timedelta(minutes=15)
"""A plan card older than this cannot be confirmed: its facts are too old."""

TYPING_TIME = timedelta(minutes=2)
"""For typing the project's name, where a tap is not enough (R-UX-2)."""

LIVE_STEPS = frozenset({"swap", "swap-database", "swap-env", "migrate", "up", "health", "record"})
"""From the first of these on, the running stack may differ from what it was."""

UNINTERRUPTED = frozenset({"migrate"})
"""Once begun, these decide themselves where they may stop: what they run is worse ended half way than finished."""


def may_start(operation: Operation, admins: Collection[int]) -> bool:
    """Removing an admin takes effect at the start of anything pending.

    Who may write to the store may start operations; but what was asked for in a chat is for admins to confirm.
    """
    by = operation.confirmed_by
    if by is None:
        return False
    return by.id in admins or by.id == operation.origin.chat_id in {TERMINAL, SCHEDULE}


def stopped_by_lock(kind: Kind) -> bool:
    """A locked project refuses whatever changes its server. A backup changes nothing, and is wanted most then."""
    return kind not in {Kind.BACKUP, Kind.DRILL}


def frozen(freeze: Freeze, now: datetime) -> Frozen:
    """The refusal: who locked it, why, how long ago."""
    age = max(0.0, (now - freeze.at).total_seconds())
    return Frozen(project=freeze.project, who=freeze.by.name, reason=freeze.reason, age=age)


def may_wait(kind: Kind, chat_id: int) -> bool:
    """Whether it may be confirmed while another one runs. What is typed or taken back is decided upon what one sees.

    Nor from a terminal: it is gone when its plan must be shown anew.
    """
    return kind in {Kind.DEPLOY, Kind.BACKUP, Kind.ROLLBACK} and chat_id != TERMINAL


def expires_at(now: datetime) -> datetime:
    return now + OFFER_STANDS


def typed_until(now: datetime) -> datetime:
    return now + TYPING_TIME


def is_the_name(typed: str, project: str) -> bool:
    """A phone may add a blank or a capital letter: neither makes it another project."""
    return typed.strip().casefold() == project.casefold()


def live_touched(begun: AbstractSet[str]) -> bool:
    """Whether the running stack may have been changed by the steps that were begun."""
    return bool(begun & LIVE_STEPS)


def verdict(begun: AbstractSet[str], *, rolled_back: bool) -> State:
    """How a failed operation ends: untouched, brought back, or left to a person."""
    if not live_touched(begun):
        return State.FAILED
    return State.ROLLED_BACK if rolled_back else State.NEEDS_HUMAN


def risk(facts: Facts, plan: Plan) -> str:
    """low, medium or high, for the colour of the card."""
    if plan.kind == "backup":
        return "low"
    if any(f.severity == "warning" for f in plan.findings) or not facts.containers:
        return "medium" if plan.backup or not facts.containers else "high"
    return "low" if plan.backup else "high"
