"""The simulated engine as Opsgate uses it: builds, containers, and what is left when something is killed."""

import json
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.practice.sample import BUILD_FAILURE, HEALTH_FAILURE
from services.build_progress import BuildProgress, failing_context
from services.commands import compose, docker, postgres
from services.facts.containers import parse_containers
from services.projects import Database
from tests.integration.practice_engine import PROJECT, Ground, end

STRAY = re.compile(r"[0-9a-f]{12}_")
"""How Compose calls a container while it puts it in another's place."""
DATABASE = Database(service="db", name="fitnessapp", user="fitnessapp_user")


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path).deployed()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """For tests that only look."""
    return Ground(tmp_path_factory.mktemp("standing")).deployed()


def inspected(ground: Ground, *services: str) -> list[dict[str, Any]]:
    ids = [ground.container(service).id for service in services]
    found: list[dict[str, Any]] = json.loads(ground.opsgate(docker.inspect(ids)).stdout)
    return found


# --- what Opsgate does ----------------------------------------------------------------------------------------


def test_opsgate_reads_the_stack(standing: Ground) -> None:
    ground = standing
    listed = ground.opsgate(docker.container_ids(PROJECT)).stdout.split()
    assert len(listed) == 3
    images = ground.opsgate(docker.inspect_images([ground.container("backend").image]))
    found = parse_containers(inspected(ground, "db", "backend", "frontend"), json.loads(images.stdout))
    assert [(one.service, one.name, one.state, one.health) for one in found] == [
        (service, f"{PROJECT}-{service}-1", "running", "healthy") for service in ("backend", "db", "frontend")
    ]
    assert found[1].volumes == (f"{PROJECT}_postgres_data",)
    assert {one.restart_policy for one in found} == {"unless-stopped"}
    assert found[0].image_created is not None
    assert found[0].compose_file == str(ground.path / "docker/docker-compose.prod.yml")
    assert ground.opsgate(docker.volumes(PROJECT)).stdout == f"{PROJECT}_postgres_data\n"


def test_opsgates_own_commands_are_all_known(ground: Ground) -> None:
    backend, db = ground.container("backend"), ground.container("db")
    keep = docker.keep_tag("fitnessapp", "backend", "r1")
    for command in (
        compose.config(ground.stack),
        compose.config_services(ground.stack),
        compose.build(ground.stack, no_cache=True),
        compose.up(ground.stack),
        compose.ps(ground.stack),
        compose.stop(ground.stack, ["frontend"], timeout=3),
        compose.start(ground.stack),
        docker.server_version(),
        docker.tag(backend.image, keep),
        docker.image_remove(keep),
    ):
        done = ground.opsgate(command)
        assert (done.status, done.stderr if "practice" in done.stderr else "") == (0, ""), command.render()
    db, frontend = ground.container("db"), ground.container("frontend")
    assert ground.opsgate(docker.logs(db.id, 2)).status == 0
    assert ground.opsgate(postgres.is_ready(db.id, DATABASE)).status == 0
    assert ground.opsgate(postgres.server_version(db.id, DATABASE)).stdout.startswith("15")
    assert ground.opsgate(docker.rename(frontend.id, "away")).status == 0
    assert ground.opsgate(docker.remove_container(frontend.id)).status == 1
    ground.run("stop", "away")
    assert ground.opsgate(docker.start_container(frontend.id)).status == 0
    ground.run("stop", "away")
    assert ground.opsgate(docker.remove_container(frontend.id)).status == 0


def test_rows_outlive_the_containers_and_go_with_the_volume(ground: Ground) -> None:
    psql = ("psql", "-XAtq", "-U", DATABASE.user, "-d", DATABASE.name)
    made = ground.run("exec", "-i", ground.container("db").id, *psql, stdin="CREATE TABLE t (n int);\n")
    assert made.status == 0, made
    assert ground.opsgate(compose.up(ground.stack)).status == 0
    count = ("exec", "--", ground.container("db").id, *psql, "-c", "SELECT count(*) FROM t")
    assert ground.run(*count).stdout == "0\n"
    assert ground.compose("down", "--volumes").status == 0
    assert ground.compose("up", "-d").status == 0
    missing = ground.run("exec", "--", ground.container("db").id, *psql, "-c", "SELECT count(*) FROM t")
    assert missing.status != 0
    assert 'relation "t" does not exist' in missing.stderr


def test_an_old_image_brings_the_old_release_back(ground: Ground) -> None:
    """What Opsgate's rollback does: the names go back to the kept images, `up` follows them."""
    old = {service: ground.container(service).image for service in ("backend", "frontend")}
    ground.source.write_release("v2")
    assert ground.opsgate(compose.build(ground.stack)).status == 0
    assert ground.opsgate(compose.up(ground.stack)).status == 0
    assert ground.container("backend").image != old["backend"]
    assert ground.run("exec", ground.container("backend").id, "cat", "VERSION.txt").stdout == "v2\n"
    for service, image in old.items():
        assert ground.opsgate(docker.tag(image, f"{PROJECT}-{service}")).status == 0
    assert ground.opsgate(compose.up(ground.stack)).status == 0
    assert {service: ground.container(service).image for service in old} == old
    assert ground.run("exec", ground.container("backend").id, "cat", "VERSION.txt").stdout == "v1\n"


def test_a_release_that_refuses_traffic_fails_up_and_says_why_in_its_log(ground: Ground) -> None:
    ground.source.write_release("v2")
    ground.source.break_health()
    assert ground.opsgate(compose.build(ground.stack)).status == 0
    done = ground.opsgate(compose.up(ground.stack))
    assert done.status == 1
    assert f"dependency failed to start: container {PROJECT}-backend-1 is unhealthy" in done.stderr
    backend, frontend = inspected(ground, "backend", "frontend")
    assert (backend["State"]["Health"]["Status"], frontend["State"]["Status"]) == ("unhealthy", "created")
    log = ground.opsgate(docker.logs(ground.container("backend").id, 40)).stdout
    assert f"backend v2: {HEALTH_FAILURE}\n" in log


@pytest.mark.parametrize(
    ("password", "health"), [("p@ss", "unhealthy"), ("other", "unhealthy"), ("s3cret", "healthy")]
)
def test_a_password_that_the_database_does_not_have_makes_the_backend_unhealthy(
    ground: Ground, password: str, health: str
) -> None:
    ground.write_env(DB_PASSWORD=password)
    done = ground.opsgate(compose.up(ground.stack))
    assert (done.status == 0) == (health == "healthy")
    assert inspected(ground, "backend")[0]["State"]["Health"]["Status"] == health


def test_a_database_without_a_password_is_not_made(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    ground.write_env()
    done = ground.compose("up", "-d", "--build")
    assert done.status == 1
    assert f"container {PROJECT}-db-1 is unhealthy" in done.stderr
    assert "POSTGRES_PASSWORD is not set" in ground.run("logs", f"{PROJECT}-db-1").stderr


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("backend/app.py", '"SELECT 1"', '"SELECT 2"', "cannot run this app.py"),
        ("backend/Dockerfile", '"app.py"]', '"-m", "http.server"]', "cannot run python3 -m http.server"),
        ("mobile/nginx.conf", "location /api/", "location /v2/", "cannot run nginx with this configuration"),
        ("backend/Dockerfile", "app.py VERSION.txt", "app.py", "FileNotFoundError"),
    ],
)
def test_a_program_that_is_not_known_crashes_and_says_so(
    tmp_path: Path, name: str, old: str, new: str, said: str
) -> None:
    ground = Ground(tmp_path)
    file = ground.path / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    assert ground.compose("build").status == 0
    ground.compose("up", "-d", "--wait", "--wait-timeout", "1")
    service = "frontend" if name.startswith("mobile") else "backend"
    assert said in ground.run("logs", f"{PROJECT}-{service}-1").stdout


def test_comments_and_times_may_differ(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    with (ground.path / "backend/app.py").open("a") as file:
        file.write("\n# a remark\n")
    conf = ground.path / "mobile/nginx.conf"
    conf.write_text(conf.read_text().replace("2s", "5s"))
    assert ground.compose("up", "-d", "--wait", "--build").status == 0


@pytest.mark.parametrize(
    "words",
    [
        ("swarm", "init"),
        ("run", "x"),
        ("system", "prune"),
        ("ps", "--frob"),
        ("compose", "frob"),
        ("compose", "-p", "p", "-f", "docker/docker-compose.prod.yml", "kill"),
        ("compose", "-p", "p", "-f", "docker/docker-compose.prod.yml", "up"),
        ("compose", "-p", "p", "-f", "docker/docker-compose.prod.yml", "up", "-d", "-V"),
        ("exec", "fitnessapp-backend-1", "sh", "-c", "rm -rf /"),
        ("exec", "-t", "fitnessapp-backend-1", "ls"),
        ("stats",),
        ("logs", "-f", "fitnessapp-backend-1"),
    ],
)
def test_what_this_engine_cannot_do_fails_and_says_so(standing: Ground, words: tuple[str, ...]) -> None:
    done = standing.run(*words)
    assert done.status != 0
    assert re.search("^practice docker: cannot ", done.stderr, re.MULTILINE), done


# --- at the same time, and half-way ---------------------------------------------------------------------------


def test_an_up_that_is_killed_leaves_a_state_that_the_next_one_mends(ground: Ground) -> None:
    """Half-way states are Compose's own: a container called <hash>_<name> while the old one ends."""
    up = ("compose", "-p", PROJECT, "-f", "docker/docker-compose.prod.yml", "--env-file", ".env.prod")
    strays = 0
    for moment in ("db-1  Recreate", "backend-1  Recreate", "frontend-1  Recreate", "db-1  Starting"):
        with ground.begin(*up, "up", "-d", "--force-recreate", "--no-build", pace="1") as process:
            assert process.stderr is not None
            for line in process.stderr:
                if moment in line:
                    time.sleep(0.1)
                    break
            end(process, signal.SIGKILL)
        found = ground.store.read().containers.values()
        strays += sum(STRAY.match(one.name) is not None for one in found)
        done = ground.opsgate(compose.up(ground.stack))
        assert done.status == 0, (moment, done)
        names = sorted(one.name for one in ground.store.read().containers.values())
        assert names == [f"{PROJECT}-{service}-1" for service in ("backend", "db", "frontend")]
    assert strays > 0


# --- builds ----------------------------------------------------------------------------------------------------


def test_opsgate_counts_every_step_of_a_build(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    done = ground.opsgate(compose.build(ground.stack, ["backend", "frontend"]))
    assert done.status == 0, done
    seen = BuildProgress()
    assert seen.feed(done.stdout.encode()) == (11, 11)


def test_opsgate_finds_the_reason_of_a_broken_build(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    ground.source.break_build()
    done = ground.opsgate(compose.build(ground.stack))
    assert done.status == 17
    assert BUILD_FAILURE in failing_context(done.stdout + done.stderr)
    assert not [one for one in ground.store.read().images.values() if one.labels]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_build_that_is_ended_leaves_no_image(tmp_path: Path, number: signal.Signals) -> None:
    ground = Ground(tmp_path)
    ground.source.slow_build(30)
    with ground.begin(
        "compose", "-p", "p", "-f", "docker/docker-compose.prod.yml", "build", "backend"
    ) as build:
        assert build.stdout is not None
        for line in build.stdout:
            if "compiling part 1" in line:
                break
        assert end(build, number).status != 0
    assert not [one for one in ground.store.read().images.values() if one.labels]
    ground.source.fix()
    assert ground.compose("build", "backend").status == 0
    assert not list(ground.store.folder.glob("building-*"))
