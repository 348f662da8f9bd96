"""What a restore rests on beyond the facts of the stack: the cluster, who may rename in it, the dump on the host, rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from services.backups.copies import hash_on_host, here
from services.backups.models import Backup, plain_offsite, rotted_on_host
from services.commands import dumps
from services.engines import Engine
from services.errors import CommandFailed
from services.facts.cluster import Cluster, Seen, parse_names, parse_rows
from services.remote.host import RemoteHost
from services.steps import SHORT

COUNTING = 20
"""Seconds that the live database may spend on counting its rows for a card."""


async def look(remote: RemoteHost, engine: Engine, live: str, backup: Backup | None = None) -> Seen:
    """`backup`: what is to be loaded. Raises HostError when the database does not answer as a database."""
    done = await remote.run(engine.facts(), timeout=SHORT)
    cluster = engine.parse_facts(done.stdout)
    beyond: tuple[str, ...] = ()
    if backup and not cluster.may_all:
        beyond = tuple(sorted(cluster.for_superusers & backup.extensions.keys()))
    wanted = bool(beyond or (backup and cluster.made_by_superusers))
    worker = cluster.user if cluster.may_swap else ""
    if (not worker or (wanted and not cluster.may_all)) and (
        first := await _superuser(remote, engine, live, cluster)
    ):
        worker, beyond = first.user, ()
        cluster = cluster.model_copy(update={"tablespace": first.tablespace})
    asked = engine.working_as(worker, live) if worker else engine
    names = await remote.run(asked.databases(), timeout=SHORT)
    return Seen(cluster, worker, beyond, frozenset(parse_names(names.stdout)))


async def _superuser(remote: RemoteHost, engine: Engine, live: str, cluster: Cluster) -> Cluster | None:
    """What the superuser sees that the service was made with; None where it cannot be used."""
    if not cluster.first_user:
        return None
    try:
        first = engine.working_as(cluster.first_user, live)
        done = await remote.run(first.facts(), timeout=SHORT)
    except (ValueError, CommandFailed):  # a name that we do not take, or a server that does not let it in
        return None
    found = first.parse_facts(done.stdout)
    return found if found.may_all else None


async def rows_of(
    remote: RemoteHost, engine: Engine, live: str, worker: str, name: str = ""
) -> dict[str, int] | None:
    """Rows by table of the live database or of the one with that name, exact.

    None where counting takes too long or is not allowed.
    """
    asked = engine.working_as(worker, live) if worker else engine
    done = await remote.run(asked.rows(name or live, COUNTING), timeout=COUNTING + SHORT, check=False)
    return parse_rows(done.stdout) if done.exit_status == 0 else None


async def look_at_dump(
    seen: Seen, remote: RemoteHost, data: Path, backup: Backup, places: Collection[str] = (), *, hashed: bool
) -> Seen:
    """With the dump that would be loaded: the host's when it is what was proven, else our own copy when that is.

    Where neither will do, a plain copy in one of the off-site `places`, by the record. What a drill called damaged on
    the host is hashed in any case. `data`: DATA_DIR.
    """
    hashed = hashed or rotted_on_host(backup)
    on_host = await dump_on_host(remote, backup, hashed=hashed)
    if _is_proven(on_host, backup):
        return replace(seen, dump=on_host)
    kept = await here(data, backup, hashed=hashed)
    away = plain_offsite(backup, places)
    if away and not _is_proven(kept, backup):
        return replace(seen, brought_from=away.where, dump_is_damaged=on_host is not None)
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
    return int(sized.stdout), await hash_on_host(remote, backup.host_file)
