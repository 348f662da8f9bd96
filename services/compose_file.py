"""What a compose file says without being interpolated: its name, its services, which of them are built here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from services.compose_traits import traits_of
from services.facts.models import Traits

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


class _Loader(yaml.SafeLoader):
    """SafeLoader that takes Compose's own tags (!reset, !override) for the plain values behind them."""


def _behind_tag(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    tag = loader.resolve(yaml.ScalarNode, node.value, (True, False))  # type: ignore[no-untyped-call]  # PyYAML's stubs
    return loader.construct_object(yaml.ScalarNode(tag, node.value))


_Loader.add_multi_constructor("!", _behind_tag)


@dataclass(frozen=True, slots=True)
class ComposeFile:
    """`services`: those that `up` starts by itself, in the file's order; `builds`: those of them with a build.

    `recipes`: how each of those is built, (context, Dockerfile), the first relative to this file, the second to the
    first; empty where it is not said plainly. `traits`: how each may be brought up. `name` is None when it is absent or made of variables; `includes`: paths relative to this file.
    `bound`: its named volumes with options for a driver: they may be folders of the host.
    """

    name: str | None
    services: tuple[str, ...]
    builds: tuple[str, ...]
    includes: tuple[str, ...]
    recipes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    traits: Mapping[str, Traits] = field(default_factory=dict)
    bound: tuple[str, ...] = ()


class NotComposeFileError(ValueError):
    """`line` is where it stops being one, None when it is YAML of another shape. Quotes nothing of the file."""

    def __init__(self, line: int | None = None) -> None:
        self.line = line
        super().__init__("not a compose file")


def parse(content: bytes) -> ComposeFile:
    """Raises NotComposeFileError."""
    try:
        document = yaml.load(content, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        raise NotComposeFileError(mark.line + 1 if mark else None) from None
    services = (document.get("services") or {}) if isinstance(document, Mapping) else None
    if not isinstance(services, Mapping) or not all(isinstance(v, Mapping | None) for v in services.values()):
        raise NotComposeFileError
    started = {str(name): one or {} for name, one in services.items() if _starts(one or {})}
    name, bound = document.get("name"), tuple(_bound(document.get("volumes")))
    return ComposeFile(
        name=name if isinstance(name, str) and _NAME.fullmatch(name) else None,
        services=tuple(started),
        # what a service extends may bring a build; building a service that has none does nothing
        builds=tuple(name for name, one in started.items() if _is_built(one)),
        includes=tuple(_includes(document.get("include") or ())),
        recipes={name: _recipe(one.get("build")) for name, one in started.items() if _is_built(one)},
        traits={name: traits_of(one, bound) for name, one in started.items()},
        bound=bound,
    )


def texts(content: bytes) -> dict[str, str]:
    """By service that `up` starts, all that the file says about it, as one text: to look for variables in.

    Raises NotComposeFileError.
    """
    started = parse(content).services
    services = yaml.load(content, _Loader)["services"]  # noqa: S506 - a SafeLoader
    return {name: yaml.safe_dump(services[name], width=10_000) for name in started if name in services}


def _is_built(service: Mapping[str, Any]) -> bool:
    return "build" in service or "extends" in service


def _recipe(build: Any) -> tuple[str, str]:
    """Empty words for what is made of variables, written inline, or lies elsewhere."""
    given = {"context": build} if isinstance(build, str) else build
    if not isinstance(given, Mapping) or "dockerfile_inline" in given:
        return "", ""
    context, dockerfile = given.get("context", "."), given.get("dockerfile", "Dockerfile")
    plain = all(
        isinstance(word, str) and "$" not in word and "://" not in word for word in (context, dockerfile)
    )
    return (context, dockerfile) if plain else ("", "")


def _starts(service: Mapping[str, Any]) -> bool:
    """Not services of a profile, nor those scaled to nothing."""
    replicas = (service.get("deploy") or {}).get("replicas", 1)
    return not service.get("profiles") and 0 not in (replicas, service.get("scale", 1))


def _bound(volumes: Any) -> Iterator[str]:
    for name, one in volumes.items() if isinstance(volumes, Mapping) else ():
        if isinstance(one, Mapping) and one.get("driver_opts"):
            yield str(name)


def _includes(entries: Any) -> Iterator[str]:
    for entry in entries if isinstance(entries, list) else ():
        path = entry.get("path") if isinstance(entry, Mapping) else entry
        yield from (str(one) for one in (path if isinstance(path, list) else [path]) if one)
