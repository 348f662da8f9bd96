"""Reads opsgate.toml: hosts and projects, checked against each other and against this machine."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bot.complaints import Place, lines, spelled, unknown_key
from services.backups.encryption import recipient_problem
from services.backups.keys import credentials_problem
from services.projects import (
    BackupRules,
    Database,
    GitSource,
    HealthProbe,
    Host,
    Keep,
    Project,
    S3Target,
    SftpTarget,
    SqliteDatabase,
    TreeSource,
)

_TABLES: dict[str, tuple[type[BaseModel], ...]] = {
    "source": (TreeSource, GitSource),
    "Database": (Database,),
    "SqliteDatabase": (SqliteDatabase,),
    "health": (HealthProbe,),
    "backups": (BackupRules,),
    "keep": (Keep,),
    "S3Target": (S3Target,),
    "SftpTarget": (SftpTarget,),
}
_KINDS = {"TreeSource", "GitSource", "S3Target", "SftpTarget", "Database", "SqliteDatabase"}
"""What pydantic puts into a place, and no person wrote."""
_NAME_RULE = "a name is lowercase letters, digits, _ and -, starting with a letter or digit, at most 40 long"
_SOURCE_RULE = 'give { path = "…" } or { git = "…", branch = "main" }'

Table = TypeVar("Table", Host, Project)


@dataclass
class ProjectsFile:
    """What the file held as far as it was valid, and one line per problem (without the file's name)."""

    hosts: dict[str, Host] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def complain(self, place: Place, text: str) -> None:
        self.problems.append(f"{spelled(place)}: {text}" if place else text)


def read(path: Path) -> ProjectsFile:
    """Reads and checks everything. Relative paths count from the file's folder. Never raises for what it finds."""
    file = ProjectsFile()
    data = _parsed(path, file)
    if data is None:
        return file
    for key in data.keys() - {"hosts", "projects"}:
        file.complain((key,), unknown_key(key, ("hosts", "projects")))
    hosts, projects = _tables(data, "hosts", file), _tables(data, "projects", file)
    for name, table in hosts.items():
        if host := _validated(Host, "hosts", name, table, file):
            file.hosts[name] = _host_on_this_machine(host, path.parent, file)
    for name, table in projects.items():
        if isinstance(table.get("host"), str) and table["host"] not in hosts:
            known = ", ".join(hosts) or "none"
            file.complain(("projects", name, "host"), f"no [hosts.{table['host']}]; there is: {known}")
        if project := _validated(Project, "projects", name, table, file):
            project = _source_on_this_machine(project, path.parent, file)
            file.projects[name] = _backups_on_this_machine(project, path.parent, hosts, file)
    _apart(file)
    return file


def _parsed(path: Path, file: ProjectsFile) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        file.complain((), "does not exist; start from opsgate.example.toml")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        file.complain((), f"cannot be read: {reason}")
    except tomllib.TOMLDecodeError as error:
        file.complain((), f"is not valid TOML: {error}")
    return None


def _tables(data: dict[str, Any], kind: str, file: ProjectsFile) -> dict[str, dict[str, Any]]:
    tables = data.get(kind, {})
    if not isinstance(tables, dict) or not tables:
        file.complain((kind,), f"write at least one [{kind}.<name>] table")
        return {}
    for name in [name for name, table in tables.items() if not isinstance(table, dict)]:
        file.complain((kind, name), f"must be a table: [{kind}.{name}]")
    return {name: table for name, table in tables.items() if isinstance(table, dict)}


def _validated(
    model: type[Table], kind: str, name: str, table: dict[str, Any], file: ProjectsFile
) -> Table | None:
    at: Place = (kind, name)
    if "name" in table:
        file.complain((*at, "name"), "unknown key; the name is the one in the table's header")
    try:
        return model.model_validate(table | {"name": name})
    except ValidationError as error:
        found = lines(error, lambda inner: _keys(model, inner))
    except (TypeError, RuntimeError):  # from the path validators, which pydantic lets through
        found = [((), "a path is not text in quotes, or starts with ~ and an unknown user")]
    for place, text in _of_the_source_meant(found, table):
        if place == ("name",):
            file.complain(at, _NAME_RULE)
        else:
            kept = tuple(part for part in place if part not in _KINDS)
            file.complain(at + kept, text)
    return None


def _keys(model: type[BaseModel], place: Place) -> list[str]:
    inner = next(
        (_TABLES[part] for part in reversed(place) if isinstance(part, str) and part in _TABLES), (model,)
    )
    return [key for one in inner for key in one.model_fields if key != "name" or one is Database]


def _of_the_source_meant(found: list[tuple[Place, str]], table: dict[str, Any]) -> list[tuple[Place, str]]:
    """A source is a tree or a repository; pydantic complains about both. Keeps what was meant, or one line for it."""
    source = table.get("source")
    meant = [
        kind
        for key, kind in (("path", "TreeSource"), ("git", "GitSource"))
        if isinstance(source, dict) and key in source
    ]
    others = [(place, text) for place, text in found if place[:1] != ("source",) or len(place) == 1]
    if len(others) == len(found):
        return found
    if len(meant) == 1:
        return others + [(place, text) for place, text in found if place[:2] == ("source", meant[0])]
    return [*others, (("source",), f"{_SOURCE_RULE}, not both" if meant else _SOURCE_RULE)]


def _local(path: Path, folder: Path) -> Path:
    return Path(os.path.normpath(folder / path.expanduser()))


def _host_on_this_machine(host: Host, folder: Path, file: ProjectsFile) -> Host:
    key, known = _local(host.key_file, folder), _local(host.known_hosts, folder)
    if problem := _key_problem(key):
        file.complain(("hosts", host.name, "key_file"), problem)
    if not known.is_file():
        port = f"-p {host.port} " if host.port != 22 else ""  # noqa: PLR2004 - SSH's port
        mend = f"ssh-keyscan {port}{host.address} >> {known}"
        file.complain(
            ("hosts", host.name, "known_hosts"),
            f"{known} does not exist; pin the host's key: {mend}, then compare its fingerprint with the host's own",
        )
    elif not os.access(known, os.R_OK):
        file.complain(("hosts", host.name, "known_hosts"), f"{known} cannot be read")
    return host.model_copy(update={"key_file": key, "known_hosts": known})


def _key_problem(path: Path) -> str | None:
    """The same demands that ssh makes of a private key."""
    try:
        seen = path.stat()
        if not stat.S_ISREG(seen.st_mode):
            return f"{path} is not a file"
        with path.open("rb") as file:
            start = file.read(16)
    except FileNotFoundError:
        return f"{path} does not exist; make one with: ssh-keygen -t ed25519 -f {path}"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    if start.startswith((b"ssh-", b"ecdsa-", b"sk-")):
        return f"{path} is a public key; name the private one"
    if seen.st_uid == os.getuid() and seen.st_mode & 0o077:
        return f"{path} can be read by others (mode {stat.S_IMODE(seen.st_mode):o}); chmod 600 {path}"
    return None


def _source_on_this_machine(project: Project, folder: Path, file: ProjectsFile) -> Project:
    source = project.source
    if isinstance(source, GitSource):
        if "://" in source.git or re.match(r"[^/]*:", source.git):
            return project  # a URL, or user@host:path
        path, key = _local(Path(source.git), folder), "git"
        found: TreeSource | GitSource = source.model_copy(update={"git": str(path)})
    else:
        path, key = _local(source.path, folder), "path"
        found = TreeSource(path=path)
    if not path.is_dir():
        file.complain(("projects", project.name, "source", key), f"{path} is not a folder")
    return project.model_copy(update={"source": found})


def _backups_on_this_machine(
    project: Project, folder: Path, hosts: Collection[str], file: ProjectsFile
) -> Project:
    """What leaves the host: keys to encrypt to, and the places that must be known before a backup is made."""
    rules, at = project.backups, ("projects", project.name, "backups")
    if rules.schedule and project.database is None:
        file.complain(
            (*at, "schedule"), "there is no database to back up; add database = { … } to the project"
        )
    for recipient in rules.encrypt_to:
        if problem := recipient_problem(recipient):
            file.complain((*at, "encrypt_to"), problem)
    offsite: dict[str, S3Target | SftpTarget] = {}
    for name, target in rules.offsite.items():
        place: Place = (*at, "offsite", name)
        if isinstance(target, S3Target):
            found = target.model_copy(update={"credentials": _local(target.credentials, folder)})
            if problem := credentials_problem(found.credentials):
                file.complain((*place, "credentials"), problem)
            offsite[name] = found
        else:
            if target.sftp not in hosts:
                known = ", ".join(hosts) or "none"
                file.complain((*place, "sftp"), f"no [hosts.{target.sftp}]; there is: {known}")
            offsite[name] = target
    return project.model_copy(update={"backups": rules.model_copy(update={"offsite": offsite})})


def _apart(file: ProjectsFile) -> None:
    """Deployment paths, with what Opsgate keeps beside them, must not meet: one project would replace another."""
    for one, other in combinations(file.projects.values(), 2):
        if _machine(one, file) != _machine(other, file):
            continue
        at: Place = ("projects", other.name, "path")
        if one.path == other.path:
            file.complain(at, f"is the same place on the same host as projects.{one.name}")
        elif any(_meet(mine, theirs) for mine in _places(one) for theirs in _places(other)):
            file.complain(at, f"overlaps with the folders of projects.{one.name} on the same host")


def _machine(project: Project, file: ProjectsFile) -> object:
    host = file.hosts.get(project.host)
    return (host.address.lower(), host.port) if host else project.host


def _places(project: Project) -> tuple[PurePosixPath, ...]:
    return project.path, project.state_dir, project.backup_dir


def _meet(one: PurePosixPath, other: PurePosixPath) -> bool:
    return one == other or one in other.parents or other in one.parents
