"""R-DB-3: a drill in a container of its own: what it asks of whom, and that nothing is left whatever ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from services import scratch
from services.backups.models import Backup
from services.commands.command import Command
from services.drills import steps
from services.drills.plans import DRILL_STEPS
from services.errors import StepFailed
from services.models import Kind, Operation, Plan, Restoring
from services.operation_log import OperationLogs
from services.phrases import Phrase
from services.projects import BackupRules
from services.remote.channels import Completed
from services.remote.host import RemoteHost
from services.remote.jobs import JobSpec, JobStatus
from services.runs import Run
from services.store import Store
from tests.unit.services import server as scripted
from tests.unit.services.stage import PROJECT
from tests.unit.services.test_drills import ARCHIVE as LINES
from tests.unit.services.test_drills import (
    HERE,
    LIVE,
    LOCK,
    PRINTING,
    PROVEN,
    SCRATCH,
    DrilledServer,
    counted,
    drilled,
    known,
    operation,
)
from tests.unit.services.test_restores import SHAPE

IMAGE = scripted.INSPECTED["Image"]
NAME = "opsgate-drill-k3f9"
STATE = PROJECT.state_dir


def ids(number: int) -> str:
    return f"{number}" * 64


@dataclass
class Container:
    name: str
    state: str = "running"
    label: str = str(STATE)


@dataclass
class DockerServer(DrilledServer):
    """Has a Docker besides: containers by id; what is asked in which, and how often a new server is not ready yet."""

    containers_there: dict[str, Container] = field(default_factory=dict)
    not_ready: int = 2
    dies: bool = False
    stays: bool = False
    worked_in: list[tuple[str, str]] = field(default_factory=list)
    started: list[Command] = field(default_factory=list)
    start_is_running: int = 0
    roles: str = '["fitnessapp_user", "reader"]'

    def _job(self, spec: JobSpec) -> int:
        if "run" in spec.command.argv:
            self.started.append(spec.command)
            self.containers_there[ids(7)] = Container(NAME)
            return 0
        self._note(spec.command)
        return super()._job(spec)

    async def _poll(self, state_dir: object, job: str, offset: int, wait: int = 0) -> tuple[JobStatus, bytes]:
        if job not in self._statuses:
            return JobStatus("missing", None, 0), b""
        if job.endswith("create-scratch") and self.start_is_running:
            self.start_is_running -= 1
            return JobStatus("running", None, 0), b""
        return await super()._poll(state_dir, job, offset, wait)

    def _note(self, command: Command) -> None:
        words = command.argv
        if "exec" in words:
            container = words[words.index("--") + 1] if "--" in words else ""
            what = next(
                (one for one in ("pg_restore", "pg_dump", "pg_isready") if one in words), words[-1][:24]
            )
            self.worked_in.append((container, what))

    async def run(self, command: Any, **options: Any) -> Completed:
        self._note(command)
        words = command.argv
        does = {"ps": self._list, "stop": self._stop, "start": self._wake, "logs": self._logs}
        if words[0] == "docker" and words[1] in does:
            return does[words[1]](words[-1])
        if "pg_isready" in words:
            self.not_ready -= 1
            if self.dies:
                self.containers_there.clear()
            return _said("", int(self.not_ready >= 0))
        if "jsonb_agg(rolname" in words[-1]:
            return _said(self.roles)
        if words[-1].startswith("DO $roles$"):
            self.did.append("roles")
            return _said("")
        swapped = Command(tuple(scripted.CONTAINER if one == ids(7) else one for one in words))
        return await super().run(swapped, **options)

    def _list(self, _word: str) -> Completed:
        rows = [f"{i} {c.name} {c.state} {c.label}" for i, c in self.containers_there.items()]
        return _said("\n".join(rows))

    def _stop(self, container: str) -> Completed:
        if not self.stays:
            self.did.append(f"stop {self.containers_there.pop(container).name}")
        return _said("")

    def _wake(self, container: str) -> Completed:
        self.containers_there[container].state = "running"
        return _said("")

    def _logs(self, container: str) -> Completed:
        return _said("starting", 0 if container in self.containers_there else 1)


def _said(text: str, status: int = 0) -> Completed:
    return Completed(status, text.encode(), b"", truncated=False)


def in_container(backup: Backup = PROVEN, **changes: Any) -> Operation:
    about = Restoring(
        database="fitnessapp", backup=backup, worker="fitnessapp_user", shape=SHAPE, scratch_image=IMAGE
    )
    plan = Plan(kind=Kind.DRILL, project="fitnessapp", steps=DRILL_STEPS, restoring=about)
    return operation(backup, plan=plan, **changes)


@pytest.fixture
def server() -> DockerServer:
    return DockerServer(PROVEN, {"fitnessapp": dict(LIVE), "postgres": {}}, archive=counted(LINES))


def running(of: Operation, server: DockerServer, store: Store, folder: Path) -> Run:
    rules = BackupRules(drill_in="container")
    project = PROJECT.model_copy(update={"database": scripted.DATABASE, "backups": rules})
    return Run(
        of,
        project,
        cast("RemoteHost", server),
        store,
        OperationLogs(folder / "logs", lambda text: text),
        lambda: None,
    )


@pytest.fixture
async def run(server: DockerServer, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(scratch, "LOOK_EVERY", 0.001)
    monkeypatch.setattr(scratch, "GONE_WITHIN", 0.02)
    await store.backups.add(PROVEN)
    return running(in_container(), server, store, tmp_path)


async def turned_back(run: Run, begun: frozenset[str], reason: str = "error-drill-content") -> Backup:
    run.operation = run.operation.model_copy(update={"reason": Phrase(id=reason)})
    run.phase = "rollback"
    for step in steps.procedure(LOCK, HERE).rollback(run.plan, begun)[:-1]:
        run.step_name = step.name
        await step.work(run)
    return await known(run)


BEGUN = frozenset({"lock", "create-scratch"})


async def test_a_good_drill_works_in_the_container_and_ends_it(run: Run, server: DockerServer) -> None:
    backup = await drilled(run)
    assert backup.drilled
    assert backup.drilled.good
    assert server.containers_there == {}
    assert server.did[0] == "roles"
    assert f"create {SCRATCH}" in server.did
    assert server.did[-1] == f"stop {NAME}"
    assert f"drop {SCRATCH}" not in server.did[2:], "the container takes its database along"
    assert len(server.started) == 1


async def test_the_live_database_is_asked_for_the_names_of_its_roles_only(
    run: Run, server: DockerServer, store: Store, tmp_path: Path
) -> None:
    assert run.plan.restoring
    printed = PROVEN.model_copy(update={"printing": PRINTING})
    await store.backups.add(printed)
    await drilled(running(in_container(printed), server, store, tmp_path))
    live = [what for container, what in server.worked_in if container == scripted.CONTAINER]
    assert live == ["SELECT coalesce(jsonb_ag"]
    assert {"pg_restore", "pg_dump"} <= {what for container, what in server.worked_in if container == ids(7)}


async def test_an_older_dump_is_printed_as_the_live_login_prints(
    server: DockerServer, store: Store, run: Run, tmp_path: Path
) -> None:
    """As ALTER ROLE has it there; a new cluster knows nothing of that."""
    assert run.plan.restoring
    old = PROVEN.model_copy(update={"printing": {}})
    await store.backups.add(old)
    assert (await drilled(running(in_container(old), server, store, tmp_path))).drilled
    live = [what for container, what in server.worked_in if container == scripted.CONTAINER]
    assert any(what.startswith("SELECT jsonb_build_objec") for what in live)


async def test_the_dump_is_loaded_as_the_superuser_without_owners_and_tablespaces(
    run: Run, server: DockerServer
) -> None:
    await drilled(run)
    (loading,) = server.loads
    assert {"--no-owner", "--role=fitnessapp_user", "--no-tablespaces"} <= set(loading.argv)


async def test_what_earlier_drills_left_goes_first_and_strangers_stay(run: Run, server: DockerServer) -> None:
    """Ours by name and label: of whatever drill, made but not begun, ended but not removed."""
    strangers = {ids(4): Container("fitnessapp-db-1"), ids(5): Container("opsgate-drill-x", label="/other")}
    server.containers_there = {
        ids(1): Container("opsgate-drill-aaaa"),
        ids(2): Container("opsgate-drill-bbbb", "created"),
        ids(3): Container("opsgate-drill-cccc", "exited"),
        **strangers,
    }
    await drilled(run)
    assert server.containers_there == strangers
    assert {"stop opsgate-drill-aaaa", "stop opsgate-drill-bbbb", "stop opsgate-drill-cccc"} <= set(
        server.did
    )


async def test_walked_again_after_a_crash_it_finds_its_own_container(run: Run, server: DockerServer) -> None:
    await drilled(run, until="create-scratch")
    await drilled(run)
    assert len(server.started) == 1
    assert server.containers_there == {}


@pytest.mark.parametrize("begun", ["create-scratch", "load", "compare"])
async def test_whatever_ends_it_the_way_back_ends_the_container(
    run: Run, server: DockerServer, begun: str
) -> None:
    await drilled(run, until=begun)
    backup = await turned_back(run, BEGUN, "error-drill-content")
    assert server.containers_there == {}
    assert backup.drilled
    assert not backup.drilled.good


async def test_a_start_that_is_still_under_way_is_waited_for(run: Run, server: DockerServer) -> None:
    await drilled(run, until="create-scratch")
    server.start_is_running = 3
    await turned_back(run, BEGUN, "error-cancelled")
    assert (server.start_is_running, server.containers_there) == (0, {})


async def test_before_its_container_was_asked_for_nothing_is_ended(run: Run, server: DockerServer) -> None:
    await turned_back(run, frozenset({"lock", "verify-dump"}), "error-cancelled")
    assert server.did == []


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (lambda server: setattr(server, "dies", True), "error-scratch-ended"),
        (lambda server: setattr(server, "not_ready", 10**6), "error-scratch-not-ready"),
    ],
)
async def test_a_container_that_does_not_come_up_says_nothing_about_the_backup(
    run: Run,
    server: DockerServer,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[DockerServer], None],
    code: str,
) -> None:
    monkeypatch.setattr(scratch, "READY_WITHIN", 0.01)
    trouble(server)
    with pytest.raises(StepFailed, match=code):
        await drilled(run, until="create-scratch")
    assert (await turned_back(run, BEGUN, code)).drilled is None
    assert server.containers_there == {}


async def test_one_that_vanished_is_said_to_be_gone(run: Run, server: DockerServer) -> None:
    await drilled(run, until="create-scratch")
    server.containers_there.clear()
    with pytest.raises(StepFailed, match="error-scratch-gone"):
        await steps.compare(run)
    assert not steps.speaks_against(in_container(reason=Phrase(id="error-scratch-gone")))


async def test_one_that_docker_does_not_remove_is_named(run: Run, server: DockerServer) -> None:
    await drilled(run, until="create-scratch")
    server.stays = True
    with pytest.raises(StepFailed, match="error-scratch-stays"):
        await steps.drop_scratch(run)


async def test_back_in_the_cluster_what_a_container_drill_left_goes_too(
    run: Run, server: DockerServer, store: Store, tmp_path: Path
) -> None:
    earlier = in_container(id="op-20261122-091500-aaaa")
    await store.operations.propose(earlier)
    server.containers_there = {ids(1): Container("opsgate-drill-aaaa")}
    here = running(operation(), server, store, tmp_path)
    await drilled(here, until="create-scratch")
    assert server.containers_there == {}
    assert server.started == []
