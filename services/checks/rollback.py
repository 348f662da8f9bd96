"""R-RB-2: what must still be there for an earlier release to come back as it was."""

from __future__ import annotations

from pathlib import PurePosixPath

from services.checks.migrations import MOST_NAMED
from services.facts.models import Facts, Release
from services.models import Finding, Returning, Severity
from services.projects import GitSource, Project


def rollback_images(project: Project, release: Release, missing: tuple[str, ...]) -> list[Finding]:
    """`missing`: the services whose image is gone from the host."""
    if not missing:
        return []
    ref = (release.commit or "")[:12] if isinstance(project.source, GitSource) else ""
    args = {"services": ", ".join(missing), "command": f"/deploy {project.name} {ref}".rstrip()}
    return [Finding(code="rollback-image-gone", severity=Severity.BLOCKER, args=args)]


def rollback_stack(facts: Facts, release: Release) -> list[Finding]:
    """A release that ran under another Compose name would come up beside the present stack, with empty volumes."""
    if release.compose_project in {"", facts.compose_project}:
        return []
    args = {"name": facts.compose_project, "recorded": release.compose_project}
    return [Finding(code="rollback-renamed", severity=Severity.BLOCKER, args=args)]


def rollback_migrations(returning: Returning) -> list[Finding]:
    """R-RB-2, R-DB-6: scripts that came since, and which of them ran: the old code may not know the tables."""
    ran = returning.migrations_ran
    if not returning.migrations:
        return []
    if ran is not None and not ran:
        return [
            Finding(
                code="rollback-migrations-none",
                severity=Severity.INFO,
                args={"count": len(returning.migrations)},
            )
        ]
    shown = returning.migrations[:MOST_NAMED]
    args: dict[str, str | int | float] = {
        "count": len(returning.migrations),
        "scripts": ", ".join(PurePosixPath(path).name for path in shown),
        "more": len(returning.migrations) - len(shown),
        "backup": int(returning.backup is not None),
        "ran": ", ".join(ran or ()),
        "known": int(ran is not None),
    }
    return [Finding(code="rollback-migrations", severity=Severity.WARNING, args=args)]
