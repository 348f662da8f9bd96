"""Plans of a drill: computed without I/O."""

from __future__ import annotations

from services import checks
from services.backups.models import Backup
from services.facts.cluster import Seen
from services.facts.models import Facts
from services.models import Kind, Plan, Restoring
from services.plans import lasting
from services.projects import Project
from services.restores.plans import digest_of, shape

DRILL_STEPS = (
    "lock", "send-dump", "verify-dump", "create-scratch", "load", "compare", "drop-scratch", "record-drill", "unlock",
)  # fmt: skip


def drill(project: Project, facts: Facts, seen: Seen, backup: Backup) -> Plan:
    """What /drill would do. Where else copies lie, and how an earlier drill ended, changes no plan."""
    about = Restoring(
        database=project.database.name if project.database else "",
        engine=project.database.engine if project.database else "postgres",
        backup=backup,
        worker=seen.worker,
        shape=shape(seen),
    )
    rests_on = about.model_copy(update={"backup": backup.model_copy(update={"copies": (), "drilled": None})})
    return Plan(
        kind=Kind.DRILL,
        project=project.name,
        compose_project=facts.compose_project,
        steps=DRILL_STEPS,
        findings=tuple(checks.drill_findings(project, facts, seen, backup)),
        digest=digest_of(facts, rests_on),
        lasting=lasting(facts, backup.id),
        current=facts.current,
        backup=False,
        restoring=about,
    )
