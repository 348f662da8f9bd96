"""R-DB-2, R-FE-2: what is to be said about a key of the env file before it is changed, and what keeps it from being."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import SecretStr

from services.checks.rebuilds import BAKED_IN
from services.env_edits.models import EnvEdit, Role
from services.env_edits.passwords import matches
from services.env_edits.writing import quoted
from services.envfile import PASSWORD_KEY, EnvFile
from services.models import Finding, Severity
from services.projects import Database, Project

_PASSWORD_NAME = re.compile(
    r"(?:DB|DATABASE|POSTGRES|POSTGRESQL|PG)_?(?:PASSWORD|PASSWD|PASS|PWD)", re.IGNORECASE
)
_PASSWORD = re.compile(r"[A-Za-z0-9]+")
_CLEVER = re.compile("[\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2013\u2014\u2026\u00a0]")
"""What phones make of quotes, dashes, dots and blanks."""
SHORT_PASSWORD = 6
"""Characters below which a password is too short to be looked for in other values."""


@dataclass(frozen=True, slots=True)
class Before:
    """The file as it is and as it would be; the role as the server knows it. `first`: there is no database yet."""

    old: EnvFile
    new: EnvFile
    role: Role | None
    first: bool = False


def is_password(key: str) -> bool:
    """Whether a key holds the password of a database, which goes into a connection URL."""
    return _PASSWORD_NAME.fullmatch(key) is not None


def value_findings(edit: EnvEdit, new: EnvFile) -> list[Finding]:
    """About the values that are written, each without showing it."""
    found: list[Finding] = []
    for key in (*edit.added, *edit.changed):
        value, args = new[key].get_secret_value(), {"key": key}
        if is_password(key) and not _PASSWORD.fullmatch(value):
            found.append(Finding(code="env-password", severity=Severity.BLOCKER, args=args))
        if key.startswith(BAKED_IN):
            found.append(Finding(code="env-public", severity=Severity.WARNING, args=args))
        if not edit.undoes:
            found += _as_typed(key, value)
    return found


def _as_typed(key: str, value: str) -> list[Finding]:
    """Whether what was typed is what was meant, and how it is written so that Compose reads it back."""
    found, args = [], {"key": key}
    if _CLEVER.search(value):
        found.append(Finding(code="env-clever", severity=Severity.WARNING, args=args))
    if len(value) > 1 and value[0] in {"'", '"'} and value[-1] == value[0]:
        found.append(Finding(code="env-quotes", severity=Severity.WARNING, args=args))
    if value and quoted(value) != value:
        found.append(Finding(code="env-quoted", severity=Severity.INFO, args=args))
    return found


def reader_findings(edit: EnvEdit) -> list[Finding]:
    """A key that nothing reads changes nothing: a misspelt one, perhaps."""
    if edit.readers or edit.undoes:
        return []
    return [Finding(code="env-unread", severity=Severity.WARNING, args={"key": ", ".join(edit.names)})]


def duplicate_findings(key: str, count: int, *, removed: bool) -> list[Finding]:
    args: dict[str, str | int | float] = {"key": key, "count": count}
    if count < 2:  # noqa: PLR2004 - given twice
        return []
    if removed:
        return [Finding(code="env-twice-removed", severity=Severity.INFO, args=args)]
    return [Finding(code="env-twice", severity=Severity.INFO, args=args)]


def password_findings(project: Project, edit: EnvEdit, before: Before) -> list[Finding]:
    """The role's password must change with DB_PASSWORD, and be able to change back: else it is refused, with the steps."""
    if PASSWORD_KEY not in edit.names or before.first or not isinstance(project.database, Database):
        return []
    args: dict[str, str | int | float] = {
        "key": PASSWORD_KEY,
        "role": project.database.user,
        "service": project.database.service,
    }
    if (refused := _refused(edit, before.role, args)) is not None:
        return [refused]
    if edit.role:
        return [Finding(code="env-role", severity=Severity.INFO, args=args), *_elsewhere(edit, before)]
    if before.role and opens(before.role, before.new):
        return [Finding(code="env-role-already", severity=Severity.INFO, args=args)]
    return [Finding(code="env-role-differs", severity=Severity.BLOCKER, args=args)]


def _refused(edit: EnvEdit, role: Role | None, args: dict[str, str | int | float]) -> Finding | None:
    if PASSWORD_KEY in edit.removed:
        return Finding(code="env-role-removed", severity=Severity.BLOCKER, args=args)
    if role is None:
        return Finding(code="env-role-unknown", severity=Severity.BLOCKER, args=args)
    if not role.stored:
        return Finding(code="env-role-rights", severity=Severity.BLOCKER, args=args)
    return None


def opens(role: Role, env: EnvFile) -> bool:
    """Whether the file's DB_PASSWORD is the role's."""
    password = env.values.get(PASSWORD_KEY)
    return password is not None and matches(role.stored, password, role.name)


def _elsewhere(edit: EnvEdit, before: Before) -> list[Finding]:
    """Other keys in which the old password stands: whoever reads those would be locked out."""
    old = before.old.values.get(PASSWORD_KEY, SecretStr("")).get_secret_value()
    if len(old) < SHORT_PASSWORD or PASSWORD_KEY not in edit.changed:
        return []
    others = [k for k, v in before.new.values.items() if k != PASSWORD_KEY and old in v.get_secret_value()]
    args = {"key": PASSWORD_KEY, "names": ", ".join(others)}
    return [Finding(code="env-elsewhere", severity=Severity.WARNING, args=args)] if others else []
