"""R-DX-1 and R-DB-2: the server's env file is there, and its DB_PASSWORD cannot break a connection URL."""

from __future__ import annotations

from services.facts.models import EnvFacts, Facts
from services.models import Finding, Severity
from services.projects import Project, SqliteDatabase


def env_findings(project: Project, facts: Facts) -> list[Finding]:
    if project.env_file is None or facts.env is None:
        return []
    file = str(project.path / project.env_file)
    if not facts.env.exists:
        return [Finding(code="env-missing", severity=Severity.BLOCKER, args={"file": file})]
    # a SQLite file has no password: what its stack calls DB_PASSWORD is something else
    any_password = isinstance(project.database, SqliteDatabase)
    return [*([] if any_password else _password(facts.env, file)), *_lines(facts.env, file)]


def _password(env: EnvFacts, file: str) -> list[Finding]:
    if env.password_ok is not False:
        return []
    return [Finding(code="password-unsafe", severity=Severity.BLOCKER, args={"file": file})]


def _lines(env: EnvFacts, file: str) -> list[Finding]:
    """A blocker: Compose refuses such a file, with an error that quotes the line and what secret stands in it."""
    if not env.unreadable_lines:
        return []
    args = {"file": file, "lines": ", ".join(str(number) for number in env.unreadable_lines[:5])}
    return [Finding(code="env-unreadable", severity=Severity.BLOCKER, args=args)]
