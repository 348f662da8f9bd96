"""R-DB-5: what must be so before a database is replaced by a backup, or by the one before it."""

from __future__ import annotations

from dataclasses import replace

from services.backups.models import Backup, copies_of, is_good_in, rotted_on_host, sealed_to
from services.checks.database import DatabaseState, database_state, sqlite_findings, start_by_hand
from services.checks.host import MIB
from services.facts.cluster import Cluster, Seen
from services.facts.models import Facts
from services.models import Finding, Severity
from services.projects import Project, SqliteDatabase

ROOM = 2
"""The safety copy and the database that is made beside the live one: twice the larger of dump and database."""


_OF_THE_ROLE = frozenset({"restore-rights", "restore-worker", "restore-extensions"})


def reachable(project: Project, facts: Facts, seen: Seen) -> list[Finding]:
    """A running database, and a role that may rename it."""
    if project.database is None:
        return [Finding(code="restore-no-database", severity=Severity.BLOCKER)]
    state = database_state(project, facts)
    if state is DatabaseState.FIRST:
        return [Finding(code="restore-nothing-deployed", severity=Severity.BLOCKER)]
    if isinstance(project.database, SqliteDatabase):
        if trouble := sqlite_findings(project.database, facts):
            return trouble
        if seen.cluster and not seen.worker:
            return [_no_place(project.database, seen.cluster)]
    if seen.cluster is None:
        args = {"service": project.database.service, "command": start_by_hand(project, facts)}
        return [Finding(code="restore-database-down", severity=Severity.BLOCKER, args=args)]
    return _rights(seen, seen.cluster)


def _no_place(database: SqliteDatabase, cluster: Cluster) -> Finding:
    args: dict[str, str | int | float] = {"user": cluster.user, "file": str(database.file)}
    return Finding(
        code="sqlite-rights", severity=Severity.BLOCKER, args={**args, "service": database.service}
    )


def _rights(seen: Seen, cluster: Cluster) -> list[Finding]:
    if not seen.worker:
        return [Finding(code="restore-rights", severity=Severity.BLOCKER, args={"role": cluster.user})]
    if seen.beyond:
        return [_beyond(seen, cluster)]
    if seen.worker != cluster.user:
        args = {"role": cluster.user, "worker": seen.worker}
        return [Finding(code="restore-worker", severity=Severity.INFO, args=args)]
    return []


def _beyond(seen: Seen, cluster: Cluster) -> Finding:
    """What the dump begins with would fail, whatever else is in it."""
    args: dict[str, str | int | float] = {"role": cluster.user, "names": ", ".join(seen.beyond)}
    return Finding(code="restore-extensions", severity=Severity.BLOCKER, args=args)


def room(project: Project, facts: Facts, seen: Seen, backup: Backup) -> list[Finding]:
    largest = max(backup.size, seen.cluster.size if seen.cluster else 0)
    if facts.host.disk_available >= ROOM * largest:
        return []
    args = {
        "free": facts.host.disk_available // MIB,
        "needed": -(-ROOM * largest // MIB),
        "path": str(project.path.parent),
    }
    return [Finding(code="restore-disk", severity=Severity.BLOCKER, args=args)]


def room_to_drill(project: Project, facts: Facts, seen: Seen, backup: Backup) -> list[Finding]:
    """As for a restore: the other half is what the live database goes on writing meanwhile.

    For a container where Docker keeps its data, which may be another disk.
    """
    if seen.docker_room is not None:
        path, free = seen.docker_room
        host = facts.host.model_copy(update={"disk_available": free})
        lacking = room(project, facts.model_copy(update={"host": host}), seen, backup)
        lacking = [one.model_copy(update={"args": {**one.args, "path": path}}) for one in lacking]
    else:
        lacking = room(project, facts, seen, backup)
    return [Finding(code="drill-disk", severity=Severity.BLOCKER, args=one.args) for one in lacking]


def reachable_to_drill(project: Project, facts: Facts, seen: Seen) -> list[Finding]:
    """As for a restore; what is said of the role is what a drill needs of it: nothing where a container is made for it."""
    found = [one for one in reachable(project, facts, seen) if one.code not in _OF_THE_ROLE]
    if seen.cluster is None or project.database is None or isinstance(project.database, SqliteDatabase):
        return found
    if project.backups.drill_in == "container":
        return found
    role: dict[str, str | int | float] = {"role": seen.cluster.user}
    if not seen.worker:
        return [*found, Finding(code="drill-rights", severity=Severity.BLOCKER, args=role)]
    if seen.beyond:
        return [*found, _beyond(seen, seen.cluster)]
    if seen.worker != seen.cluster.user:
        args = role | {"worker": seen.worker}
        return [*found, Finding(code="drill-worker", severity=Severity.INFO, args=args)]
    return found


def dump_is_there(seen: Seen, backup: Backup) -> list[Finding]:
    """On the host or here. Whether it still is the proven one is for the drill to say, and to record."""
    there = seen.dump and (backup.size, backup.sha256)
    return dump_is_good(replace(seen, dump=there), backup)


def came_through_its_drill(seen: Seen, backup: Backup) -> list[Finding]:
    """R-DB-3: what did not come back whole once is not put into place.

    That the host's copy was damaged says nothing of ours, nor of the host's once its hash is right again.
    """
    mended = rotted_on_host(backup) and seen.dump == (backup.size, backup.sha256)
    of_the_host = seen.dump is not None and not seen.dump_is_here
    if mended or is_good_in(backup, "host" if of_the_host else "local"):
        return []
    return [Finding(code="restore-drill-failed", severity=Severity.BLOCKER)]


def dump_is_good(seen: Seen, backup: Backup) -> list[Finding]:
    """The dump is on the host or here, and is the one that was proven; or it can be brought."""
    args: dict[str, str | int | float] = {"file": str(backup.host_file)}
    if seen.brought_from:
        return [_brought(seen, args | {"place": seen.brought_from})]
    if seen.dump is None:
        return [_gone(backup, args)]
    size, sha256 = seen.dump
    if size != backup.size or sha256 not in {backup.sha256, ""}:
        return [_changed(backup, args)]
    if seen.dump_is_damaged:
        return [
            Finding(code="dump-damaged", severity=Severity.WARNING, args=args | {"copy": backup.local_file})
        ]
    if seen.dump_is_here:
        return [Finding(code="dump-sent-back", severity=Severity.INFO, args={"file": backup.local_file})]
    return []


def _brought(seen: Seen, args: dict[str, str | int | float]) -> Finding:
    if seen.dump_is_damaged:
        return Finding(code="dump-replaced", severity=Severity.WARNING, args=args)
    return Finding(code="dump-brought", severity=Severity.INFO, args=args)


def _gone(backup: Backup, args: dict[str, str | int | float]) -> Finding:
    """Neither on the host nor here: which copies there still are, and where."""
    sealed = [one for one in backup.copies if one.encrypted]
    away = [one for one in backup.copies if one.where not in {"host", "local"}]
    found = sealed or away
    if not found:
        return Finding(code="dump-missing", severity=Severity.BLOCKER, args=args)
    places = ", ".join(one.file if one.where == "local" else f"{one.where}: {one.file}" for one in found)
    args = {"project": backup.project, "places": places}
    if sealed:
        return Finding(code="dump-encrypted", severity=Severity.BLOCKER, args=args | _keys(backup))
    return Finding(code="dump-elsewhere", severity=Severity.BLOCKER, args=args)


def _changed(backup: Backup, args: dict[str, str | int | float]) -> Finding:
    """Other copies that we know of but cannot send back ourselves: encrypted, or off-site."""
    elsewhere = [
        one.where for one in copies_of(backup) if one.where not in {"host", "local"} or one.encrypted
    ]
    if not elsewhere:
        return Finding(code="dump-changed", severity=Severity.BLOCKER, args=args)
    args = args | {"places": ", ".join(elsewhere), "project": backup.project} | _keys(backup)
    return Finding(code="dump-changed-elsewhere", severity=Severity.BLOCKER, args=args)


def _keys(backup: Backup) -> dict[str, str | int | float]:
    """Which private key is wanted; `known` is 0 for copies from before that was noted."""
    keys = sealed_to(backup)
    return {"known": int(bool(keys)), "keys": ", ".join(keys)}


def versions(seen: Seen, backup: Backup) -> list[Finding]:
    """An older server may not read what a newer one wrote."""
    if seen.cluster is None:
        return []
    args: dict[str, str | int | float] = {"version": seen.cluster.version, "dumped": backup.server or "?"}
    if backup.engine == "sqlite":
        return [Finding(code="restore-sqlite", severity=Severity.INFO, args=args)]
    if backup.server and _major(seen.cluster.version) < _major(backup.server):
        return [Finding(code="restore-older-server", severity=Severity.BLOCKER, args=args)]
    return [Finding(code="restore-server", severity=Severity.INFO, args=args)]


def same_engine(project: Project, backup: Backup) -> list[Finding]:
    """What one engine dumped, another cannot load."""
    if project.database is None or project.database.engine == backup.engine:
        return []
    args: dict[str, str | int | float] = {"engine": project.database.engine, "dumped": backup.engine}
    return [Finding(code="restore-other-engine", severity=Severity.BLOCKER, args=args)]


def _major(version: str) -> int:
    digits = version.split(".", 1)[0]
    return int(digits) if digits.isdecimal() else 0


def own_settings(seen: Seen) -> list[Finding]:
    """pg_dump does not write what belongs to the database as such. It is copied, but only a superuser may set all of it."""
    if seen.cluster is None or not seen.cluster.own_settings:
        return []
    if seen.cluster.may_all or seen.worker != seen.cluster.user:
        return []
    args = {"names": ", ".join(seen.cluster.own_settings)}
    return [Finding(code="restore-settings", severity=Severity.WARNING, args=args)]


def kept_is_there(seen: Seen, name: str) -> list[Finding]:
    """What an undo brings back."""
    if seen.cluster is None or name in seen.databases:
        return []
    return [Finding(code="undo-gone", severity=Severity.BLOCKER, args={"name": name})]


def something_kept(seen: Seen, kept: tuple[str, ...]) -> list[Finding]:
    if seen.cluster is None or kept:
        return []
    return [Finding(code="drop-nothing", severity=Severity.BLOCKER)]
