"""R-FE-5: data that scripts need is in the image. R-DX-5: scripts find it in the container too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from services.changes import BACKEND, DATA_SUFFIXES, SCRIPTS
from services.checks.tree import Recipe, SourceTree, is_script, recipes_of, within
from services.facts.dockerfile import copied, covers
from services.facts.python_source import last_name, parsed, strings
from services.models import Finding, Severity

MOST_NAMED = 5


def data_findings(tree: SourceTree) -> list[Finding]:
    return [*_not_copied(tree), *_by_abspath(tree)]


def _not_copied(tree: SourceTree) -> Iterator[Finding]:
    """R-FE-5. Only files that are shipped are judged: a name that is none may be one that a script writes."""
    needed = sorted(_needed(tree))
    for recipe in recipes_of(tree, BACKEND, "backend"):
        dockerfile = tree.texts.get(recipe.dockerfile)
        if dockerfile is None:
            continue
        sources = copied(dockerfile)
        if missing := [path for path in needed if not _is_copied(path, recipe, sources)]:
            yield _finding(missing, recipe)


def _finding(missing: list[str], recipe: Recipe) -> Finding:
    shown = missing[:MOST_NAMED]
    args = {
        "files": ", ".join(shown),
        "more": len(missing) - len(shown),
        "dockerfile": recipe.dockerfile,
        "line": f"COPY {' '.join(_inside(path, recipe.context) or path for path in shown)} ./",
    }
    return Finding(code="data-not-copied", severity=Severity.WARNING, args=args)


def _needed(tree: SourceTree) -> set[str]:
    """Shipped data files of the backend that its scripts name, wherever in a path the name stands."""
    named = {
        PurePosixPath(text).name
        for path, code in {**tree.python(BACKEND), **tree.python(SCRIPTS)}.items()
        if is_script(path) and (module := parsed(code))
        for text in strings(module)
        if text.endswith(DATA_SUFFIXES)
    }
    data = (path for path in tree.paths if path.endswith(DATA_SUFFIXES))
    return {
        path
        for path in data
        if PurePosixPath(path).name in named
        and (within(path, BACKEND) or within(path, SCRIPTS) or "/" not in path)
    }


def _is_copied(path: str, recipe: Recipe, sources: list[str]) -> bool:
    inside = _inside(path, recipe.context)
    return inside is not None and any(covers(source, inside) for source in sources)


def _inside(path: str, context: str) -> str | None:
    """The path as the context sees it; None for a file outside of it."""
    if context == ".":
        return path
    return path.removeprefix(f"{context}/") if within(path, context) else None


def _by_abspath(tree: SourceTree) -> Iterator[Finding]:
    """R-DX-5: scripts that name data files and look for them through os.path.abspath(__file__)."""
    found = [
        f"{path}:{line}"
        for path, code in {**tree.python(BACKEND), **tree.python(SCRIPTS)}.items()
        if is_script(path) and (module := parsed(code)) and (line := _abspath(module))
    ]
    if found:
        args = {"scripts": ", ".join(found[:MOST_NAMED]), "more": max(0, len(found) - MOST_NAMED)}
        yield Finding(code="data-by-abspath", severity=Severity.WARNING, args=args)


def _abspath(module: ast.Module) -> int | None:
    """The first line that does. One that only extends sys.path looks for modules, not for data."""
    if not any(text.endswith(DATA_SUFFIXES) for text in strings(module)):
        return None
    for_modules = {
        inner
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and _is_about_modules(node.func)
        for inner in ast.walk(node)
    }
    calls = (node for node in ast.walk(module) if isinstance(node, ast.Call) and node not in for_modules)
    lines = [node.lineno for node in calls if _is_abspath_of_file(node)]
    return min(lines, default=None)


def _is_about_modules(called: ast.expr) -> bool:
    """`sys.path.insert`, `sys.path.append`."""
    path = called.value if isinstance(called, ast.Attribute) else None
    return isinstance(path, ast.Attribute) and path.attr == "path" and last_name(path.value) == "sys"


def _is_abspath_of_file(call: ast.Call) -> bool:
    inside = (node for argument in call.args for node in ast.walk(argument))
    return last_name(call.func) == "abspath" and any(
        isinstance(node, ast.Name) and node.id == "__file__" for node in inside
    )
