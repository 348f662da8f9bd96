"""R-DB-3: no change without a proven backup. What the database's container looks like decides what must come first."""

from __future__ import annotations

import shlex
from enum import Enum

from services.facts.models import Container, Facts
from services.facts.stack import compose_file_path
from services.models import Finding, Pack, Severity
from services.projects import AnyDatabase, Project, SqliteDatabase


class DatabaseState(Enum):
    """Where the project's database stands, as far as a backup is concerned."""

    NOT_CONFIGURED = "not configured"
    FIRST = "first"  # nothing is deployed yet: there is no database to back up
    RUNNING = "running"
    STOPPED = "stopped"  # its container exists: it is started first
    MISSING = "missing"  # something is deployed, but its container is gone: only a person can help


_SQLITE = {
    "place": Finding(code="sqlite-place", severity=Severity.BLOCKER),
    "python": Finding(code="sqlite-python", severity=Severity.BLOCKER),
    "tools": Finding(code="sqlite-tools", severity=Severity.BLOCKER),
    "missing": Finding(code="sqlite-missing", severity=Severity.BLOCKER),
    "closed": Finding(code="sqlite-closed", severity=Severity.BLOCKER),
    "damaged": Finding(code="sqlite-damaged", severity=Severity.BLOCKER),
}


def database_container(project: Project, facts: Facts) -> Container | None:
    """The container of the database service, a running one if there are several."""
    if project.database is None:
        return None
    service = project.database.service
    found = [container for container in facts.containers if container.service == service]
    return min(found, key=lambda container: (container.state != "running", container.name), default=None)


def is_first(facts: Facts) -> bool:
    """Whether nothing was ever deployed with success: no release, no containers, no volumes, no compose file.

    What a first deploy left half way counts as nothing too, unless it runs: then somebody went on by hand.
    """
    if facts.current is not None or any(container.state == "running" for container in facts.containers):
        return False
    return facts.first_unfinished or not (facts.containers or facts.volumes or facts.has_deployed_files)


def database_state(project: Project, facts: Facts) -> DatabaseState:
    """What must happen before this project's database can be backed up."""
    if project.database is None:
        return DatabaseState.NOT_CONFIGURED
    container = database_container(project, facts)
    ever_ran = container is not None and container.state != "created"
    if is_first(facts) and not ever_ran:
        return DatabaseState.FIRST
    if container is None:
        return DatabaseState.MISSING
    return DatabaseState.RUNNING if container.state == "running" else DatabaseState.STOPPED


def database_findings(project: Project, facts: Facts, pack: Pack | None = None) -> list[Finding]:
    """For a deploy."""
    if project.database is None:
        return [Finding(code="no-database", severity=Severity.WARNING)]
    if facts.host.docker is None:
        return []  # nothing is known about containers: that docker does not answer is said elsewhere
    service = project.database.service
    if pack and service not in pack.compose_services:
        args = {
            "service": service,
            "file": str(project.compose_file),
            "known": ", ".join(pack.compose_services),
        }
        return [Finding(code="database-unknown", severity=Severity.BLOCKER, args=args)]
    state = database_state(project, facts)
    if state is DatabaseState.FIRST:
        return [Finding(code="first-deploy", severity=Severity.INFO)]
    return _not_running(project, facts, project.database, state)


def sqlite_findings(database: SqliteDatabase, facts: Facts) -> list[Finding]:
    """Why its file cannot be worked on, as it was found when the facts were read."""
    if facts.tools is None:
        return []
    args: dict[str, str | int | float] = {"service": database.service, "file": str(database.file)}
    args |= {"image": database.tools_image or "none", "why": facts.tools.why}
    return [_SQLITE[facts.tools.problem].model_copy(update={"args": args})]


def _not_running(
    project: Project, facts: Facts, database: AnyDatabase, state: DatabaseState
) -> list[Finding]:
    if isinstance(database, SqliteDatabase) and state is not DatabaseState.MISSING:
        return sqlite_findings(database, facts)
    if state is DatabaseState.STOPPED:
        return [_stopped(project, facts, database)]
    if state is DatabaseState.MISSING:
        args = {"service": database.service, "command": start_by_hand(project, facts)}
        return [Finding(code="database-missing", severity=Severity.BLOCKER, args=args)]
    return []


def _stopped(project: Project, facts: Facts, database: AnyDatabase) -> Finding:
    """What a first deploy left may be a database that cannot start; only a person can say that it holds nothing."""
    container = database_container(project, facts)
    if container is None or not is_first(facts):
        return Finding(code="database-stopped", severity=Severity.INFO, args={"service": database.service})
    args = {"service": database.service, "command": shlex.join(["docker", "rm", container.name])}
    return Finding(code="database-left", severity=Severity.WARNING, args=args)


def database_backup_findings(project: Project, facts: Facts) -> list[Finding]:
    """For a backup alone: without a database there is nothing to do."""
    if project.database is None:
        return [Finding(code="backup-no-database", severity=Severity.BLOCKER)]
    if facts.host.docker is None:
        return []
    state = database_state(project, facts)
    if state is DatabaseState.FIRST:
        return [Finding(code="backup-nothing-deployed", severity=Severity.BLOCKER)]
    return _not_running(project, facts, project.database, state)


def start_by_hand(project: Project, facts: Facts) -> str:
    """The command that starts the database's service and nothing else, for a person to type on the host."""
    service = project.database.service if project.database else "db"
    env_file = ["--env-file", str(project.path / project.env_file)] if project.env_file else []
    file = str(compose_file_path(project))
    return shlex.join(
        [
            "docker",
            "compose",
            "-p",
            facts.compose_project,
            "-f",
            file,
            *env_file,
            "up",
            "-d",
            service,
        ]
    )
