"""What of the simulated engine is served: the Engine API as Opsgate asks it, and the published ports."""

import asyncio
import json
import shlex
from collections.abc import AsyncIterator
from pathlib import Path

import aiodocker
import aiohttp
import pytest
import pytest_asyncio

from bot.sandbox.practice.engine import install, serve
from bot.sandbox.practice.engine.serving import AlreadyServed
from services.commands import compose
from services.facts.containers import parse_containers
from tests.integration.practice_engine import PROJECT, Done, Ground


@pytest_asyncio.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    ground = Ground(tmp_path)
    async with serve(tmp_path):
        done = await asyncio.to_thread(ground.compose, "up", "-d", "--build")
        assert done.status == 0, done
        yield ground


async def get(ground: Ground, path: str) -> tuple[int, str]:
    url = f"http://127.0.0.1:{ground.port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def refused(ground: Ground) -> None:
    """Waits until nobody listens any more."""
    for _ in range(100):
        try:
            await get(ground, "/")
        except aiohttp.ClientConnectionError:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the port is still open")


async def run(ground: Ground, *words: str) -> Done:
    return await asyncio.to_thread(ground.run, *words)


async def test_the_site_shows_the_release_with_which_it_was_built(ground: Ground) -> None:
    status, page = await get(ground, "/")
    assert status == 200
    assert '<body data-api="/api" data-version="1.0.2" data-release="v1">' in page
    assert await get(ground, "/any/other/path") == (200, page)
    assert await get(ground, "/api/version") == (200, '{"release":"v1"}\n')
    assert await get(ground, "/api/health") == (200, '{"release":"v1","status":"ok"}\n')
    assert (await get(ground, "/api/nothing"))[0] == 404


async def test_plans_come_from_the_file_until_there_is_a_table(ground: Ground) -> None:
    _, body = await get(ground, "/api/plans")
    plans = json.loads(body)
    assert plans[0] == {"name": "Couch to 5K", "weeks": 9}
    backend = ground.container("backend").id
    assert (await run(ground, "exec", backend, "python3", "scripts/migrate_001_plans.py")).status == 0
    assert await get(ground, "/api/plans") == (200, "[]\n")
    seeded = await run(ground, "exec", backend, "python3", "scripts/seed_plans.py")
    assert seeded == Done(0, "seed_plans: done\n", "")
    assert json.loads((await get(ground, "/api/plans"))[1]) == plans


async def test_a_port_is_open_exactly_while_its_container_runs(ground: Ground) -> None:
    for _ in range(3):
        await run(ground, "stop", f"{PROJECT}-frontend-1")
        await refused(ground)
        await run(ground, "start", f"{PROJECT}-frontend-1")
        assert (await get(ground, "/"))[0] == 200


async def test_without_a_backend_the_page_stays_and_the_api_is_a_bad_gateway(ground: Ground) -> None:
    await run(ground, "stop", f"{PROJECT}-backend-1")
    assert (await get(ground, "/"))[0] == 200
    assert (await get(ground, "/api/version"))[0] == 502


async def test_without_a_database_the_backend_says_500_and_which_release_it_is(ground: Ground) -> None:
    await run(ground, "stop", f"{PROJECT}-db-1")
    assert [(await get(ground, f"/api/{path}"))[0] for path in ("health", "plans", "version")] == [
        500,
        500,
        200,
    ]


async def test_a_release_that_refuses_traffic_says_503_and_logs_it(ground: Ground) -> None:
    ground.source.break_health()
    await asyncio.to_thread(ground.compose, "build", "--quiet")
    await asyncio.to_thread(ground.compose, "up", "-d", "--no-build")
    await refused(ground)
    await run(ground, "start", f"{PROJECT}-frontend-1")
    before = (await run(ground, "logs", f"{PROJECT}-backend-1")).stdout.count("refusing traffic")
    assert await get(ground, "/api/health") == (503, '{"release":"v1","status":"refusing traffic"}\n')
    after = (await run(ground, "logs", f"{PROJECT}-backend-1")).stdout.count("refusing traffic")
    assert after == before + 1


async def test_a_port_that_somebody_else_has_is_refused_as_docker_refuses_it(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    somebody = await asyncio.start_server(lambda *_: None, "127.0.0.1", ground.port)
    async with somebody:
        done = await asyncio.to_thread(ground.compose, "up", "-d", "--build")
    assert done.status == 1
    assert "bind: address already in use" in done.stderr


async def test_two_containers_cannot_publish_one_port(ground: Ground) -> None:
    stack = shlex.split("-p other -f docker/docker-compose.prod.yml --env-file .env.prod")
    done = await run(ground, "compose", *stack, "up", "-d")
    assert done.status == 1
    assert f"Bind for 127.0.0.1:{ground.port} failed: port is already allocated" in done.stderr


async def test_opsgates_client_reads_the_engine_api(ground: Ground) -> None:
    filters = json.dumps({"label": [f"com.docker.compose.project={PROJECT}"]})
    docker = aiodocker.Docker(url=f"unix://{ground.folder}/engine.sock")
    try:
        listed = await docker._query_json("containers/json", params={"all": "true", "filters": filters})
        inspected = [await docker._query_json(f"containers/{one['Id']}/json") for one in listed]
        images = [await docker._query_json(f"images/{one['ImageID']}/json") for one in listed]
        volumes = await docker._query_json("volumes", params={"filters": filters})
        version = await docker._query_json("version")
        with pytest.raises(aiodocker.DockerError) as missing:
            await docker._query_json(f"containers/{'0' * 64}/json")
    finally:
        await docker.close()
    containers = parse_containers(inspected, images)
    assert [(one.service, one.state, one.health) for one in containers] == [
        (service, "running", "healthy") for service in ("backend", "db", "frontend")
    ]
    assert all(one.image_created for one in containers)
    assert [volume["Name"] for volume in volumes["Volumes"]] == [f"{PROJECT}_postgres_data"]
    assert (
        version["Version"] == (await run(ground, "version", "--format", "{{.Server.Version}}")).stdout.strip()
    )
    assert missing.value.status == 404


async def test_the_api_and_the_command_tell_the_same_of_a_container(ground: Ground) -> None:
    await asyncio.to_thread(ground.opsgate, compose.stop(ground.stack))
    told = json.loads((await run(ground, "inspect", f"{PROJECT}-db-1")).stdout)
    connector = aiohttp.UnixConnector(f"{ground.folder}/engine.sock")
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get(f"http://docker/v1.41/containers/{PROJECT}-db-1/json") as answer,
    ):
        assert [await answer.json()] == told


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/_ping", 200, "OK"),
        ("GET", "/nothing", 404, "page not found"),
        ("GET", "/v1.99/version", 400, "is too new"),
        ("GET", "/containers/json?filters=bad", 500, "invalid filters"),
        ("GET", '/containers/json?filters={"foo":["x"]}', 400, "Invalid filter 'foo'"),
        ("GET", "/images/nope:1/json", 404, "No such image: nope:1"),
        ("POST", "/containers/create", 501, "practice docker: cannot POST"),
        ("DELETE", "/volumes/x", 501, "practice docker: cannot DELETE"),
    ],
)
async def test_the_api_says_what_it_does_not_do(
    tmp_path: Path, method: str, path: str, status: int, said: str
) -> None:
    install(tmp_path)
    async with serve(tmp_path):
        connector = aiohttp.UnixConnector(f"{tmp_path}/engine.sock")
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, f"http://docker{path}") as answer,
        ):
            assert answer.status == status
            assert said in await answer.text()


async def test_one_folder_is_served_once_and_can_be_served_again(tmp_path: Path) -> None:
    install(tmp_path)
    async with serve(tmp_path):
        with pytest.raises(AlreadyServed):
            async with serve(tmp_path):
                pass
    async with serve(tmp_path):
        assert (tmp_path / "engine.sock").is_socket()
    assert not (tmp_path / "engine.sock").exists()


async def test_what_ran_before_is_served_again(ground: Ground, tmp_path: Path) -> None:
    """The state is on disk: a sandbox that comes back finds its containers running."""
    other = tmp_path / "copy"
    (tmp_path / "engine").rename(other.with_name("kept"))
    other.mkdir()
    other.with_name("kept").rename(other / "engine")
    await asyncio.sleep(0.2)
    (other / "engine/serving").unlink()
    async with serve(other):
        assert (await get(ground, "/api/version"))[0] == 200


@pytest.mark.parametrize("name", ["with a blank", "with 'quotes' and $HOME `x` \"y\""])
async def test_the_command_works_from_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    ground = Ground(tmp_path / name)
    done = await run(ground, "ps", "--quiet")
    assert done == Done(0, "", "")
    assert (tmp_path / name / "bin/docker").stat().st_mode & 0o111
