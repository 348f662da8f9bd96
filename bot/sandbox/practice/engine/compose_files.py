"""A compose file with its env file: read, checked and resolved, as far as this engine can carry it out."""

import os
import re
import sys
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.sandbox.practice.engine import env_files
from bot.sandbox.practice.engine.errors import Refused, cannot
from bot.sandbox.practice.engine.interpolation import INVALID, Values
from bot.sandbox.practice.engine.services import Service, read_service

NOT_FOUND = 14
_PROJECT = re.compile(r"[a-z0-9][a-z0-9_-]*")
_ROOT_KEYS = {"version", "name", "services", "volumes", "networks", "configs", "secrets", "include"}
_USUAL = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")


@dataclass(frozen=True)
class Project:
    """Services in the order in which they are started. `volumes`: key in the file -> name of the volume."""

    name: str
    folder: Path
    file: Path
    env_files: tuple[Path, ...]
    services: dict[str, Service]
    volumes: dict[str, str]
    external: frozenset[str]

    def chosen(self, names: Sequence[str]) -> list[Service]:
        """The named services, or all. Raises Refused for one that is not there."""
        for name in names:
            if name not in self.services:
                raise Refused(f"no such service: {name}")
        return [one for name, one in self.services.items() if not names or name in names]

    def with_dependencies(self, names: Sequence[str]) -> list[Service]:
        """The named services, or all, and what they depend on."""
        wanted, open_ = set[str](), [one.name for one in self.chosen(names)]
        while open_:
            name = open_.pop()
            if name not in wanted:
                wanted.add(name)
                open_ += self.services[name].depends_on
        return self.chosen(sorted(wanted)) if wanted else []


def load(*, name: str, files: Sequence[str], env_paths: Sequence[str], folder: str = "") -> Project:
    """Raises Refused with Compose's own exit statuses."""
    if name and not _PROJECT.fullmatch(name):
        raise _bad_name(name)
    file = _file(files)
    base = Path(folder).absolute() if folder else file.parent
    env = _env_paths(env_paths, base)
    known = {**_variables(env), **os.environ}
    raw = _document(file)
    document = Values(known, _warn_missing).tree(raw)
    _check_root(document, file)
    name = (
        name
        or str(document.get("name") or "")
        or os.environ.get("COMPOSE_PROJECT_NAME", "")
        or _default_name(base)
    )
    services = {
        key: read_service(key, one, base, file, known)
        for key, one in (document.get("services") or {}).items()
    }
    services = {key: one for key, one in services.items() if not one.profiles}
    volumes, external = _volumes(document, name)
    _check_references(services, volumes)
    return Project(name, base, file, tuple(env), _ordered(services), volumes, frozenset(external))


def _bad_name(name: str) -> Refused:
    return Refused(
        f'invalid project name "{name}": must consist only of lowercase alphanumeric characters, hyphens, '
        "and underscores as well as start with a letter or number"
    )


def _default_name(folder: Path) -> str:
    name = re.sub(r"[^a-z0-9_-]", "", folder.name.lower()).lstrip("_-")
    if not name:
        raise Refused("project name must not be empty")
    return name


def _file(files: Sequence[str]) -> Path:
    if len(files) > 1:
        raise cannot("merge several compose files: give one -f")
    names = files or [one for one in _USUAL if Path(one).is_file()][:1]
    if not names:
        raise Refused("no configuration file provided: not found", NOT_FOUND)
    file = Path(os.path.normpath(Path(names[0]).absolute()))
    if not file.is_file():
        raise Refused(f"open {file}: no such file or directory", NOT_FOUND)
    return file


def _env_paths(given: Sequence[str], folder: Path) -> list[Path]:
    paths = [Path(os.path.normpath(Path(one).absolute())) for one in given]
    for path in paths:
        if not path.is_file():
            raise Refused(f"Couldn't find env file: {path}")
    if not paths and (folder / ".env").is_file():
        return [folder / ".env"]
    return paths


def _variables(paths: Sequence[Path]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in paths:
        found |= env_files.read(path, {**found, **os.environ})
    return found


def _warn_missing(name: str) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    said = f'The \\"{name}\\" variable is not set. Defaulting to a blank string.'
    sys.stderr.write(f'time="{at}" level=warning msg="{said}"\n')


def _document(file: Path) -> dict[str, Any]:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # C's where it is built in
        """Refuses a key that stands twice, as Compose does."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
            seen: dict[str, int] = {}
            for key, _ in node.value:
                line = key.start_mark.line + 1
                if key.value in seen:
                    twice = (
                        f'line {line}: mapping key "{key.value}" already defined at line {seen[key.value]}'
                    )
                    raise Refused(f"yaml: unmarshal errors:\n  {twice}", INVALID)
                seen[str(key.value)] = line
            found: dict[Hashable, Any] = super().construct_mapping(node, deep)
            return found

    try:
        found = yaml.load(file.read_bytes(), Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise Refused(f"yaml: {line}{error.problem}", INVALID) from None
    except yaml.YAMLError as error:
        raise Refused(f"yaml: {error}", INVALID) from None
    if found is None:
        raise Refused("empty compose file", INVALID)
    if not isinstance(found, dict):
        raise Refused("Top-level object must be a mapping", INVALID)
    return found


def _check_root(document: Mapping[str, Any], file: Path) -> None:
    for key in document:
        if key not in _ROOT_KEYS and not str(key).startswith("x-"):
            raise Refused(f"validating {file}: (root) Additional property {key} is not allowed", INVALID)
    for key in ("include", "configs", "secrets"):
        if document.get(key):
            raise cannot(f"carry out {key}: of {file}", INVALID)
    for key in ("services", "volumes", "networks"):
        if not isinstance(document.get(key) or {}, dict):
            raise Refused(f"validating {file}: {key} must be a mapping", INVALID)
    if set(document.get("networks") or {}) - {"default"}:
        raise cannot("make networks other than the default one", INVALID)
    name = document.get("name")
    if name is not None and not _PROJECT.fullmatch(str(name)):
        raise _bad_name(str(name))


def _volumes(document: Mapping[str, Any], project: str) -> tuple[dict[str, str], set[str]]:
    names, external = dict[str, str](), set[str]()
    for key, given in (document.get("volumes") or {}).items():
        options = given or {}
        if unknown := set(options) - {"name", "external", "labels", "driver"}:
            raise cannot(f"make volume {key} with {', '.join(sorted(unknown))}", INVALID)
        outside = bool(options.get("external"))
        names[key] = str(options.get("name") or (key if outside else f"{project}_{key}"))
        if outside:
            external.add(key)
    return names, external


def _check_references(services: Mapping[str, Service], volumes: Mapping[str, str]) -> None:
    for one in services.values():
        for name in one.depends_on:
            if name not in services:
                said = f'service "{one.name}" depends on undefined service "{name}": invalid compose project'
                raise Refused(said, INVALID)
        for key, _, _ in one.volumes:
            if key and key not in volumes:
                said = f'service "{one.name}" refers to undefined volume {key}: invalid compose project'
                raise Refused(said, INVALID)


def _ordered(services: dict[str, Service]) -> dict[str, Service]:
    """What is depended on comes first."""
    done: dict[str, Service] = {}

    def add(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            cycle = " -> ".join((*path[path.index(name) :], name))
            raise Refused(f"dependency cycle detected: {cycle}", INVALID)
        for other in services[name].depends_on:
            add(other, (*path, name))
        done.setdefault(name, services[name])

    for name in services:
        add(name, ())
    return done
