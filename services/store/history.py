"""Backups, releases, and what operations took: what was made, newest first."""

from __future__ import annotations

from datetime import UTC, datetime

from services.backups.models import Backup, Drilled, copies_of
from services.estimates import MOST_RUNS, PastRun
from services.facts.models import Release
from services.models import Kind, Operation, Step, StepState
from services.store.database import Database

_CATALOGUE = (
    "SELECT backups.body AS body, operations.kind AS kind FROM backups"
    " LEFT JOIN operations ON operations.id = json_extract(backups.body, '$.operation')"
    " WHERE backups.project = ? ORDER BY backups.at DESC, backups.id DESC"
)
_ABOUT = (
    "SELECT body FROM operations WHERE project = ? AND state IN ('proposed', 'waiting', 'queued', 'running')"
    " UNION ALL SELECT body FROM (SELECT body FROM operations WHERE project = ? AND kind NOT IN ('backup', 'drill')"
    " AND state IN ('succeeded', 'failed', 'rolled_back', 'needs_human') ORDER BY created_at DESC LIMIT 20)"
)


class BackupRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, backup: Backup) -> None:
        await self._database.write(
            "INSERT OR REPLACE INTO backups (id, project, at, body) VALUES (?, ?, ?, ?)",
            (backup.id, backup.project, backup.at.timestamp(), backup.model_dump_json()),
        )

    async def get(self, backup_id: str) -> Backup | None:
        row = await self._database.one("SELECT body FROM backups WHERE id = ?", (backup_id,))
        return Backup.model_validate_json(row["body"]) if row else None

    async def drilled(self, backup_id: str, drilled: Drilled) -> None:
        """Notes a drill in place, so that what others write about the backup meanwhile stays."""
        await self._database.write(
            "UPDATE backups SET body = json_set(body, '$.drilled', json(?)) WHERE id = ?",
            (drilled.model_dump_json(), backup_id),
        )

    async def of(self, project: str) -> list[Backup]:
        """All of a project, newest first."""
        rows = await self._database.all(
            "SELECT body FROM backups WHERE project = ? ORDER BY at DESC, id DESC", (project,)
        )
        return [Backup.model_validate_json(row["body"]) for row in rows]

    async def catalogue(self, project: str) -> list[tuple[Backup, str]]:
        """All of a project, newest first, with the kind of operation that made each ("" when that is not known)."""
        rows = await self._database.all(_CATALOGUE, (project,))
        return [(Backup.model_validate_json(row["body"]), row["kind"] or "") for row in rows]

    async def lost(self, backup_id: str, where: str) -> None:
        """Its copy in that place is gone. Without any copy it is no backup any more."""
        async with self._database.transaction() as tx:
            cursor = await tx.execute("SELECT body FROM backups WHERE id = ?", (backup_id,))
            row = await cursor.fetchone()
            if row is None:
                return
            backup = Backup.model_validate_json(row["body"])
            left = tuple(copy for copy in copies_of(backup) if copy.where != where)
            local = "" if where == "local" else backup.local_file
            fresh = backup.model_copy(update={"copies": left, "local_file": local})
            await tx.execute("UPDATE backups SET body = ? WHERE id = ?", (fresh.model_dump_json(), backup_id))
            if not left:
                await tx.execute("DELETE FROM backups WHERE id = ?", (backup_id,))

    async def operations_about(self, project: str) -> list[Operation]:
        """What may refer to a backup: every operation that is open, and the newest that ended with a verdict."""
        rows = await self._database.all(_ABOUT, (project, project))
        return [Operation.model_validate_json(row["body"]) for row in rows]

    async def newest(self, project: str, limit: int = 1) -> list[Backup]:
        rows = await self._database.all(
            "SELECT body FROM backups WHERE project = ? ORDER BY at DESC LIMIT ?", (project, limit)
        )
        return [Backup.model_validate_json(row["body"]) for row in rows]

    async def last_drilled(self, project: str) -> Backup | None:
        """The backup of a project's newest drill."""
        row = await self._database.one(
            "SELECT body FROM backups WHERE project = ? AND json_extract(body, '$.drilled.at') IS NOT NULL"
            " ORDER BY julianday(json_extract(body, '$.drilled.at')) DESC LIMIT 1",
            (project,),
        )
        return Backup.model_validate_json(row["body"]) if row else None

    async def recent(self, limit: int = 5) -> list[Backup]:
        """The newest of all projects, newest first."""
        rows = await self._database.all("SELECT body FROM backups ORDER BY at DESC LIMIT ?", (limit,))
        return [Backup.model_validate_json(row["body"]) for row in rows]


class ReleaseRows:
    """History of what was deployed. The host is the truth about what is there now."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, release: Release) -> None:
        at = (release.at or datetime.now(UTC)).timestamp()
        await self._database.write(
            "INSERT OR REPLACE INTO releases (id, project, at, body) VALUES (?, ?, ?, ?)",
            (release.id, release.project, at, release.model_dump_json()),
        )

    async def get(self, release_id: str) -> Release | None:
        row = await self._database.one("SELECT body FROM releases WHERE id = ?", (release_id,))
        return Release.model_validate_json(row["body"]) if row else None


class PastRuns:
    """How long operations took, from their journals."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def succeeded(self, project: str, kind: Kind, limit: int = MOST_RUNS) -> list[PastRun]:
        """The newest of a project, newest first."""
        rows = await self._database.all(
            "SELECT body FROM operations WHERE project = ? AND kind = ? AND state = 'succeeded'"
            " ORDER BY created_at DESC LIMIT ?",
            (project, kind, limit),
        )
        ended = [Operation.model_validate_json(row["body"]) for row in rows]
        return [
            PastRun((one.finished_at - one.started_at).total_seconds(), await self._steps(one.id))
            for one in ended
            if one.started_at and one.finished_at
        ]

    async def last_dump(self, project: str) -> int:
        """Bytes of the newest backup, wherever it lies; 0 when there is none."""
        row = await self._database.one(
            "SELECT json_extract(body, '$.size') AS size FROM backups WHERE project = ? ORDER BY at DESC LIMIT 1",
            (project,),
        )
        return int(row["size"]) if row else 0

    async def _steps(self, operation_id: str) -> dict[str, float]:
        rows = await self._database.all(
            "SELECT body FROM steps WHERE operation_id = ? AND phase = 'forward' ORDER BY position",
            (operation_id,),
        )
        steps = [Step.model_validate_json(row["body"]) for row in rows]
        return {
            step.name: (step.finished_at - step.started_at).total_seconds()
            for step in steps
            if step.state is StepState.DONE and step.finished_at
        }
