"""Backups, releases, and what operations took: what was made, newest first."""

from __future__ import annotations

from datetime import UTC, datetime

from services.backups.models import Backup
from services.estimates import MOST_RUNS, PastRun
from services.facts.models import Release
from services.models import Kind, Operation, Step, StepState
from services.store.database import Database


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

    async def newest(self, project: str, limit: int = 1) -> list[Backup]:
        rows = await self._database.all(
            "SELECT body FROM backups WHERE project = ? ORDER BY at DESC LIMIT ?", (project, limit)
        )
        return [Backup.model_validate_json(row["body"]) for row in rows]

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
