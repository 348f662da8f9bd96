"""R-RB-3: containers are only touched while no `up` is at work on them, and the way back can be walked twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from services import deploys, stacks
from services.changes import Rebuild
from services.errors import CommandFailed, Fenced, StepFailed
from services.phrases import Phrase
from services.store import Store
from tests.unit.services.docker_host import (
    LOST,
    NO_DOCKER,
    WELL,
    DockerHost,
    back,
    deploy,
    inspected,
    running,
)

HALF_WAY = (
    inspected("a", "fitness-backend-1"),
    inspected("b", "0123456789ab_fitness-backend-1", "created"),
)
"""What Compose keeps for the whole stop time of the old container."""
FRESH = Rebuild(service="backend", reasons=(Phrase(id="rebuild-unknown"),))


async def test_an_up_that_is_still_at_work_is_followed_and_its_containers_are_left_alone(
    store: Store, tmp_path: Path
) -> None:
    host = DockerHost(*HALF_WAY)
    host.here["f-up"] = WELL
    run = running(host, store, tmp_path)
    run.step_name = "up"
    await stacks.up(run)
    assert host.did == []


async def test_names_are_mended_before_an_up_is_begun(store: Store, tmp_path: Path) -> None:
    host = DockerHost(*HALF_WAY)
    run = running(host, store, tmp_path)
    run.step_name = "up"
    await stacks.up(run)
    assert host.did == ["look", "rm bbbb", "begin f-up"]


async def test_nothing_is_mended_for_a_run_that_was_fenced_off(store: Store, tmp_path: Path) -> None:
    host = DockerHost(*HALF_WAY)
    host.lock.renewing = [Fenced()]
    run = running(host, store, tmp_path)
    run.step_name = "up"
    with pytest.raises(Fenced):
        await stacks.up(run)
    assert host.did == []


async def test_a_reboot_on_the_way_back_begins_the_job_again_under_the_next_number(
    store: Store, tmp_path: Path
) -> None:
    host = DockerHost(*HALF_WAY)
    host.ends = {"r-up-previous": LOST, "r-up-previous-2": LOST}
    await stacks.up(back(running(host, store, tmp_path), "up-previous"))
    begun = [f"begin r-up-previous{number}" for number in ("", "-2", "-3")]
    assert [what for what in host.did if what.startswith("begin")] == begun
    assert host.did.index("rm bbbb") < host.did.index(begun[0])


async def test_a_resumed_way_back_finds_the_second_try_instead_of_beginning_a_third(
    store: Store, tmp_path: Path
) -> None:
    host = DockerHost()
    host.here = {"r-up-previous": LOST, "r-up-previous-2": WELL}
    await stacks.up(back(running(host, store, tmp_path), "up-previous"))
    assert host.did == []


async def test_a_job_of_the_way_back_that_met_no_docker_is_begun_again(store: Store, tmp_path: Path) -> None:
    host = DockerHost()
    host.ends = {"r-stop-new": NO_DOCKER}
    await stacks.stop_new(back(running(host, store, tmp_path), "stop-new"))
    assert "begin r-stop-new-2" in host.did


async def test_a_host_that_loses_every_try_is_left_to_a_person(store: Store, tmp_path: Path) -> None:
    host = DockerHost()
    host.ends = {f"r-restore-files{number}": LOST for number in ("", "-2", "-3", "-4", "-5")}
    with pytest.raises(StepFailed, match="error-job-interrupted"):
        await deploys.restore_files(back(running(host, store, tmp_path), "restore-files"))


async def test_no_docker_at_every_try_is_left_to_a_person_too(store: Store, tmp_path: Path) -> None:
    host = DockerHost()
    host.here = {f"r-up-previous{number}": NO_DOCKER for number in ("", "-2", "-3", "-4", "-5")}
    with pytest.raises(StepFailed, match="error-job-interrupted"):
        await stacks.up(back(running(host, store, tmp_path), "up-previous"))


async def test_on_the_way_forward_a_lost_job_is_not_repeated(store: Store, tmp_path: Path) -> None:
    host = DockerHost()
    host.ends = {"f-up": LOST}
    run = running(host, store, tmp_path)
    run.step_name = "up"
    with pytest.raises(StepFailed, match="error-job-interrupted"):
        await stacks.up(run)
    assert "begin f-up-2" not in host.did


async def test_a_docker_that_is_away_is_met_before_a_job_is_spent_on_it(store: Store, tmp_path: Path) -> None:
    host = DockerHost()
    host.away = [CommandFailed("docker", 1, "Cannot connect to the Docker daemon")]
    with pytest.raises(CommandFailed):
        await stacks.up(back(running(host, store, tmp_path), "up-previous"))
    assert host.did == ["look"]


async def test_a_build_that_was_given_up_is_ended_before_the_image_names_go_back(
    store: Store, tmp_path: Path
) -> None:
    host = DockerHost()
    run = back(running(host, store, tmp_path), "restore-images")
    run.begun = {"lock", "build"}
    await deploys.restore_images(run)
    assert host.did == ["cancel f-build", "tag sha2"]


async def test_a_build_without_cache_that_was_given_up_is_ended_too(store: Store, tmp_path: Path) -> None:
    host = DockerHost()
    run = running(host, store, tmp_path, deploy(no_cache=(FRESH,)))
    run.begun = {"lock", "build"}
    await stacks.end_forward(run)
    assert host.did == ["cancel f-build", "cancel f-build-no-cache"]


@pytest.mark.parametrize(
    ("fresh", "commands"),
    [
        ((), {"f-build": "build -- db backend"}),
        ((FRESH,), {"f-build": "build -- db", "f-build-no-cache": "build --no-cache -- backend"}),
        (
            (FRESH, FRESH.model_copy(update={"service": "db"})),
            {"f-build-no-cache": "build --no-cache -- backend db"},
        ),
    ],
)
async def test_only_what_the_plan_says_is_built_without_cache(
    fresh: tuple[Rebuild, ...], commands: dict[str, str], store: Store, tmp_path: Path
) -> None:
    """R-FE-3, R-FE-4."""
    host = DockerHost()
    run = running(host, store, tmp_path, deploy(no_cache=fresh))
    run.step_name = "build"
    result = await deploys.build(run)
    assert {job: text.partition(".yaml ")[2] for job, text in host.commands.items()} == commands
    assert isinstance(result, dict)
    assert result["no_cache"] == [one.service for one in fresh]


async def test_a_failed_build_with_the_cache_begins_none_without(store: Store, tmp_path: Path) -> None:
    host = DockerHost()
    host.ends = {"f-build": ("exited", 17, b"failed to solve: no\n")}
    run = running(host, store, tmp_path, deploy(no_cache=(FRESH,)))
    run.step_name = "build"
    with pytest.raises(StepFailed, match="error-build-failed"):
        await deploys.build(run)
    assert host.did == ["begin f-build"]


def test_a_first_deploy_that_stopped_in_its_build_ends_it() -> None:
    first = deploy(old_images={}, first=True).plan
    names = [step.name for step in deploys.way_back(first, frozenset({"lock", "build"}))]
    assert names == ["end-build", "unlock"]


async def test_what_only_the_failed_release_had_goes_before_the_old_containers_come(
    store: Store, tmp_path: Path
) -> None:
    host = DockerHost(
        inspected("a", "fitness-backend-1"),
        inspected("c", "fitness-worker-1", service="worker"),
        inspected("d", "fitness-migrate-1", "exited", service="migrate"),
        inspected("e", "fitness-pgadmin-1", service="pgadmin"),
    )
    added = deploy(("db", "backend", "worker", "migrate"))
    await stacks.up_previous(back(running(host, store, tmp_path, added), "up-previous"))
    assert host.did == [
        "look",
        "rm dddd",
        "begin r-up-previous-stop-cccccccccccc",
        "rm cccc",
        "look",
        "begin r-up-previous",
    ]


def test_the_way_back_is_judged_by_what_ran_before(store: Store, tmp_path: Path) -> None:
    run = running(
        DockerHost(), store, tmp_path, deploy(("db", "backend", "worker"), old_running=("backend",))
    )
    assert stacks.expected(run) == ("db", "backend", "worker")
    assert stacks.expected(back(run, "health-previous")) == ("backend",)


def test_of_an_up_that_failed_only_what_explains_is_kept() -> None:
    said = """ Network fitness_default  Created
 Container fitness-db-1  Recreated
 Container fitness-db-1  Healthy
 Container fitness-backend-1  Error
dependency failed to start: container fitness-backend-1 is unhealthy
"""
    assert stacks.without_progress(said) == (
        "dependency failed to start: container fitness-backend-1 is unhealthy"
    )
