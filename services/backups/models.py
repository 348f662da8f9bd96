"""A backup, where its copies lie and what its last drill said: plain frozen data, kept as JSON in the store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from services.phrases import Phrase

AHEAD = timedelta(minutes=10)
"""What clocks may differ by without being wrong."""

LOOKED_AT = 20
"""So many of the newest are looked at for one that is not dated in the future."""

_HEAD, _TAIL = 12, 4
"""Characters of a public key that are shown."""


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
    compared: bool = True  # false: it was loaded, but nothing tells what it should hold
    reason: Phrase | None = None  # why it is not good


class Copy(Model):
    """Where a backup lies: "host", "local" (below DATA_DIR), or the name of an off-site target."""

    where: str
    file: str  # path on the host, relative to DATA_DIR, or key below the target's prefix
    size: int  # bytes as they lie there
    sha256: str  # of these bytes
    at: datetime
    encrypted: bool = False
    recipients: tuple[
        str, ...
    ] = ()  # public keys that it was encrypted to; empty: not, or before this was noted


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

    @field_validator("rows", "sums")
    @classmethod
    def _unknown_where_names_were_lost(cls, found: dict[str, Any] | None) -> dict[str, Any] | None:
        """Earlier versions replaced what was no UTF-8 in a table's name: such a record fits nothing, and is taken anew."""
        return None if found and any("\ufffd" in table for table in found) else found


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


def plain_offsite(backup: Backup, places: Collection[str]) -> Copy | None:
    """A copy that can be brought from one of these places without a key: the very bytes that were proven."""
    return next(
        (
            one
            for one in backup.copies
            if one.where in places
            and not one.encrypted
            and (one.size, one.sha256) == (backup.size, backup.sha256)
        ),
        None,
    )


def is_ahead(backup: Backup, now: datetime) -> bool:
    """Whether it is dated in the future: a clock was wrong then, or is now. Nobody knows how old it is."""
    return backup.at > now + AHEAD


def newest_of(backups: Sequence[Backup], now: datetime) -> Backup | None:
    """`backups`: newest first. One that is dated in the future only where there are no others."""
    return next((one for one in backups if not is_ahead(one, now)), backups[0] if backups else None)


def tells_rows(backup: Backup) -> bool:
    """Whether anything tells beforehand what it holds: SQL made by hand with INSERTs does not."""
    return backup.rows is not None or backup.form == "custom"


def sealed_to(backup: Backup) -> tuple[str, ...]:
    """The public keys that copies are known to be encrypted to, shortened; for people who look for the private one."""
    found = dict.fromkeys(one for copy in backup.copies for one in copy.recipients)
    return tuple(short_key(one) for one in found)


def short_key(recipient: str) -> str:
    """Enough of a public key to tell it from others: age1ql3z7hjy…tfp8. All of them begin with age1."""
    return recipient if len(recipient) <= _HEAD + _TAIL else f"{recipient[:_HEAD]}…{recipient[-_TAIL:]}"


DUMP_CHANGED = "error-dump-changed"
"""Why a drill failed: the host's copy is not what was proven any more. Of other copies it says nothing."""


def is_good(backup: Backup) -> bool:
    """Whether it may be restored and counts as a proven one (R-DB-3): nothing was found against it so far."""
    return backup.drilled is None or backup.drilled.good or is_renewed(backup)


def is_good_in(backup: Backup, where: str) -> bool:
    """Whether nothing was found against the copy in that place."""
    return is_good(backup) or (where != "host" and _only_of_the_host(backup))


def is_renewed(backup: Backup) -> bool:
    """Whether another copy came to the host since a drill found the one there damaged: of this one it said nothing."""
    drilled = backup.drilled
    if drilled is None or not _only_of_the_host(backup):
        return False
    return any(copy.where == "host" and copy.at > drilled.at for copy in backup.copies)


def rotted_on_host(backup: Backup) -> bool:
    """Whether the last drill spoke against the host's copy, and against that only."""
    return _only_of_the_host(backup) and not is_renewed(backup)


def _only_of_the_host(backup: Backup) -> bool:
    reason = backup.drilled.reason if backup.drilled and not backup.drilled.good else None
    return reason is not None and reason.id == DUMP_CHANGED
