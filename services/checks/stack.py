"""Whether health can be judged at all, and who else works on the same files."""

from __future__ import annotations

from services.facts.models import Facts
from services.models import Finding, Severity
from services.projects import Project


def health_findings(project: Project, facts: Facts) -> list[Finding]:
    """Without probes and healthchecks a broken release looks like a good one. Unknown before the first deploy."""
    if project.health or not facts.containers or any(container.health for container in facts.containers):
        return []
    return [Finding(code="no-health", severity=Severity.WARNING)]


def name_findings(facts: Facts) -> list[Finding]:
    """Under another name Compose would start a second stack, with empty volumes, beside the data of the first."""
    recorded = facts.current.compose_project if facts.current else ""
    if recorded in {"", facts.compose_project}:
        return []
    args = {"name": facts.compose_project, "recorded": recorded}
    return [Finding(code="stack-renamed", severity=Severity.BLOCKER, args=args)]


def neighbour_findings(project: Project, facts: Facts) -> list[Finding]:
    if not facts.others:
        return []
    args = {"path": str(project.path), "names": ", ".join(facts.others)}
    return [Finding(code="other-stacks", severity=Severity.WARNING, args=args)]
