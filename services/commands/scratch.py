"""A drill's scratch container, as typed builders: PostgreSQL from the very image that serves, without any network.

Docker itself removes it, with the data in its anonymous volume, when it ends (`--rm`): so nothing here says `rm`, and no
builder can delete a volume (R-DB-1). What ours is, its name and its label say together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from services.commands import docker, words
from services.commands.command import Command, Word, command
from services.projects import Database

LABEL = "opsgate.drill"
"""Its value is the project's folder on the host where the lock lies: whoever holds that lock owns the container."""
APART = ("--label", "com.docker.compose.project=opsgate-drill", "--label", "com.docker.compose.oneoff=True")
"""An image that Compose built has the stack's own labels, which its containers inherit: this one is none of the stack's."""
SHARED_MEMORY = "1g"
"""At most, and nothing is reserved: Docker's own 64 MB are too few for an index that is built by several workers."""
STOP_WITHIN = 1
"""Seconds: nothing in it is worth an orderly end."""

_BEFORE_LABEL = 3
_NAME = re.compile(r"opsgate-drill-[a-z0-9]{1,24}")
# No name becomes SQL text: they travel as one word, and the server itself quotes them.
_MAKE_ROLES = (
    "DO $roles$ DECLARE one pg_catalog.text; BEGIN FOR one IN SELECT pg_catalog.jsonb_array_elements_text("
    "pg_catalog.convert_from(pg_catalog.decode(pg_catalog.current_setting('opsgate.roles'), 'hex'), 'UTF8')::pg_catalog.jsonb)"
    " LOOP IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = one) THEN"
    " EXECUTE pg_catalog.format('CREATE ROLE %I', one); END IF; END LOOP; END $roles$"
)
_ROLES = "SELECT coalesce(jsonb_agg(rolname ORDER BY rolname), '[]') FROM pg_roles WHERE rolname !~ '^pg_'"


@dataclass(frozen=True, slots=True)
class Found:
    """A container that carries our label. Raises ValueError unless the name is ours too. `state`: Docker's own word."""

    id: str
    name: str
    state: str

    def __post_init__(self) -> None:
        words.container_id(self.id)
        _our_name(self.name)


def _our_name(name: str) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError("not the name of a drill's container")
    return name


def name_of(operation: str) -> str:
    """`operation` is the last part of an operation's id."""
    return _our_name(f"opsgate-drill-{operation}")


def start(image: str, name: str, state_dir: PurePosixPath, database: Database) -> Command:
    """Prints the container's id. No network, no port, no mount of ours or of anybody: data lies in a volume of its own.

    The stack's role becomes its superuser. The password is no secret: some images want one, nobody can reach the server,
    and over its socket it is not asked for.
    """
    user, live = words.identifier(database.user), words.identifier(database.name)
    env = (
        "POSTGRES_HOST_AUTH_METHOD=trust",
        "POSTGRES_PASSWORD=unused",
        f"POSTGRES_USER={user}",
        f"POSTGRES_DB={live}",
    )
    return command(
        *("docker", "run", "--detach", "--rm", "--pull", "never", "--network", "none"),
        *("--shm-size", SHARED_MEMORY),
        *("--name", _our_name(name), "--label", _label(state_dir), *APART),
        *(word for one in env for word in ("--env", one)),
        *("--", words.image_id(image)),
    )


def _label(state_dir: PurePosixPath) -> str:
    return f"{LABEL}={words.host_path(state_dir)}"


def listed(state_dir: PurePosixPath) -> Command:
    """Prints id, name, state and label of this project's containers, also of those that do not run; see `parse`."""
    shown = "{{.ID}} {{.Names}} {{.State}} {{.Label " + f'"{LABEL}"' + "}}"
    return command(
        *("docker", "ps", "--all", "--no-trunc", "--filter", f"label={_label(state_dir)}", "--format", shown)
    )


def parse(output: bytes, state_dir: PurePosixPath) -> tuple[Found, ...]:
    """Those of this project that have our name and our label; a stranger with one of them only is left out."""
    found = []
    for line in output.decode("utf-8", "replace").splitlines():
        container, name, state, label = [*line.split(" ", _BEFORE_LABEL), "", "", "", ""][:4]
        if label == str(state_dir) and _NAME.fullmatch(name):
            found.append(Found(container, name, state))
    return tuple(found)


def stop(found: Found) -> Command:
    """Ends it, whereupon Docker removes it with its data. Takes nothing that was not `parse`d."""
    return docker.stop_container(found.id, STOP_WITHIN)


def wake(found: Found) -> Command:
    """For one that was made and never begun: only what ran can end, and be removed by Docker."""
    return docker.start_container(found.id)


def is_ready(container: str, database: Database) -> Command:
    """Exit status 0 when the lasting server answers: over TCP, where the one that initialises does not listen."""
    user, name = words.identifier(database.user), words.identifier(database.name)
    ready = ("pg_isready", "--quiet", "--host=127.0.0.1", f"--username={user}", f"--dbname={name}")
    return docker.exec_(container, ready)


def roles(container: str, database: Database) -> Command:
    """Prints a JSON list of the names of all roles but PostgreSQL's own."""
    return _psql(container, database, _ROLES)


def make_roles(container: str, database: Database, names: Sequence[str]) -> Command:
    """Roles without any right or password, so that grants and policies of a dump find them. Those that exist stay."""
    if isinstance(names, str) or not all(isinstance(one, str) for one in names):
        raise ValueError("a list of names")
    told = json.dumps(list(names)).encode().hex()
    return _psql(container, database, _MAKE_ROLES, {"PGOPTIONS": f"-c opsgate.roles={told}"})


def _psql(container: str, database: Database, sql: str, env: Mapping[str, str] | None = None) -> Command:
    user, name = words.identifier(database.user), words.identifier(database.name)
    psql: list[Word] = [
        *("psql", "--no-psqlrc", "--no-align", "--tuples-only", "--quiet", "--set=ON_ERROR_STOP=1"),
        *("--no-password", f"--username={user}", f"--dbname={name}", "--command", sql),
    ]
    return docker.exec_(container, psql, env={"PGCLIENTENCODING": "UTF8", **(env or {})})


def data_root() -> Command:
    """Prints the folder where Docker keeps containers and volumes."""
    return command("docker", "info", "--format", "{{.DockerRootDir}}")
