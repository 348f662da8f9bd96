"""Files on the host, with what every Unix has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from services.commands import words
from services.commands.command import Command, command


def read(path: PurePosixPath) -> Command:
    """The file's bytes on stdout."""
    return command("cat", "--", words.host_path(path))


def modes(paths: Sequence[PurePosixPath]) -> Command:
    """`<octal mode> <path>` for each path that is there (links followed); exit status 1 when one is missing.

    What is missing is named on stderr, in English wherever the host stands.
    """
    if not paths:
        raise ValueError("at least one path")
    return command(
        "env", "LC_ALL=C", "stat", "-L", "-c", "%a %n", "--", *(words.host_path(path) for path in paths)
    )


def link(target: PurePosixPath, name: PurePosixPath) -> Command:
    """Makes the symbolic link `name` point to `target`; an older link of that name is replaced."""
    return command("ln", "-sfn", "--", words.host_path(target), words.host_path(name))


def changed(path: PurePosixPath) -> Command:
    """When the file's content was last changed (links followed): whole seconds since 1970."""
    return command("stat", "-L", "-c", "%Y", "--", words.host_path(path))


def names(folder: PurePosixPath) -> Command:
    """One name per line; exit status 2 where the folder is not there."""
    return command("ls", "-1", "--", words.host_path(folder))
