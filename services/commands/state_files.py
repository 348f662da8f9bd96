"""The few files that Opsgate keeps beside a deployment path, in <path>_opsgate."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from services.commands import words
from services.commands.command import Command, command

_POINTERS = ("current", "first")
_SCRIPT = re.compile(r"migrate_[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\.py")


def releases(state_dir: PurePosixPath) -> Command:
    """One release id per line."""
    return command("ls", "-1", "--", words.host_path(state_dir) / "releases")


def forget(state_dir: PurePosixPath, pointer: str) -> Command:
    """Removes a pointer: `current` or `first`, nothing else."""
    if pointer not in _POINTERS:
        raise ValueError(f"{pointer!r} is not a pointer")
    return command("rm", "-f", "--", words.host_path(state_dir) / pointer)


def exists(path: PurePosixPath) -> Command:
    """Exit status 0 when the file is there, 1 when not."""
    return command("test", "-f", words.host_path(path))


def folder(path: PurePosixPath) -> Command:
    return command("mkdir", "-p", "--", words.host_path(path))


def link_env(env_file: PurePosixPath, link: PurePosixPath) -> Command:
    """Lets a release tree see the server's env file, which is never copied into it."""
    return command("ln", "-sfn", "--", words.host_path(env_file), words.host_path(link))


def is_script(name: str) -> bool:
    """Whether it is the name of a migration script that may stand in a command and name a file of ours."""
    return _SCRIPT.fullmatch(name) is not None


def script(name: str) -> str:
    """The name. Raises ValueError for any other."""
    if not is_script(name):
        raise ValueError("not the name of a migration script")
    return name


def migrations(state_dir: PurePosixPath) -> Command:
    """Every record of a migration script, one line of JSON each. Exit status 1, in English, when there is no folder."""
    folder = words.host_path(state_dir) / "migrations"
    which = ("-maxdepth", "1", "-type", "f", "-name", "migrate_*.py.json")
    return command("env", "LC_ALL=C", "find", folder, *which, "-exec", "cat", "{}", "+")
