"""Checks: pure findings from facts. What blocks comes first."""

from __future__ import annotations

from services.backups.models import Backup
from services.changes import Changes
from services.checks import restore, rollback
from services.checks.backend import data_findings
from services.checks.database import database_backup_findings, database_findings
from services.checks.env import env_findings
from services.checks.frontend import nginx_findings, version_findings
from services.checks.host import host_findings
from services.checks.migrations import migration_findings
from services.checks.rolling import choices, rolling_findings
from services.checks.routes import route_findings
from services.checks.source import drift_findings, source_findings
from services.checks.stack import health_findings, name_findings, neighbour_findings
from services.checks.tree import SourceTree
from services.drift import Drift
from services.facts.cluster import Seen
from services.facts.models import Facts
from services.models import Finding, Pack, Returning, Severity
from services.projects import Project

_ORDER = (Severity.BLOCKER, Severity.WARNING, Severity.INFO)


def tree_findings(tree: SourceTree) -> list[Finding]:
    """What a source says by itself, wherever it is deployed."""
    return [*nginx_findings(tree), *data_findings(tree), *route_findings(tree)]


def deploy_findings(
    project: Project,
    facts: Facts,
    pack: Pack,
    changes: Changes | None = None,
    drift: Drift | None = None,
) -> list[Finding]:
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
            *drift_findings(drift, pack.kept),
            *rolling_findings(project, pack, choices(project, facts, pack)),
            *(version_findings(changes) if changes else ()),
            *(migration_findings(facts, pack, changes) if changes else ()),
            *pack.findings,
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


def rollback_findings(
    project: Project,
    facts: Facts,
    returning: Returning,
    missing: tuple[str, ...],
    drift: Drift | None = None,
) -> list[Finding]:
    """For an earlier release that comes back. `missing`: services whose image is gone from the host."""
    return _by_severity(
        [
            *host_findings(project, facts, dumps=True),
            *env_findings(project, facts),
            *database_findings(project, facts),
            *name_findings(facts),
            *rollback.rollback_stack(facts, returning.release),
            *neighbour_findings(project, facts),
            *health_findings(project, facts),
            *rollback.rollback_images(project, returning.release, missing),
            *rollback.rollback_migrations(returning),
            *drift_findings(drift),
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
