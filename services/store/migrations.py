"""What became of each migration script: a mirror of the host's records, for when the host cannot be asked."""

from __future__ import annotations

from services.migrations.models import Ran
from services.store.database import Database


class MigrationRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, project: str, ran: Ran) -> None:
        await self._database.write(
            "INSERT OR REPLACE INTO migrations (project, script, at, body) VALUES (?, ?, ?, ?)",
            (project, ran.script, ran.at.timestamp(), ran.model_dump_json()),
        )

    async def of(self, project: str) -> list[Ran]:
        """By script name."""
        rows = await self._database.all(
            "SELECT body FROM migrations WHERE project = ? ORDER BY script", (project,)
        )
        return [Ran.model_validate_json(row["body"]) for row in rows]
