"""A backup, where its copies lie and what its last drill said: plain frozen data, kept as JSON in the store."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath

from pydantic import BaseModel, ConfigDict

from services.phrases import Phrase


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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
    rows: dict[str, int] | None = None  # by table, counted in the archive itself; None: unknown
    sums: dict[str, str] | None = None  # by table, SHA-256 of its COPY lines in the archive; None: unknown
    migrations: tuple[str, ...] = ()  # scripts that had run
    form: str = "custom"  # custom, plain, gzip: the last two were made by hand and imported
    scheduled: bool = False
    imported: bool = False
    copies: tuple[Copy, ...] = ()
    drilled: Drilled | None = None  # the newest drill
