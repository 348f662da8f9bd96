"""What a restore rests on beyond the facts of the stack: the cluster, who may rename in it, the dump on the host, rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from services.backups.copies import HASHING, here
from services.backups.models import Backup, rotted_on_host
from services.commands import dumps, postgres
from services.errors import CommandFailed
from services.facts.cluster import Cluster, Seen, parse_cluster, parse_names, parse_rows
from services.projects import Database
from services.remote.host import RemoteHost
from services.steps import SHORT

COUNTING = 20
"""Seconds that the live database may spend on counting its rows for a card."""


async def look(remote: RemoteHost, container: str, database: Database) -> Seen:
    """Raises HostError when the database does not answer as a database."""
    done = await remote.run(postgres.facts(container, database), timeout=SHORT)
    cluster = parse_cluster(done.stdout)
    worker = await _worker(remote, container, database, cluster)
    names = await remote.run(postgres.databases(container, _as(database, worker)), timeout=SHORT)
    return Seen(cluster, worker, frozenset(parse_names(names.stdout)))


def _as(database: Database, worker: str) -> Database:
    return database.model_copy(update={"user": worker}) if worker else database


async def _worker(remote: RemoteHost, container: str, database: Database, cluster: Cluster) -> str:
    """The stack's own role where it may, else the superuser that the service was made with, else nobody."""
    if cluster.may_swap:
        return cluster.user
    try:
        asked = postgres.facts(container, _as(database, cluster.first_user))
        done = await remote.run(asked, timeout=SHORT)
    except (ValueError, CommandFailed):  # a name that we do not take, or a server that does not let it in
        return ""
    return cluster.first_user if parse_cluster(done.stdout).may_all else ""


async def rows_of(
    remote: RemoteHost, container: str, database: Database, worker: str
) -> dict[str, int] | None:
    """Rows by table, exact; None where counting takes too long or is not allowed."""
    asked = postgres.rows(container, _as(database, worker), COUNTING)
    done = await remote.run(asked, timeout=COUNTING + SHORT, check=False)
    return parse_rows(done.stdout) if done.exit_status == 0 else None


async def look_at_dump(seen: Seen, remote: RemoteHost, data: Path, backup: Backup, *, hashed: bool) -> Seen:
    """With the dump that would be loaded: the host's when it is what was proven, else our own copy when that is.

    What a drill called damaged on the host is hashed in any case. `data`: DATA_DIR.
    """
    hashed = hashed or rotted_on_host(backup)
    on_host = await dump_on_host(remote, backup, hashed=hashed)
    if _is_proven(on_host, backup):
        return replace(seen, dump=on_host)
    kept = await here(data, backup, hashed=hashed)
    if kept is None or (on_host is not None and not _is_proven(kept, backup)):
        return replace(seen, dump=on_host)
    return replace(seen, dump=kept, dump_is_here=True, dump_is_damaged=on_host is not None)


def _is_proven(found: tuple[int, str] | None, backup: Backup) -> bool:
    return found is not None and found[0] == backup.size and found[1] in {backup.sha256, ""}


async def dump_on_host(remote: RemoteHost, backup: Backup, *, hashed: bool) -> tuple[int, str] | None:
    """Its size and hash as they are now; None when it is gone."""
    sized = await remote.run(dumps.size(backup.host_file), timeout=SHORT, check=False)
    if sized.exit_status != 0:
        return None
    if not hashed:
        return int(sized.stdout), ""
    done = await remote.run(dumps.sha256(backup.host_file), timeout=HASHING)
    return int(sized.stdout), done.stdout.split()[0].decode().lstrip("\\")
