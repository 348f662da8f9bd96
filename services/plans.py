"""Plans, computed from facts without I/O."""

from __future__ import annotations

import hashlib
import json

from services import checks, policy
from services.facts import compose_project_name
from services.models import Container, Facts, Kind, Pack, Plan
from services.projects import Project

DEPLOY_STEPS = (
    "lock", "mark-first", "start-database", "backup", "upload", "config", "keep-images", "build",
    "safety-copy", "swap", "up", "health", "record", "unlock",
)  # fmt: skip
BACKUP_STEPS = ("lock", "start-database", "backup", "fetch", "unlock")


def is_first(facts: Facts) -> bool:
    """Whether nothing was ever deployed with success: no release, no containers, no volumes, no compose file."""
    if facts.current is not None:
        return False
    return facts.first_unfinished or not (facts.containers or facts.volumes or facts.has_deployed_files)


def stopped_database(project: Project, facts: Facts) -> str | None:
    """The id of a database container that exists but does not run: it must be started for its backup."""
    if project.database is None:
        return None
    found = [c for c in facts.containers if c.service == project.database.service]
    if not found or any(c.state == "running" for c in found):
        return None
    return found[0].id


def digest(facts: Facts, pack: Pack | None) -> str:
    """Over what a plan rests on. Load, free disk and the clock may change without changing a plan."""
    basis = {
        "manifest": pack.manifest_sha256 if pack else None,
        "current": facts.current.id if facts.current else None,
        "env": facts.env.fingerprints if facts.env else None,
        "containers": sorted((c.service, c.image_id, c.state == "running") for c in facts.containers),
        "compose": compose_names(facts),
        "first": facts.first_unfinished,
        "volumes": sorted(facts.volumes),
    }
    return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()


def compose_names(facts: Facts) -> list[str]:
    return sorted({container.compose_project for container in facts.containers})


def _running(facts: Facts) -> dict[str, Container]:
    return {c.service: c for c in facts.containers if c.image_id}


def deploy(project: Project, facts: Facts, pack: Pack) -> Plan:
    """What /deploy would do. A plan with a blocker has no Confirm button."""
    first = is_first(facts)
    old = {} if first else _running(facts)
    backup = project.database is not None and not first
    plan = Plan(
        kind=Kind.DEPLOY,
        project=project.name,
        compose_project=compose_project_name(project, facts, pack),
        steps=DEPLOY_STEPS,
        findings=tuple(checks.deploy_findings(project, facts, pack)),
        digest=digest(facts, pack),
        pack=pack,
        current=facts.current,
        first=first,
        backup=backup,
        start_database=stopped_database(project, facts) if backup else None,
        old_images={service: container.image_id for service, container in old.items()},
        old_image_names={service: container.image for service, container in old.items()},
    )
    return plan.model_copy(update={"risk": policy.risk(facts, plan)})


def backup(project: Project, facts: Facts) -> Plan:
    """What /backup would do."""
    return Plan(
        kind=Kind.BACKUP,
        project=project.name,
        compose_project=compose_project_name(project, facts, None),
        steps=BACKUP_STEPS,
        findings=tuple(checks.backup_findings(project, facts)),
        digest=digest(facts, None),
        current=facts.current,
        start_database=stopped_database(project, facts),
    )
