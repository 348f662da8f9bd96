"""A release tree is built with the values that the server's own env files give."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.commands.command import Command
from services.env_links import link_env_files
from services.errors import CommandFailed
from services.projects import Project
from services.remote.channels import Completed
from services.runs import Run
from tests.unit.services.stage import PROJECT

LIVE, TREE = PurePosixPath("/srv/fitnessapp"), PurePosixPath("/srv/fitnessapp_opsgate/releases/r/tree")


@dataclass
class Files:
    """A host where some files are, and `status` is how a look at the others ends."""

    there: tuple[str, ...] = ()
    status: int = 1
    did: list[tuple[str, ...]] = field(default_factory=list)

    async def run(self, command: Command, **_: Any) -> Completed:
        if command.argv[0] == "test":
            return Completed(0 if command.argv[-1] in self.there else self.status, b"", b"", truncated=False)
        self.did.append(tuple(word for word in command.argv if not word.startswith("-")))
        return Completed(0, b"", b"", truncated=False)


async def linked(files: Files, **settings: Any) -> list[tuple[str, ...]]:
    project: Project = PROJECT.model_copy(update={"compose_file": PurePosixPath("docker/c.yml")} | settings)
    await link_env_files(cast("Run", SimpleNamespace(project=project, remote=files)), TREE)
    return files.did


async def test_a_configured_env_file_is_linked_also_into_a_folder_that_only_the_server_has() -> None:
    """`ln` alone fails where the release has no such folder."""
    assert await linked(Files(), env_file=PurePosixPath("secrets/.env")) == [
        ("mkdir", f"{TREE}/secrets"),
        ("ln", f"{LIVE}/secrets/.env", f"{TREE}/secrets/.env"),
    ]


async def test_without_one_those_are_linked_that_compose_finds_by_itself() -> None:
    """Else a build bakes in blanks where `up` in the deployment path reads values."""
    assert await linked(Files(there=(f"{LIVE}/docker/.env",))) == [
        ("mkdir", f"{TREE}/docker"),
        ("ln", f"{LIVE}/docker/.env", f"{TREE}/docker/.env"),
    ]
    assert await linked(Files()) == []


async def test_a_host_that_cannot_look_is_not_taken_for_one_without_the_file() -> None:
    with pytest.raises(CommandFailed):
        await linked(Files(status=254))
