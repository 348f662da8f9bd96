"""R-DX-1: what the host must have before anything starts."""

from __future__ import annotations

from services.facts.models import Facts
from services.models import Finding, Pack, Severity
from services.projects import Project

MIB = 1024 * 1024
ROOM_FOR_RELEASES = 3
"""The release tree, the safety copy and the live files: three times the source."""
ROOM_FOR_DUMP = 2
"""Times the last dump: the database may have grown since."""
CLOCK_TOLERANCE = 30.0
COMPOSE_MAJOR = 2


def host_findings(
    project: Project, facts: Facts, pack: Pack | None = None, *, dumps: bool = False
) -> list[Finding]:
    """`dumps`: whether a database dump is going to be made."""
    return [
        *_docker(facts),
        *_disk(project, facts, pack, dumps=dumps),
        *(dump_findings(project, facts) if dumps else ()),
        *_probes(project, facts),
        *_clock(facts),
        *_lock(facts),
    ]


def _docker(facts: Facts) -> list[Finding]:
    host = facts.host
    if host.docker is None:
        return [Finding(code="docker-missing", severity=Severity.BLOCKER)]
    if host.compose is None:
        return [Finding(code="compose-missing", severity=Severity.BLOCKER)]
    if _major(host.compose) < COMPOSE_MAJOR:
        return [Finding(code="compose-old", severity=Severity.BLOCKER, args={"version": host.compose})]
    return []


def _major(version: str) -> int:
    digits = version.split(".", 1)[0]
    return int(digits) if digits.isdecimal() else 0


def _disk(project: Project, facts: Facts, pack: Pack | None, *, dumps: bool) -> list[Finding]:
    unpacked = pack.unpacked if pack else 0
    shared = dumps and project.database and facts.host.dumps_available is None
    dump = ROOM_FOR_DUMP * facts.last_dump if shared else 0
    needed = max(project.min_free_disk_mb * MIB, ROOM_FOR_RELEASES * unpacked + dump)
    if facts.host.disk_available >= needed:
        return []
    args = {
        "free": facts.host.disk_available // MIB,
        "needed": -(-needed // MIB),
        "path": str(project.path.parent),
    }
    return [Finding(code="disk-low", severity=Severity.BLOCKER, args=args)]


def dump_findings(project: Project, facts: Facts) -> list[Finding]:
    """Room for the next dump where it has a disk of its own: on the host, and here where a copy is to be fetched."""
    if project.database is None:
        return []
    needed = ROOM_FOR_DUMP * facts.last_dump
    host, here, found = facts.host.dumps_available, facts.local_available, []
    if host is not None and host < needed:
        args = {**_sizes(host, needed), "path": str(project.backup_dir / "database")}
        found.append(Finding(code="dumps-disk-low", severity=Severity.BLOCKER, args=args))
    if here is not None and here < needed:
        found.append(Finding(code="local-disk-low", severity=Severity.BLOCKER, args=_sizes(here, needed)))
    return found


def _sizes(free: int, needed: int) -> dict[str, str | int | float]:
    return {"free": free // MIB, "needed": -(-needed // MIB)}


def _probes(project: Project, facts: Facts) -> list[Finding]:
    if project.health and facts.host.http_client is None:
        return [
            Finding(
                code="http-client-missing", severity=Severity.BLOCKER, args={"url": project.health[0].url}
            )
        ]
    return []


def _clock(facts: Facts) -> list[Finding]:
    """A warning however far it is off: a wrong clock spoils times in logs and tokens, but no data."""
    skew = facts.host.clock_skew
    if abs(skew) <= CLOCK_TOLERANCE:
        return []
    direction = "ahead" if skew > 0 else "behind"
    args = {"seconds": round(abs(skew)), "direction": direction}
    return [Finding(code="clock-skew", severity=Severity.WARNING, args=args)]


def _lock(facts: Facts) -> list[Finding]:
    if facts.lock is None:
        return []
    return [Finding(code="lock-held", severity=Severity.BLOCKER, args=dict(facts.lock.args))]
