"""A scripted database server: it has databases with rows, and understands the very commands that restores build."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from services.backups.models import Backup
from services.commands import dumps, postgres
from services.commands.command import Command
from services.projects import Database
from services.remote.channels import Completed
from services.remote.jobs import JobSpec, JobStatus

CONTAINER = "fe7dc6a4cd33" + "0" * 52
DATABASE = Database(name="fitnessapp", user="fitnessapp_user")
INSPECTED = {
    "Id": CONTAINER,
    "Name": "/fitnessapp-db-1",
    "Image": "sha256:" + "1" * 64,
    "State": {"Status": "running"},
    "Config": {
        "Image": "postgres",
        "Labels": {"com.docker.compose.service": "db", "com.docker.compose.project": "fitnessapp"},
    },
}


BACKEND = "b" * 64


@dataclass
class ScriptedServer:
    """`databases` are rows by table; `sessions` is how many swaps are refused because somebody came back."""

    backup: Backup
    databases: dict[str, dict[str, int]]
    archive: dict[str, int]
    sessions: int = 0
    load_status: int = 0
    load_says: str = ""
    superuser: bool = False
    own_settings: tuple[str, ...] = ()
    did: list[str] = field(default_factory=list)
    loads: list[Command] = field(default_factory=list)
    before_swap: Callable[[], None] = lambda: None
    backend_check: Callable[[], tuple[str, int]] | None = None

    def __post_init__(self) -> None:
        self.jobs = SimpleNamespace(begin=self._begin, poll=self._poll, cancel=self._end, prune=self._end)
        self._statuses: dict[str, JobStatus] = {}
        self.logs: dict[str, bytes] = {}

    @property
    def facts(self) -> str:
        stored = {"datcollate": "C", "datctype": "C", "datacl": None, "datconnlimit": -1}
        who = {
            "user": DATABASE.user,
            "super": self.superuser,
            "createdb": True,
            "owns": True,
            "first_user": "x",
        }
        said = {"version": "15.4", "size": 1, "encoding": "UTF8", "database": stored, "tablespace": None}
        said |= {"for_superusers": [], "made_by_superusers": 0}
        return json.dumps(who | said | {"settings": self.own_settings})

    async def _end(self, *_: Any) -> None: ...

    async def _begin(self, spec: JobSpec) -> JobStatus:
        if spec.id not in self._statuses:
            self._statuses[spec.id] = JobStatus("exited", self._job(spec), 0)
        return self._statuses[spec.id]

    async def _poll(
        self, _state_dir: object, job: str, offset: int, _wait: int = 0
    ) -> tuple[JobStatus, bytes]:
        return self._statuses[job], self.logs.get(job, b"")[offset:]

    def _job(self, spec: JobSpec) -> int:
        words = spec.command.argv
        if "copy-rows" in words:
            self.did.append("count archive")
            lines = [f"{rows} COPY {table} (x) FROM stdin;" for table, rows in self.archive.items()]
            self.logs[spec.id] = "\n".join([*lines, ""]).encode()
        elif "pg_restore" in words:
            name = self._named(spec.command)
            self.did.append(f"load {name}")
            self.loads.append(spec.command)
            self.logs[spec.id] = self.load_says.encode()
            self.databases[name] = dict(self.archive) if self.load_status == 0 else {}
            return self.load_status
        elif "restart" in words:
            self.did.append(f"restart {words[-1]}")
        elif "ANALYZE" in words:
            self.did.append(f"analyze {self._named(spec.command)}")
        return 0

    @staticmethod
    def _named(command: Command) -> str:
        (name,) = (word.split("=", 1)[1] for word in command.argv if word.startswith("--dbname="))
        return name

    def agent_command(self, verb: str, *words: Any) -> Command:
        return Command(("opsgate-agent", verb, *map(str, words)))

    async def containers(self, _project: str) -> list[dict[str, Any]]:
        if self.backend_check is None:
            return [INSPECTED]
        log = [{"Start": start, "ExitCode": code} for start, code in [self.backend_check()]]
        labels = {"com.docker.compose.service": "backend", "com.docker.compose.project": "fitnessapp"}
        state = {"Status": "running", "Health": {"Status": "healthy", "Log": log}}
        backend = {"Id": BACKEND, "State": state, "Config": {"Image": "backend", "Labels": labels}}
        return [INSPECTED, INSPECTED | {"Name": "/fitnessapp-backend-1"} | backend]

    async def run(self, command: Command, **_: Any) -> Completed:
        status, text = self._answer(command)
        return Completed(status, text.encode(), b"refused" if status else b"", truncated=False)

    def _answer(self, command: Command) -> tuple[int, str]:
        said = {
            dumps.size(self.backup.host_file): str(self.backup.size),
            dumps.sha256(self.backup.host_file): f"{self.backup.sha256}  x",
            postgres.databases(CONTAINER, DATABASE): "\n".join(self.databases),
            postgres.facts(CONTAINER, DATABASE): self.facts,
        }
        if command in said:
            return 0, said[command]
        if "DO $copy$" in command.argv[-1]:
            self.did.append(f"settings {self._named(command)}")
            return 0, ""
        verb = command.argv[-1].split('"')[0].split(" IF ")[0].strip()
        does = {"CREATE DATABASE": self._create, "DROP DATABASE": self._drop, "ALTER DATABASE": self._swap}
        if verb in does:
            return does[verb](command)
        return 0, json.dumps(self.databases[self._named(command)])

    def _drop(self, command: Command) -> tuple[int, str]:
        name = command.argv[-1].split('"')[1]
        self.did.append(f"drop {name}")
        self.databases.pop(name, None)
        return 0, ""

    def _create(self, command: Command) -> tuple[int, str]:
        name = command.argv[-1].split('"')[1]
        self.did.append(f"create {name}")
        if name in self.databases:
            return 1, ""
        self.databases[name] = {}
        return 0, ""

    def _swap(self, command: Command) -> tuple[int, str]:
        self.before_swap()
        if self.sessions:
            self.sessions -= 1
            return 1, ""
        renames = [word.split('"')[1::2] for word in command.argv if word.startswith("ALTER DATABASE")]
        for old, new in renames:
            self.did.append(f"rename {old} {new}")
            assert new not in self.databases
            self.databases[new] = self.databases.pop(old)
        return 0, ""
