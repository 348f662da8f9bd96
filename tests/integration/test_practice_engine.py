"""The simulated docker held to the real one: the same script of commands, the same answers."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from bot.sandbox.practice.engine import install
from tests.e2e.engine import why_no_engine
from tests.integration.practice_engine_script import SCRIPT, Ground

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ground, Ground]]:
    """The script's answers of the real engine and of the simulated one."""
    if reason := why_no_engine():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("engines")
    install(folder / "practice")
    project = f"practice-{secrets.token_hex(4)}"
    real = Ground("docker", folder / "real", project)
    simulated = Ground(str(folder / "practice/bin/docker"), folder / "simulated", project)
    try:
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(_play, (real, simulated)))
        yield real, simulated
    finally:
        real.clear()


def _play(ground: Ground) -> None:
    for title, step in SCRIPT.items():
        ground.answers[title] = step(ground)


# --- what may differ ------------------------------------------------------------------------------------------

_LOOSE = (
    (r"\b[0-9a-f]{64}\b", "ID"),
    (r"\b[0-9a-f]{12}\b", "SHORT"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\d| UTC)*", "TIME"),
    (r"\b(Less than a second|About a minute|\d+ (seconds?|minutes?|hours?))( ago)?", "AGO"),
    (r"^#\d+ \d+\.\d+ |^\d+\.\d+ ", "AT "),
    (r"( \d\.\ds)? done$", " done"),
    (r"DONE \d+\.\ds", "DONE"),
    (r"^(#\d+ )?(transferring .*|exporting layers.*)$", ""),
    (r"Dockerfile: \d+B", "Dockerfile"),
    (r" +$", ""),
    (r" {2,}", "  "),
    (r"\d+(\.\d+)?MB$", "SIZE"),
    (r"^#\d+ ", "# "),
    (r"^# (CACHED|DONE)$", "# ENDED"),
    (r"\((healthy|health: starting)\)", "(HEALTH)"),
    (r"^# writing image (\S+).*", r"# writing image \1"),
    (r"^\x1b\[2K", ""),
    (r"buildkit-mount\d+", "buildkit-mount"),
)


def loose(text: str, ground: Ground) -> list[str]:
    """Lines without what differs from run to run."""
    text = text.replace(str(ground.source.path), "PROJECT").replace(str(ground.port), "PORT")
    for pattern, instead in _LOOSE:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return [line for line in text.splitlines() if line.strip() not in {"", "#", "# ..."}]


ORDER_IS_FREE = {
    *("build", "build again", "broken build", "syntax error", "missing source", "services", "wait"),
    *("settle", "up of two"),
}
"""BuildKit and Compose do these things side by side."""
TOLD_OTHERWISE = {
    "ps": "labels in another order",
    "inspect": "compared in a test of its own",
    "inspect image": "likewise",
    "inspect volume": "likewise",
    "inspect the unhealthy": "likewise",
    "syntax error": "another Python",
    "unknown instruction": "says which one it cannot do",
    "invalid filter": "says that it is this engine that cannot",
    "broken yaml": "another YAML library",
    "image list": "the practice images' sizes are round",
}


def _any_order(lines: list[str]) -> list[str]:
    return sorted(set(lines))


@pytest.mark.parametrize("title", [one for one in SCRIPT if one not in TOLD_OTHERWISE])
def test_the_same_command_gets_the_same_answer(grounds: tuple[Ground, Ground], title: str) -> None:
    real, simulated = grounds
    wanted, got = real.answers[title], simulated.answers[title]
    order: Callable[[list[str]], list[str]] = _any_order if title in ORDER_IS_FREE else list
    assert got.status == wanted.status, (wanted, got)
    assert order(loose(got.stdout, simulated)) == order(loose(wanted.stdout, real))
    assert order(loose(got.stderr, simulated)) == order(loose(wanted.stderr, real))


@pytest.mark.parametrize("title", ["syntax error", "unknown instruction", "invalid filter", "broken yaml"])
def test_what_is_said_in_other_words_fails_all_the_same(grounds: tuple[Ground, Ground], title: str) -> None:
    real, simulated = grounds
    assert simulated.answers[title].status == real.answers[title].status != 0
    assert simulated.answers[title].stderr


def test_the_stack_is_listed_with_the_same_fields(grounds: tuple[Ground, Ground]) -> None:
    listed = [[json.loads(line) for line in ground.answers["ps"].stdout.splitlines()] for ground in grounds]
    for wanted, got in zip(*listed, strict=True):
        assert set(got) == set(wanted)
        for name in ("Name", "Service", "Project", "State", "Image", "Command", "ExitCode", "Networks"):
            assert got[name] == wanted[name], name


# --- inspect --------------------------------------------------------------------------------------------------


def inspected(ground: Ground, title: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ground.answers[title].stdout)
    return found


def shape(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every path in a JSON value and the kind of what stands there; lists by their first element."""
    kinds = {int: "number", float: "number", str: "text", bool: "truth", dict: "object", list: "list"}
    yield path, kinds.get(type(value), "null")
    if isinstance(value, dict) and not path.endswith((".Labels", ".Networks", ".Ports", ".ExposedPorts")):
        for name, one in value.items():
            yield from shape(one, f"{path}.{name}")
    elif isinstance(value, list) and value:
        yield from shape(value[0], f"{path}[]")


@pytest.mark.parametrize("title", ["inspect", "inspect image", "inspect volume", "inspect the unhealthy"])
def test_everything_that_is_inspected_has_its_place_and_kind_in_the_real_answer(
    grounds: tuple[Ground, Ground], title: str
) -> None:
    real, simulated = grounds
    for wanted, got in zip(inspected(real, title), inspected(simulated, title), strict=True):
        known = dict(shape(wanted))
        for path, kind in shape(got):
            assert kind in {known.get(path), "null"} or known.get(path) == "null", path
            assert path in known, path


def told(one: dict[str, Any]) -> dict[str, Any]:
    """What Opsgate and the tests read of a container, without what differs from run to run."""
    labels = {
        name: value
        for name, value in one["Config"]["Labels"].items()
        if not name.startswith("opsgate.") and not name.endswith((".config-hash", ".image", ".replace"))
    }
    state = {name: one["State"][name] for name in ("Status", "Running", "Restarting", "ExitCode", "Error")}
    return {
        "name": one["Name"],
        "state": state,
        "health": one["State"].get("Health", {}).get("Status"),
        "never started": one["State"]["StartedAt"].startswith("0001-"),
        "never finished": one["State"]["FinishedAt"].startswith("0001-"),
        "restarts": (one["RestartCount"], one["HostConfig"]["RestartPolicy"]),
        "bound": one["HostConfig"]["PortBindings"],
        "mounts": [(m["Type"], m["Name"], m["Destination"], m["RW"]) for m in one["Mounts"]],
        "env": sorted(one["Config"]["Env"]),
        "image": one["Config"]["Image"],
        "does": (one["Path"], one["Args"], one["Config"]["Cmd"], one["Config"]["Entrypoint"]),
        "check": one["Config"].get("Healthcheck"),
        "stops": (one["Config"].get("StopSignal"), one["Config"].get("StopTimeout")),
        "aliases": sorted(
            one["NetworkSettings"]["Networks"][one["HostConfig"]["NetworkMode"]]["Aliases"][:2]
        ),
        "label names": sorted(labels),
        "labels": dict(sorted(labels.items())),
    }


@pytest.mark.parametrize("title", ["inspect", "inspect the unhealthy"])
def test_inspected_containers_tell_the_same(grounds: tuple[Ground, Ground], title: str) -> None:
    real, simulated = grounds
    for wanted, got in zip(inspected(real, title), inspected(simulated, title), strict=True):
        for name, value in told(wanted).items():
            expected = json.dumps(value).replace(str(real.folder), "").replace(str(real.port), "PORT")
            answer = json.dumps(told(got)[name]).replace(str(simulated.folder), "")
            assert answer.replace(str(simulated.port), "PORT") == expected, name


def test_every_container_that_is_there_belongs_to_an_image_that_is_there(
    grounds: tuple[Ground, Ground],
) -> None:
    for ground in grounds:
        image = inspected(ground, "inspect image")[0]
        backend = inspected(ground, "inspect")[1]
        assert backend["Image"] == image["Id"]
        assert image["RepoTags"] == [f"{ground.project}-backend:latest"]
        with suppress(KeyError):
            assert image["Config"]["Labels"]["com.docker.compose.project"] == ground.project
