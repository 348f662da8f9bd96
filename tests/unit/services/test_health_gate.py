"""R-RB-3: a stack is well when it stays well; one that dies between two looks is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services import deploys, health
from services.errors import CommandFailed, StepFailed
from services.facts.models import MOST_RESTARTS
from services.store import Store
from tests.unit.services.docker_host import DockerHost, back, inspected, running

NO_DOCKER = CommandFailed("docker", 1, "Cannot connect to the Docker daemon")


class Dying(DockerHost):
    """A container that is up at every look, and another one each time; after `looks` it stays."""

    def __init__(self, looks: int, what: str) -> None:
        super().__init__(inspected("a", "fitness-backend-1"), inspected("b", "pgadmin", service="pgadmin"))
        self.looks, self.what, self.number = looks, what, 0

    async def containers(self, project: str) -> list[dict[str, Any]]:
        if self.number < self.looks:
            self.number += 1
        changes: dict[str, dict[str, Any]] = {
            "restarts": {"RestartCount": min(self.number, MOST_RESTARTS - 1)},
            "start": {"State": {"Status": "running", "StartedAt": f"2026-11-23T00:00:{self.number:02}Z"}},
            "id": {"Id": f"{self.number:064}"},
        }
        self.inspected[0].update(changes[self.what])
        return await super().containers(project)


@pytest.mark.parametrize("what", ["start", "id"])
async def test_a_container_that_dies_between_every_two_looks_is_never_well(
    store: Store, tmp_path: Path, what: str
) -> None:
    with pytest.raises(StepFailed, match="health-restarting"):
        await health.gate(running(Dying(10**6, what), store, tmp_path), ("backend",))


@pytest.mark.parametrize("what", ["restarts", "start", "id"])
async def test_the_time_of_being_well_starts_anew_with_the_last_restart(
    store: Store, tmp_path: Path, what: str
) -> None:
    host = Dying(2, what)
    await health.gate(running(host, store, tmp_path), ("backend",))
    assert host.did.count("look") >= 4  # well for 0.9 s after the second look


async def test_a_stranger_that_restarts_all_the_time_holds_nobody_up(store: Store, tmp_path: Path) -> None:
    await health.gate(running(Dying(10**6, "id"), store, tmp_path), ("pgadmin",))


async def test_a_steady_stack_is_well(store: Store, tmp_path: Path) -> None:
    host = DockerHost(inspected("a", "fitness-backend-1"))
    await health.gate(running(host, store, tmp_path), ("backend",))
    assert host.did.count("look") == 3


@pytest.mark.parametrize(
    ("up", "looks"),
    [
        ({"recreated": [], "rolled": [], "rest": False}, 1),
        ({"recreated": [], "rolled": [], "rest": True}, 3),
        ({"recreated": ["backend"], "rolled": [], "rest": False}, 3),
        ({"recreated": [], "rolled": ["backend"], "rest": False}, 3),
        ({}, 3),
    ],
)
async def test_what_nothing_touched_needs_one_good_look_and_all_else_its_whole_time(
    store: Store, tmp_path: Path, up: dict[str, Any], looks: int
) -> None:
    """R-RB-3."""
    host = DockerHost(inspected("a", "fitness-backend-1"), inspected("b", "fitness-db-1", service="db"))
    run = running(host, store, tmp_path)
    run.results["up"] = up
    await deploys.healthy(run)
    assert host.did.count("look") == looks


async def test_on_the_way_back_a_docker_that_is_away_is_left_to_the_runners_patience(
    store: Store, tmp_path: Path
) -> None:
    host = DockerHost(inspected("a", "fitness-backend-1"))
    host.away = [NO_DOCKER]
    with pytest.raises(CommandFailed):
        await health.gate(back(running(host, store, tmp_path), "health-previous"), ("backend",))


async def test_on_the_way_forward_a_docker_that_restarts_is_waited_for(store: Store, tmp_path: Path) -> None:
    host = DockerHost(inspected("a", "fitness-backend-1"))
    host.away = [NO_DOCKER]
    await health.gate(running(host, store, tmp_path), ("backend",))
