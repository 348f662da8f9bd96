"""SQLite's tools: our own fixed program (services.sqlite_tool), run by python3 in a container that sees one mount only.

That container has no network, writes no log, keeps nothing and ends with its work; a service that is stopped can be
read like one that runs. The mount is named: `--rm` takes away what a container made itself, never a named volume.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Literal

from services.commands import words
from services.commands.command import Command, Word, command

PROGRAM = ("contents", "files", "verbs")
"""Modules of services.sqlite_tool, each after those that it imports."""
_ALWAYS = (
    *("--rm", "--pull=never", "--network=none", "--log-driver=none", "--security-opt=no-new-privileges"),
    *("--workdir=/", "--entrypoint=python3", "--label=com.docker.compose.project=opsgate-tool"),
    *("--label=com.docker.compose.service=opsgate-tool", "--label=com.docker.compose.oneoff=True"),
)
"""The labels cover those that Compose gave the service's image: they would make it one of the stack's containers."""
_BEGIN = (
    "import base64,json,sys,types,zlib\n"
    "for n,s in json.loads(zlib.decompress(base64.b64decode('{packed}'))):\n"
    " m=sys.modules[n]=types.ModuleType(n);exec(s,m.__dict__)\n"
    "sys.exit(m.main(sys.argv[1:]))"
)
_ASIDE = re.compile(
    r"(?P<live>[A-Za-z0-9_][A-Za-z0-9._-]{0,99})\.opsgate_(?P<role>restore|before|undone|drill)_[a-z0-9]{1,24}"
)
_FILE = re.compile(r"(/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}){2,}")
_VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_FOLDER = re.compile(r"(/[A-Za-z0-9_.@+ -]+)+")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31})?")
Role = Literal["restore", "before", "undone", "drill"]
LONGEST_COUNT = 86_400


@dataclass(frozen=True, slots=True)
class Place:
    """Where a SQLite file lies: the mount that holds it, and who works on it with which image's python3.

    `kind` is volume or bind; `source` the volume's name or the host's folder; `user` is empty for the image's own.
    """

    image: str
    user: str
    kind: str
    source: str
    target: str
    file: PurePosixPath


@cache
def program() -> str:
    """All of it as one word without line breaks in its data; the same for every host."""
    folder = files("services.sqlite_tool")
    sources = [
        (f"services.sqlite_tool.{name}", (folder / f"{name}.py").read_text("utf-8")) for name in PROGRAM
    ]
    packed = base64.b64encode(zlib.compress(json.dumps(sources).encode(), 9)).decode()
    return f"exec({_BEGIN.format(packed=packed)!r})"


def _mount(place: Place) -> str:
    target = words.host_path(PurePosixPath(place.target))
    named = _VOLUME if place.kind == "volume" else _FOLDER
    if (
        place.kind not in {"volume", "bind"}
        or not named.fullmatch(place.source)
        or not _FOLDER.fullmatch(str(target))
    ):
        raise ValueError("not a mount that a SQLite file can be worked on in")
    if not place.file.is_relative_to(target) or place.file == target:
        raise ValueError(f"{place.file} does not lie in {target}")
    mount = f"type={place.kind},source={place.source},target={target}"
    return f"{mount},volume-nocopy" if place.kind == "volume" else mount


def _user(place: Place) -> tuple[Word, ...]:
    if place.user and not _USER.fullmatch(place.user):
        raise ValueError("not the name or number of a user")
    return ("--user", place.user) if place.user else ()


def _image(name: str) -> str:
    return words.image_id(name) if name.startswith("sha256:") else words.image_name(name)


def _tool(place: Place, verb: str, *rest: Word, stdin: bool = False, named: str = "") -> Command:
    """The one shape that a `docker run` of ours has."""
    if not _FILE.fullmatch(str(place.file)) or ".." in place.file.parts:
        raise ValueError("not the path of a SQLite file")
    flags: list[Word] = [*_ALWAYS, "--mount", _mount(place), *_user(place)]
    flags += ["--name", named] if named else []
    flags += ["--interactive"] if stdin else []
    inner: tuple[Word, ...] = ("-I", "-c", program(), verb, place.file, *rest)
    return command("docker", "run", *flags, "--", _image(place.image), *inner)


def container_name(application: str) -> str:
    """What the container of an operation's long work is called: it outlives a lost client, and is ended by this name."""
    return words.container_name(f"opsgate-tool-{words.application(application).partition(':')[2]}")


def stop(application: str) -> Command:
    """Ends the long work of an operation. Exit status 1 when there is none."""
    return command("docker", "stop", "-t", 1, "--", container_name(application))


# --- names ---------------------------------------------------------------------------------------


def aside(live: str, role: Role, operation: str) -> str:
    """The name of a file that Opsgate keeps beside the live one. `operation` is the last part of an operation's id."""
    return _ours(f"{live}.opsgate_{role}_{operation}", live)


def _ours(name: str, live: str) -> str:
    found = _ASIDE.fullmatch(name)
    if found is None or found["live"] != live:
        raise ValueError("not the name of a database that Opsgate keeps beside the live one")
    return name


def _lasting(name: str, live: str) -> str:
    """One that may become the live database, or be kept beside it: a drill's may not."""
    found = _ASIDE.fullmatch(_ours(name, live))
    if found is None or found["role"] == "drill":
        raise ValueError("a drill's database never takes the place of the live one")
    return name


def _any(place: Place, name: str) -> str:
    return name if name == place.file.name else _ours(name, place.file.name)


# --- verbs ---------------------------------------------------------------------------------------


def dump(place: Place, application: str) -> Command:
    """A gzip of a copy that was taken in one read transaction, on stdout."""
    return _tool(place, "dump", named=container_name(application))


def archive_data(place: Place) -> Command:
    """Reads a dump from stdin, whole, proves it and prints the data of its tables as COPY blocks."""
    return _tool(place, "archive-data", stdin=True)


def prove(place: Place) -> Command:
    """Reads a dump from stdin, whole, and prints nothing: exit status 0 only for a good one (R-DB-3)."""
    return _tool(place, "prove", stdin=True)


def data(place: Place, name: str) -> Command:
    """The same of a database that lies there: where the rows are the same, the lines are."""
    return _tool(place, "data", _any(place, name))


def facts(place: Place) -> Command:
    """Prints a JSON object about the file, and whether it may be replaced."""
    return _tool(place, "facts")


def databases(place: Place) -> Command:
    """Prints the names of the live file and of those that are kept beside it, one per line."""
    return _tool(place, "databases")


def rows(place: Place, name: str, within: int) -> Command:
    """Prints a JSON object: rows by table. Given up after `within` seconds."""
    if isinstance(within, bool) or not 0 < within <= LONGEST_COUNT:
        raise ValueError("seconds are a whole number between 1 and 86400")
    return _tool(place, "rows", _any(place, name), within)


def load(place: Place, name: str, application: str) -> Command:
    """Reads a dump from stdin into a file of ours, never into the live one."""
    return _tool(place, "load", _ours(name, place.file.name), stdin=True, named=container_name(application))


def swap(place: Place, *, incoming: str, outgoing: str) -> Command:
    """`incoming` becomes the live file and the live one `outgoing`; refused while somebody is seen to have it open."""
    live = place.file.name
    return _tool(place, "swap", _lasting(incoming, live), _lasting(outgoing, live))


def unswap(place: Place, outgoing: str) -> Command:
    """Nothing stays of a swap that was cut off before its rename."""
    return _tool(place, "unswap", _lasting(outgoing, place.file.name))


def drop(place: Place, name: str) -> Command:
    """Removes a file that Opsgate keeps beside the live one. Gone already is fine."""
    return _tool(place, "drop", _ours(name, place.file.name))
