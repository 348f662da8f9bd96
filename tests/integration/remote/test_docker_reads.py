"""Reads from a real Docker Engine: over the forwarded socket, and with the client where that is refused."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.facts.containers import labels_of, parse_containers
from services.remote.host import RemoteHost
from tests.e2e.sshd import Sshd

pytestmark = [pytest.mark.sshd]

Connect = Callable[..., RemoteHost]


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


class Stack:
    """One running and one stopped container with Compose's labels, made without Compose."""

    def __init__(self) -> None:
        self.project = f"reads-{uuid.uuid4().hex[:8]}"
        empty = subprocess.run(["tar", "-cf", "-", "-T", "/dev/null"], check=True, capture_output=True).stdout
        self.image = (
            subprocess.run(["docker", "import", "-"], input=empty, check=True, capture_output=True)
            .stdout.decode()
            .strip()
        )
        self.volume = docker("volume", "create", "--label", f"com.docker.compose.project={self.project}")
        self.containers = [self._container(service) for service in ("backend", "db")]

    def _container(self, service: str) -> str:
        labels = {
            "com.docker.compose.project": self.project,
            "com.docker.compose.service": service,
            "com.docker.compose.oneoff": "False",
        }
        flags = [flag for key, value in labels.items() for flag in ("--label", f"{key}={value}")]
        return docker("create", *flags, "--name", f"{self.project}-{service}-1", self.image, "/nothing")

    def remove(self) -> None:
        docker("rm", *self.containers)
        docker("volume", "rm", self.volume)
        docker("image", "rm", self.image)


@pytest.fixture
def stack(docker_engine: None) -> Iterator[Stack]:
    made = Stack()
    yield made
    made.remove()


@pytest.fixture(params=["engine-api", "cli"])
def host(
    request: pytest.FixtureRequest, tmp_path: Path, connect: Connect, stack: Stack
) -> Iterator[RemoteHost]:
    way: str = request.param
    with Sshd(tmp_path / "docker-host", forwarding=way == "engine-api") as server:
        remote = connect(server)
        remote.expected_way = way  # type: ignore[attr-defined]  # what the test wants to see
        yield remote


@pytest.mark.engine
async def test_everything_is_read_the_same_way_round(host: RemoteHost, stack: Stack) -> None:
    containers = await host.containers(stack.project)
    assert host.reads_through == host.expected_way  # type: ignore[attr-defined]  # set by the fixture
    parsed = parse_containers(containers, await host.images([stack.image]))
    assert [(one.service, one.state, one.image_id) for one in parsed] == [
        ("backend", "created", stack.image),
        ("db", "created", stack.image),
    ]
    assert all(one.image_created for one in parsed)
    assert {one["Id"] for one in containers} == set(stack.containers)
    summaries = [one for one in await host.all_containers() if one["Id"] in stack.containers]
    assert len(summaries) == 2
    for one in summaries:
        assert labels_of(one)["com.docker.compose.project"] == stack.project
        assert {"Id", "Names", "Image", "ImageID", "Labels", "State"} <= set(one)
        assert one["State"] == "created"
    assert await host.volumes(stack.project) == [stack.volume]
    assert await host.docker_version() == docker("version", "--format", "{{.Server.Version}}")


@pytest.mark.engine
async def test_what_is_not_there_is_left_out(host: RemoteHost, stack: Stack) -> None:
    assert await host.containers("no-such-project") == []
    assert await host.volumes("no-such-project") == []
    assert await host.images([]) == []
    found = await host.images(["sha256:" + "0" * 64, stack.image])
    assert [one["Id"] for one in found] == [stack.image]


@pytest.mark.engine
async def test_reads_go_on_after_a_cut(sshd: Sshd, remote: RemoteHost, stack: Stack) -> None:
    assert len(await remote.containers(stack.project)) == 2
    sshd.cut()
    found = []
    for _ in range(3):
        try:
            found = await remote.containers(stack.project)
        except Exception as error:  # noqa: BLE001 - the cut may hit the first call
            print(error)
    assert len(found) == 2
    assert remote.reads_through == "engine-api"


@pytest.mark.engine
async def test_a_long_run_dir_is_no_obstacle(sshd: Sshd, tmp_path: Path, stack: Stack) -> None:
    from tests.integration.remote.conftest import host_of

    remote = RemoteHost(host_of(sshd), tmp_path / ("long" * 30))
    try:
        assert len(await remote.containers(stack.project)) == 2
        assert remote.reads_through == "engine-api"
    finally:
        await remote.close()


@pytest.mark.engine
async def test_the_local_end_of_the_socket_is_for_us_alone(
    sshd: Sshd, remote: RemoteHost, tmp_path: Path, stack: Stack
) -> None:
    await remote.containers(stack.project)
    run_dir = next(path for path in tmp_path.glob("run*"))
    assert run_dir.stat().st_mode & 0o777 == 0o700
    await remote.close()
    assert list(run_dir.iterdir()) == []


async def test_a_host_without_docker_has_no_version(tmp_path: Path, connect: Connect) -> None:
    """R-DX-1."""
    with Sshd(tmp_path / "bare", forwarding=False) as server:
        folder = server.home / "bin"
        folder.mkdir()
        (folder / "docker").write_text('#!/bin/sh\necho "Cannot connect" >&2\nexit 1\n')
        (folder / "docker").chmod(0o755)
        (server.home / ".bashrc").write_text(f'PATH={folder}:$PATH\ncd "$HOME"\n')
        assert await connect(server).docker_version() is None


def test_a_summary_of_the_client_is_json(docker_engine: None) -> None:
    assert isinstance(json.loads(docker("version", "--format", "{{json .}}")), dict)
