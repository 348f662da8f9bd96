"""The few files that Opsgate keeps beside a deployment path, in <path>_opsgate."""

from __future__ import annotations

from pathlib import PurePosixPath

from services.commands import words
from services.commands.command import Command, command

_POINTERS = ("current", "first")


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
