"""/lock and /unlock: a project that refuses to be changed until somebody opens it again."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime

import structlog

from services.errors import BadInput
from services.models import Freeze, Person
from services.phrases import Phrase
from services.store import Store

log = structlog.get_logger(__name__)

LONGEST_REASON = 200
"""Characters: it is read on a phone, at every refusal."""
EXAMPLE = "the data is being corrected by hand"
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""More than one line, control characters, and what turns the direction of the text around it."""


def reason_of(text: str, project: str) -> str:
    """The reason as it is kept. Raises BadInput for none, and for what is not one line of at most 200 characters."""
    reason = text.strip()
    if not reason:
        raise BadInput("error-lock-no-reason", project=project, example=EXAMPLE)
    if _UNFIT.search(reason) or len(reason) > LONGEST_REASON:
        raise BadInput("error-lock-reason", most=LONGEST_REASON, count=len(reason))
    return reason


class Freezes:
    """`admins` are told of every unlock; `changed` wakes who tells them."""

    def __init__(self, store: Store, admins: Collection[int], changed: Callable[[], None]) -> None:
        self._store = store
        self._admins = admins
        self._changed = changed

    async def lock(self, project: str, reason: str, by: Person) -> tuple[Phrase, ...]:
        """What to say, line by line. A lock that is held already stays as it is. Raises BadInput."""
        now = datetime.now(UTC)
        freeze = Freeze(project=project, by=by, reason=reason_of(reason, project), at=now)
        held, running = await self._store.freezes.lock(freeze)
        if held is not None:
            return (_held(held, now),)
        log.info("locked", project=project, by=by.id)
        said = [Phrase(id="lock-done", args={"project": project, "reason": freeze.reason})]
        if running is not None:
            said.append(Phrase(id="lock-running", args={"kind": str(running.kind)}))
        waiting = await self._store.waiting.all(project)
        said += [Phrase(id="lock-waiting", args={"kind": str(one.kind)}) for one in waiting]
        return tuple(said)

    async def unlock(self, project: str, by: Person) -> bool:
        """Any admin may; all of them are told by a notice. False when it was not locked."""
        freeze = await self._store.freezes.unlock(
            project, lambda held: _unlocked(held, by), sorted(self._admins), datetime.now(UTC).timestamp()
        )
        if freeze is None:
            return False
        log.info("unlocked", project=project, by=by.id, owner=freeze.by.id)
        self._changed()
        return True

    async def locked(self, projects: Iterable[str]) -> list[str]:
        """Those of the projects that are locked."""
        return [name for name in projects if await self._store.freezes.of(name)]


def _held(held: Freeze, now: datetime) -> Phrase:
    age = max(0.0, (now - held.at).total_seconds())
    return Phrase(
        id="lock-held",
        args={"project": held.project, "who": held.by.name, "reason": held.reason, "age": age},
    )


def _unlocked(held: Freeze, by: Person) -> Phrase:
    return Phrase(
        id="notice-unlocked",
        args={"who": by.name, "project": held.project, "owner": held.by.name, "reason": held.reason},
    )
