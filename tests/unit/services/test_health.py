from __future__ import annotations

from typing import Any

import pytest

from services.facts.models import MOST_RESTARTS, Container
from services.health import _hopeless, judge, judge_beside


def container(service: str = "backend", /, **changes: Any) -> Container:
    values = {
        "id": "a" * 64,
        "name": f"fitness-{service}-1",
        "service": service,
        "image": service,
        "image_id": "sha256:" + "b" * 64,
        "state": "running",
        "restart_policy": "unless-stopped",
    }
    return Container.model_validate(values | changes)


def test_a_running_stack_without_healthchecks_is_well() -> None:
    assert judge([container("db"), container("backend")], ["db", "backend"]) == []


def test_a_service_without_any_container_is_missing() -> None:
    """R-RB-3: `up -d` exits 0 for such a stack, so Opsgate looks for itself."""
    assert [ill.code for ill in judge([container("db")], ["db", "backend"])] == ["health-missing"]


@pytest.mark.parametrize(
    ("changes", "code", "hopeless"),
    [
        ({"health": "starting"}, "health-starting", False),
        ({"health": "unhealthy"}, "health-unhealthy", False),
        ({"state": "restarting"}, "health-not-running", False),
        ({"state": "created"}, "health-not-running", False),
        ({"state": "exited", "exit_code": 1}, "health-exited", False),
        ({"state": "exited", "exit_code": 1, "restart_policy": "no"}, "health-exited", True),
        ({"restarts": MOST_RESTARTS}, "health-restarting", True),
    ],
)
def test_what_is_not_well_is_named(changes: dict[str, Any], code: str, hopeless: bool) -> None:
    (ill,) = judge([container(**changes)], ["backend"])
    assert (ill.code, ill.hopeless) == (code, hopeless)


def test_a_one_shot_job_that_ended_with_success_is_well() -> None:
    assert judge([container(state="exited", exit_code=0, restart_policy="no")], ["backend"]) == []


def test_a_job_that_ended_with_success_after_some_failures_is_well() -> None:
    done = container(state="exited", exit_code=0, restart_policy="on-failure", restarts=MOST_RESTARTS)
    assert judge([done], ["backend"]) == []


def test_a_job_that_is_tried_again_and_fails_is_not_well() -> None:
    failing = container(state="exited", exit_code=1, restart_policy="on-failure")
    assert [ill.code for ill in judge([failing], ["backend"])] == ["health-exited"]


@pytest.mark.parametrize(
    ("changes", "code", "hopeless"),
    [
        ({"health": None}, "health-unchecked", False),
        ({"health": "starting"}, "health-starting", False),
        ({"state": "exited", "restart_policy": "no", "health": "healthy"}, "health-exited", True),
        ({"state": "exited", "restart_policy": "on-failure"}, "health-exited", True),
    ],
)
def test_a_new_instance_is_well_only_if_it_says_so_itself(
    changes: dict[str, Any], code: str, hopeless: bool
) -> None:
    """R-RB-3: the old one ends for it."""
    (ill,) = judge_beside([container(**changes)], ["backend"])
    assert (ill.code, ill.hopeless) == (code, hopeless)
    assert judge_beside([container(health="healthy")], ["backend"]) == []


def test_what_a_person_stopped_or_an_old_release_left_behind_makes_no_release_ill() -> None:
    stopped = container("pgadmin", state="exited", exit_code=137)
    assert judge([container("db"), container("backend"), stopped], ["db", "backend"]) == []
    assert [ill.service for ill in judge([container("db"), stopped], ["db", "pgadmin"])] == ["pgadmin"]


def test_an_unhealthy_container_gets_a_little_time_before_it_is_believed() -> None:
    since: dict[str, float] = {}
    ills = judge([container(health="unhealthy")], [])
    assert _hopeless(ills, since, 100.0) is None
    assert _hopeless(ills, since, 105.0) is None
    found = _hopeless(ills, since, 111.0)
    assert found is not None
    assert found.service == "backend"


def test_a_container_that_recovers_starts_its_time_anew() -> None:
    since: dict[str, float] = {}
    unhealthy = judge([container(health="unhealthy")], [])
    _hopeless(unhealthy, since, 100.0)
    _hopeless([], since, 105.0)
    assert _hopeless(unhealthy, since, 111.0) is None
