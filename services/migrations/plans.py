"""Plans of /migrate, and what a deploy does about migrations: computed without I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from services import checks
from services.checks.migrate import held_back, no_database, no_service
from services.checks.migrations import BACKEND_SERVICE, running
from services.errors import BadInput
from services.facts.models import Facts
from services.migrations.models import Migrating, Script, Standing
from services.migrations.state import with_names
from services.models import Finding, Kind, Plan
from services.plans import digest
from services.projects import Project

MIGRATE_STEPS = ("lock", "backup", "migrate", "health", "unlock")
NOTE_STEPS = ("lock", "note-migrations", "unlock")
RUN, NOTE = "run", "note"
CHOOSABLE = (Standing.FAILED, Standing.UNKNOWN, Standing.CHANGED)
"""Of these only a person knows whether they are to run."""
CHOICES = tuple(f"{what}-{standing}" for standing in CHOOSABLE for what in (RUN, NOTE))


def migrate(project: Project, facts: Facts, scripts: Sequence[Script], choice: str = "") -> Plan:
    """What /migrate would do: new scripts in the order of their names, and what a button chose to run or to note.

    Raises BadInput where there is neither anything to run nor anything to decide.
    """
    about = _about(facts, with_names(scripts), choice)
    odd = with_names(scripts, odd=True)
    if not (about.scripts or about.noted or about.apart or odd):
        label = facts.current.label or facts.current.id if facts.current else ""
        raise BadInput("error-migrations-none", project=project.name, label=label, count=about.ran)
    running = {one.service: one.image_id for one in facts.containers if one.state == "running"}
    return Plan(
        kind=Kind.MIGRATE,
        project=project.name,
        compose_project=facts.compose_project,
        steps=NOTE_STEPS if about.noted else MIGRATE_STEPS,
        findings=tuple(checks.migrate_findings(project, facts, about, odd)),
        risk="low" if about.noted else "high" if choice else "medium",
        digest=_with(digest(facts, None), about),
        current=facts.current,
        backup=not about.noted,
        old_images=running,
        migrating=about,
    )


def _about(facts: Facts, scripts: Sequence[Script], choice: str) -> Migrating:
    what, _, standing = choice.partition("-")
    chosen = {one.name for one in scripts if choice in CHOICES and one.standing == standing}
    run_too = chosen if what == RUN else frozenset[str]()
    noted = tuple(one for one in scripts if one.name in chosen - run_too)
    return Migrating(
        service=_service(facts.current.backends if facts.current else ()),
        scripts=()
        if noted
        else tuple(one for one in scripts if one.standing is Standing.NEW or one.name in run_too),
        noted=noted,
        apart=tuple(one for one in scripts if one.standing in CHOOSABLE and one.name not in chosen),
        ran=sum(one.standing is Standing.RAN for one in scripts),
        choice=choice,
    )


def _service(backends: Iterable[str]) -> str:
    return next(iter(backends), BACKEND_SERVICE)


def _with(basis: str, about: Migrating) -> str:
    return hashlib.sha256(f"{basis} {about.model_dump_json()}".encode()).hexdigest()


def after_build(plan: Plan, scripts: Sequence[Script]) -> Plan:
    """A deploy that also runs its new scripts, once the new containers run and before their health is judged.

    None of them where no backup can be made before (R-DB-3), where an earlier one failed, or where nobody knows in which
    service: the findings say so then.
    """
    pack = plan.pack
    new = tuple(one for one in with_names(scripts) if one.standing is Standing.NEW)
    if pack is None or not new:
        return plan
    if not plan.backup and not plan.first:
        return _without(plan, no_database(), "by-hand")
    service = _service(pack.source.backends)
    if any(one.standing is Standing.FAILED for one in scripts):
        return waiting(plan, scripts)
    if service not in pack.compose_services:
        return _without(plan, no_service(len(new), service), "by-hand")
    about = Migrating(service=service, scripts=new)
    at = plan.steps.index("health")
    return plan.model_copy(
        update={
            "migrating": about,
            "findings": running(plan.findings),
            "steps": (*plan.steps[:at], "migrate", *plan.steps[at:]),
            "digest": _with(plan.digest, about),
        }
    )


def waiting(plan: Plan, scripts: Sequence[Script]) -> Plan:
    """A deploy after which no button runs its new scripts, where an earlier one did not end well: it says so beforehand."""
    new = [one for one in with_names(scripts) if one.standing is Standing.NEW]
    failed = [one.name for one in scripts if one.standing is Standing.FAILED]
    return _without(plan, held_back(plan.project, len(new), failed), "held") if new and failed else plan


def _without(plan: Plan, why: Finding, mode: str) -> Plan:
    """What the card says of the new scripts is what the verdict will say: they do not run, and why."""
    return plan.model_copy(update={"findings": (*running(plan.findings, mode), why)})
