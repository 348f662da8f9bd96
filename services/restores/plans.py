"""Plans of a restore, of its undo and of the drop of what it kept: computed without I/O."""

from __future__ import annotations

import hashlib

from services import checks
from services.backups.models import Backup
from services.facts.cluster import Seen
from services.facts.models import Container, Facts
from services.models import Finding, Kind, Operation, Plan, Restoring
from services.plans import digest
from services.projects import Project
from services.restores.names import kept_by, replaced_by

RESTORE_STEPS = (
    "lock", "send-dump", "verify-dump", "backup", "create-database", "load", "compare", "swap-database", "health", "unlock",
)  # fmt: skip
UNDO_STEPS = ("lock", "swap-database", "health", "unlock")
DROP_STEPS = ("lock", "drop-database", "unlock")
SHAPE = {"encoding", "collate", "ctype", "icu", "provider", "rules", "builtin", "tablespace"}


def restore(project: Project, facts: Facts, seen: Seen, backup: Backup) -> Plan:
    """What /restore would do. Rows "then" are the catalogue's, unknown for older backups."""
    about = Restoring(
        database=_live(project),
        engine=_engine(project),
        backup=backup,
        worker=seen.worker,
        shape=shape(seen),
        rows_now=seen.rows,
        rows_then=backup.rows,
    )
    found = checks.restore_findings(project, facts, seen, backup)
    return _plan(Kind.RESTORE, taken(RESTORE_STEPS, seen), project, facts, about, found, backup=True)


def undo(
    project: Project, facts: Facts, seen: Seen, of: Operation, rows_then: dict[str, int] | None = None
) -> Plan:
    """What the Undo button would do. Nothing is lost: the present database is kept too."""
    about = Restoring(
        database=_live(project),
        engine=_engine(project),
        of=of.id,
        of_at=of.finished_at,
        incoming=replaced_by(_engine(project), _live(project), of),
        worker=seen.worker,
        rows_now=seen.rows,
        rows_then=rows_then,
    )
    found = checks.undo_findings(project, facts, seen, about.incoming)
    return _plan(Kind.UNDO, UNDO_STEPS, project, facts, about, found)


def drop(project: Project, facts: Facts, seen: Seen, of: Operation) -> Plan:
    """What the Drop button would do: only what this operation kept, and only what is there."""
    kept = tuple(name for name in kept_by(_engine(project), _live(project), of) if name in seen.databases)
    about = Restoring(
        database=_live(project),
        engine=_engine(project),
        of=of.id,
        of_at=of.finished_at,
        dropped=kept,
        worker=seen.worker,
    )
    found = checks.drop_findings(project, facts, seen, kept)
    return _plan(Kind.DROP, DROP_STEPS, project, facts, about, found)


def _live(project: Project) -> str:
    return project.database.name if project.database else ""


def taken(steps: tuple[str, ...], seen: Seen) -> tuple[str, ...]:
    """What will be done, for the card: a dump that lies on the host is not sent there."""
    return (
        steps if seen.dump_is_here or seen.brought_from else tuple(one for one in steps if one != "send-dump")
    )


def _engine(project: Project) -> str:
    return project.database.engine if project.database else "postgres"


def shape(seen: Seen) -> dict[str, str | None]:
    if seen.cluster is None:
        return {}
    return seen.cluster.model_dump(include=SHAPE)


def _plan(
    kind: Kind,
    steps: tuple[str, ...],
    project: Project,
    facts: Facts,
    about: Restoring,
    found: list[Finding],
    *,
    backup: bool = False,
) -> Plan:
    return Plan(
        kind=kind,
        project=project.name,
        compose_project=facts.compose_project,
        steps=steps,
        findings=tuple(found),
        risk="high" if kind.typed else "medium",
        digest=digest_of(facts, about),
        current=facts.current,
        backup=backup,
        old_images={one.service: one.image_id for one in running(facts)},
        restoring=about,
    )


def running(facts: Facts) -> list[Container]:
    """What must be well afterwards."""
    return [one for one in facts.containers if one.state == "running"]


def digest_of(facts: Facts, about: Restoring) -> str:
    """Rows change all the time without changing a plan."""
    rests_on = about.model_copy(update={"rows_now": None, "rows_then": None})
    return hashlib.sha256(f"{digest(facts, None)} {rests_on.model_dump_json()}".encode()).hexdigest()
