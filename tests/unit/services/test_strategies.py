"""Who is rolled, who is recreated and who is left alone: pure choices from a compose file, facts and settings."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from services import compose_file, plans, strategies
from services.compose_traits import traits_of
from services.facts.models import Container, EnvFacts, Facts, Release
from services.strategies import Choice, Wish
from tests.unit.checks.test_findings import facts, project

COMPOSE = b"""
services:
  frontend:
    restart: unless-stopped
    build: {context: .., dockerfile: mobile/Dockerfile}
    ports: ["127.0.0.1:${HTTP_PORT}:80"]
    depends_on: {backend: {condition: service_healthy}}
    healthcheck: {test: ["CMD", "true"]}
  backend:
    restart: unless-stopped
    build: ../backend
    depends_on: [db]
    healthcheck: {test: ["CMD", "true"]}
  db:
    restart: unless-stopped
    image: postgres
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck: {test: ["CMD", "true"]}
"""
TRAITS = dict(compose_file.parse(COMPOSE).traits)
ENV = {"DB_PASSWORD": "hash"}


def one(service: str, letter: str = "", **changes: Any) -> Container:
    values: dict[str, Any] = {
        "id": (letter or service[0].replace("f", "e")) * 64, "name": f"x-{service}-1", "service": service,
        "image": f"x-{service}", "image_id": f"sha256:{service}", "state": "running", "health": "healthy",
        "config_hash": f"config-{service}",
    }  # fmt: skip
    return Container(**values | changes)


def seen(*containers: Container, env: dict[str, str] | None = None) -> Facts:
    found = containers or tuple(one(name) for name in TRAITS)
    current = Release(id="r1", project="fitnessapp", env=ENV)
    now = EnvFacts(exists=True, fingerprints=ENV if env is None else env)
    return facts(containers=found, current=current, env=now)


def chosen(
    wishes: dict[str, Wish] | None = None, about: Facts | None = None, **traits: Any
) -> dict[str, Choice]:
    services = {**TRAITS, **{name: traits_of(given) for name, given in traits.items()}}
    found = strategies.choose(project(strategy=wishes or {}), about or seen(), services)
    return {choice.service: choice for choice in found}


def backend(yaml_text: str = "", **more: Any) -> dict[str, Any]:
    base = {"image": "x", "restart": "always", "depends_on": ["db"], "healthcheck": {"test": ["CMD", "true"]}}
    return base | (yaml.safe_load(yaml_text) or {}) | more


def test_what_is_depended_on_comes_first() -> None:
    assert list(chosen()) == ["db", "backend", "frontend"]


def test_nothing_is_rolled_that_nobody_asked_for() -> None:
    assert [choice for choice in chosen().values() if choice.rolling or choice.reason] == []


def test_a_service_without_obstacles_is_rolled() -> None:
    found = chosen({"backend": "rolling"})["backend"]
    assert (found.rolling, found.reason, found.old) == (True, None, ("b" * 64,))


@pytest.mark.parametrize("wish", ["rolling", "auto"])
@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("container_name: api", "strategy-name"),
        ("ports: ['5000:5000']", "strategy-port"),
        ("ports: ['${PORT:-5000}:5000']", "strategy-port"),
        ("ports: [{target: 80, published: 8080}]", "strategy-port"),
        ("network_mode: host", "strategy-tied"),
        ("network_mode: 'service:db'", "strategy-joins"),
        ("networks: {default: {ipv4_address: 10.0.0.2}}", "strategy-tied"),
        ("volumes_from: [db]", "strategy-joins"),
        ("deploy: {replicas: 3}", "strategy-instances"),
        ("scale: '${N}'", "strategy-instances"),
        ("volumes: [/app/cache]", "strategy-anonymous"),
        ("healthcheck: {disable: true}", "strategy-unchecked"),
        ("healthcheck: {test: [NONE]}", "strategy-unchecked"),
        ("extends: {service: base}", "strategy-extends"),
    ],
)
def test_there_cannot_be_two_of_it_so_it_is_recreated_and_said_why(
    wish: Wish, said: str, reason: str
) -> None:
    found = chosen({"backend": wish}, backend=backend(said))["backend"]
    assert not found.rolling
    assert found.reason is not None
    assert found.reason.id == reason


@pytest.mark.parametrize("said", ["ports: ['5000']", "ports: ['${PORT:-5000}']", "ports: [{target: 80}]"])
def test_a_port_that_docker_chooses_is_no_obstacle(said: str) -> None:
    assert chosen({"backend": "rolling"}, backend=backend(said))["backend"].rolling


def test_the_database_is_never_rolled() -> None:
    """R-DB-1: two servers on one data directory would destroy it."""
    for wish in ("rolling", "auto"):
        found = chosen({"db": wish})["db"]
        assert not found.rolling
        assert found.reason is not None
        assert found.reason.id == "strategy-database"


@pytest.mark.parametrize("wish", ["rolling", "auto"])
@pytest.mark.parametrize(
    ("said", "image"),
    [
        ("volumes: ['data:/var/lib/postgresql/data']", "mine"),
        ("volumes: [{type: volume, source: data, target: /data/db}]", "mine"),
        ("volumes: ['./pg:/var/lib/postgresql']", "mine"),
        ("volumes: ['store:/somewhere']", "postgres:16"),
        ("volumes: ['store:/somewhere']", "registry.example/bitnami/redis:7"),
    ],
)
def test_a_database_that_the_settings_do_not_name_is_never_rolled_either(
    said: str, image: str, wish: Wish
) -> None:
    """R-DB-1: whatever is called otherwise, or left out of the settings."""
    about = seen(one("db"), one("backend", image=image))
    found = chosen({"backend": wish}, about, backend=backend(said))["backend"]
    assert found.reason is not None
    assert (found.rolling, found.reason.id) == (False, "strategy-data")


def test_a_shared_volume_keeps_auto_from_rolling_and_not_who_asked_for_it() -> None:
    shared = backend("volumes: ['uploads:/uploads', 'certs:/certs:ro']")
    found = chosen({"backend": "auto"}, backend=shared)["backend"]
    assert found.reason is not None
    assert (found.rolling, found.reason.args) == (False, {"volumes": "uploads"})
    assert chosen({"backend": "rolling"}, backend=shared)["backend"].rolling


def test_a_service_whose_network_another_joins_stays_in_one_piece() -> None:
    sidecar = {"image": "x", "restart": "always", "network_mode": "service:backend"}
    found = chosen({"backend": "rolling"}, sidecar=sidecar)["backend"]
    assert found.reason is not None
    assert found.reason.id == "strategy-joined"


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        ((), "strategy-new"),
        ((one("backend", state="exited"),), "strategy-down"),
        ((one("backend"), one("backend", "9")), "strategy-several"),
        ((one("backend", health="unhealthy"),), "strategy-down"),
        ((one("backend", volumes=("0" * 64,)),), "strategy-anonymous"),
    ],
)
def test_what_runs_now_counts_too(now: tuple[Container, ...], reason: str) -> None:
    found = chosen({"backend": "rolling"}, seen(one("db"), *now))["backend"]
    assert found.reason is not None
    assert found.reason.id == reason


def test_a_healthcheck_of_the_image_counts() -> None:
    bare = backend(healthcheck=None)
    assert chosen({"backend": "rolling"}, backend=bare)["backend"].rolling
    about = seen(one("db"), one("backend", health=None))
    assert not chosen({"backend": "rolling"}, about, backend=bare)["backend"].rolling


# --- who may stay ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    ["volumes: ['./conf:/conf:ro']", "volumes: [{type: bind, source: /srv/x, target: /x}]", "secrets: [key]",
     "configs: [nginx]", "volumes: ['${DATA:-./data}:/data']", "extends: {service: base}",
     "volumes: [{type: bind, source: conf/nginx.conf, target: /x}]", "volumes: [{source: conf, target: /x}]",
     "volumes: [{type: '${KIND}', source: conf, target: /x}]", "security_opt: ['seccomp:./p.json']",
     "volumes: '${MOUNTS}'", "credential_spec: {file: x.json}"],
)  # fmt: skip
def test_a_service_with_files_of_the_host_is_never_spared(said: str) -> None:
    """Compose does not notice that they changed."""
    assert not chosen(backend=backend(said))["backend"].spared


@pytest.mark.parametrize(
    "now",
    [one("backend", state="exited"), one("backend", health="unhealthy"), one("backend", health="starting"),
     one("backend", restarts=3)],
)  # fmt: skip
def test_what_is_not_well_is_not_spared(now: Container) -> None:
    found = chosen(about=seen(one("db"), now))
    assert (found["db"].spared, found["backend"].spared) == (True, False)


@pytest.mark.parametrize("env", [{}, {"DB_PASSWORD": "other"}, {**ENV, "NEW": "x"}])
def test_a_changed_env_value_spares_nothing(env: dict[str, str]) -> None:
    """R-FE-2."""
    assert not any(choice.spared for choice in chosen(about=seen(env=env)).values())


def test_with_unknown_values_nothing_is_spared() -> None:
    """R-FE-2."""
    about = seen().model_copy(update={"current": Release(id="r1", project="fitnessapp")})
    assert not any(choice.spared for choice in chosen(about=about).values())


Now = tuple[dict[str, str], dict[str, str], dict[str, list[Container]]]


def now(**images: str) -> Now:
    ids = {f"x-{name}": images.get(name, f"sha256:{name}") for name in TRAITS}
    return ids, {name: f"config-{name}" for name in TRAITS}, {name: [one(name)] for name in TRAITS}


def test_what_did_not_change_stays() -> None:
    assert strategies.changed(chosen().values(), *now()) == frozenset()


def test_what_depends_on_something_recreated_is_recreated_too() -> None:
    assert strategies.changed(chosen().values(), *now(db="new")) == {"db", "backend", "frontend"}
    assert strategies.changed(chosen().values(), *now(frontend="new")) == {"frontend"}


def test_what_depends_on_something_rolled_stays() -> None:
    choices = chosen({"backend": "rolling"}).values()
    assert strategies.changed(choices, *now(backend="new")) == {"backend"}
    assert strategies.changed(choices, *now(db="new")) == {"db", "backend"}


def test_another_configuration_or_one_that_nobody_knows_is_a_change() -> None:
    images, configs, there = now()
    assert "backend" in strategies.changed(chosen().values(), images, configs | {"backend": "other"}, there)
    assert strategies.changed(chosen().values(), images, {}, there) == set(TRAITS)
    assert strategies.changed(chosen().values(), {}, configs, there) == set(TRAITS)


@pytest.mark.parametrize(
    "there",
    [[], [one("frontend", "9")], [one("frontend", state="exited")], [one("frontend"), one("frontend", "9")]],
)
def test_a_container_that_is_another_now_or_does_not_run_cannot_stay(there: list[Container]) -> None:
    images, configs, before = now()
    found = strategies.changed(chosen().values(), images, configs, before | {"frontend": there})
    assert found == {"frontend"}


def test_a_frontend_that_looks_the_backend_up_only_once_is_never_spared() -> None:
    found = strategies.choose(project(), seen(), TRAITS, fixed=["frontend"])
    assert [choice.service for choice in found if not choice.spared] == ["frontend"]


def test_without_a_probe_who_depends_on_something_rolled_is_never_spared() -> None:
    """Nobody would tell that it still asks the old address."""
    deaf = project(strategy={"backend": "rolling"}, health=())
    found = strategies.choose(deaf, seen(), TRAITS)
    assert [choice.service for choice in found if not choice.spared] == ["frontend"]
    assert all(choice.spared for choice in strategies.choose(project(health=()), seen(), TRAITS))


def test_a_named_volume_that_is_a_folder_of_the_host_is_watched_by_nobody() -> None:
    parsed = compose_file.parse(
        b"""
services:
  web: {image: x, volumes: ["conf:/etc/nginx:ro"]}
  db: {image: x, volumes: ["data:/data", "plain:/plain"]}
volumes:
  data: {}
  plain: {driver: local}
  conf: {driver_opts: {type: none, o: bind, device: /srv/app/conf}}
"""
    )
    assert (parsed.traits["web"].watched, parsed.traits["db"].watched) == (False, True)


def test_on_the_way_back_only_the_very_containers_from_before_stay() -> None:
    choices = list(chosen({"backend": "rolling"}).values())
    before = {name: [one(name)] for name in TRAITS}
    assert strategies.kept(choices, before) == set(TRAITS)
    assert strategies.kept(choices, before | {"db": [one("db", "9")]}) == {"backend", "frontend"}
    gone = before | {"backend": [one("backend", "9")]}
    assert strategies.kept(choices, gone) == {"db"}
    stopped = before | {"backend": [one("backend", state="exited")]}
    assert strategies.kept(choices, stopped) == {"db"}
    both = before | {"backend": [one("backend"), one("backend", "9")]}
    assert strategies.kept(choices, both) == {"db"}


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_instances_the_image_of_the_recorded_release_is_the_one_to_come_back_to(order: int) -> None:
    """R-RB-2: after a rolling that a person was left with."""
    both = (one("backend"), one("backend", "9", image_id="sha256:new"))[::order]
    about = seen(*both)
    recorded = Release(id="r1", project="fitnessapp", images={"backend": "sha256:backend"})
    assert plans.running(about.model_copy(update={"current": recorded}))["backend"].id == "b" * 64
