"""A source tree as the checks see it: names of all files, texts of the few that they read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from services.changes import BACKEND, FRONTEND, SCRIPTS, SourceFacts
from services.facts.dockerfile import copied
from services.facts.nginx import static_upstreams

APP_JSON = f"{FRONTEND}/app.json"
NGINX = f"{FRONTEND}/nginx.conf"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a service's image is built; both paths are relative to the tree's root ('.' is it), or empty: not known."""

    service: str
    context: str
    dockerfile: str


@dataclass(frozen=True, slots=True)
class SourceTree:
    """`paths`: every shipped file. `texts`: those of them that checks read; one that is missing is not judged."""

    paths: frozenset[str]
    texts: Mapping[str, str]
    recipes: tuple[Recipe, ...] = ()

    def python(self, folder: str) -> dict[str, str]:
        """Python files anywhere below a folder."""
        found = {path: text for path, text in self.texts.items() if path.endswith(".py")}
        return {path: text for path, text in sorted(found.items()) if within(path, folder)}


def source_facts(tree: SourceTree) -> SourceFacts:
    return SourceFacts(
        frontend_version=app_version(tree.texts.get(APP_JSON, "")),
        version_fault=_version_fault(tree),
        frontends=_made_from(tree, FRONTEND, "frontend"),
        backends=_made_from(tree, BACKEND, "backend"),
        backend_copies=_copied_by(tree, BACKEND, "backend"),
        static_upstreams=static_upstreams(tree.texts.get(NGINX, "")),
    )


def app_version(app_json: str | bytes) -> str | None:
    """`expo.version`; None for whatever does not have one."""
    try:
        found = _loaded(app_json)["expo"]["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) and found else None


def _loaded(app_json: str | bytes) -> Any:
    """Raises ValueError and RecursionError."""
    return json.loads(app_json.removeprefix("\ufeff") if isinstance(app_json, str) else app_json)


def _version_fault(tree: SourceTree) -> str:
    """Why no version can be read. Empty where there is one, and where there is no frontend at all."""
    text = tree.texts.get(APP_JSON, "")
    if app_version(text) is not None or not any(within(path, FRONTEND) for path in tree.paths):
        return ""
    if APP_JSON not in tree.paths:
        return "missing"
    try:
        _loaded(text)
    except (ValueError, RecursionError):
        return "json"
    return "version"


def recipes_of(tree: SourceTree, area: str, name: str) -> tuple[Recipe, ...]:
    """Images that are built from an area: by their Dockerfile's place, its COPY lines, or the service's name."""
    return tuple(
        recipe
        for recipe in tree.recipes
        if recipe.service == name
        or within(recipe.dockerfile, area)
        or within(recipe.context, area)
        or any(within(source, area) for source in _sources(tree, recipe))
    )


def _made_from(tree: SourceTree, area: str, name: str) -> tuple[str, ...]:
    return tuple(recipe.service for recipe in recipes_of(tree, area, name))


def _copied_by(tree: SourceTree, area: str, name: str) -> tuple[str, ...]:
    found = (source for recipe in recipes_of(tree, area, name) for source in _sources(tree, recipe))
    return tuple(dict.fromkeys(found))


def _sources(tree: SourceTree, recipe: Recipe) -> list[str]:
    words = copied(tree.texts.get(recipe.dockerfile, ""))
    return [str(PurePosixPath(recipe.context, word.lstrip("/"))) for word in words]


def within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def is_script(path: str) -> bool:
    """Of a folder called scripts, or called as the runbook calls them (migrate_*.py, seed_*.py)."""
    pure = PurePosixPath(path)
    return SCRIPTS in pure.parent.parts or pure.name.startswith(("migrate_", "seed_"))
