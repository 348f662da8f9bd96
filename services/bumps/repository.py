"""Raises the version in a repository: a commit on top of a branch, made in the mirror without a work tree, and pushed."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from services.bumps import app_json
from services.checks.tree import APP_JSON
from services.commands import git as commands
from services.commands.command import Command
from services.errors import SourceError, last_words
from services.sources import git

_ENTRY = re.compile(rb"(100644|100755) blob ([0-9a-f]{40,64})\t[^\0]*\0")
SHOWN = 400
"""Characters of what the repository said that a person is shown."""


async def head_of(mirror: Path, branch: str) -> str | None:
    """The branch's newest commit; None when the ref is a tag, a commit, or nothing."""
    ended = await git.run(commands.branch_head(mirror, branch))
    return ended.stdout.decode().strip() if ended.exit_status == 0 else None


async def read(mirror: Path, commit: str) -> tuple[str, bytes] | None:
    """Mode and content of mobile/app.json as committed; None where it is no plain file."""
    found = _ENTRY.fullmatch(await _output(commands.entry(mirror, commit, APP_JSON)))
    if found is None:
        return None
    return found[1].decode(), await _output(commands.blob(mirror, found[2].decode()))


async def commit_on(mirror: Path, head: str, version: str, to: str, author: str) -> str:
    """A new commit on `head` that changes the version and nothing else; no ref moves. Its full id.

    `author` as in `Name <address>`. Raises SourceError when another version stands there by now.
    """
    entry = await read(mirror, head)
    found = app_json.spot(entry[1]) if entry else None
    if entry is None or found is None or found.version != version:
        raise SourceError("error-bump-changed", file=APP_JSON)
    blob = await _made(commands.store_blob(mirror), stdin=app_json.raised(entry[1], to))
    with tempfile.TemporaryDirectory(prefix="bump-", dir=mirror.parent) as folder:
        env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        await _output(commands.read_tree(mirror, head), env)
        await _output(commands.put_entry(mirror, entry[0], blob, APP_JSON), env)
        tree = await _made(commands.write_tree(mirror), env)
    return await _made(commands.commit_tree(mirror, tree, head, message(to)), _as(author))


async def push(mirror: Path, repository: str, commit: str, branch: str) -> str | None:
    """To the branch, never by force. None, or what the repository said when it did not take it.

    Raises SourceError when it does not answer in time: then nobody knows.
    """
    address, login = git.address(repository)
    ended = await git.run(commands.push(mirror, address, commit, branch), git.FETCH_TIMEOUT, login)
    return None if ended.exit_status == 0 else last_words(ended.stderr.strip(), SHOWN)


def message(to: str) -> str:
    return f"Bump the app to {to}"


async def _made(command: Command, env: Mapping[str, str] | None = None, stdin: bytes | None = None) -> str:
    """The id of the object that the command made."""
    return (await _output(command, env, stdin)).decode().strip()


async def _output(
    command: Command, env: Mapping[str, str] | None = None, stdin: bytes | None = None
) -> bytes:
    ended = await git.run(command, git.EXPORT_TIMEOUT, env, stdin)
    if ended.exit_status != 0:
        raise SourceError("error-git", detail=last_words(ended.stderr, 2000))
    return ended.stdout


def _as(author: str) -> Mapping[str, str]:
    name, _, address = author.rpartition(" <")
    who = {"NAME": name, "EMAIL": address.rstrip(">")}
    return {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
