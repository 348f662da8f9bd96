"""Who is stopped for the swap of a file, and who is started again: known from the plan after any crash."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, cast

import pytest

from services.commands.command import Command
from services.errors import CommandFailed
from services.models import Kind, Plan
from services.operation_log import OperationLogs
from services.projects import SqliteDatabase
from services.remote.channels import Completed
from services.remote.host import RemoteHost
from services.restores.stillness import still, wake
from services.runs import Run
from services.store import Store
from tests.unit.services.stage import PROJECT, proposal

DATABASE = SqliteDatabase(engine="sqlite", service="backend", file=PurePosixPath("/data/app.db"))
SEEING, OTHER, STOPPED, ALONE = (letter * 64 for letter in "abcd")


def inspected(container: str, service: str, volume: str, state: str) -> dict[str, Any]:
    mount = {"Type": "volume", "Name": volume, "Destination": "/data", "RW": True}
    return {
        "Id": container, "Name": f"/{service}-{container[0]}", "Image": "sha256:" + "0" * 64, "Mounts": [mount],
        "Config": {"Labels": {"com.docker.compose.service": service}}, "State": {"Status": state},
    }  # fmt: skip


class Host:
    """Four containers, three of which see the volume; `fails` is how often a start does not succeed."""

    def __init__(self) -> None:
        self.states = {SEEING: "running", OTHER: "running", STOPPED: "exited", ALONE: "running"}
        self.did: list[str] = []
        self.fails = 0

    async def containers(self, _project: str) -> list[dict[str, Any]]:
        services = {SEEING: "backend", OTHER: "worker", STOPPED: "tools", ALONE: "frontend"}
        return [
            inspected(one, services[one], "other" if one == ALONE else "app_data", state)
            for one, state in self.states.items()
        ]

    async def run(self, command: Command, *, timeout: float) -> Completed:
        verb, container = command.argv[1], command.argv[-1]
        if verb == "start" and self.fails:
            self.fails -= 1
            raise CommandFailed("docker start", 1, "busy")
        self.did.append(f"{verb} {container[0]}")
        self.states[container] = "running" if verb == "start" else "exited"
        return Completed(0, b"", b"", truncated=False)


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def run(host: Host, store: Store, tmp_path: Any) -> Run:
    running = dict.fromkeys(("backend", "worker", "frontend"), "sha256:0")
    plan = Plan(kind=Kind.RESTORE, project=PROJECT.name, steps=(), old_images=running)
    return Run(
        operation=proposal().model_copy(update={"plan": plan, "kind": Kind.RESTORE}),
        project=PROJECT.model_copy(update={"database": DATABASE}),
        remote=cast("RemoteHost", host),
        store=store,
        logs=OperationLogs(tmp_path, lambda text: text),
        changed=lambda: None,
    )


async def test_those_who_see_the_file_are_stopped_and_only_they(run: Run, host: Host) -> None:
    await still(run)
    await still(run)
    assert host.did == ["stop a", "stop b"]


async def test_those_that_ran_when_the_plan_was_made_run_again_the_service_first(
    run: Run, host: Host
) -> None:
    """Who stood still before stays so; a second walk starts nothing twice."""
    await still(run)
    host.did.clear()
    await wake(run)
    await wake(run)
    assert host.did == ["start a", "start b"]
    assert host.states[STOPPED] == "exited"


async def test_a_start_gets_a_second_chance_and_then_is_an_error(run: Run, host: Host) -> None:
    await still(run)
    host.fails = 1
    await wake(run)
    assert host.states[SEEING] == host.states[OTHER] == "running"
    await still(run)
    host.fails = 2
    with pytest.raises(CommandFailed):
        await wake(run)
