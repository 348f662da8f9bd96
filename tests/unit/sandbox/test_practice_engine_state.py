"""The simulated engine's state on disk, and how containers fare by themselves."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.practice.engine import base_images, vitals
from bot.sandbox.practice.engine.state import Check, Container, Mount, Program, State, Store, Volume


def test_changes_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def add(number: int) -> None:
        for part in range(20):
            with store.change() as state:
                state.volumes[f"{number}-{part}"] = Volume(f"{number}-{part}", 0)
            store.read()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(4)))
    assert len(store.read().volumes) == 80


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def half() -> None:
        with store.change() as state:
            state.volumes["a"] = Volume("a", 0)
            raise KeyError

    with pytest.raises(KeyError):
        half()
    assert store.read() == State()


def test_what_is_written_is_read_back_whole(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one = Container(
        "i", "n", 1.5, "image", "image:1", ["x"], check=Check(["CMD", "x"]), program=Program("nginx")
    )
    with store.change() as state:
        base_images.add_to(state)
        state.containers["i"] = one
    assert store.read() == state


def backend(**program: Any) -> Container:
    """Started at 100, checked twice a second, with a start period of one second at most."""
    check = Check(
        ["CMD", "curl", "http://127.0.0.1:5000/api/health"], interval=0.5, start_period=5, retries=4
    )
    return Container(
        id="b",
        name="backend",
        created=99,
        image="i",
        image_name="i",
        cmd=[],
        env={"DATABASE_URL": "postgresql://u:p@db:5432/d"},
        check=check,
        network="n",
        running=True,
        started=100,
        restart="unless-stopped",
        program=Program("backend", **program),
    )


def with_database(one: Container, **changes: Any) -> State:
    db = Container("d", "db", 90, "i", "i", [], env={"POSTGRES_USER": "u"}, network="n", aliases=["db"])
    db.running, db.started, db.mounts, db.program = True, 91, [Mount("v", "/data")], Program("postgres")
    for name, value in changes.items():
        setattr(db, name, value)
    return State(containers={one.id: one, "d": db}, volumes={"v": Volume("v", 0, password="p")})


def health(state: State, one: Container, at: float) -> tuple[str, int]:
    found = vitals.vitals(state, one, at).health
    assert found is not None
    return found.status, found.streak


def test_a_good_container_is_healthy_after_its_first_probe() -> None:
    one = backend()
    state = with_database(one)
    assert [health(state, one, at)[0] for at in (100.1, 100.49, 100.51, 4000)] == [
        "starting",
        "starting",
        "healthy",
        "healthy",
    ]


def test_one_that_refuses_traffic_becomes_unhealthy_after_its_retries() -> None:
    one = backend(accepts_traffic=False)
    state = with_database(one)
    assert health(state, one, 102.4) == ("starting", 3)
    assert health(state, one, 102.6) == ("unhealthy", 4)


def test_without_its_database_a_healthy_one_becomes_unhealthy_and_well_again() -> None:
    one = backend()
    stopped = with_database(one, running=False, finished=200)
    assert health(stopped, one, 201)[0] == "healthy"
    assert health(stopped, one, 210)[0] == "unhealthy"
    back = with_database(one, started=300, finished=200)
    assert health(back, one, 300.1)[0] == "unhealthy"
    assert health(back, one, 301)[0] == "healthy"


def test_a_crashing_program_is_restarted_ever_more_slowly_where_the_policy_says_so() -> None:
    one = backend(crash="no")
    state = State(containers={"b": one})
    told = [vitals.vitals(state, one, at) for at in (100.1, 100.35, 100.45, 130)]
    assert [(found.status, found.restarts) for found in told[:3]] == [
        ("running", 0),
        ("restarting", 0),
        ("running", 1),
    ]
    assert told[3].restarts == 8
    one.restart = "on-failure:2"
    assert (vitals.vitals(state, one, 130).status, vitals.vitals(state, one, 130).restarts) == ("exited", 2)
    one.restart = "no"
    assert (vitals.vitals(state, one, 130).status, vitals.vitals(state, one, 130).exit_code) == ("exited", 1)


def test_an_unknown_health_check_fails_and_says_so() -> None:
    one = backend()
    assert one.check is not None
    one.check.test = ["CMD", "wget", "x"]
    found = vitals.vitals(with_database(one), one, 105).health
    assert found is not None
    assert found.status == "unhealthy"
    assert found.log[-1].output == "practice docker: cannot run this health check: wget x"
