from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from services import releases
from services.commands import docker
from services.commands.command import Command
from services.remote.channels import Completed
from services.remote.host import RemoteHost
from tests.unit.services.stage import PROJECT

OPERATIONS = [f"op-2026010{day}-120000-aaaa" for day in range(1, 8)]
TAGS = [docker.keep_tag("fitnessapp", service, one) for one in OPERATIONS for service in ("db", "web.api")]


@dataclass
class Images:
    """A host with keep-tags; `status` is how listing them ends."""

    status: int = 0
    removed: list[str] = field(default_factory=list)

    async def run(self, command: Command, **_: Any) -> Completed:
        if command.argv[2] == "ls":
            assert command.argv[-1] == "reference=opsgate-keep:fitnessapp.*"
            return Completed(self.status, "\n".join([*TAGS, "a:1.2.3"]).encode(), b"", truncated=False)
        self.removed.append(command.argv[-1])
        return Completed(1, b"", b"conflict: image is in use", truncated=False)


async def test_images_are_kept_for_as_many_operations_as_releases_are() -> None:
    """R-RB-2: the newest ones can still be gone back to; the others no longer fill the disk."""
    host = Images()
    await releases.untag(cast("RemoteHost", host), PROJECT)
    assert host.removed == sorted(TAGS[:4])


@pytest.mark.parametrize("status", [1, 125])
async def test_tags_that_cannot_be_listed_are_no_failure_of_a_deploy(status: int) -> None:
    host = Images(status)
    await releases.untag(cast("RemoteHost", host), PROJECT)
    assert host.removed == []
