"""The practice project as deployed: its folder on the host, its containers, what it serves, and how it is cleared."""

import contextlib
import http.client
import json
import re
import secrets
import string
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bot.sandbox.practice.ports import free_port

DATABASE = "fitnessapp"
DATABASE_USER = "fitnessapp_user"
COMPOSE_FILE = "docker/docker-compose.prod.yml"
ENV_FILE = ".env.prod"
SERVICES = ("db", "backend", "frontend")

_PROJECT_LABEL = "com.docker.compose.project"
_SERVICE_LABEL = "com.docker.compose.service"


class Container(NamedTuple):
    """One container of the stack, as the engine sees it. `health` is empty where there is no health check."""

    id: str
    name: str
    service: str
    state: str
    health: str
    image_id: str
    started_at: str
    restarts: int


class PracticeServer:
    """Where one test's stack lives: `<home>/fitnessapp`, a Compose project name and a port that nobody else uses."""

    def __init__(self, home: Path, docker: str = "docker") -> None:
        """Makes the deployment path with its env file, as an admin would before the first deploy.

        `docker` is the command that reaches the stack's engine from here.
        """
        self.docker = docker
        self.path = home / "fitnessapp"
        self.backup_path = home / "fitnessapp_backup"
        self.compose_project = f"fitnessapp-{secrets.token_hex(4)}"
        self.http_port = free_port()
        self.password = _letters_and_digits(24)
        self.path.mkdir(parents=True, exist_ok=True)
        self.write_env()

    @property
    def url(self) -> str:
        """The frontend's address, as seen from the host."""
        return f"http://127.0.0.1:{self.http_port}/"

    @property
    def env_file(self) -> Path:
        """The env file in the deployment path."""
        return self.path / ENV_FILE

    def write_env(self, **changes: str) -> None:
        """Writes the env file anew; `changes` replace or add variables (DB_PASSWORD="p@ss" for a bad one)."""
        values = {
            "DB_PASSWORD": self.password,
            "HTTP_PORT": str(self.http_port),
            "EXPO_PUBLIC_API_URL": "/api",
            **changes,
        }
        self.env_file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        self.env_file.chmod(0o600)

    # --- what is there ----------------------------------------------------------------------------------------

    def served_version(self) -> str | None:
        """The release marker that the site shows; "front/back" while they differ, None while one does not answer."""
        frontend = re.search(r'data-release="([^"]*)"', self.get("/") or "")
        answer = self.get("/api/version")
        if frontend is None or answer is None:
            return None
        backend = json.loads(answer)["release"]
        return frontend[1] if frontend[1] == backend else f"{frontend[1]}/{backend}"

    def get(self, path: str) -> str | None:
        """The body of a 200 answer, else None."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=10)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            response = connection.getresponse()
            if response.status == http.HTTPStatus.OK:
                return response.read().decode()
        return None

    def containers(self) -> list[Container]:
        """Every container of this Compose project, running or not, by service."""
        ids = self._ids("ps", "--all", "--no-trunc")
        if not ids:
            return []
        found = [_container(one) for one in json.loads(self._run("container", "inspect", *ids))]
        return sorted(found, key=lambda one: (one.service, one.name))

    def container(self, service: str) -> Container:
        """The one container of a service; LookupError if there is none or more than one."""
        found = [one for one in self.containers() if one.service == service]
        if len(found) != 1:
            message = f"{len(found)} containers of service {service}"
            raise LookupError(message)
        return found[0]

    def is_healthy(self) -> bool:
        """Whether exactly the three services run and each one's health check passes."""
        found = [(one.service, one.state, one.health) for one in self.containers()]
        return found == sorted((service, "running", "healthy") for service in SERVICES)

    def psql(self, sql: str, *, database: str = DATABASE) -> str:
        """The unaligned answer of psql inside the db container, without the last line's end."""
        db = self.container("db").id
        psql = ["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-U", DATABASE_USER, "-d", database]
        return self._run("exec", "--interactive", db, *psql, stdin=sql).rstrip("\n")

    def exec(self, service: str, *argv: str) -> str:
        """Standard output of a command inside a service's container."""
        return self._run("exec", self.container(service).id, *argv)

    def logs(self, service: str) -> str:
        """Everything that the service's container has written, both streams."""
        argv = [self.docker, "logs", self.container(service).id]
        return subprocess.run(
            argv, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ).stdout

    def compose(self, *arguments: str) -> list[str]:
        """The command line of `docker compose` for this stack; to be run in the deployment path."""
        head = ["docker", "compose", "-p", self.compose_project, "-f", COMPOSE_FILE, "--env-file", ENV_FILE]
        return [*head, *arguments]

    # --- the end ----------------------------------------------------------------------------------------------

    def leftovers(self) -> list[str]:
        """What the engine still holds of this Compose project, as `kind id`."""
        kinds = {
            "container": ("ps", "--all"),
            "network": ("network", "ls"),
            "volume": ("volume", "ls"),
            "image": ("image", "ls"),
        }
        return [f"{kind} {one}" for kind, verb in kinds.items() for one in self._ids(*verb)]

    def teardown(self) -> None:
        """Removes this Compose project's containers, networks, volumes and built images, and nothing else.

        Deleting the volume is a test's right only: it is this test's own data.
        """
        self._remove(("ps", "--all"), ("container", "rm", "--force", "--volumes"))
        self._remove(("network", "ls"), ("network", "rm"))
        self._remove(("volume", "ls"), ("volume", "rm", "--force"))
        self._remove(("image", "ls"), ("image", "rm", "--force"))

    def _remove(self, listing: Sequence[str], removal: Sequence[str]) -> None:
        if found := self._ids(*listing):
            self._run(*removal, *found)

    def _ids(self, *verb: str) -> list[str]:
        listed = self._run(*verb, "--quiet", "--filter", f"label={_PROJECT_LABEL}={self.compose_project}")
        return sorted(set(listed.split()))

    def _run(self, *arguments: str, stdin: str = "") -> str:
        argv = [self.docker, *arguments]
        done = subprocess.run(argv, check=False, input=stdin, capture_output=True, text=True)
        if done.returncode != 0:
            message = f"docker {arguments[0]} {arguments[1]}: {done.stderr.strip()}"
            raise RuntimeError(message)
        return done.stdout


def _container(data: dict[str, Any]) -> Container:

    return Container(
        id=data["Id"],
        name=data["Name"].removeprefix("/"),
        service=data["Config"]["Labels"][_SERVICE_LABEL],
        state=data["State"]["Status"],
        health=data["State"].get("Health", {}).get("Status", ""),
        image_id=data["Image"],
        started_at=data["State"]["StartedAt"],
        restarts=data["RestartCount"],
    )


def _letters_and_digits(length: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))
