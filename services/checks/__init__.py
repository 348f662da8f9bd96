"""Checks: pure findings from facts. What blocks comes first."""

from __future__ import annotations

from collections.abc import Sequence

from services.backups.models import Backup
from services.changes import Changes
from services.checks import env_edit, migrate, restore, rollback
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
from services.env_edits.models import EnvEdit
from services.facts.cluster import Seen
from services.facts.models import Facts
from services.migrations.models import Migrating, Script
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
            *(migration_findings(facts, pack, changes, _mode(project)) if changes else ()),
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
            *restore.came_through_its_drill(seen, backup),
            *restore.same_engine(project, backup),
            *restore.versions(seen, backup),
            *restore.own_settings(seen),
            *health_findings(project, facts),
        ]
    )


def drill_findings(project: Project, facts: Facts, seen: Seen, backup: Backup) -> list[Finding]:
    """For restoring a backup beside the live database. How the services do does not matter: nothing is changed."""
    quiet = project.model_copy(update={"health": ()})
    return _by_severity(
        [
            *host_findings(quiet, facts),
            *name_findings(facts),
            *restore.reachable_to_drill(project, facts, seen),
            *restore.room_to_drill(project, facts, seen, backup),
            *restore.dump_is_there(seen, backup),
            *restore.same_engine(project, backup),
            *restore.versions(seen, backup),
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


def migrate_findings(
    project: Project, facts: Facts, about: Migrating, odd: Sequence[Script]
) -> list[Finding]:
    """For running migrations, or noting that they have run. `odd`: scripts whose names we do not put into a command."""
    return _by_severity(
        [
            *host_findings(project, facts, dumps=not about.noted),
            *name_findings(facts),
            *migrate.can_run(project, facts, about),
            *migrate.undecided(about, odd),
            *health_findings(project, facts),
        ]
    )


def env_edit_findings(
    project: Project, facts: Facts, edit: EnvEdit, before: env_edit.Before, twice: Sequence[Finding] = ()
) -> list[Finding]:
    """For an edit of the server's env file. That its present password is bad is no obstacle: this may be the mend."""
    present = [one for one in env_findings(project, facts) if one.code != "password-unsafe"]
    password_stays = before.new.password_ok is False and "DB_PASSWORD" not in edit.names
    return _by_severity(
        [
            *host_findings(project, facts, dumps=True),
            *(env_findings(project, facts) if password_stays else present),
            *env_edit.value_findings(edit, before.new),
            *env_edit.password_findings(project, edit, before),
            *twice,
            *(() if before.first else env_edit.reader_findings(edit)),
            *(() if before.first else database_findings(project, facts)),
            *name_findings(facts),
            *neighbour_findings(project, facts),
            *health_findings(project, facts),
        ]
    )


def _mode(project: Project) -> str:
    """That a deploy runs them itself is known only when its plan is made (checks.migrations.running)."""
    return "never" if project.migrate == "never" else "ask"


def _by_severity(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: _ORDER.index(finding.severity))
