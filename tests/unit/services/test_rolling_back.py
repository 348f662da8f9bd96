"""R-RB-2: the way back of an `up` by strategy: who never went stays, and only the others are touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from services import health, rolling
from services.errors import StepFailed
from services.facts.models import MOST_RESTARTS
from services.runs import Run
from services.store import Store
from tests.unit.services.docker_host import WELL, Ended, back, inspected
from tests.unit.services.test_rolling import CHOICES, DB, FRONT, NEW, OLD, Stack, force, stage

MISSING = "up -d --no-recreate --no-build"
"""What runs is left alone, whatever the env file says by now."""
DRAINED = f"f-up-drain-{OLD * 12}"


def gone(letter: str) -> list[str]:
    return [f"stop -- {letter * 64}", f"rm {letter * 4}"]


def returning(host: Stack, store: Store, folder: Path) -> Run:
    return back(stage(host, store, folder), "up-previous")


async def test_the_new_one_goes_and_nothing_else_is_touched(store: Store, tmp_path: Path) -> None:
    """The very containers that ran before serve on, also where a changed env value failed the new one."""
    host = Stack("backend")
    host.add_new()
    done = await rolling.up_previous(returning(host, store, tmp_path))
    assert host.told == [*gone(NEW), MISSING]
    assert done == {"kept": ["backend", "db", "frontend"]}


async def test_no_command_could_recreate_who_stays(store: Store, tmp_path: Path) -> None:
    """R-FE-2: with the env file as it is now, Compose finds each of them changed: only this flag keeps it from them."""
    host = Stack("backend", "frontend")
    host.add_new()
    host.inspected[2]["Id"] = "9" * 64  # recreated on the way forward, its dependencies were not
    await rolling.up_previous(returning(host, store, tmp_path))
    ups = [line for line in host.told if line.startswith("up ")]
    assert ups == [MISSING]
    assert host.told == [*gone(NEW), *gone("9"), MISSING]


@pytest.mark.parametrize("left", ["gone", "exited"])
async def test_where_the_old_one_does_not_serve_it_is_brought_up_from_its_image(
    left: str, store: Store, tmp_path: Path
) -> None:
    """And what depends on it is recreated, since it moved."""
    host = Stack("backend")
    host.add_new()
    host.inspected[1]["State"]["Status"] = "exited"
    if left == "gone":
        del host.inspected[1]
    await rolling.up_previous(returning(host, store, tmp_path))
    old = [f"rm {OLD * 4}"] if left == "exited" else []
    assert host.told == [*gone(FRONT), *gone(NEW), *old, MISSING]
    assert [one["Id"] for one in host.inspected] == [DB * 64]


@pytest.mark.parametrize("drain", [WELL, ("running", None, b""), ("cancelled", None, b"")])
async def test_an_old_one_that_was_told_to_end_is_not_kept_although_it_still_runs(
    drain: Ended, store: Store, tmp_path: Path
) -> None:
    """Cancel while it drains: it would be gone a moment after the health check, and the proven new one with it."""
    host = Stack("backend")
    host.add_new()
    host.here[DRAINED] = drain
    done = await rolling.up_previous(returning(host, store, tmp_path))
    assert done == {"kept": ["db"]}
    assert [one["Id"] for one in host.inspected] == [DB * 64]
    assert host.told[-1] == MISSING


async def test_who_stayed_may_be_unhealthy_for_a_moment_while_its_database_comes_anew(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compose gives up on what depends on it: it is asked again, not left to a person."""
    monkeypatch.setattr(rolling, "UP_AGAIN", 0.01)
    host = Stack("backend")
    host.add_new()
    host.ends["r-up-previous-rest"] = ("exited", 1, b"dependency failed to start: backend is unhealthy")
    done = await rolling.up_previous(returning(host, store, tmp_path))
    assert host.told == [*gone(NEW), MISSING, MISSING]
    assert done == {"kept": ["backend", "db", "frontend"]}


async def test_what_never_comes_up_is_left_to_a_person(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "UP_AGAIN", 0.01)
    host = Stack("backend")
    host.add_new()
    for name in ("rest", "rest-2", "rest-3", "rest-4"):
        host.ends[f"r-up-previous-{name}"] = ("exited", 1, b"no")
    with pytest.raises(StepFailed):
        await rolling.up_previous(returning(host, store, tmp_path))
    assert host.told == [*gone(NEW), *[MISSING] * 4]


async def test_walked_again_it_does_not_remove_what_it_brought_up(store: Store, tmp_path: Path) -> None:
    host = Stack("backend")
    host.inspected[1]["Id"] = "9" * 64
    host.inspected[2]["Id"] = "8" * 64
    host.here["r-up-previous-rest"] = WELL
    await rolling.up_previous(returning(host, store, tmp_path))
    assert host.told == []


async def test_a_volume_without_a_name_is_handed_on_by_compose(store: Store, tmp_path: Path) -> None:
    """R-DB-1: removed and made anew, the container would get an empty one."""
    host = Stack("backend")
    host.inspected[1]["Id"] = NEW * 64
    host.inspected[1]["Mounts"] = [{"Type": "volume", "Name": "0" * 64, "Destination": "/data"}]
    await rolling.up_previous(returning(host, store, tmp_path))
    assert host.told == [force("backend", "frontend"), MISSING]


async def test_when_nothing_of_before_is_left_all_is_recreated(store: Store, tmp_path: Path) -> None:
    host = Stack("backend")
    host.inspected = [inspected(NEW, "fitness-backend-2")]
    await rolling.up_previous(returning(host, store, tmp_path))
    assert host.told == ["up -d --force-recreate --no-build"]


async def test_restarts_of_long_ago_do_not_fail_who_stayed(store: Store, tmp_path: Path) -> None:
    """R-RB-3: Docker counts on until a container is recreated; what counts is what came since."""
    host = Stack()
    for one in host.inspected:
        one["RestartCount"] = MOST_RESTARTS + 4
    assert {one.old[0] for one in CHOICES} == {one["Id"] for one in host.inspected}
    await health.gate(back(stage(host, store, tmp_path), "health-previous"), ("db", "backend", "frontend"))
