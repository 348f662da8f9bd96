"""Plans, computed from facts without I/O."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from services import checks, policy
from services.changes import Changes
from services.checks.database import DatabaseState, database_container, database_state, is_first
from services.checks.rebuilds import rebuilds
from services.checks.rolling import choices
from services.drift import Drift
from services.estimates import PastRun, estimate
from services.facts.models import Container, Facts
from services.models import Kind, Pack, Plan
from services.projects import Project, SqliteDatabase

DEPLOY_STEPS = (
    "lock", "mark-first", "start-database", "backup", "upload", "config", "keep-images", "build",
    "safety-copy", "swap", "up", "health", "record", "unlock",
)  # fmt: skip
BACKUP_STEPS = ("lock", "start-database", "backup", "fetch", "offsite", "prune", "unlock")


def digest(facts: Facts, pack: Pack | None, drift: Drift | None = None) -> str:
    """Over what a plan rests on. Load, free disk and the clock may change without changing a plan."""
    basis = {
        "manifest": pack.manifest_sha256 if pack else None,
        "current": facts.current.id if facts.current else None,
        "env": facts.env.fingerprints if facts.env else None,
        "containers": sorted((c.service, c.image_id, c.state == "running") for c in facts.containers),
        "compose": compose_names(facts),
        "first": facts.first_unfinished,
        "volumes": sorted(facts.volumes),
        "drift": [*sorted(one.line for one in drift.files), drift.unnamed] if drift else [],
    }
    return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()


def lasting(facts: Facts, *chosen: str) -> str:
    """Over what an operation that runs before a plan does not change: what was chosen, and the env file."""
    basis = {"chosen": chosen, "env": facts.env.fingerprints if facts.env else None}
    return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()


def compose_names(facts: Facts) -> list[str]:
    return sorted({container.compose_project for container in facts.containers})


def stopped_database(project: Project, facts: Facts) -> str | None:
    """The id of a database container that exists but does not run: it is started for its backup.

    A SQLite file is read where it lies, whether its service runs or not.
    """
    if isinstance(project.database, SqliteDatabase):
        return None
    container = database_container(project, facts)
    stopped = database_state(project, facts) is DatabaseState.STOPPED
    return container.id if container and stopped else None


def running(facts: Facts) -> dict[str, Container]:
    """By service, the containers that there are, running or not. Of two (a rolling that was left half done) the recorded one."""
    recorded = facts.current.images if facts.current else {}
    ordered = sorted(
        facts.containers, key=lambda c: (c.image_id == recorded.get(c.service), c.state == "running")
    )
    return {c.service: c for c in ordered if c.image_id}


def deploy(
    project: Project, facts: Facts, pack: Pack, changes: Changes | None = None, drift: Drift | None = None
) -> Plan:
    """What /deploy would do. A plan with a blocker has no Confirm button."""
    first = is_first(facts)
    old = {} if first else running(facts)
    backup = database_state(project, facts) not in {DatabaseState.NOT_CONFIGURED, DatabaseState.FIRST}
    plan = Plan(
        kind=Kind.DEPLOY,
        project=project.name,
        compose_project=facts.compose_project,
        steps=DEPLOY_STEPS,
        findings=tuple(checks.deploy_findings(project, facts, pack, changes, drift)),
        digest=digest(facts, pack, drift),
        lasting=lasting(facts, pack.manifest_sha256),
        pack=pack,
        current=facts.current,
        first=first,
        backup=backup,
        start_database=stopped_database(project, facts) if backup else None,
        old_images={service: container.image_id for service, container in old.items()},
        old_running=tuple(sorted({one.service for one in facts.containers if one.state == "running"})),
        old_image_names={service: container.image for service, container in old.items()},
        changes=changes,
        drift=drift,
        strategies=() if first else choices(project, facts, pack),
        no_cache=rebuilds(pack.build_services, pack.source, changes, facts.current) if changes else (),
    )
    return plan.model_copy(update={"risk": policy.risk(facts, plan)})


def estimated(plan: Plan, facts: Facts, past: Sequence[PastRun]) -> Plan:
    """With what it will take. `past`: deploys that succeeded, newest first; of a first one nothing is claimed."""
    disk = (plan.pack.unpacked if plan.pack else 0) + (facts.last_dump if plan.backup else 0)
    found = estimate(() if plan.first else past, disk, facts.host.disk_available)
    return plan.model_copy(update={"estimate": found})


def backup(project: Project, facts: Facts) -> Plan:
    """What /backup would do."""
    rules = project.backups
    unwanted = {"fetch": "local" not in rules.copies, "offsite": not rules.offsite}
    return Plan(
        kind=Kind.BACKUP,
        project=project.name,
        compose_project=facts.compose_project,
        steps=tuple(one for one in BACKUP_STEPS if not unwanted.get(one)),
        findings=tuple(checks.backup_findings(project, facts)),
        digest=digest(facts, None),
        lasting=lasting(facts),
        current=facts.current,
        start_database=stopped_database(project, facts),
    )
