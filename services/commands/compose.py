"""`docker compose`, as typed builders. Volume deletion has no builder and no flag here (R-DB-1).

The project name is always given (`-p`), so that it never depends on a folder. The project directory is not:
relative paths mean what they mean to the hand command, the folder of the compose file, also in a release tree.
`--ansi never` makes every Compose v2 print plain progress, one line per step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from services.commands import state_files, words
from services.commands.command import Command, Word, command


@dataclass(frozen=True, slots=True)
class ComposeContext:
    """Which stack: its fixed name, and absolute host paths of the compose file and (if configured) the env file."""

    project_name: str
    compose_file: PurePosixPath
    env_file: PurePosixPath | None = None

    def __post_init__(self) -> None:
        words.compose_project(self.project_name)
        words.host_path(self.compose_file)
        if self.env_file is not None:
            words.host_path(self.env_file)


def _compose(context: ComposeContext, *rest: Word) -> Command:
    env_file: tuple[Word, ...] = ("--env-file", context.env_file) if context.env_file is not None else ()
    name, file = context.project_name, context.compose_file
    return command("docker", "compose", "--ansi", "never", "-p", name, "-f", file, *env_file, *rest)


def _names(services: Sequence[str]) -> tuple[str, ...]:
    """Service names behind `--`: whatever they are called, none is read as an option."""
    if isinstance(services, str):
        raise TypeError("services is a sequence of names")
    return ("--", *(words.service(name) for name in services)) if services else ()


def config(context: ComposeContext) -> Command:
    """Validates the file with its env file; prints nothing, so no value can leak."""
    return _compose(context, "config", "--quiet")


def config_services(context: ComposeContext) -> Command:
    """One service name per line."""
    return _compose(context, "config", "--services")


def build(context: ComposeContext, services: Sequence[str] = (), *, no_cache: bool = False) -> Command:
    """Builds the named services, or all. Touches no container."""
    return _compose(context, "build", *(("--no-cache",) if no_cache else ()), *_names(services))


def up(context: ComposeContext, services: Sequence[str] = ()) -> Command:
    """The runbook's `up -d --force-recreate`, from images built before.

    Without `--wait`: to that a job which ended with 0 has failed, and the health gate comes next.
    """
    return _compose(context, "up", "-d", "--force-recreate", "--no-build", *_names(services))


def up_changed(context: ComposeContext) -> Command:
    """`up -d`: what runs already from the same image and configuration stays as it is."""
    return _compose(context, "up", "-d", "--no-build")


def up_missing(context: ComposeContext) -> Command:
    """`up -d` for what has no container, or one that does not run. Whatever runs is left alone, changed or not."""
    return _compose(context, "up", "-d", "--no-recreate", "--no-build")


def scale(context: ComposeContext, service: str, count: int) -> Command:
    """So many containers of one service; those that run are left alone, new ones come from the present image.

    Not with `--no-deps`: Compose would note another configuration, and put each of them in its own place later.
    """
    if isinstance(count, bool) or count not in {1, 2}:
        raise ValueError("one, or one beside another")
    wanted = f"{words.service(service)}={count}"
    flags: tuple[Word, ...] = ("-d", "--no-recreate", "--no-build", "--scale", wanted)
    return _compose(context, "up", *flags, *_names([service]))


def config_hashes(context: ComposeContext) -> Command:
    """Per service a line `<service> <hash>`: what Compose compares with the label of a container."""
    return _compose(context, "config", "--hash", "*")


def run_script(context: ComposeContext, service: str, script: str) -> Command:
    """R-DB-6: a migration script in the service's running container, as the runbook does it. Without a terminal."""
    inside = f"scripts/{state_files.script(script)}"
    return _compose(context, "exec", "-T", words.service(service), "python", inside)


def ps(context: ComposeContext) -> Command:
    """All containers of the stack, also stopped ones; one JSON object per line."""
    return _compose(context, "ps", "--all", "--format", "json")


def stop(context: ComposeContext, services: Sequence[str] = (), *, timeout: int | None = None) -> Command:
    """Stops containers and keeps them. `timeout`: seconds before a container is killed."""
    limit: tuple[Word, ...] = () if timeout is None else ("--timeout", _seconds(timeout))
    return _compose(context, "stop", *limit, *_names(services))


def start(context: ComposeContext, services: Sequence[str] = ()) -> Command:
    return _compose(context, "start", *_names(services))


def _seconds(value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= 86_400:  # noqa: PLR2004 - a day
        raise ValueError("seconds are a whole number between 1 and 86400")
    return value
