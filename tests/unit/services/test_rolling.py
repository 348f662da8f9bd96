"""The commands of an `up` by strategy, in their order; that it can be walked again, and back, from wherever it stood."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services import rolling, stacks, strategies
from services.commands.command import Command
from services.errors import StepFailed
from services.facts.models import Release
from services.models import Operation
from services.remote.channels import Completed
from services.remote.jobs import JobSpec, JobStatus
from services.runs import Run
from services.store import Store
from services.strategies import Choice
from tests.unit.services.docker_host import WELL, DockerHost, back, deploy, inspected, running

OLD, NEW = "a", "b"
DB, FRONT = "d", "f"


def choice(service: str, letter: str, *needs: str, rolled: bool = False) -> Choice:
    return Choice(
        service=service, rolling=rolled, wished="rolling" if rolled else "recreate", needs=needs, spared=True,
        old=(letter * 64,), image="sha256:" + "0" * 64, image_name=f"fitness-{service}", config=f"c-{service}",
    )  # fmt: skip


CHOICES = (
    choice("db", DB),
    choice("backend", OLD, "db", rolled=True),
    choice("frontend", FRONT, "backend"),
)


class Stack(DockerHost):
    """Plays what Compose does with `--scale`, stop and rm; `changed`: services whose image is another now."""

    def __init__(self, *changed: str) -> None:
        super().__init__(
            inspected(DB, "fitness-db-1", service="db"),
            inspected(OLD, "fitness-backend-1"),
            inspected(FRONT, "fitness-frontend-1", service="frontend"),
        )
        self.changed = set(changed)
        self.new_is: dict[str, Any] = {"Health": {"Status": "healthy"}}
        self.services = [one.service for one in CHOICES]
        self.hashes_known = True
        self.comes_up_again: set[str] = set()

    async def run(self, command: Command, **more: Any) -> Completed:
        if command.argv[1:3] == ("image", "inspect"):
            service = command.argv[-1].removeprefix("fitness-")
            digit = "9" if service in self.changed else "0"
            return self._said(json.dumps([{"Id": "sha256:" + digit * 64}]))
        if "--services" in command.argv:
            return self._said("\n".join(self.services))
        if "--hash" in command.argv and not self.hashes_known:
            return Completed(1, b"", b"no", truncated=False)
        if "--hash" in command.argv:
            return self._said("".join(f"{one} c-{one}\n" for one in self.services))
        if command.argv[1] == "logs":
            return self._said("refusing traffic")
        return await super().run(command, **more)

    @staticmethod
    def _said(text: str) -> Completed:
        return Completed(0, text.encode(), b"", truncated=False)

    async def begin(self, spec: JobSpec) -> JobStatus:
        fresh = spec.id.partition("-")[2] not in self.here
        if fresh and "backend=2" in spec.command.argv:
            self.add_new()
        if fresh and spec.command.argv[1] == "stop":
            self.end(spec.command.argv[-1])
        return await super().begin(spec)

    def add_new(self) -> None:
        one = inspected(NEW, "fitness-backend-2")
        one["State"] |= self.new_is
        self.inspected.append(one)

    def end(self, container: str) -> None:
        if container in self.comes_up_again:
            self.comes_up_again.remove(container)
        else:
            self.state_of(container)["Status"] = "exited"

    def state_of(self, container: str) -> dict[str, Any]:
        found: dict[str, Any] = next(one for one in self.inspected if one["Id"] == container)["State"]
        return found

    @property
    def told(self) -> list[str]:
        """Jobs in their order, as what follows the compose file; removals beside them."""
        shown = []
        for what in self.did:
            kind, _, name = what.partition(" ")
            if kind == "begin":
                line = self.commands[name]
                shown.append(line.partition("compose.yaml ")[2] or line.removeprefix("docker "))
            elif kind == "rm":
                shown.append(what)
        return shown


def operation(*choices: Choice) -> Operation:
    current = Release(id="r0", project="fitnessapp", services=("db", "backend", "frontend"))
    return deploy(
        ("db", "backend", "frontend"), strategies=choices or CHOICES, current=current,
        old_running=("db", "backend", "frontend"),
        old_images=dict.fromkeys(("db", "backend", "frontend"), "sha256:" + "0" * 64),
    )  # fmt: skip


def stage(host: Stack, store: Store, folder: Path, *choices: Choice) -> Run:
    run = running(host, store, folder, operation(*choices))
    run.project = run.project.model_copy(
        update={"rolling_grace": 0.1, "rolling_drain": 7, "healthy_for": 0.1}
    )
    run.step_name = "up"
    return run


BESIDE = "up -d --no-recreate --no-build --scale backend=2 -- backend"
DRAIN = f"stop -t 7 -- {OLD * 64}"
REST = "up -d --no-build"


def force(*services: str) -> str:
    return f"up -d --force-recreate --no-build -- {' '.join(services)}"


async def test_only_the_changed_service_is_rolled(store: Store, tmp_path: Path) -> None:
    """R-DB-1: the old one is removed by its id, and without a flag that could reach a volume."""
    host = Stack("backend")
    done = await rolling.up(stage(host, store, tmp_path))
    assert host.told == [BESIDE, DRAIN, f"rm {OLD * 4}", REST]
    assert done == {"recreated": [], "rolled": ["backend"], "rest": True}


async def test_what_the_rolled_one_needs_is_recreated_first_and_the_rest_after_it(
    store: Store, tmp_path: Path
) -> None:
    host = Stack("backend", "db", "frontend")
    await rolling.up(stage(host, store, tmp_path))
    assert host.told == [force("db"), BESIDE, DRAIN, f"rm {OLD * 4}", force("frontend"), REST]


async def test_when_nothing_changed_nothing_is_told_to_the_engine(store: Store, tmp_path: Path) -> None:
    host = Stack()
    run = stage(host, store, tmp_path)
    run.results["up"] = await rolling.up(run)
    assert host.told == []
    assert rolling.left_alone(run)


async def test_what_is_gone_between_two_looks_is_brought_up_by_compose(store: Store, tmp_path: Path) -> None:
    """Decided before, and then the host rebooted: who did not come back is not called untouched."""
    host = Stack()
    run = stage(host, store, tmp_path)
    await run.note({"changed": []})
    host.inspected[0]["State"]["Status"] = "exited"
    run.results["up"] = await rolling.up(run)
    assert host.told == [REST]
    assert not rolling.left_alone(run)


async def test_when_all_is_recreated_it_is_the_runbooks_one_command(store: Store, tmp_path: Path) -> None:
    choices = tuple(one.model_copy(update={"rolling": False}) for one in CHOICES)
    host = Stack("db", "frontend")
    await rolling.up(stage(host, store, tmp_path, *choices))
    assert host.told == ["up -d --force-recreate --no-build"]


async def test_a_plan_of_before_is_carried_out_as_it_was(store: Store, tmp_path: Path) -> None:
    host = Stack("backend")
    run = running(host, store, tmp_path, deploy())
    run.step_name = "up"
    await rolling.up(run)
    assert host.told == ["up -d --force-recreate --no-build"]


async def test_the_old_one_is_not_told_to_end_before_the_new_one_is_proven(
    store: Store, tmp_path: Path
) -> None:
    """R-RB-3: with what the new one said."""
    host = Stack("backend")
    host.new_is = {"Health": {"Status": "starting"}}
    with pytest.raises(StepFailed) as failed:
        await rolling.up(stage(host, store, tmp_path))
    assert host.told == [BESIDE]
    assert failed.value.phrase.id == "health-starting"
    assert "refusing traffic" in failed.value.detail


async def test_where_the_old_one_stopped_serving_meanwhile_it_is_recreated(
    store: Store, tmp_path: Path
) -> None:
    host = Stack("backend")
    host.inspected[1]["State"]["Status"] = "exited"
    await rolling.up(stage(host, store, tmp_path))
    assert host.told == [force("backend"), REST]


@pytest.mark.parametrize("job", [None, "beside", "drained", "removed"])
async def test_walked_again_it_goes_on_where_it_was(job: str | None, store: Store, tmp_path: Path) -> None:
    """Whatever was done already is found, not done again; in the end only the new one is there."""
    host = Stack("backend")
    done = ["beside", "drained", "removed"]
    done = done[: done.index(job) + 1] if job else []
    if "beside" in done:
        host.add_new()
        host.here["f-up-beside-backend"] = WELL
    if "drained" in done:
        host.here[f"f-up-drain-{OLD * 12}"] = WELL
        host.inspected[1]["State"]["Status"] = "exited"
    if "removed" in done:
        del host.inspected[1]
    await rolling.up(stage(host, store, tmp_path))
    whole = [BESIDE, DRAIN, f"rm {OLD * 4}"]
    assert host.told == [*whole[len(done) :], REST]
    backends = [one["Id"] for one in host.inspected if "backend" in one["Name"]]
    assert backends == [NEW * 64]


async def test_every_job_of_the_way_forward_is_ended_before_the_way_back(
    store: Store, tmp_path: Path
) -> None:
    """None of them may go on beside it: what `up` begins is what is cancelled."""
    host = Stack("backend", "db", "frontend")
    await rolling.up(stage(host, store, tmp_path))
    begun = {what.removeprefix("begin ") for what in host.did if what.startswith("begin ")}
    host.did.clear()
    await stacks.end_forward(back(stage(host, store, tmp_path), "restore-files"))
    assert begun <= {what.removeprefix("cancel ") for what in host.did if what.startswith("cancel ")}


async def test_a_new_one_that_ended_or_has_no_healthcheck_proves_nothing(
    store: Store, tmp_path: Path
) -> None:
    """R-RB-3: the old one is not told to end, although nothing looks ill."""
    for state, why in (({"Status": "exited", "ExitCode": 0}, "exited"), ({"Health": None}, "unchecked")):
        host = Stack("backend")
        host.new_is = state
        with pytest.raises(StepFailed, match=f"health-{why}"):
            await rolling.up(stage(host, store, tmp_path / why))
        assert host.told == [BESIDE]


async def test_what_is_not_there_any_more_as_it_was_planned_is_not_spared(
    store: Store, tmp_path: Path
) -> None:
    """Nor what needs it, unless that is rolled."""
    for at in (0, 2):
        host = Stack()
        host.inspected[at]["State"]["Status"] = "exited"
        await rolling.up(stage(host, store, tmp_path))
        rolled = [] if at else [BESIDE, DRAIN, f"rm {OLD * 4}"]
        first = [] if at else [force("db")]
        last = [force("frontend")] if at else []
        assert host.told == [*first, *rolled, *last, REST]


@pytest.mark.parametrize("services", [["db", "backend", "frontend", "pgadmin"], ["db", "backend"], []])
async def test_where_compose_would_start_other_services_all_is_recreated(
    services: list[str], store: Store, tmp_path: Path
) -> None:
    """A profile of the env file, a file that is only on the server: force reaches these only without names."""
    host = Stack("backend")
    host.services = services
    await rolling.up(stage(host, store, tmp_path))
    assert host.told == ["up -d --force-recreate --no-build"]


async def test_who_is_recreated_is_decided_once(store: Store, tmp_path: Path) -> None:
    """A question to the host that fails on the second walk does not take the database with it."""
    host = Stack("frontend")
    host.ends["f-up-recreate-0"] = ("exited", 1, b"no space left on device")
    run = stage(host, store, tmp_path)
    with pytest.raises(StepFailed):
        await rolling.up(run)
    del host.here["f-up-recreate-0"], host.ends["f-up-recreate-0"]
    host.hashes_known, host.services = False, []
    await rolling.up(run)
    assert host.told == [force("frontend"), force("frontend")]


async def test_an_old_one_that_a_reboot_started_again_is_told_to_end_again(
    store: Store, tmp_path: Path
) -> None:
    host = Stack("backend")
    host.comes_up_again.add(OLD * 64)
    await rolling.up(stage(host, store, tmp_path))
    assert host.told == [BESIDE, DRAIN, DRAIN, f"rm {OLD * 4}", REST]
    assert "drain-again-" + OLD * 12 in strategies.forward_jobs(CHOICES)


def test_without_strategies_there_are_no_jobs_to_end() -> None:
    assert strategies.forward_jobs(()) == []
