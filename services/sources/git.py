"""The `git` program on Opsgate's own machine: a bare mirror per project, and what a checkout says about itself."""

from __future__ import annotations

import asyncio
import base64
import fcntl
import os
import re
import shutil
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit
from weakref import WeakValueDictionary

import structlog

from services.commands import git as commands
from services.commands.command import Command
from services.errors import BadInput, SourceError, last_words
from services.models import Commit

log = structlog.get_logger(__name__)

LOCAL_TIMEOUT = 60.0
FETCH_TIMEOUT = 600.0
EXPORT_TIMEOUT = 300.0
MIRROR_WAIT = 120.0
_ASK_AGAIN = 0.1
"""Seconds, as above: for which another process's use of a mirror is waited for, and between two looks."""
SHOWN_COMMITS = 20
_SHORTEST_ID = 7

_USERINFO = re.compile(r"(?<=://)[^\s/@]+(?=@)")
_OURS_TO_SET = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a git command ended; `stderr` without anybody's login."""

    exit_status: int
    stdout: bytes
    stderr: str


async def run(
    command: Command,
    within: float = LOCAL_TIMEOUT,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
) -> Ended:
    """Runs git without a terminal to ask at, for at most `within` seconds.

    Raises SourceError past the deadline or when git is not installed.
    """
    inherited = {key: value for key, value in os.environ.items() if key not in _OURS_TO_SET}
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    ssh = {"GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")}
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *command.argv,
            stdin=asyncio.subprocess.DEVNULL if stdin is None else pipe,
            stdout=pipe,
            stderr=pipe,
            env=inherited | quiet | ssh | dict(env or {}),
            start_new_session=True,  # git starts others (ssh, git-remote-https): they end with it
        )
    except FileNotFoundError:
        raise SourceError("error-git-missing") from None
    try:
        async with asyncio.timeout(within):
            stdout, stderr = await process.communicate(stdin)
    except TimeoutError:
        raise SourceError("error-git-timeout", seconds=round(within)) from None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return Ended(process.returncode or 0, stdout, without_logins(stderr.decode("utf-8", "replace")))


def without_logins(text: str) -> str:
    """Addresses without user and password."""
    return _USERINFO.sub("***", text)


def split_login(url: str) -> tuple[str, dict[str, str]]:
    """The address without its password, and the environment that brings it to git: not a word of any command line."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or "@" not in parts.netloc:
        return url, {}
    login, _, host = parts.netloc.rpartition("@")
    clean = urlunsplit(parts._replace(netloc=host))
    user, _, password = login.partition(":")
    token = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
    header = {
        "GIT_CONFIG_KEY_0": f"http.{clean}.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {token}",
    }
    return clean, {"GIT_CONFIG_COUNT": "1"} | header


async def _must(command: Command, code: str, within: float = LOCAL_TIMEOUT, **env: str) -> bytes:
    ended = await run(command, within, env)
    if ended.exit_status != 0:
        raise SourceError(code, detail=last_words(ended.stderr, 2000))
    return ended.stdout


_IN_USE: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()
_DAMAGED = re.compile(
    r"\.lock['\": ]|corrupt|bad object|object file .* is empty|not a git repository|bad (?:ref|pack)"
)
"""What git says when a mirror was left broken, such as by a killed git."""


@asynccontextmanager
async def alone_in(mirror: Path, within: float = MIRROR_WAIT) -> AsyncIterator[None]:
    """A mirror is used by one at a time: two fetches spoil each other, and a broken mirror is made anew.

    Also among processes, by `<mirror>.lock`, which a process that dies lets go. Raises SourceError when another process
    has it for longer than `within` seconds.
    """
    lock = _IN_USE.setdefault(mirror, asyncio.Lock())
    async with lock:
        file = _lock_file(mirror)
        try:
            await _locked(file, mirror, within)
            yield
        finally:
            os.close(file)


def _lock_file(mirror: Path) -> int:
    """Beside the mirror, since a broken one is removed; kept, since who waits for it has it open."""
    mirror.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = mirror.with_name(f"{mirror.name}.lock")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


async def _locked(file: int, mirror: Path, within: float) -> None:
    """Asked for again and again: a thread that waits in the kernel could not be called off."""
    until = time.monotonic() + within
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise SourceError("error-git-busy", project=mirror.stem) from None
        else:
            return
        await asyncio.sleep(_ASK_AGAIN)


async def update_mirror(mirror: Path, repository: str) -> None:
    """Brings the mirror up to date, a broken one by making it anew: it is only a cache.

    To be called `alone_in` it. Raises SourceError when the repository does not answer or refuses.
    """
    clean, login = address(repository)
    ended = await _fetch(mirror, clean, login)
    if ended.exit_status != 0 and _DAMAGED.search(ended.stderr):
        log.warning(
            "a mirror is broken and made anew", mirror=mirror.name, said=last_words(ended.stderr, 500)
        )
        await asyncio.to_thread(shutil.rmtree, mirror)
        ended = await _fetch(mirror, clean, login)
    if ended.exit_status != 0:
        shown = without_logins(clean)
        raise SourceError("error-git-fetch", repository=shown, detail=last_words(ended.stderr, 2000))


def address(repository: str) -> tuple[str, dict[str, str]]:
    """What git is told for a configured repository, and the environment that brings its login."""
    local = Path(repository).expanduser()
    return split_login(repository if "://" in repository or not local.exists() else str(local.resolve()))


async def _fetch(mirror: Path, address: str, login: Mapping[str, str]) -> Ended:
    if not (mirror / "HEAD").is_file():
        mirror.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        await _must(commands.init_mirror(mirror), "error-git")
    return await run(commands.fetch(mirror, address), FETCH_TIMEOUT, login)


async def resolve(mirror: Path, ref: str) -> str:
    """The full id of a branch, a tag or a commit (7 hex digits and more), in this order. Raises BadInput."""
    names = [f"refs/heads/{ref}", f"refs/tags/{ref}"]
    if re.fullmatch(rf"[0-9a-f]{{{_SHORTEST_ID},64}}", ref):
        names.append(ref)
    for name in names:
        try:
            ended = await run(commands.resolve(mirror, name))
        except ValueError:
            break
        if ended.exit_status == 0:
            return ended.stdout.decode().strip()
    raise BadInput("error-no-ref", ref=ref[:60])


async def export(mirror: Path, commit: str, destination: Path) -> None:
    """Writes the commit's files below `destination`, an empty folder. Raises SourceError for submodules."""
    listing = await _must(commands.listing(mirror, commit), "error-git")
    modules = [entry.split(b"\t", 1)[1] for entry in listing.split(b"\0") if entry.startswith(b"160000 ")]
    if modules:
        raise SourceError("error-git-submodules", paths=b", ".join(modules[:5]).decode("utf-8", "replace"))
    index = str(destination.with_name(f"{destination.name}.index"))
    await _must(commands.read_tree(mirror, commit), "error-git", EXPORT_TIMEOUT, GIT_INDEX_FILE=index)
    write = commands.export(mirror, destination)
    await _must(write, "error-git-export", EXPORT_TIMEOUT, GIT_INDEX_FILE=index)


async def commits(repository: Path, commit: str, since: str | None) -> tuple[tuple[Commit, ...], int]:
    """What `commit` brings beyond `since`, newest first, at most 20, and how many more. Unknown `since`: nothing."""
    if since is None:
        return (), 0
    return await commits_if_known(repository, commit, since) or ((), 0)


async def commits_if_known(
    repository: Path, commit: str, since: str
) -> tuple[tuple[Commit, ...], int] | None:
    """The same; None where the repository does not know both commits."""
    if since == commit:
        return (), 0
    counted = await run(commands.count(repository, commit, since))
    if counted.exit_status != 0:
        return None
    logged = await _must(commands.log(repository, commit, since, limit=SHOWN_COMMITS), "error-git")
    found = _parse_log(logged)
    return found, max(0, int(counted.stdout) - len(found))


async def subject(repository: Path, commit: str) -> str:
    found = _parse_log(await _must(commands.log(repository, commit, limit=1), "error-git"))
    return found[0].subject if found else ""


def _parse_log(output: bytes) -> tuple[Commit, ...]:
    records = output.decode("utf-8", "replace").split(commands.RECORD)
    fields = [record.strip("\n").split(commands.FIELD) for record in records if record.strip("\n")]
    return tuple(Commit(id=one[0], author=one[1], subject=one[2]) for one in fields)


@dataclass(frozen=True, slots=True)
class Checkout:
    """What a local folder says that is the root of a checkout."""

    commit: str
    dirty: bool


async def checkout(folder: Path) -> Checkout | None:
    """None when the folder is no checkout, has no commit yet, or git refuses it (another owner)."""
    if not (folder / ".git").exists():
        return None
    head = await run(commands.head(folder))
    status = await run(commands.status(folder))
    if head.exit_status != 0 or status.exit_status != 0:
        return None
    return Checkout(head.stdout.decode().strip(), dirty=bool(status.stdout))
