"""A host with containers and jobs that only remembers: what was asked of it, in order."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from services.commands.command import Command
from services.errors import OpsgateError
from services.models import Operation, Pack, Plan, State
from services.operation_log import OperationLogs
from services.remote.channels import Completed
from services.remote.host import RemoteHost
from services.remote.jobs import JobSpec, JobState, JobStatus
from services.runs import Run
from services.store import Store
from tests.unit.services.stage import PROJECT, ScriptedLock, proposal

Ended = tuple[JobState, int | None, bytes]
WELL: Ended = ("exited", 0, b"")
LOST: Ended = ("interrupted", None, b"")
NO_DOCKER: Ended = (
    "exited", 1, b"Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
)  # fmt: skip


def inspected(letter: str, name: str, state: str = "running", service: str = "backend") -> dict[str, Any]:
    return {
        "Id": letter * 64,
        "Name": f"/{name}",
        "Image": "sha256:" + "0" * 64,
        "Config": {
            "Image": service,
            "Labels": {"com.docker.compose.service": service, "com.docker.compose.project": "fitness"},
        },
        "State": {"Status": state, "StartedAt": "2026-11-23T00:00:00Z"},
    }


class DockerHost:
    """`ends`: how a job ends, by its id's last parts (well, where nothing is said). `here`: jobs that exist."""

    def __init__(self, *containers: dict[str, Any]) -> None:
        self.inspected = list(containers)
        self.lock = ScriptedLock()
        self.jobs = self
        self.here: dict[str, Ended] = {}
        self.ends: dict[str, Ended] = {}
        self.did: list[str] = []
        self.commands: dict[str, str] = {}
        self.away: list[OpsgateError] = []

    async def containers(self, _project: str) -> list[dict[str, Any]]:
        self.did.append("look")
        if self.away:
            raise self.away.pop(0)
        return self.inspected

    async def run(self, command: Command, **_: Any) -> Completed:
        verb, target = command.argv[1], command.argv[3]
        self.did.append(f"{verb} {target[:4]}")
        if verb == "rm":
            self.inspected = [one for one in self.inspected if one["Id"] != target]
        return Completed(0, b"", b"", truncated=False)

    async def begin(self, spec: JobSpec) -> JobStatus:
        name = spec.id.partition("-")[2]
        if name not in self.here:
            self.did.append(f"begin {name}")
            self.commands[name] = " ".join(spec.command.argv)
            self.here[name] = self.ends.get(name, WELL)
        return self._status(name)

    async def poll(
        self, _state_dir: object, job_id: str, offset: int, _wait: int = 0
    ) -> tuple[JobStatus, bytes]:
        name = job_id.partition("-")[2]
        return self._status(name), self.here[name][2][offset:] if name in self.here else b""

    async def cancel(self, _state_dir: object, job_id: str) -> JobStatus:
        self.did.append(f"cancel {job_id.partition('-')[2]}")
        return self._status(job_id.partition("-")[2])

    def _status(self, name: str) -> JobStatus:
        if name not in self.here:
            return JobStatus("missing", None, 0)
        state, status, said = self.here[name]
        return JobStatus(state, status, len(said))

    @staticmethod
    def agent_command(verb: str, *words: Any) -> Command:
        return Command(("opsgate-agent", verb, *map(str, words)))


def deploy(services: tuple[str, ...] = ("db", "backend"), **changes: Any) -> Operation:
    pack = Pack(
        release_id="20260101-new", file="x", size=1, files=1, unpacked=1, manifest_sha256="0", label="new",
        compose_services=services, build_services=services,
    )  # fmt: skip
    values: dict[str, Any] = {
        "kind": "deploy", "project": "fitnessapp", "compose_project": "fitness", "steps": ("lock",), "pack": pack,
        "old_images": {"db": "sha256:" + "1" * 64, "backend": "sha256:" + "2" * 64},
        "old_image_names": {"backend": "fitness-backend"}, "old_running": ("db", "backend"),
    }  # fmt: skip
    plan = Plan.model_validate(values | changes)
    return proposal(id="op", plan=plan, state=State.RUNNING, epoch=1, started_at=datetime.now(UTC))


def running(host: DockerHost, store: Store, folder: Path, operation: Operation | None = None) -> Run:
    logs = OperationLogs(folder / "logs", lambda text: text)
    quick = PROJECT.model_copy(update={"health_timeout": 2.0, "healthy_for": 0.9})
    run = Run(operation or deploy(), quick, cast("RemoteHost", host), store, logs, lambda: None)
    run.begun = {"lock", "build", "safety-copy", "swap", "up"}
    return run


def back(run: Run, step: str) -> Run:
    run.phase, run.step_name = "rollback", step
    return run
