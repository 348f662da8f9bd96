"""A script of docker commands that the simulated engine and the real one both carry out, to be compared."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bot.sandbox.practice.ports import free_port
from bot.sandbox.practice.sample import SampleProject

UP = ("up", "-d", "--force-recreate", "--no-build")
BY_PROJECT = "label=com.docker.compose.project="


class Answer(NamedTuple):
    status: int
    stdout: str
    stderr: str


@dataclass
class Ground:
    """A deployed copy of the sample project, and the docker that works on it."""

    docker: str
    folder: Path
    project: str
    pace: str = "1"
    answers: dict[str, Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.source = SampleProject.create(self.folder / "fitnessapp")
        self.port = free_port()
        env = f"DB_PASSWORD=secret\nHTTP_PORT={self.port}\nEXPO_PUBLIC_API_URL=/api\n"
        (self.source.path / ".env.prod").write_text(env)

    def run(self, *words: str, stdin: str = "") -> Answer:
        done = subprocess.run(
            [self.docker, *words],
            check=False,
            cwd=self.source.path,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            env=os.environ | {"OPSGATE_PRACTICE_PACE": self.pace},
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def compose(self, *words: str, env_file: str = ".env.prod") -> Answer:
        stack = ("-p", self.project, "-f", "docker/docker-compose.prod.yml", "--env-file", env_file)
        return self.run("compose", "--ansi", "never", *stack, *words)

    def id(self, service: str) -> str:
        labels = (
            f"{BY_PROJECT}{self.project}",
            f"{BY_PROJECT.replace('project', 'service')}{service}",
        )
        filters = [word for label in labels for word in ("--filter", label)]
        return self.run("ps", "--all", "--quiet", "--no-trunc", *filters).stdout.strip()

    def clear(self) -> None:
        self.compose("down", "--volumes")
        for tag in (f"{self.project}-backend", f"{self.project}-frontend"):
            self.run("image", "rm", "--force", tag)
        left = self.run("image", "ls", "--quiet", "--filter", f"{BY_PROJECT}{self.project}").stdout.split()
        if left:
            self.run("image", "rm", "--force", *set(left))

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.source.path / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def write(self, name: str, text: str) -> str:
        (self.source.path / name).write_text(text)
        return name


Step = Callable[[Ground], Answer]


def compose(*words: str) -> Step:
    return lambda ground: ground.compose(*words)


def docker(*words: str) -> Step:
    """`{project}` and `{db}`, `{backend}`, `{frontend}` (ids) stand for what they are on that ground."""

    def step(ground: Ground) -> Answer:
        return ground.run(*(_filled(word, ground) for word in words))

    return step


def _filled(word: str, ground: Ground) -> str:
    word = word.replace("{project}", ground.project)
    for service in ("db", "backend", "frontend"):
        if f"{{{service}}}" in word:
            word = word.replace(f"{{{service}}}", ground.id(service))
    return word


def changed(change: Callable[[Ground], object], step: Step) -> Step:
    """The step after a change of the project's files."""

    def both(ground: Ground) -> Answer:
        change(ground)
        return step(ground)

    return both


def file(text: str, *words: str) -> Step:
    """A compose file of its own, and a verb on it."""

    def step(ground: Ground) -> Answer:
        name = ground.write("other.yml", text)
        return ground.run("compose", "--ansi", "never", "-p", f"{ground.project}x", "-f", name, *words)

    return step


def break_the_build(ground: Ground) -> None:
    ground.source.break_build()


def mend_then_break_a_script(ground: Ground) -> None:
    ground.source.fix()
    ground.edit("backend/scripts/seed_plans.py", "print(", "def print(")


def name_a_missing_source(ground: Ground) -> None:
    ground.edit("backend/scripts/seed_plans.py", "def print(", "print(")
    ground.edit("backend/Dockerfile", "COPY backend/scripts", "COPY backend/nothere")


def write_an_unknown_instruction(ground: Ground) -> None:
    ground.edit("backend/Dockerfile", "COPY backend/nothere", "COPPY backend/scripts")


def match_nothing(ground: Ground) -> None:
    ground.source.fix()
    ground.edit("backend/Dockerfile", "*.csv", "*.nope")


def build_one_that_refuses_traffic(ground: Ground) -> None:
    ground.source.fix()
    ground.source.write_release("v2")
    ground.source.break_health()
    ground.compose("build", "--quiet")


def build_a_mended_one(ground: Ground) -> None:
    ground.source.fix()
    ground.compose("build", "--quiet")


def until_healthy(ground: Ground) -> None:
    """A busy machine shows a new container longer as starting."""
    ground.compose("up", "-d", "--no-build", "--wait")


def stop_the_frontend(ground: Ground) -> None:
    ground.run("stop", f"{ground.project}-frontend-1")


QUIET = ("config", "--quiet")
SCALE = ("up", "-d", "--no-recreate", "--no-build", "--scale")
TWO = ("ps", "--all", "--format", "{{.Names}} {{.State}}", "--filter", f"{BY_PROJECT}{{project}}")
NAMES = "{{.Repository}}:{{.Tag}}"
SCRIPT: dict[str, Step] = {
    # before anything is there
    "config": compose(*QUIET),
    "services": compose("config", "--services"),
    "up without images": compose(*UP),
    "half a stack": compose("ps", "--all"),
    "start of nothing": compose("start"),
    "stop what was created": compose("stop"),
    "down of the half": compose("down"),
    "inspect nothing": docker("container", "inspect", "--", "nope"),
    "inspect no image": docker("image", "inspect", "--", "nope"),
    "inspect no thing": docker("inspect", "nope"),
    "logs of nothing": docker("logs", "--tail", "3", "--", "nope"),
    "exec in nothing": docker("exec", "--", "nope", "ls"),
    "remove nothing": docker("rm", "--", "nope"),
    "remove nothing by force": docker("container", "rm", "--force", "nope"),
    "start nothing": docker("start", "--", "nope"),
    "stop nothing": docker("stop", "--", "nope"),
    "rename nothing": docker("rename", "--", "nope", "other"),
    "tag nothing": docker("tag", "--", "nope", "a:b"),
    "remove no image": docker("image", "rm", "--", "nope:1"),
    "remove no volume": docker("volume", "rm", "nope"),
    "remove no volume by force": docker("volume", "rm", "--force", "nope"),
    "remove no network": docker("network", "rm", "nope"),
    # files that are no compose files
    "no such file": lambda ground: ground.run("compose", "-f", "nope.yml", *QUIET),
    "no env file": lambda ground: ground.compose(*QUIET, env_file="nope.env"),
    "bad name": lambda ground: ground.run("compose", "-p", "Bad Name", *QUIET),
    "broken yaml": file("services:\n  a:\n    frob: [x\n", *QUIET),
    "unknown key": file("services:\n  a:\n    image: x\n    frob: 1\n", *QUIET),
    "unknown root key": file("frob: 1\nservices:\n  a:\n    image: x\n", *QUIET),
    "no image": file("services:\n  a: {}\n", *QUIET),
    "unknown dependency": file("services:\n  a: {image: x, depends_on: [b]}\n", *QUIET),
    "cycle": file("services:\n  a: {image: x, depends_on: [a]}\n", *QUIET),
    "unknown volume": file('services:\n  a: {image: x, volumes: ["data:/d"]}\n', *QUIET),
    "unknown network": file("services:\n  a: {image: x, networks: [q]}\n", *QUIET),
    "twice": file("services:\n  a: {image: x}\n  a: {image: y}\n", *QUIET),
    "empty": file("", *QUIET),
    "a list": file("[]\n", *QUIET),
    "no services": file("services: {}\n", *QUIET),
    "bad port": file('services:\n  a: {image: x, ports: ["abc:80"]}\n', *QUIET),
    "high port": file('services:\n  a: {image: x, ports: ["70000:80"]}\n', *QUIET),
    "number for a time": file("services:\n  a: {image: x, healthcheck: {test: x, interval: 5}}\n", *QUIET),
    "restart as number": file("services:\n  a: {image: x, restart: 7}\n", *QUIET),
    "bad condition": file(
        "services:\n  a: {image: x, depends_on: {b: {condition: frob}}}\n  b: {image: x}\n", *QUIET
    ),
    "missing variable": file('services:\n  a: {image: "x:${NOT_THERE}"}\n', *QUIET),
    "required variable": file('services:\n  a: {image: "${NOT_THERE:?give it}"}\n', *QUIET),
    "broken variable": file('services:\n  a: {image: "x:${V"}\n', *QUIET),
    "defaults": file(
        'services:\n  "a": {image: "${A:-x}:${B-${C:-1}}", command: "$$HOME ${D:+no}"}\n',
        "config",
        "--images",
    ),
    "profiles": file(
        "services:\n  a: {image: x, profiles: [dev]}\n  b: {image: x}\n", "config", "--services"
    ),
    "no env_file": file("services:\n  a: {image: x, env_file: nope.env}\n", *QUIET),
    "no context": file("services:\n  a: {build: nope}\n", "build"),
    "bad restart": file("services:\n  a: {image: opsgate-practice/flask:1, restart: at-times}\n", "up", "-d"),
    "bad restart, down": lambda ground: ground.run(
        "compose", "--ansi", "never", "-p", f"{ground.project}x", "-f", "other.yml", "down"
    ),
    # images
    "build": compose("build"),
    "build again": compose("build", "--", "backend", "frontend"),
    "build nothing": compose("build", "--", "db"),
    "build what is not there": compose("build", "--", "nope"),
    "quiet build": compose("build", "--quiet"),
    "image list": docker("image", "ls", "--filter", f"{BY_PROJECT}{{project}}"),
    "images by name": docker(
        "image", "ls", "--format", NAMES, "--filter", "reference=opsgate-practice/pos*:1"
    ),
    "images by another name": docker("image", "ls", "--format", NAMES, "--filter", "reference=opsgate-prac*"),
    # up
    "up": compose(*UP),
    "ps": changed(until_healthy, compose("ps", "--all", "--format", "json")),
    "ps table": compose("ps", "--all"),
    "docker ps": docker("ps", "--all", "--filter", f"{BY_PROJECT}{{project}}"),
    "inspect": docker("container", "inspect", "--", "{db}", "{backend}", "{frontend}"),
    "inspect one and none": docker("container", "inspect", "--format", "{{.Name}}", "--", "{db}", "nope"),
    "inspect format": docker(
        "inspect",
        "--format",
        '{{.State.Status}} {{.State.Health.Status}} {{.RestartCount}} {{json .State.Running}} {{index .Config.Labels "com.docker.compose.service"}}',
        "{backend}",
    ),
    "inspect image": docker("image", "inspect", "--", "{project}-backend"),
    "inspect volume": docker("volume", "inspect", "{project}_postgres_data"),
    "networks": docker("network", "ls", "--filter", f"{BY_PROJECT}{{project}}"),
    "volumes": docker("volume", "ls", "--filter", f"{BY_PROJECT}{{project}}"),
    "volume names": docker("volume", "ls", "--quiet", "--filter", f"{BY_PROJECT}{{project}}"),
    "up again": compose("up", "-d"),
    "up of one": compose("up", "-d", "--no-build", "backend"),
    "up of nobody": compose("up", "-d", "--no-build", "nobody"),
    "recreate": compose(*UP),
    "remove what runs": docker("rm", "--", "{db}"),
    "name taken": docker("rename", "--", "{db}", "{project}-backend-1"),
    "rename": docker("rename", "--", "{frontend}", "{project}-away"),
    "rename back": docker("rename", "--", "{project}-away", "{project}-frontend-1"),
    "volume in use": docker("volume", "rm", "{project}_postgres_data"),
    "network in use": docker("network", "rm", "{project}_default"),
    "image in use": docker("image", "rm", "--", "{project}-backend"),
    "keep": docker("tag", "--", "{project}-backend", "opsgate-keep:{project}.backend"),
    "unkeep": docker("image", "rm", "--", "opsgate-keep:{project}.backend"),
    "invalid filter": docker("ps", "--filter", "foo=bar"),
    "exec": docker("exec", "--", "{backend}", "cat", "/app/VERSION.txt"),
    "exec no file": docker("exec", "--", "{backend}", "cat", "/app/nope"),
    "exec ls": docker("exec", "--", "{backend}", "ls", "scripts"),
    "exec query": docker(
        *("exec", "--", "{db}", "psql", "-XAt", "--username=fitnessapp_user", "--dbname=fitnessapp"),
        *("--command", "SELECT 1 + 1"),
    ),
    "compose exec": compose("exec", "-T", "db", "pg_isready", "--quiet", "--username=fitnessapp_user"),
    "migrate": docker("exec", "{backend}", "python3", "scripts/migrate_001_plans.py"),
    "seed": docker("exec", "{backend}", "python3", "scripts/seed_plans.py"),
    "logs": docker("logs", "--tail", "3", "--", "{backend}"),
    "compose logs": compose("logs", "--tail", "1", "backend"),
    "stop": compose("stop", "frontend", "backend"),
    "ps of the stopped": compose("ps", "--all"),
    "exec in a stopped one": docker("exec", "--", "{backend}", "ls"),
    "stop again": compose("stop", "backend"),
    "start": compose("start", "backend"),
    "up of the stopped": compose("up", "-d", "--no-build"),
    "docker stop": docker("stop", "{project}-frontend-1"),
    "docker start": docker("start", "--", "{project}-frontend-1"),
    "restart": compose("restart", "backend"),
    "wait": compose("up", "-d", "--wait", "--no-build"),
    # two of one service
    "hashes": compose("config", "--hash", "*"),
    "hash of one": compose("config", "--hash", "backend"),
    "scale": changed(until_healthy, compose(*SCALE, "backend=2", "--", "backend")),
    "scale again": compose(*SCALE, "backend=2", "--", "backend"),
    "two of one": docker(*TWO),
    "up of two": compose("up", "-d", "--no-build"),
    "the newest went": docker(*TWO),
    "scale anew": changed(until_healthy, compose(*SCALE, "backend=2", "--", "backend")),
    "end the first": docker("stop", "-t", "3", "--", "{project}-backend-1"),
    "remove the first": docker("rm", "--", "{project}-backend-1"),
    "settle": compose(*SCALE, "backend=1", "--wait", "--wait-timeout", "60", "--", "backend"),
    "the second stayed": docker(*TWO),
    "up of the second": compose("up", "-d", "--no-build"),
    "recreate the second": compose(*UP, "--", "backend"),
    "still the second": docker(*TWO),
    "scale to no number": compose(*SCALE, "backend", "--", "backend"),
    # releases that go wrong
    "broken build": changed(break_the_build, compose("build")),
    "syntax error": changed(
        mend_then_break_a_script,
        compose("build", "backend"),
    ),
    "missing source": changed(
        name_a_missing_source,
        compose("build", "backend"),
    ),
    "unknown instruction": changed(
        write_an_unknown_instruction,
        compose("build", "backend"),
    ),
    "no match": changed(
        match_nothing,
        compose("build", "--quiet", "backend"),
    ),
    "unhealthy": changed(
        build_one_that_refuses_traffic,
        compose(*UP),
    ),
    "ps of the unhealthy": compose("ps", "--all"),
    "inspect the unhealthy": docker("container", "inspect", "--", "{backend}", "{frontend}"),
    "logs of the unhealthy": docker("logs", "--tail", "2", "--", "{backend}"),
    "wait for the unhealthy": compose("up", "-d", "--wait", "--no-build"),
    "mended": changed(
        build_a_mended_one,
        compose("up", "-d", "--no-build"),
    ),
    "data stayed": docker(
        *("exec", "--", "{db}", "psql", "-XAt", "--username=fitnessapp_user", "--dbname=fitnessapp"),
        *("--command", "SELECT count(*) FROM plans"),
    ),
    # the end
    "remove a stopped one": changed(
        stop_the_frontend,
        docker("rm", "--", "{project}-frontend-1"),
    ),
    "image without containers": docker("image", "rm", "--force", "{project}-frontend"),
    "up without one image": compose("up", "-d", "--no-build"),
    "down": compose("down"),
    "volume stayed": docker("volume", "ls", "--quiet", "--filter", f"{BY_PROJECT}{{project}}"),
    "down with volumes": compose("down", "--volumes"),
    "volume gone": docker("volume", "ls", "--quiet", "--filter", f"{BY_PROJECT}{{project}}"),
}
