from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.facts.containers import labels_of, parse_containers, parse_time

RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((RECORDED / name).read_text())
    return found


def test_the_stack_is_read_from_what_a_real_engine_said() -> None:
    """Recorded from Engine 20.10 with Compose 2.26: a running database, a stopped backend, a one-off container."""
    backend, db = parse_containers(recorded("containers-20.10.json"), recorded("images-20.10.json"))
    assert (db.service, db.name, db.state, db.health) == ("db", "fitnessapp-db-1", "running", "healthy")
    assert db.started_at == datetime(2026, 11, 23, 8, 59, 27, 542977, tzinfo=UTC)
    assert db.volumes == ("fitnessapp_data",)
    assert db.image == "practice/postgres:1"
    assert db.image_created is not None
    assert db.compose_project == "fitnessapp"
    assert db.compose_file == "/home/me/fitnessapp/docker/docker-compose.prod.yml"
    assert (backend.state, backend.exit_code, backend.health) == ("exited", 137, None)
    assert (backend.restart_policy, backend.restarts) == ("unless-stopped", 1)
    assert backend.volumes == ()


def test_one_off_containers_are_no_part_of_the_stack() -> None:
    raw = recorded("containers-20.10.json")
    assert len(raw) == 3
    assert "fitnessapp-backend-run-6f461fb1b542" not in {one.name for one in parse_containers(raw)}


def test_an_image_that_is_gone_leaves_its_age_unknown() -> None:
    assert {one.image_created for one in parse_containers(recorded("containers-20.10.json"))} == {None}


def test_a_container_of_nobody_is_left_out() -> None:
    assert parse_containers([{"Id": "a", "Name": "/x", "Image": "i", "Config": {"Labels": None}}]) == ()


def test_sparse_answers_of_newer_engines_are_read() -> None:
    """Engine 28 leaves out what is empty: no Health, no Mounts, no RestartPolicy name, an image without Created."""
    one = {
        "Id": "a" * 64,
        "Name": "/app-web-1",
        "Image": "sha256:1",
        "State": {"Status": "created", "ExitCode": 0, "StartedAt": "0001-01-01T00:00:00Z", "Health": None},
        "HostConfig": {"RestartPolicy": {"Name": "", "MaximumRetryCount": 0}},
        "Config": {"Image": "web", "Labels": {"com.docker.compose.service": "web"}},
    }
    (web,) = parse_containers([one], [{"Id": "sha256:1"}])
    assert (web.state, web.started_at, web.health, web.restart_policy) == ("created", None, None, "no")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        (None, None),
        ("2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.1+03:00", datetime(2026, 1, 2, 0, 4, 5, 100000, tzinfo=UTC)),
    ],
)
def test_times_of_the_engine_become_utc(text: str | None, value: datetime | None) -> None:
    assert parse_time(text) == value


def test_labels_are_found_in_summaries_and_in_inspected_containers() -> None:
    assert labels_of({"Labels": {"a": "1"}}) == labels_of({"Config": {"Labels": {"a": "1"}}}) == {"a": "1"}
    assert labels_of({}) == {}
