"""A backup, where its copies lie and what its last drill said: plain frozen data, kept as JSON in the store."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath

from pydantic import BaseModel, ConfigDict

from services.phrases import Phrase


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def backup_id(operation: str) -> str:
    """One backup per operation, so that a resumed operation finds its own."""
    return operation.replace("op-", "db-", 1)


class Drilled(Model):
    """What became of a restore drill: the archive restored beside the live database and compared with the manifest."""

    operation: str
    at: datetime
    good: bool
    seconds: float
    tables: int = 0
    rows: int = 0
    reason: Phrase | None = None  # why it is not good


class Copy(Model):
    """Where a backup lies: "host", "local" (below DATA_DIR), or the name of an off-site target."""

    where: str
    file: str  # path on the host, relative to DATA_DIR, or key below the target's prefix
    size: int  # bytes as they lie there
    sha256: str  # of these bytes
    at: datetime
    encrypted: bool = False


class Backup(Model):
    """A proven dump. Sizes are bytes. `local_file` is relative to DATA_DIR, '' when it was not fetched."""

    id: str
    project: str
    operation: str
    at: datetime
    size: int
    sha256: str
    host_file: PurePosixPath
    local_file: str = ""
    release: str | None = None
    label: str = ""  # what people call that release
    server: str = ""  # the server's version
    client: str = ""  # pg_dump's version
    extensions: dict[str, str] = {}  # name -> version
    printing: dict[str, str] = {}  # how the dump's session wrote values (postgres.PRINTING); empty: unknown
    rows: dict[str, int] | None = None  # by table, counted in the archive itself; None: unknown
    sums: dict[str, str] | None = None  # by table, SHA-256 of its COPY lines in the archive; None: unknown
    migrations: tuple[str, ...] = ()  # scripts that had run
    engine: str = "postgres"  # what dumped it, and can load it
    form: str = "custom"  # custom, plain, gzip: the last two were made by hand and imported
    scheduled: bool = False
    imported: bool = False
    copies: tuple[Copy, ...] = ()
    drilled: Drilled | None = None  # the newest drill


def copies_of(backup: Backup) -> tuple[Copy, ...]:
    """Where it lies. Records of older versions name no copies, only the two files."""
    if backup.copies:
        return backup.copies
    files = {"host": str(backup.host_file), "local": backup.local_file}
    return tuple(
        Copy(where=where, file=file, size=backup.size, sha256=backup.sha256, at=backup.at)
        for where, file in files.items()
        if file
    )


DUMP_CHANGED = "error-dump-changed"
"""Why a drill failed: the host's copy is not what was proven any more. Of other copies it says nothing."""


def is_good(backup: Backup) -> bool:
    """Whether it may be restored and counts as a proven one (R-DB-3): nothing was found against it so far."""
    return backup.drilled is None or backup.drilled.good


def is_good_in(backup: Backup, where: str) -> bool:
    """Whether nothing was found against the copy in that place."""
    reason = backup.drilled.reason if backup.drilled else None
    return is_good(backup) or (where != "host" and reason is not None and reason.id == DUMP_CHANGED)
