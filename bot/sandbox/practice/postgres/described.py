"""What the columns of an answer are called and which are truth values or JSON: SQLite tells neither."""

from dataclasses import dataclass
from typing import Literal

from bot.sandbox.practice.postgres.catalog import COLUMNS
from bot.sandbox.practice.postgres.tokens import Token, closing, split

Kind = Literal["boolean", "jsonb", ""]

JSON_FUNCTIONS = {
    *(
        "jsonb_build_object",
        "json_build_object",
        "jsonb_object_agg",
        "json_object_agg",
        "jsonb_agg",
        "json_agg",
    ),
    *("to_jsonb", "json_object", "json_group_object", "json_group_array", "json"),
}
_COMPARE = {"=", "<", ">", "<=", ">=", "<>", "!="}
_LOGIC = {"NOT", "AND", "OR", "IS", "IN", "LIKE", "BETWEEN", "EXISTS"}
_BOOLEAN_FUNCTIONS = {"pg_terminate_backend", "pg_has_role", "pg_is_in_recovery"}
_BOOLEAN_COLUMNS = {name for table in COLUMNS.values() for name, kind in table.items() if kind == "boolean"}
_ENDS = {
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "OFFSET",
    "WINDOW",
}


@dataclass(frozen=True)
class Item:
    name: str
    kind: Kind


def describe(parts: list[Token]) -> list[Item] | None:
    """The items behind SELECT or RETURNING; None where a star hides them."""
    depth = 0
    for index, one in enumerate(parts):
        depth += {"(": 1, ")": -1}.get(one.text, 0)
        if depth == 0 and one.word in {"SELECT", "RETURNING"}:
            listed = _listed(parts[index + 1 :])
            return None if any(_is_star(item) for item in listed) else [_item(item) for item in listed]
    return None


def is_boolean(item: list[Token]) -> bool:
    outer = _outer(item)
    if not outer or outer[0].word == "CASE":
        return False
    if outer[0].word == "SELECT":
        return [one.kind for one in describe(item) or []] == ["boolean"]
    if outer[0].text == "(" and closing(item, 0) == len(item) - 1:
        return is_boolean(item[1:-1])
    compares = any(one.kind == "operator" and one.text in _COMPARE for one in outer)
    return compares or any(one.word in _LOGIC for one in outer) or _is_boolean_value(item)


def _is_boolean_value(item: list[Token]) -> bool:
    """TRUE, a function's call, a cast or a column."""
    if item[-1].text == ")":
        return item[0].name in _BOOLEAN_FUNCTIONS or _is_boolean_cast(item)
    return (len(item) == 1 and item[0].word in {"TRUE", "FALSE"}) or item[-1].name in _BOOLEAN_COLUMNS


def is_json(item: list[Token]) -> bool:
    """Whether JSON is built anywhere in it and it is not turned into something else."""
    return any(one.name in JSON_FUNCTIONS for one in item) and item[0].name != "pg_cast"


def _item(item: list[Token]) -> Item:
    value, name = _alias(item)
    kind: Kind = "boolean" if is_boolean(value) else "jsonb" if value and is_json(value) else ""
    return Item(name, kind)


def _alias(item: list[Token]) -> tuple[list[Token], str]:
    if len(item) > 2 and item[-2].word == "AS":  # noqa: PLR2004  (value AS alias)
        return item[:-2], item[-1].name
    last = item[-1] if item else Token("mark", "")
    before = item[-2] if len(item) > 1 else Token("operator", "")
    ends = before.text in {".", "::"} or before.kind == "operator" or before.word in _LOGIC
    if last.name and not ends and last.word not in {"END", "NULL"}:
        return item[:-1], last.name
    return item, _own_name(item)


def _own_name(item: list[Token]) -> str:
    if not item:
        return "?column?"
    if item[0].name == "pg_cast":
        inner = split(item[2:-1])
        own = _own_name(inner[0])
        return own if own != "?column?" else inner[-1][0].value
    if item[-1].text == ")" and item[0].name and closing(item, _first(item)) == len(item) - 1:
        return item[0].name
    if all(one.name or one.text == "." for one in item) and item[0].word not in {"NULL", "TRUE", "FALSE"}:
        return item[-1].name
    return "case" if item[0].word == "CASE" else "bool" if item[0].word in {"TRUE", "FALSE"} else "?column?"


def _first(item: list[Token]) -> int:
    return next(index for index, one in enumerate(item) if one.text == "(")


def _listed(parts: list[Token]) -> list[list[Token]]:
    if parts and parts[0].word in {"DISTINCT", "ALL"}:
        parts = parts[1:]
    depth = 0
    for index, one in enumerate(parts):
        depth += {"(": 1, ")": -1}.get(one.text, 0)
        if depth == 0 and one.word in _ENDS:
            parts = parts[:index]
            break
    return split(parts)


def _is_star(item: list[Token]) -> bool:
    return bool(item) and item[-1].text == "*"


def _outer(item: list[Token]) -> list[Token]:
    """What stands outside of parentheses and of CASE ... END."""
    kept: list[Token] = []
    depth = 0
    for one in item:
        ends = one.text == ")" or one.word == "END"
        depth -= ends
        if depth == 0 and not ends:
            kept.append(one)
        depth += one.text == "(" or one.word == "CASE"
    return kept


def _is_boolean_cast(item: list[Token]) -> bool:
    return item[0].name == "pg_cast" and item[-2].value in {"bool", "boolean"}
