"""R-DB-6: what must be so before migrations run, and what only a person can decide about them."""

from __future__ import annotations

from collections.abc import Sequence

from services.checks.database import DatabaseState, database_state, start_by_hand
from services.checks.migrations import MOST_NAMED
from services.facts.models import Facts
from services.migrations.models import Migrating, Script, Standing
from services.models import Finding, Severity
from services.projects import Project

Args = dict[str, str | int | float]


def can_run(project: Project, facts: Facts, about: Migrating) -> list[Finding]:
    """R-DB-3: a database that can be backed up, and a backend that runs."""
    if about.noted or facts.host.docker is None:
        return []
    if project.database is None:
        return [Finding(code="migrate-no-database", severity=Severity.BLOCKER)]
    if database_state(project, facts) is not DatabaseState.RUNNING:
        args: Args = {"service": project.database.service, "command": start_by_hand(project, facts)}
        return [Finding(code="migrate-database-down", severity=Severity.BLOCKER, args=args)]
    if not any(one.service == about.service and one.state == "running" for one in facts.containers):
        args = {"service": about.service}
        return [Finding(code="migrate-backend-down", severity=Severity.BLOCKER, args=args)]
    return []


def undecided(about: Migrating, odd: Sequence[Script]) -> list[Finding]:
    """Scripts that a person has to decide about: each kind apart. A failed one stops those that come after it."""
    return [
        *(() if about.noted else _apart(about)),
        *_nothing_new(about),
        *([Finding(code="migrations-odd", severity=Severity.WARNING, args=named(odd))] if odd else ()),
    ]


def _apart(about: Migrating) -> list[Finding]:
    failed, unknown, changed = (
        named(about.of(one)) for one in (Standing.FAILED, Standing.UNKNOWN, Standing.CHANGED)
    )
    found = []
    if failed["count"]:
        found.append(Finding(code="migrations-are-failed", severity=Severity.BLOCKER, args=failed))
    if unknown["count"]:
        found.append(Finding(code="migrations-are-unknown", severity=Severity.WARNING, args=unknown))
    if changed["count"]:
        found.append(Finding(code="migrations-are-changed", severity=Severity.INFO, args=changed))
    return found


def _nothing_new(about: Migrating) -> list[Finding]:
    if about.noted or about.scripts or about.of(Standing.FAILED):
        return []
    return [Finding(code="migrations-nothing-new", severity=Severity.BLOCKER)]


def no_database() -> Finding:
    """R-DB-3: without a backup nothing runs. Of a deploy, which goes on without its migrations."""
    return Finding(code="migrate-no-database", severity=Severity.WARNING)


def held_back(project: str, count: int, failed: Sequence[str]) -> Finding:
    """Of a deploy that would have run new ones, where an earlier one did not end well."""
    args: Args = {"count": count, "failed": ", ".join(failed), "project": project}
    return Finding(code="migrations-held-back", severity=Severity.WARNING, args=args)


def no_service(count: int, service: str) -> Finding:
    """Of a deploy that would have run new ones, where nobody knows in which service."""
    args: Args = {"count": count, "service": service}
    return Finding(code="migrations-no-service", severity=Severity.WARNING, args=args)


def named(scripts: Sequence[Script]) -> Args:
    shown = scripts[:MOST_NAMED]
    return {
        "count": len(scripts),
        "scripts": ", ".join(one.name for one in shown),
        "more": len(scripts) - len(shown),
    }
