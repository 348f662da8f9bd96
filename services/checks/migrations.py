"""R-DB-6: migration scripts that come with a release are named before it is deployed."""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath

from services.changes import SCRIPTS, Changes
from services.checks.database import is_first
from services.facts.models import Facts
from services.models import Finding, Pack, Severity

MOST_NAMED = 5
BACKEND_SERVICE = "backend"
"""Where migrations run by the runbook, if the source does not say which service the backend is."""


def migration_findings(facts: Facts, pack: Pack, changes: Changes) -> list[Finding]:
    """New ones are a warning: the release may need them. Whether one that was there before has run, nobody knows."""
    new, changed = (
        _named(facts, pack, scripts) for scripts in (changes.migrations, changes.migrations_changed)
    )
    found = []
    if new and is_first(facts):
        found.append(Finding(code="migrations-first", severity=Severity.INFO, args=new))
    elif new and not changes.known:
        found.append(Finding(code="migrations-unsure", severity=Severity.INFO, args=new))
    elif new:
        found.append(Finding(code="migrations-new", severity=Severity.WARNING, args=new))
    if changed:
        found.append(Finding(code="migrations-changed", severity=Severity.INFO, args=changed))
    return found


def _named(facts: Facts, pack: Pack, scripts: tuple[str, ...]) -> dict[str, str | int | float]:
    """Empty where there are none."""
    if not scripts:
        return {}
    shown = scripts[:MOST_NAMED]
    return {
        "count": len(scripts),
        "scripts": ", ".join(PurePosixPath(path).name for path in shown),
        "more": len(scripts) - len(shown),
        "commands": "\n".join(run_by_hand(facts, pack, path) for path in shown),
    }


def run_by_hand(facts: Facts, pack: Pack, script: str) -> str:
    """For a person to type on the host. The stack's name makes it work in any folder there."""
    service = next(iter(pack.source.backends), BACKEND_SERVICE)
    inside = f"{SCRIPTS}/{PurePosixPath(script).name}"
    named = ["-p", facts.compose_project] if facts.compose_project else []
    return shlex.join(["docker", "compose", *named, "exec", service, "python", inside])
