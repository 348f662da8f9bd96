"""Checks: pure findings from facts. What blocks comes first."""

from __future__ import annotations

from services.checks.database import database_backup_findings, database_findings
from services.checks.env import env_findings
from services.checks.host import host_findings
from services.checks.source import source_findings
from services.checks.stack import health_findings, neighbour_findings
from services.models import Facts, Finding, Pack, Severity
from services.projects import Project

_ORDER = (Severity.BLOCKER, Severity.WARNING, Severity.INFO)


def deploy_findings(project: Project, facts: Facts, pack: Pack) -> list[Finding]:
    """R-UX-1: all that is known before a deploy starts."""
    return _by_severity(
        [
            *host_findings(project, facts, pack),
            *env_findings(project, facts),
            *database_findings(project, facts, pack),
            *neighbour_findings(project, facts),
            *health_findings(project, facts),
            *source_findings(facts, pack),
        ]
    )


def backup_findings(project: Project, facts: Facts) -> list[Finding]:
    """For a backup: what it needs, and nothing about releases."""
    without_probes = project.model_copy(update={"health": ()})
    return _by_severity([*host_findings(without_probes, facts), *database_backup_findings(project, facts)])


def _by_severity(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: _ORDER.index(finding.severity))
