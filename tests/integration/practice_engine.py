"""A practice engine with the sample project deployed on it, as tests use it. Nothing waits."""

import os
import shlex
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from bot.sandbox.practice.engine import install
from bot.sandbox.practice.engine.state import Container, Store
from bot.sandbox.practice.ports import free_port
from bot.sandbox.practice.sample import SampleProject
from services.commands.command import Command
from services.commands.compose import ComposeContext

PROJECT = "fitnessapp"


class Done(NamedTuple):
    status: int
    stdout: str
    stderr: str


@dataclass
class Ground:
    """`folder` is the practice server's; the project is deployed below it."""

    folder: Path
    pace: str = "0"

    def __post_init__(self) -> None:
        install(self.folder)
        self.source = SampleProject.create(self.folder / "home/fitnessapp")
        self.path = self.source.path
        self.store = Store(self.folder / "engine")
        self.port = free_port()
        self.write_env(DB_PASSWORD="s3cret")

    def write_env(self, **values: str) -> None:
        values = {"HTTP_PORT": str(self.port), "EXPO_PUBLIC_API_URL": "/api"} | values
        text = "".join(f"{name}={value}\n" for name, value in values.items())
        (self.path / ".env.prod").write_text(text)

    @property
    def stack(self) -> ComposeContext:
        """What Opsgate's builders need."""
        path = PurePosixPath(self.path)
        return ComposeContext(PROJECT, path / "docker/docker-compose.prod.yml", path / ".env.prod")

    def begin(self, *words: str, pace: str | None = None) -> subprocess.Popen[str]:
        """A docker command in a process group of its own."""
        return subprocess.Popen(
            [str(self.folder / "bin/docker"), *words],
            cwd=self.path,
            env=os.environ | {"OPSGATE_PRACTICE_PACE": pace or self.pace},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str, stdin: str = "", pace: str | None = None) -> Done:
        with self.begin(*words, pace=pace) as process:
            out, err = process.communicate(stdin, timeout=90)
            return Done(process.returncode, out, err)

    def compose(self, *words: str) -> Done:
        file = "docker/docker-compose.prod.yml"
        return self.run("compose", "-p", PROJECT, "-f", file, "--env-file", ".env.prod", *words)

    def opsgate(self, command: Command, stdin: str = "") -> Done:
        """A command that Opsgate built, as a shell on the host would split it."""
        docker, *words = shlex.split(command.render())
        assert docker == "docker"
        return self.run(*words, stdin=stdin)

    def container(self, service: str) -> Container:
        [found] = [one for one in self.store.read().containers.values() if service in one.aliases]
        return found

    def deployed(self) -> "Ground":
        """Built and up."""
        done = self.compose("up", "-d", "--build")
        assert done.status == 0, done
        return self


def end(process: subprocess.Popen[str], number: signal.Signals) -> Done:
    """Sends a signal to the command's whole group and waits for its end."""
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=60)
    return Done(process.returncode, out, err)
