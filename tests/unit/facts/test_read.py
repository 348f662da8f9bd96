"""Facts are read through a fake host that answers the very commands; the parsers behind are the real ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from services.commands.command import Command, Word
from services.envfile import EnvFile
from services.errors import BadInput, CommandFailed, HostError, Unreachable
from services.facts.models import Release
from services.facts.read import Remote, read_facts
from services.instance import owner_name
from services.models import Pack
from services.phrases import Phrase
from services.projects import Project
from services.remote.host import RemoteHost

RECORDED = Path(__file__).parent / "recorded"
PATH = PurePosixPath("/home/me/fitnessapp")
STATE = PurePosixPath("/home/me/fitnessapp_opsgate")
COMPOSE = PATH / "docker/docker-compose.prod.yml"
PROJECT = Project.model_validate(
    {
        "name": "fitnessapp",
        "host": "home",
        "path": str(PATH),
        "compose_file": "docker/docker-compose.prod.yml",
        "env_file": ".env.prod",
        "source": {"path": "/src"},
    }
)
HOST = (
    b"load 0 0 0\ncpus 2\nmem_total_kb 1\nmem_available_kb 1\ndisk_total_kb 1\ndisk_available_kb 1\n"
    b"uptime 1\ntime 1\nhome /home/me\nhttp curl\ncompose 2.26.1\n"
)
PACK = Pack(
    release_id="r",
    file="f",
    size=1,
    files=1,
    unpacked=1,
    manifest_sha256="0" * 64,
    label="l",
    compose_name="shop",
)


@dataclass
class Said:
    exit_status: int
    stdout: bytes = b""
    stderr: bytes = b""
    truncated: bool = False


@dataclass
class Held:
    phrase: Phrase
    owner: str = "another"
    job_runs: bool = False


@dataclass
class FakeLock:
    held: Held | None = None

    async def read(self, state_dir: PurePosixPath) -> Held | None:
        assert state_dir == STATE
        return self.held


@dataclass
class FakeHost:
    """Files by path (mode, content; folders have no content), containers as the Engine's JSON."""

    files: dict[PurePosixPath, tuple[str, bytes]] = field(default_factory=dict)
    inspected: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[dict[str, Any]] = field(default_factory=list)
    named_volumes: list[str] = field(default_factory=list)
    docker: bool = True
    engine_refuses: bool = False
    lock: FakeLock = field(default_factory=FakeLock)
    says: str = "No such file or directory"  # of a path that it does not show
    asked_for: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def _turn(self) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1

    async def run(self, command: Command, *, check: bool = True) -> Said:
        assert not check
        await self._turn()
        if command.argv[0] == "find":
            return self._dumps(PurePosixPath(command.argv[1]))
        paths = [PurePosixPath(word) for word in command.argv[command.argv.index("--") + 1 :]]
        if "stat" in command.argv:
            return self._stat(paths)
        mode, content = self.files.get(paths[0], ("", b""))
        return Said(0 if mode not in {"", "0"} else 1, content)

    def _stat(self, paths: list[PurePosixPath]) -> Said:
        lines = [f"{self.files[path][0]} {path}\n" for path in paths if path in self.files]
        gone = [f"stat: cannot stat '{path}': {self.says}\n" for path in paths if path not in self.files]
        return Said(int(bool(gone)), "".join(lines).encode(), ("noise\n" + "".join(gone)).encode())

    def _dumps(self, folder: PurePosixPath) -> Said:
        found = [path for path in self.files if path.parent == folder]
        lines = [f"{len(self.files[path][1])} {path}\n" for path in found]
        return Said(0 if found else 1, "".join(lines).encode(), b"" if found else b"find: no such folder")

    async def verb(self, verb: str, *words: Word) -> bytes:
        assert (verb, words) == ("host", (PATH, PATH.with_name("fitnessapp_backup") / "database"))
        await self._turn()
        return HOST + (b"docker 28.0.1\n" if self.docker else b"")

    async def all_containers(self) -> list[dict[str, Any]]:
        await self._turn()
        if not self.docker or self.engine_refuses:
            raise CommandFailed("docker ps", 127)
        return [{"Id": one["Id"], "Labels": one["Config"]["Labels"]} for one in self.inspected]

    async def containers(self, compose_project: str) -> list[dict[str, Any]]:
        self.asked_for.append(compose_project)
        label = "com.docker.compose.project"
        return [one for one in self.inspected if one["Config"]["Labels"].get(label) == compose_project]

    async def images(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        return [one for one in self.pictures if one["Id"] in ids]

    async def volumes(self, compose_project: str) -> list[str]:
        self.asked_for.append(compose_project)
        return self.named_volumes


def real_and_fake(real: RemoteHost, fake: FakeHost) -> tuple[Remote, Remote]:
    """For mypy: both have the shape that facts are read through."""
    return real, fake


def deployed() -> FakeHost:
    release = Release(id="20260101-000000-aaaaaaaa", project="fitnessapp", commit="c" * 40)
    return FakeHost(
        files={
            PATH: ("755", b""),
            COMPOSE: ("644", b"name: written\nservices: {}"),
            PATH / ".env.prod": ("600", b"DB_PASSWORD=p@ss\nTOKEN=t\n"),
            STATE / "current": ("600", b"20260101-000000-aaaaaaaa\n"),
            STATE / "releases" / release.id / "release.json": ("600", release.model_dump_json().encode()),
        },
        inspected=json.loads((RECORDED / "containers-20.10.json").read_text()),
        pictures=json.loads((RECORDED / "images-20.10.json").read_text()),
        named_volumes=["fitnessapp_data"],
    )


async def test_a_deployed_stack_is_read_whole() -> None:
    facts = await read_facts(deployed(), PROJECT, b"key")
    assert [one.service for one in facts.containers] == ["backend", "db"]
    assert facts.current is not None
    assert facts.current.commit == "c" * 40
    assert facts.env is not None
    assert (facts.env.mode, facts.env.password_ok) == ("600", False)
    assert (facts.path_exists, facts.has_deployed_files, facts.first_unfinished) == (True, True, False)
    assert (facts.volumes, facts.others, facts.lock) == (("fitnessapp_data",), (), None)
    assert facts.compose_project == "fitnessapp", "the containers' name, not the file's"


async def test_no_value_of_the_env_file_is_in_the_facts_but_the_redactor_learns_them() -> None:
    learned: list[EnvFile] = []
    facts = await read_facts(deployed(), PROJECT, b"key", learn=learned.append)
    assert "p@ss" not in facts.model_dump_json()
    assert learned[0]["DB_PASSWORD"].get_secret_value() == "p@ss"


async def test_questions_are_asked_side_by_side() -> None:
    host = deployed()
    await read_facts(host, PROJECT, b"key")
    assert host.most_at_once >= 5


async def test_an_empty_server_is_no_error() -> None:
    facts = await read_facts(FakeHost(), PROJECT, b"key", pack=PACK)
    assert facts.env is not None
    assert not facts.env.exists
    assert (facts.containers, facts.current, facts.path_exists, facts.has_deployed_files) == (
        (),
        None,
        False,
        False,
    )
    assert facts.compose_project == "shop", "the name that the new compose file gives itself"


async def test_volumes_without_containers_are_looked_for_under_the_deployed_files_name() -> None:
    """R-DB-3: what a stack that was taken down left behind is seen, so that it does not pass for a first deploy."""
    host = deployed()
    host.inspected = []
    facts = await read_facts(host, PROJECT, b"key", pack=PACK)
    assert set(host.asked_for) == {"written"}
    assert facts.volumes == ("fitnessapp_data",)


async def test_the_env_files_project_name_stands_above_the_compose_files() -> None:
    host = deployed()
    host.inspected = []
    host.files[PATH / ".env.prod"] = ("600", b"COMPOSE_PROJECT_NAME=envname\n")
    assert (await read_facts(host, PROJECT, b"key")).compose_project == "envname"


async def test_a_host_without_docker_still_gives_the_other_facts() -> None:
    """R-DX-1: that Docker is missing is a finding, not an error."""
    host = deployed()
    host.docker = False
    facts = await read_facts(host, PROJECT, b"key")
    assert facts.host.docker is None
    assert facts.containers == ()
    assert facts.has_deployed_files


async def test_a_docker_that_answers_but_refuses_its_list_is_an_error_not_an_empty_server() -> None:
    """R-DB-3: an empty list would read as a first deploy without a backup."""
    host = deployed()
    host.engine_refuses = True
    with pytest.raises(HostError) as raised:
        await read_facts(host, PROJECT, b"key")
    assert raised.value.phrase.id == "error-docker-refused"


@pytest.mark.parametrize("file", [COMPOSE, PATH / ".env.prod", STATE / "current"])
async def test_a_file_that_is_there_but_cannot_be_read_is_an_error(file: PurePosixPath) -> None:
    host = deployed()
    host.files[file] = ("0", b"")
    with pytest.raises(HostError) as raised:
        await read_facts(host, PROJECT, b"key")
    assert raised.value.phrase.args["file"] == str(file)


async def test_a_lost_connection_comes_out_as_itself() -> None:
    class Lost(FakeHost):
        async def verb(self, verb: str, *words: Word) -> bytes:
            raise Unreachable(host="home")

    with pytest.raises(Unreachable):
        await read_facts(Lost(), PROJECT, b"key")


async def test_the_marker_of_an_unfinished_first_deploy_is_seen() -> None:
    host = FakeHost(files={STATE / "first": ("600", b"")})
    assert (await read_facts(host, PROJECT, b"key")).first_unfinished


async def test_the_holder_of_the_lock_is_told() -> None:
    phrase = Phrase(id="error-lock-held", args={"owner": "x"})
    host = FakeHost(lock=FakeLock(Held(phrase)))
    assert (await read_facts(host, PROJECT, b"key")).lock == phrase


async def test_a_release_whose_record_is_gone_keeps_its_id() -> None:
    host = deployed()
    del host.files[STATE / "releases/20260101-000000-aaaaaaaa/release.json"]
    facts = await read_facts(host, PROJECT, b"key")
    assert facts.current is not None
    assert facts.current.id == "20260101-000000-aaaaaaaa"
    assert not facts.current_known


@pytest.mark.parametrize("content", [b"../../etc", b".hidden"])
async def test_a_pointer_to_elsewhere_is_refused(content: bytes) -> None:
    host = deployed()
    host.files[STATE / "current"] = ("600", content)
    with pytest.raises(HostError):
        await read_facts(host, PROJECT, b"key")


async def test_a_broken_release_record_is_an_error() -> None:
    host = deployed()
    host.files[STATE / "releases/20260101-000000-aaaaaaaa/release.json"] = ("600", b"{")
    with pytest.raises(HostError) as raised:
        await read_facts(host, PROJECT, b"key")
    assert raised.value.phrase.id == "error-release-record"


async def test_another_stack_in_the_same_path_is_named() -> None:
    host = deployed()
    other = json.loads(json.dumps(host.inspected[1]))
    other["Config"]["Labels"] |= {
        "com.docker.compose.project": "dev",
        "com.docker.compose.project.config_files": str(PATH / "dev.yml"),
    }
    host.inspected.append(other)
    facts = await read_facts(host, PROJECT, b"key")
    assert facts.others == ("dev",)
    assert [one.service for one in facts.containers] == ["backend", "db"]


async def test_two_stacks_of_the_same_file_stop_the_reading() -> None:
    host = deployed()
    other = json.loads(json.dumps(host.inspected[1]))
    other["Config"]["Labels"]["com.docker.compose.project"] = "docker"
    host.inspected.append(other)
    with pytest.raises(BadInput):
        await read_facts(host, PROJECT, b"key")


async def test_our_own_lease_without_a_job_is_no_obstacle() -> None:
    phrase = Phrase(id="error-lock-held", args={"owner": "x"})
    ours = owner_name(b"key")
    assert (await read_facts(FakeHost(lock=FakeLock(Held(phrase, ours))), PROJECT, b"key")).lock is None
    working = FakeHost(lock=FakeLock(Held(phrase, ours, job_runs=True)))
    assert (await read_facts(working, PROJECT, b"key")).lock == phrase
