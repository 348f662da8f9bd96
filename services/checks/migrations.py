"""R-DB-6: migration scripts that come with a release are named before it is deployed."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import PurePosixPath

from services.changes import SCRIPTS, Changes
from services.checks.database import is_first
from services.facts.models import Facts
from services.models import Finding, Pack, Severity

MOST_NAMED = 5
BACKEND_SERVICE = "backend"
"""Where migrations run by the runbook, if the source does not say which service the backend is."""


def migration_findings(facts: Facts, pack: Pack, changes: Changes, mode: str = "ask") -> list[Finding]:
    """New ones are a warning: the release may need them. `mode` says who runs them: see running."""
    new, changed = (
        _named(facts, pack, scripts, mode) for scripts in (changes.migrations, changes.migrations_changed)
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


def _named(facts: Facts, pack: Pack, scripts: tuple[str, ...], mode: str) -> dict[str, str | int | float]:
    """Empty where there are none."""
    if not scripts:
        return {}
    shown = scripts[:MOST_NAMED]
    return {
        "count": len(scripts),
        "scripts": ", ".join(PurePosixPath(path).name for path in shown),
        "more": len(scripts) - len(shown),
        "mode": mode,
        "commands": "\n".join(run_by_hand(facts, pack, path) for path in shown),
    }


def running(findings: Iterable[Finding], mode: str = "after-build") -> tuple[Finding, ...]:
    """The same findings, of a deploy that runs the new scripts itself, or ("held", "by-hand") after which none can run."""
    brought = {"migrations-new", "migrations-first"}
    return tuple(
        one.model_copy(update={"args": one.args | {"mode": mode}}) if one.code in brought else one
        for one in findings
    )


def run_by_hand(facts: Facts, pack: Pack, script: str) -> str:
    """For a person to type on the host. The stack's name makes it work in any folder there."""
    service = next(iter(pack.source.backends), BACKEND_SERVICE)
    inside = f"{SCRIPTS}/{PurePosixPath(script).name}"
    named = ["-p", facts.compose_project] if facts.compose_project else []
    return shlex.join(["docker", "compose", *named, "exec", service, "python", inside])
