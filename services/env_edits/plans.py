"""The plan of an edit of the env file, computed without I/O."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from services import checks
from services.changes import Rebuild
from services.checks.database import DatabaseState, database_state, is_first
from services.checks.env_edit import Before, opens
from services.checks.rebuilds import BAKED_IN
from services.env_edits.models import EnvEdit
from services.env_edits.reading import Built
from services.envfile import PASSWORD_KEY
from services.facts.models import Facts
from services.models import Finding, Kind, Plan
from services.phrases import Phrase
from services.plans import digest, running, stopped_database
from services.projects import Project

ENV_STEPS = (
    "lock", "start-database", "backup", "stage-env", "config", "keep-images", "build", "swap-env",
    "role-password", "up", "health", "record", "unlock",
)  # fmt: skip
FIRST_STEPS = ("lock", "stage-env", "swap-env", "record", "unlock")
"""Before anything was ever deployed there is nothing to build or to bring up."""


@dataclass(frozen=True, slots=True)
class Seen:
    """All that an edit rests on beside the facts."""

    before: Before
    built: Built
    twice: tuple[Finding, ...] = ()


def edit(project: Project, facts: Facts, about: EnvEdit, seen: Seen) -> Plan:
    """What the edit would do. `about` says which keys; who reads them and what is built is worked out here."""
    first = is_first(facts)
    about = _completed(about, seen, first=first)
    backup = database_state(project, facts) not in {DatabaseState.NOT_CONFIGURED, DatabaseState.FIRST}
    now = {} if first else running(facts)
    return Plan(
        kind=Kind.ENV,
        project=project.name,
        compose_project=facts.compose_project,
        steps=FIRST_STEPS if first else ENV_STEPS,
        findings=tuple(checks.env_edit_findings(project, facts, about, seen.before, seen.twice)),
        risk="low" if first else "high" if about.role or not backup else "medium",
        digest=_digest(facts, about),
        current=facts.current,
        first=first,
        backup=backup,
        start_database=stopped_database(project, facts) if backup else None,
        old_images={service: one.image_id for service, one in now.items()},
        old_running=()
        if first
        else tuple(sorted({c.service for c in facts.containers if c.state == "running"})),
        old_image_names={service: one.image for service, one in now.items()},
        no_cache=() if first else _fresh(about, seen.built),
        editing=about,
    )


def _completed(about: EnvEdit, seen: Seen, *, first: bool) -> EnvEdit:
    role = seen.before.role
    changes_role = (
        role is not None and bool(role.stored) and PASSWORD_KEY in about.changed and not first
        and opens(role, seen.before.old) and not opens(role, seen.before.new)
    )  # fmt: skip
    return about.model_copy(
        update={
            "readers": readers(about.names, seen.built),
            "built": () if first else seen.built.builds,
            "role": role.name if role and changes_role else "",
            "worker": role.worker if role and changes_role else "",
        }
    )


def readers(names: tuple[str, ...], built: Built) -> tuple[str, ...]:
    """Services that the compose file gives one of these variables, by name or as a whole file."""
    wanted = (
        re.compile(r"\$\{?(?:" + "|".join(map(re.escape, names)) + r")(?![A-Za-z0-9_])") if names else None
    )
    bare = re.compile(r"(?m)^\s*-?\s*(?:" + "|".join(map(re.escape, names)) + r")(?::\s*null)?\s*$")
    return tuple(
        service
        for service, text in built.texts
        if wanted and (wanted.search(text) or bare.search(text) or re.search(r"(?m)^env_file:", text))
    )


def _fresh(about: EnvEdit, built: Built) -> tuple[Rebuild, ...]:
    """R-FE-3: what is baked in comes into the image only without cache."""
    names = ", ".join(key for key in about.names if key.startswith(BAKED_IN))
    reason = Phrase(id="rebuild-frontend-env", args={"names": names})
    return tuple(Rebuild(service=one, reasons=(reason,)) for one in built.frontends) if names else ()


def _digest(facts: Facts, about: EnvEdit) -> str:
    return hashlib.sha256(f"{digest(facts, None)} {about.model_dump_json()}".encode()).hexdigest()
