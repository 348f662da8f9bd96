"""What a plan card offers: made from a plan, and replaced by another while nobody has confirmed it."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from services import policy
from services.models import Operation, Origin, Person, Plan, State
from services.phrases import Phrase
from services.store import Store

log = structlog.get_logger(__name__)

Make = Callable[[Operation], Awaitable[Plan]]
"""Makes the plan that stands in the place of an offered one. Raises OpsgateError; the offer stands then."""


def new_id(now: datetime) -> str:
    """Such as op-20261123-091502-k3f9: sorts by time, short enough to say aloud."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return f"op-{now:%Y%m%d-%H%M%S}-" + "".join(secrets.choice(alphabet) for _ in range(4))


def offer(plan: Plan, by: Person, origin: Origin, ref: str | None, now: datetime | None = None) -> Operation:
    """A proposal of this plan, open from now on."""
    now = now or datetime.now(UTC)
    return Operation(
        id=new_id(now),
        kind=plan.kind,
        project=plan.project,
        state=State.PROPOSED,
        plan=plan,
        nonce=secrets.token_urlsafe(18),
        by=by,
        origin=origin,
        ref=ref,
        created_at=now,
        expires_at=policy.expires_at(now),
    )


@dataclass(frozen=True, slots=True)
class Replaced:
    """What became of a wish for another plan: who was at it already, or the old and the new offer, or neither.

    Without the old one the new one came too late and was not stored.
    """

    first: Person | None = None
    old: Operation | None = None
    fresh: Operation | None = None

    @property
    def unused(self) -> Operation | None:
        """Whose frozen source nobody needs any more."""
        if self.old is None or self.fresh is None:
            return self.fresh
        packs = {one.plan.pack.file for one in (self.old, self.fresh) if one.plan.pack}
        return self.old if len(packs) > 1 else None  # a plan may be made anew of the same source


@dataclass(slots=True)
class Replacing:
    """Exactly one tap replaces an offer: while its plan is made others learn who was first, then the store decides."""

    store: Store
    _at_it: dict[str, Person] = field(default_factory=dict)
    """By nonce: making a plan takes seconds, and may change the source. It must not be done twice."""

    async def replace(self, nonce: str, by: Person, chat_id: int, make: Make) -> Replaced:
        """Raises what `make` raises: then the offer stands as before."""
        if first := self._at_it.get(nonce):
            return Replaced(first)
        self._at_it[nonce] = by
        try:
            old = await self._open(nonce, chat_id)
            return await self._replace(old, by, make) if old else Replaced()
        finally:
            self._at_it.pop(nonce)

    async def _open(self, nonce: str, chat_id: int) -> Operation | None:
        found = await self.store.operations.by_nonce(nonce)
        if found is None or found.state is not State.PROPOSED or found.origin.chat_id != chat_id:
            return None
        return found if found.expires_at > datetime.now(UTC) and found.asked is None else None

    async def _replace(self, old: Operation, by: Person, make: Make) -> Replaced:
        plan = await make(old)
        fresh = offer(plan, by, old.origin.model_copy(update={"update_id": None}), old.ref)
        reason = Phrase(id="offer-replaced")
        if not await self.store.operations.supersede(old.id, fresh, reason, by):
            return Replaced(fresh=fresh)
        log.info("replaced", operation=old.id, fresh=fresh.id, by=by.id)
        return Replaced(None, old, fresh)
