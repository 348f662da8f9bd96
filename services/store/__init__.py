"""SQL lives here and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from services.store.database import Database
from services.store.inbox import Inbox
from services.store.operations import BackupRows, OperationRows, ReleaseRows
from services.store.outbox import Outbox
from services.store.people import People


class Store:
    """The parts of the store over one database file."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.inbox = Inbox(database)
        self.outbox = Outbox(database)
        self.operations = OperationRows(database)
        self.backups = BackupRows(database)
        self.releases = ReleaseRows(database)
        self.people = People(database)

    @classmethod
    async def open(cls, path: Path) -> Self:
        return cls(await Database.open(path))

    async def close(self) -> None:
        await self._database.close()
