"""The agent: one POSIX sh script that runs on the host, installed under the user's ~/.opsgate by its hash.

Its parts lie in agent/*.sh. A job's argv may begin with the word AGENT: the runner on the host puts its own path
there, so that a job's spec stays the same when Opsgate is updated while the job runs.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from services.commands.command import Command, Word, command

AGENT = "opsgate-agent"
PARTS = (
    "base",
    "manifest",
    "index",
    "way",
    "lock",
    "jobs",
    "releases",
    "safety",
    "swap",
    "files",
    "env",
    "dumps",
    "main",
)

NO_FILE = 4
EXISTS = 65
UNSAFE = 66
BASE_CHANGED = 67
FENCED = 73
HELD = 75
NOT_INSTALLED = 121

# Constant texts for the host's shell; everything that varies comes as a quoted word behind them.
_RUN = 'a=$HOME/.opsgate/$1; [ -f "$a" ] || exit 121; shift; exec /bin/sh "$a" "$@"'
_CHECK = 'cd "$HOME/.opsgate" 2>/dev/null && [ ! -L "$2" ] && [ "$(sha256sum <"$2" | cut -c1-64)" = "$1" ]'
_INSTALL = (
    'umask 077; d=$HOME/.opsgate; mkdir -p "$d" && chmod 700 "$d" && cd "$d" || exit 1; t=.$2.$$; '
    'cat >"$t" && [ "$(sha256sum <"$t" | cut -c1-64)" = "$1" ] && chmod 700 "$t" && { sync "$t" || :; } && '
    'rm -rf "$2" && mv -f "$t" "$2" && exit 0; rm -f "$t"; exit 1'
)


@cache
def script() -> bytes:
    """The whole agent, as it is installed."""
    folder = files("services.remote") / "agent"
    return b"\n".join((folder / f"{part}.sh").read_bytes() for part in PARTS)


@cache
def digest() -> str:
    """SHA-256 of the script, 64 hex digits."""
    return hashlib.sha256(script()).hexdigest()


def file_name() -> str:
    return f"agent-{digest()[:12]}.sh"


def agent_command(verb: str, *words: Word) -> Command:
    """A verb of the agent as a command, for jobs and for RemoteHost.send."""
    return command(AGENT, verb, *words)


def on_host(wanted: Command, stdin: bytes | None = None) -> Command:
    """The command as the host's shell can find it: AGENT becomes the installed script. Others stay as they are.

    The length of `stdin` goes along, so that the agent notices when its sender dies half way.
    """
    if wanted.argv[0] != AGENT:
        return wanted
    size: tuple[Word, ...] = () if stdin is None else ("-n", len(stdin))
    return command("sh", "-c", _RUN, "opsgate", file_name(), *size, *wanted.argv[1:])


def check() -> Command:
    """Exit status 0 when the script is there and whole."""
    return command("sh", "-c", _CHECK, "opsgate", digest(), file_name())


def install() -> Command:
    """Stores the script from stdin under its name, in one rename; whatever else had the name is replaced."""
    return command("sh", "-c", _INSTALL, "opsgate", digest(), file_name())
