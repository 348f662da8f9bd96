from __future__ import annotations

from typing import Any

import pytest

from services import plans
from services.changes import Changes, SourceFacts
from services.checks.rebuilds import rebuilds
from services.facts.models import Release
from services.models import Severity
from tests.unit.checks.test_findings import RELEASE, facts, found, pack, project

SOURCE = SourceFacts(frontend_version="1.0.2", frontends=("frontend",), backends=("backend",))
BUILT = ("backend", "frontend", "worker")
ENV = {"EXPO_PUBLIC_API_URL": "1f", "DB_PASSWORD": "2f"}
DEPLOYED = RELEASE.model_copy(update={"env": ENV})


def why(current: Release | None = DEPLOYED, **changes: Any) -> dict[str, list[str]]:
    found = rebuilds(BUILT, SOURCE, Changes(**({"env": ENV} | changes)), current)
    return {one.service: [reason.id for reason in one.reasons] for one in found}


def test_a_changed_app_is_built_without_cache() -> None:
    """R-FE-3."""
    assert why(frontend=3) == {"frontend": ["rebuild-frontend-files"]}


@pytest.mark.parametrize(
    ("now", "names"),
    [
        (ENV | {"EXPO_PUBLIC_API_URL": "9f"}, "EXPO_PUBLIC_API_URL"),
        (ENV | {"EXPO_PUBLIC_NEW": "3f"}, "EXPO_PUBLIC_NEW"),
        ({}, "EXPO_PUBLIC_API_URL"),
    ],
)
def test_a_changed_value_that_is_baked_in_builds_the_frontend_without_cache_and_is_named(
    now: dict[str, str], names: str
) -> None:
    """R-FE-2, R-FE-3: by name, never by value."""
    (rebuild,) = rebuilds(BUILT, SOURCE, Changes(env=now), DEPLOYED)
    assert rebuild.service == "frontend"
    assert [(one.id, one.args) for one in rebuild.reasons] == [("rebuild-frontend-env", {"names": names})]


def test_other_values_of_the_env_file_leave_the_cache_alone() -> None:
    """R-FE-3: the backend reads them when it starts."""
    assert why(env=ENV | {"DB_PASSWORD": "9f", "NEW": "1f"}) == {}


def test_a_record_without_fingerprints_means_that_nobody_knows() -> None:
    assert why(current=RELEASE) == {"frontend": ["rebuild-env-unknown"]}
    assert why(current=RELEASE, env={"DB_PASSWORD": "2f"}) == {}


def test_changed_data_or_scripts_build_the_backend_without_cache() -> None:
    """R-FE-4."""
    assert why(backend_inputs=1) == {"backend": ["rebuild-backend-inputs"]}


def test_nothing_of_all_this_means_the_cache() -> None:
    """R-FE-4: otherwise the cache is used."""
    assert why() == {}


def test_what_is_not_known_is_built_without_cache_but_only_where_the_rules_reach() -> None:
    assert why(known=False) == {"frontend": ["rebuild-unknown"], "backend": ["rebuild-unknown"]}


def test_an_image_of_both_gives_both_reasons_and_the_same_one_once() -> None:
    both = SourceFacts(frontends=("web",), backends=("web",))
    (one,) = rebuilds(("web",), both, Changes(frontend=1, backend_inputs=2, env=ENV), DEPLOYED)
    assert [reason.id for reason in one.reasons] == ["rebuild-frontend-files", "rebuild-backend-inputs"]
    (one,) = rebuilds(("web",), both, Changes(known=False), None)
    assert [reason.id for reason in one.reasons] == ["rebuild-unknown"]


def test_a_plan_names_what_is_built_without_cache_and_is_blocked_by_a_forgotten_version() -> None:
    """R-FE-1, R-FE-3."""
    packed = pack(build_services=BUILT, source=SOURCE)
    seen = facts(current=DEPLOYED)
    forgotten = Changes(frontend=1, frontend_from="1.0.2", frontend_to="1.0.2", env=ENV)
    plan = plans.deploy(project(), seen, packed, forgotten)
    assert found(list(plan.findings)) == {"version-not-bumped": Severity.BLOCKER}
    assert plan.blocked
    assert [one.service for one in plan.no_cache] == ["frontend"]
    bumped = plans.deploy(project(), seen, packed, forgotten.model_copy(update={"frontend_to": "1.0.3"}))
    assert not bumped.blocked
