"""`${VARIABLE}` in a compose file and in an env file, as Compose puts values in."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.sandbox.practice.engine.errors import Refused

INVALID = 15
"""Compose's exit status for a file that it cannot use."""

_NAME = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_OPERATORS = (":-", ":?", ":+", "-", "?", "+")


class Values:
    """The variables that are known, and what happens when one is not."""

    def __init__(self, known: Mapping[str, str], missing: Callable[[str], None] = lambda _: None) -> None:
        """`missing` is called with the name of each variable that stands alone and is not set."""
        self._known = known
        self._missing = missing

    def tree(self, value: Any, path: str = "") -> Any:
        """Every string of a document, with its variables replaced; keys stay. Raises Refused."""
        if isinstance(value, str):
            return self.text(value, path)
        if isinstance(value, list):
            return [self.tree(one, f"{path}.[]" if path else "[]") for one in value]
        if isinstance(value, dict):
            return {key: self.tree(one, f"{path}.{key}" if path else str(key)) for key, one in value.items()}
        return value

    def text(self, template: str, path: str) -> str:
        """Raises Refused for a form that is none, and for `${NAME:?why}` where it is not set."""
        done, at = "", 0
        while (dollar := template.find("$", at)) >= 0:
            done += template[at:dollar]
            piece, at = self._variable(template, dollar + 1, path)
            done += piece
        return done + template[at:]

    def _variable(self, template: str, at: int, path: str) -> tuple[str, int]:
        if template[at : at + 1] == "$":
            return "$", at + 1
        if template[at : at + 1] == "{":
            end = _closing(template, at)
            name = _NAME.match(template, at + 1)
            if end is None or name is None:
                raise _invalid(template, path)
            return self._braced(template, name, end, path), end + 1
        if name := _NAME.match(template, at):
            return self._plain(name[0]), name.end()
        raise _invalid(template, path)

    def _plain(self, name: str) -> str:
        if name not in self._known:
            self._missing(name)
        return self._known.get(name, "")

    def _braced(self, template: str, name: re.Match[str], end: int, path: str) -> str:
        rest = template[name.end() : end]
        if not rest:
            return self._plain(name[0])
        operator = next((one for one in _OPERATORS if rest.startswith(one)), None)
        if operator is None:
            raise _invalid(template, path)
        value = self._known.get(name[0])
        there = bool(value) if operator.startswith(":") else value is not None
        other = (
            self.text(rest.removeprefix(operator), path)
            if there == operator.endswith("+") or not there
            else ""
        )
        if operator.endswith("+"):
            return other if there else ""
        if not there and operator.endswith("?"):
            why = f"required variable {name[0]} is missing a value" + (f": {other}" if other else "")
            raise Refused(f"error while interpolating {path}: {why}", INVALID)
        return (value or "") if there else other


def _closing(template: str, at: int) -> int | None:
    depth = 0
    for place in range(at, len(template)):
        depth += {"{": 1, "}": -1}.get(template[place], 0)
        if depth == 0:
            return place
    return None


def _invalid(template: str, path: str) -> Refused:
    said = (
        f"invalid interpolation format for {path}.\nYou may need to escape any $ with another $.\n{template}"
    )
    return Refused(said, INVALID)
