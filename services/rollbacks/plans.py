"""The plan of a rollback, computed from facts without I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from services import checks, releases
from services.checks.database import DatabaseState, database_state
from services.checks.rolling import choices_again
from services.drift import Drift
from services.facts.models import Facts, Release
from services.models import Kind, Plan, Returning
from services.plans import digest, lasting, running, stopped_database
from services.projects import Project

ROLLBACK_STEPS = (
    "lock", "start-database", "backup", "verify-release", "config", "keep-images", "safety-copy", "swap",
    "bring-images", "up", "health", "record", "unlock",
)  # fmt: skip


def names_for(facts: Facts, release: Release) -> dict[str, str]:
    """By service, the image name that Compose will look for. Where no record tells: the present one, else Compose's own."""
    now = {service: one.image for service, one in running(facts).items()}
    stack = release.compose_project or facts.compose_project
    return {
        service: release.image_names.get(service) or now.get(service) or f"{stack}-{service}"
        for service in release.images
    }


def rollback(
    project: Project,
    facts: Facts,
    returning: Returning,
    present: Collection[str],
    drift: Drift | None = None,
) -> Plan:
    """What /rollback would do. `present`: ids of those of the release's images that are still on the host."""
    release = returning.release
    missing = tuple(sorted(name for name, image in release.images.items() if image not in present))
    backup = database_state(project, facts) not in {DatabaseState.NOT_CONFIGURED, DatabaseState.FIRST}
    now = running(facts)
    return Plan(
        kind=Kind.ROLLBACK,
        project=project.name,
        compose_project=facts.compose_project,
        steps=ROLLBACK_STEPS,
        findings=tuple(checks.rollback_findings(project, facts, returning, missing, drift)),
        risk="medium" if backup else "high",
        digest=_digest(facts, returning, missing, drift),
        lasting=lasting(facts, release.id, *sorted(release.images.values())),
        current=facts.current,
        backup=backup,
        start_database=stopped_database(project, facts) if backup else None,
        old_images={service: one.image_id for service, one in now.items()},
        old_running=tuple(sorted({one.service for one in facts.containers if one.state == "running"})),
        old_image_names={service: one.image for service, one in now.items()},
        returning=returning,
        strategies=choices_again(project, facts, release),
        drift=drift,
    )


def services_that_stop(plan: Plan) -> tuple[str, ...]:
    """Services of the present release that the earlier one lacks."""
    if plan.current is None or plan.returning is None:
        return ()
    return tuple(
        one for one in plan.current.services if one not in releases.services_in(plan.returning.release)
    )


def _digest(facts: Facts, returning: Returning, missing: tuple[str, ...], drift: Drift | None) -> str:
    """The release and its images; the words about it may change without changing a plan."""
    basis = (returning.release.id, sorted(returning.release.images.items()), missing)
    return hashlib.sha256(f"{digest(facts, None, drift)} {basis}".encode()).hexdigest()
