"""What pydantic found wrong, as lines for people: where it is, what is wrong, and never the value of a secret."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

Place = tuple[str | int, ...]
"""Where a value stands, as pydantic counts: ("health", 0, "url")."""


class Complaints(ValueError):
    """Several things wrong with one value; a validator raises it, `lines` makes one line of each."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


_MEANINGS: Mapping[str, str] = {
    "missing": "is missing",
    "string_type": 'must be text in quotes, such as "text"',
    "string_too_short": "must not be empty",
    "string_too_long": "must be at most {max_length} characters long",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "tuple_type": "must be a list: [ … ]",
    "model_type": "must be a table: {{ … }}",
    "model_attributes_type": "must be a table: {{ … }}",
    "dict_type": "must be a table: {{ … }}",
    "path_type": 'must be a path in quotes, such as "~/key"',
}
_KEY = "[key]"
"""How pydantic calls the key itself where a table's keys have a form."""
_SHAPES: Mapping[str, str] = {
    _KEY: "must be the name of a Compose service: letters, digits and . _ -",
    "service": "must be the name of a Compose service: letters, digits and . _ -",
    "name": "must be a PostgreSQL name: letters, digits and _, not starting with a digit",
    "user": "must be a PostgreSQL name: letters, digits and _, not starting with a digit",
    "url": "must be an http:// or https:// address without user and spaces, such as http://127.0.0.1:8080/",
    "bump_author": "must be as git writes it: Name <address>",
    "compose_project": "must be lowercase letters, digits, _ and -, starting with a letter or digit",
}
_MAY_HOLD_A_SECRET = {"git"}


def lines(
    error: ValidationError, known: Callable[[Place], Iterable[str]] = lambda _place: ()
) -> list[tuple[Place, str]]:
    """Each problem as its place and what to say about it. `known` gives the keys allowed in a table."""
    found: list[tuple[Place, str]] = []
    for problem in error.errors(include_url=False, include_input=False):
        place = problem["loc"]
        shown = place[:-1] if place[-1:] == (_KEY,) else place
        found += [(shown, text) for text in _texts(problem["type"], problem, place, known)]
    return found


def _texts(kind: str, problem: Any, place: Place, known: Callable[[Place], Iterable[str]]) -> list[str]:
    context: dict[str, Any] = problem.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, Complaints):
        return cause.lines
    if kind == "extra_forbidden":
        return [unknown_key(str(place[-1]), known(place[:-1]))]
    if kind == "string_pattern_mismatch":
        return [_SHAPES.get(str(place[-1]), "is not in the form wanted here")]
    if kind == "value_error":
        # "must be …, not 'value'": the value helps, except where it may carry a password
        text = str(cause)
        return [text.partition(": ")[0] if _MAY_HOLD_A_SECRET & set(place[-1:]) else text]
    return [_MEANINGS[kind].format(**context) if kind in _MEANINGS else str(problem["msg"]).lower()]


def unknown_key(key: str, known: Iterable[str]) -> str:
    """`unknown key`, with the nearest known one."""
    near = difflib.get_close_matches(key.lower(), list(known), n=1, cutoff=0.6) or difflib.get_close_matches(
        key.upper(), list(known), n=1, cutoff=0.6
    )
    return f"unknown key; did you mean {near[0]}?" if near else "unknown key"


def spelled(place: Place) -> str:
    """("health", 0, "url") as health[0].url."""
    text = ""
    for part in place:
        plain = isinstance(part, str) and re.fullmatch(r"[A-Za-z0-9_-]+", part)
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if plain else f'."{part}"'
    return text.removeprefix(".")
