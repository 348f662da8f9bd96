"""What is read for an edit beyond the facts of the stack: the file itself, the compose file, the role's password."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from services import compose_file, envfile
from services.checks.database import database_container
from services.checks.rebuilds import BAKED_IN
from services.checks.tree import Recipe, SourceTree, source_facts
from services.commands import files, postgres, roles
from services.compose_file import NotComposeFileError
from services.env_edits.models import Role
from services.env_edits.passwords import is_verifier
from services.envfile import BOM, EnvFile
from services.errors import BadInput, CommandFailed, HostError
from services.facts.cluster import parse_cluster
from services.facts.models import Facts
from services.facts.stack import compose_file_path
from services.projects import Database, Project
from services.remote.host import RemoteHost
from services.steps import SHORT

LIMIT = 1 << 20
"""Bytes of an env file: more was not written by a person."""


@dataclass(frozen=True, slots=True)
class EnvKey:
    """A key of the file. `count`: how often it is given; the last one counts."""

    name: str
    empty: bool = False
    public: bool = False
    count: int = 1


@dataclass(frozen=True, slots=True)
class Listing:
    """The file as it may be shown: no value, nor anything of one."""

    file: str
    keys: tuple[EnvKey, ...] = ()
    changed: datetime | None = None
    unreadable_lines: tuple[int, ...] = ()
    previous: bool = False  # there is a file from before, which can come back


@dataclass(frozen=True, slots=True)
class Built:
    """What the deployed compose file says. `whole` is False where it takes in others, whose services are not known."""

    services: tuple[str, ...] = ()
    builds: tuple[str, ...] = ()
    frontends: tuple[str, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()  # of each service, what the file says about it
    whole: bool = True


def env_path(project: Project) -> PurePosixPath:
    """Raises BadInput where no env file is configured."""
    if project.env_file is None:
        raise BadInput("error-env-none", project=project.name)
    return project.path / project.env_file


async def content_of(remote: RemoteHost, path: PurePosixPath) -> bytes | None:
    """None where it is not there. Raises HostError for a file that cannot be read."""
    done = await remote.run(files.read(path), limit=LIMIT, check=False)
    if done.exit_status == 0 and not done.truncated:
        return done.stdout
    looked = await remote.run(files.modes([path]), check=False)
    if done.exit_status != 0 and not looked.stdout:
        return None
    raise HostError("error-file-unreadable", file=str(path))


async def listing(remote: RemoteHost, project: Project, learn: Callable[[EnvFile], None]) -> Listing:
    """Raises BadInput where there is no env file, HostError where it cannot be read."""
    path = env_path(project)
    content = await content_of(remote, path)
    if content is None:
        raise BadInput("error-env-missing", file=str(path))
    env = envfile.parse(content)
    learn(env)
    text = content.removeprefix(BOM).decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    counted = Counter(one.key for one in envfile.statements(text))
    keys = tuple(
        EnvKey(key, not value.get_secret_value(), key.startswith(BAKED_IN), counted[key])
        for key, value in env.values.items()
    )
    changed = await remote.run(files.changed(path), check=False)
    at = changed.stdout.decode("ascii", "replace").strip()
    when = datetime.fromtimestamp(int(at), UTC) if at.isdecimal() else None
    return Listing(str(path), keys, when, env.unreadable_lines, bool(await previous(remote, project)))


def env_dir(project: Project) -> PurePosixPath:
    """Where the files from before lie, each under the operation that replaced it."""
    return project.state_dir / "env"


async def previous(remote: RemoteHost, project: Project) -> str:
    """The operation that replaced the file last; empty where none is known."""
    done = await remote.run(files.names(env_dir(project)), check=False)
    found = done.stdout.decode("utf-8", "replace").split() if done.exit_status == 0 else []
    return max((one for one in found if one.startswith("op-") and "." not in one), default="")


# --- the compose file ----------------------------------------------------------------------------


async def built_of(remote: RemoteHost, project: Project) -> Built:
    """Of the files in the deployment path. Raises HostError when the compose file cannot be understood."""
    content = await content_of(remote, compose_file_path(project))
    try:
        found = compose_file.parse(content or b"")
    except NotComposeFileError as error:
        raise HostError("error-env-compose", file=str(project.compose_file), line=error.line or 0) from None
    recipes = tuple(
        _recipe(project, name, *found.recipes[name]) for name in found.builds if name in found.recipes
    )
    texts = {}
    for dockerfile in {one.dockerfile for one in recipes if one.dockerfile}:
        texts[dockerfile] = (await content_of(remote, project.path / dockerfile) or b"").decode(
            "utf-8", "replace"
        )
    facts = source_facts(SourceTree(frozenset(texts), texts, recipes))
    return Built(
        found.services, found.builds, facts.frontends, _texts(content or b""), whole=not found.includes
    )


def _recipe(project: Project, name: str, context: str, dockerfile: str) -> Recipe:
    """Both relative to the deployment path; nothing where they are not said plainly, or lead out of it."""
    if not context:
        return Recipe(name, "", "")
    folder = posixpath.normpath(posixpath.join(str(project.compose_file.parent), context))
    file = posixpath.normpath(posixpath.join(folder, dockerfile))
    outside = any(one.startswith(("/", "..")) for one in (folder, file))
    return Recipe(name, "", "") if outside else Recipe(name, folder, file)


def _texts(content: bytes) -> tuple[tuple[str, str], ...]:
    return tuple(compose_file.texts(content).items())


# --- the role ------------------------------------------------------------------------------------


async def role_of(remote: RemoteHost, project: Project, facts: Facts) -> Role | None:
    """None where no PostgreSQL is configured or runs. The server tells only a superuser what it stores."""
    container = database_container(project, facts)
    database = project.database
    if not isinstance(database, Database) or container is None or container.state != "running":
        return None
    for worker in await _superusers(remote, container.id, database):
        asking = database.model_copy(update={"user": worker})
        try:
            asked = roles.script(container.id, asking, database.user)
        except ValueError:  # a superuser's name that we do not take
            continue
        done = await remote.run(asked, stdin=roles.READ, timeout=SHORT, check=False)
        stored = done.stdout.decode("ascii", "replace").strip()
        if done.exit_status == 0 and is_verifier(stored):
            return Role(database.user, worker, stored)
    return Role(database.user)


async def _superusers(remote: RemoteHost, container: str, database: Database) -> list[str]:
    """The stack's own role first; who the server was made by where that one is none."""
    try:
        done = await remote.run(postgres.facts(container, database), timeout=SHORT)
        cluster = parse_cluster(done.stdout)
    except CommandFailed:
        return []
    return [cluster.user] if cluster.may_all else [cluster.first_user]
