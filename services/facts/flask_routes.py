"""Flask routes as a backend's source declares them. Nothing is imported or run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.facts.python_source import last_name, parsed

ANY = "*"
"""A segment that may be anything."""
_VERBS = frozenset({"route", "get", "post", "put", "patch", "delete"})
_ANY_PATH = re.compile(r"<path:")
_PARAMETER = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Path:
    """An address without its slashes: `segments`, and whether a slash stands at the end."""

    segments: tuple[str, ...]
    slash: bool

    def __str__(self) -> str:
        return "/" + "/".join(self.segments) + ("/" if self.slash and self.segments else "")


@dataclass(frozen=True, slots=True)
class _Declared:
    owner: str  # the name of the app or blueprint in its file
    rule: str
    file: str


def flask_routes(files: Mapping[str, str]) -> list[Path]:
    """All routes whose slash counts: none with `strict_slashes=False`, none that take a whole path."""
    modules = {name: module for name, code in files.items() if (module := parsed(code))}
    if any(_forgives_all(module) for module in modules.values()):
        return []
    prefixes = _prefixes(modules)
    declared = [one for name, module in modules.items() for one in _declared(name, module)]
    whole = (_prefix(one, prefixes) + one.rule for one in declared)
    return sorted({path_of(rule) for rule in whole if not _ANY_PATH.search(rule)}, key=str)


def path_of(rule: str) -> Path:
    segments = [part for part in rule.split("/") if part]
    return Path(
        tuple(ANY if _PARAMETER.search(part) else part for part in segments), slash=rule.endswith("/")
    )


def _prefix(one: _Declared, prefixes: Mapping[str, str]) -> str:
    """What a blueprint is registered under counts more than what it says of itself."""
    own = prefixes.get(f"{one.file}:{one.owner}", "")
    return prefixes.get(one.owner, own).rstrip("/")


def _prefixes(modules: Mapping[str, ast.Module]) -> dict[str, str]:
    """`<file>:<name>` of blueprints, and `<name>` alone where one is registered with a prefix."""
    found: dict[str, str] = {}
    for file, module in modules.items():
        for node in ast.walk(module):
            if isinstance(node, ast.Assign) and _called(node.value) == "Blueprint":
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        found[f"{file}:{target.id}"] = str(_keyword(node.value, "url_prefix") or "")
            elif _called(node) == "register_blueprint" and (prefix := _keyword(node, "url_prefix")):
                found[_first_name(node)] = str(prefix)
    return found


def _declared(file: str, module: ast.Module) -> Iterator[_Declared]:
    """Decorators (`@app.route("/x")`, `@plans.get("/x")`) and `add_url_rule`."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            calls = [one for one in node.decorator_list if _called(one) in _VERBS]
        else:
            calls = [node] if isinstance(node, ast.Call) and _called(node) == "add_url_rule" else []
        for call in calls:
            if (rule := _first_text(call)) is not None and _keyword(call, "strict_slashes") is not False:
                yield _Declared(_owner(call), rule, file)


def _called(node: ast.AST) -> str:
    """The last name of what is called; '' for what is no call."""
    return last_name(node.func) if isinstance(node, ast.Call) else ""


def _owner(call: ast.AST) -> str:
    func = call.func if isinstance(call, ast.Call) else None
    return last_name(func.value) if isinstance(func, ast.Attribute) else ""


def _first_name(call: ast.AST) -> str:
    return last_name(call.args[0]) if isinstance(call, ast.Call) and call.args else ""


def _first_text(call: ast.AST) -> str | None:
    """The rule, if it is written there as text that begins as an address does."""
    first = call.args[0] if isinstance(call, ast.Call) and call.args else None
    text = first.value if isinstance(first, ast.Constant) else None
    return text if isinstance(text, str) and (text.startswith("/") or not text) else None


def _keyword(call: ast.AST, name: str) -> str | bool | None:
    found = [one.value for one in call.keywords if one.arg == name] if isinstance(call, ast.Call) else []
    value = found[0].value if found and isinstance(found[0], ast.Constant) else None
    return value if isinstance(value, str | bool) else None


def _forgives_all(module: ast.Module) -> bool:
    """Whether it says `app.url_map.strict_slashes = False`."""
    return any(
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and node.value.value is False
        and any(_is_strict_slashes(target) for target in node.targets)
        for node in ast.walk(module)
    )


def _is_strict_slashes(target: ast.expr) -> bool:
    return (
        isinstance(target, ast.Attribute)
        and target.attr == "strict_slashes"
        and last_name(target.value) == "url_map"
    )
