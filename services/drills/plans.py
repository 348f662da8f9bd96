"""Plans of a drill: computed without I/O."""

from __future__ import annotations

from services import checks
from services.backups.models import Backup
from services.checks.database import database_container
from services.facts.cluster import Seen
from services.facts.models import Facts
from services.models import Kind, Plan, Restoring
from services.plans import lasting
from services.projects import Database, Project
from services.restores.plans import digest_of, shape, taken

DRILL_STEPS = (
    "lock", "send-dump", "verify-dump", "create-scratch", "load", "compare", "drop-scratch", "record-drill", "unlock",
)  # fmt: skip


def scratch_image(project: Project, facts: Facts) -> str:
    """The very image of the database that serves, where a drill makes a container of its own; else nothing."""
    container = database_container(project, facts)
    return container.image_id if container and project.backups.drill_in == "container" else ""


def _worker(project: Project, seen: Seen, image: str) -> str:
    """In a container of its own, the stack's role is the superuser."""
    return project.database.user if image and isinstance(project.database, Database) else seen.worker


def drill(project: Project, facts: Facts, seen: Seen, backup: Backup) -> Plan:
    """What /drill would do. Where else copies lie, and how an earlier drill ended, changes no plan."""
    image = scratch_image(project, facts)
    about = Restoring(
        database=project.database.name if project.database else "",
        engine=project.database.engine if project.database else "postgres",
        backup=backup,
        worker=_worker(project, seen, image),
        scratch_image=image,
        shape=shape(seen),
    )
    rests_on = about.model_copy(update={"backup": backup.model_copy(update={"copies": (), "drilled": None})})
    return Plan(
        kind=Kind.DRILL,
        project=project.name,
        compose_project=facts.compose_project,
        steps=taken(DRILL_STEPS, seen),
        findings=tuple(checks.drill_findings(project, facts, seen, backup)),
        digest=digest_of(facts, rests_on),
        lasting=lasting(facts, backup.id),
        current=facts.current,
        backup=False,
        restoring=about,
    )
