"""Which projects are locked by /lock. Asked inside the transactions that decide, so that no lock comes too late."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from services import policy
from services.models import Freeze, Kind, Operation
from services.phrases import Phrase
from services.store import outbox
from services.store.database import Database, Row, Transaction
from services.store.saved import load


def _freeze(row: Row) -> Freeze:
    return Freeze.model_validate_json(row["body"])


async def _of(tx: Transaction, project: str) -> Freeze | None:
    async with tx.execute("SELECT body FROM freezes WHERE project = ?", (project,)) as cursor:
        row = await cursor.fetchone()
    return _freeze(row) if row else None


async def check(tx: Transaction, operation: Operation, now: datetime) -> None:
    """Raises Frozen when the operation may not go on because its project is locked."""
    if policy.stopped_by_lock(operation.kind) and (freeze := await _of(tx, operation.project)):
        raise policy.frozen(freeze, now)


class FreezeRows:
    def __init__(self, database: Database, redact: Callable[[str], str]) -> None:
        self._database = database
        self._redact = redact

    async def lock(self, freeze: Freeze) -> tuple[Freeze | None, Operation | None]:
        """Locks, unless it is locked already: then that lock is the first of what comes back.

        The second is what is running at this moment: it goes on.
        """
        async with self._database.transaction() as tx:
            if held := await _of(tx, freeze.project):
                return held, None
            clean = freeze.model_copy(update={"reason": self._redact(freeze.reason)})
            await tx.execute(
                "INSERT INTO freezes (project, at, body) VALUES (?, ?, ?)",
                (clean.project, clean.at.timestamp(), clean.model_dump_json()),
            )
            active = "project = ? AND state IN ('queued', 'running')"
            return None, await load(tx, active, (clean.project,))

    async def unlock(
        self, project: str, tell: Callable[[Freeze], Phrase], chats: Iterable[int], now: float
    ) -> Freeze | None:
        """Opens a project and queues the notice of it, both or nothing. None when it was not locked."""
        async with self._database.transaction() as tx:
            held = await _of(tx, project)
            if held is not None:
                await tx.execute("DELETE FROM freezes WHERE project = ?", (project,))
                await outbox.put(tx, "notice", chats, now, None, tell(held).redacted(self._redact))
        return held

    async def of(self, project: str) -> Freeze | None:
        row = await self._database.one("SELECT body FROM freezes WHERE project = ?", (project,))
        return _freeze(row) if row else None

    async def check(self, kind: Kind, project: str, now: datetime) -> None:
        """A look without effect. Raises Frozen."""
        if policy.stopped_by_lock(kind) and (freeze := await self.of(project)):
            raise policy.frozen(freeze, now)
