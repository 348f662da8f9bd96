"""Checks: pure findings from facts. What blocks comes first."""

from __future__ import annotations

from services.checks import restore
from services.checks.database import database_backup_findings, database_findings
from services.checks.env import env_findings
from services.checks.host import host_findings
from services.checks.source import source_findings
from services.checks.stack import health_findings, name_findings, neighbour_findings
from services.facts.cluster import Seen
from services.models import Backup, Facts, Finding, Pack, Severity
from services.projects import Project

_ORDER = (Severity.BLOCKER, Severity.WARNING, Severity.INFO)


def deploy_findings(project: Project, facts: Facts, pack: Pack) -> list[Finding]:
    """R-UX-1: all that is known before a deploy starts."""
    return _by_severity(
        [
            *host_findings(project, facts, pack, dumps=True),
            *env_findings(project, facts),
            *database_findings(project, facts, pack),
            *name_findings(facts),
            *neighbour_findings(project, facts),
            *health_findings(project, facts),
            *source_findings(facts, pack),
        ]
    )


def backup_findings(project: Project, facts: Facts) -> list[Finding]:
    """For a backup: what it needs, and nothing about releases."""
    without_probes = project.model_copy(update={"health": ()})
    return _by_severity(
        [
            *host_findings(without_probes, facts, dumps=True),
            *name_findings(facts),
            *database_backup_findings(project, facts),
        ]
    )


def restore_findings(project: Project, facts: Facts, seen: Seen, backup: Backup) -> list[Finding]:
    """R-DB-5: all that can be known before anything is touched."""
    return _by_severity(
        [
            *host_findings(project, facts),
            *name_findings(facts),
            *restore.reachable(project, facts, seen),
            *restore.room(project, facts, seen, backup),
            *restore.dump_is_good(seen, backup),
            *restore.versions(seen, backup),
            *restore.own_settings(seen),
            *health_findings(project, facts),
        ]
    )


def undo_findings(project: Project, facts: Facts, seen: Seen, incoming: str) -> list[Finding]:
    """For bringing back the database that a restore replaced."""
    return _by_severity(
        [
            *host_findings(project, facts),
            *restore.reachable(project, facts, seen),
            *restore.kept_is_there(seen, incoming),
            *health_findings(project, facts),
        ]
    )


def drop_findings(project: Project, facts: Facts, seen: Seen, kept: tuple[str, ...]) -> list[Finding]:
    """For dropping what a restore kept. Room is not asked for: this makes room."""
    roomy = project.model_copy(update={"min_free_disk_mb": 0, "health": ()})
    return _by_severity(
        [
            *host_findings(roomy, facts),
            *restore.reachable(project, facts, seen),
            *restore.something_kept(seen, kept),
        ]
    )


def _by_severity(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: _ORDER.index(finding.severity))
