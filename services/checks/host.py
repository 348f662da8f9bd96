"""R-DX-1: what the host must have before anything starts."""

from __future__ import annotations

from services.facts.models import Facts
from services.models import Finding, Pack, Severity
from services.projects import Project

MIB = 1024 * 1024
ROOM_FOR_RELEASES = 3
"""The release tree, the safety copy and the live files: three times the source."""
ROOM_FOR_DUMP = 1.5
"""Of the last dump: the database may have grown since."""
CLOCK_TOLERANCE = 30.0
COMPOSE_MAJOR = 2


def host_findings(
    project: Project, facts: Facts, pack: Pack | None = None, *, dumps: bool = False
) -> list[Finding]:
    """`dumps`: whether a database dump is going to be made."""
    return [
        *_docker(facts),
        *_disk(project, facts, pack, dumps=dumps),
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
    dump = int(ROOM_FOR_DUMP * facts.last_dump) if dumps and project.database else 0
    needed = max(project.min_free_disk_mb * MIB, ROOM_FOR_RELEASES * unpacked + dump)
    if facts.host.disk_available >= needed:
        return []
    args = {
        "free": facts.host.disk_available // MIB,
        "needed": -(-needed // MIB),
        "path": str(project.path.parent),
    }
    return [Finding(code="disk-low", severity=Severity.BLOCKER, args=args)]


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
