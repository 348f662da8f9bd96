"""SQL lives here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Self

from services.redaction import Redactor
from services.store.database import Database
from services.store.freezes import FreezeRows
from services.store.history import BackupRows, PastRuns, ReleaseRows
from services.store.inbox import Inbox
from services.store.migrations import MigrationRows
from services.store.operations import OperationRows
from services.store.outbox import Outbox
from services.store.people import People
from services.store.schedules import ScheduleRows
from services.store.waiting import WaitingRows


class Store:
    """The parts of the store over one database file. `redact` cleans what is told: reasons, notices, tails of logs."""

    def __init__(self, database: Database, redact: Callable[[str], str]) -> None:
        self._database = database
        self.inbox = Inbox(database)
        self.outbox = Outbox(database, redact)
        self.operations = OperationRows(database, redact)
        self.waiting = WaitingRows(database)
        self.freezes = FreezeRows(database, redact)
        self.backups = BackupRows(database)
        self.releases = ReleaseRows(database)
        self.past = PastRuns(database)
        self.schedules = ScheduleRows(database, redact)
        self.migrations = MigrationRows(database)
        self.people = People(database)

    @classmethod
    async def open(cls, path: Path, redact: Callable[[str], str] = Redactor()) -> Self:  # noqa: B008 - knows shapes only, holds no secret
        return cls(await Database.open(path), redact)

    async def close(self) -> None:
        await self._database.close()
