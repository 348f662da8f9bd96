"""A practice PostgreSQL and the tools in its container, as tests use them."""

import io
import shlex
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

from bot.sandbox.practice import postgres as practice
from services.commands.command import Command
from services.projects import Database

CONTAINER = "0" * 12
LIVE = Database(service="db", name="fitnessapp", user="fitnessapp_user")


def inner(command: Command) -> tuple[list[str], dict[str, str]]:
    """What `docker exec` starts: the program's argv, and what is added to the container's environment."""
    words = shlex.split(command.render())
    flags, argv = words[2 : words.index("--")], words[words.index("--") + 2 :]
    return argv, dict(value.split("=", 1) for flag, value in pairwise(flags) if flag == "--env")


class Done(NamedTuple):
    status: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout.decode().rstrip("\n")


@dataclass
class PracticeCluster:
    """A cluster in a folder that need not exist yet. `environment` is added to the container's own."""

    data: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        image = {"POSTGRES_DB": LIVE.name, "POSTGRES_USER": LIVE.user, "POSTGRES_PASSWORD": "s3cret"}
        self.environment = {**image, **self.environment}
        practice.initialise(self.data, self.environment)

    def run(
        self,
        *argv: str,
        stdin: bytes = b"",
        environment: dict[str, str] | None = None,
        stdout: BinaryIO | None = None,
    ) -> Done:
        """Runs a tool. With a `stdout` of the caller's own the answer holds none."""
        out, err = io.BytesIO(), io.BytesIO()
        status = practice.run(
            argv,
            data=self.data,
            environment={**self.environment, **(environment or {})},
            stdin=io.BytesIO(stdin),
            stdout=stdout or out,
            stderr=err,
        )
        return Done(status, out.getvalue(), err.getvalue().decode())

    def opsgate(self, command: Command, stdin: bytes = b"", stdout: BinaryIO | None = None) -> Done:
        """What `docker exec` makes of a command that Opsgate built."""
        argv, environment = inner(command)
        return self.run(*argv, stdin=stdin, environment=environment, stdout=stdout)

    def script(self, sql: str, *, database: str = LIVE.name) -> Done:
        """psql with a script on its standard input, stopping at the first error."""
        psql = ("psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-U", LIVE.user, "-d", database)
        return self.run(*psql, stdin=sql.encode())

    def command(self, sql: str, *, database: str = LIVE.name) -> Done:
        """psql -c."""
        return self.run("psql", "-XAtq", "-U", LIVE.user, "-d", database, "-c", sql)

    def answer(self, sql: str, *, database: str = LIVE.name) -> str:
        """The answer of a script that must not fail."""
        done = self.script(sql, database=database)
        assert (done.status, done.stderr) == (0, ""), done
        return done.text
