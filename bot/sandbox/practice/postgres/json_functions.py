"""PostgreSQL's JSON functions into SQLite's, where a truth value is a number and JSON is a text."""

from bot.sandbox.practice.postgres.catalog import COLUMNS
from bot.sandbox.practice.postgres.described import is_boolean, is_json
from bot.sandbox.practice.postgres.errors import CannotDo
from bot.sandbox.practice.postgres.tokens import Token, closing, split, text, tokens

_BUILDERS = {
    "jsonb_build_object": "json_object",
    "json_build_object": "json_object",
    "jsonb_object_agg": "json_group_object",
    "json_object_agg": "json_group_object",
    "jsonb_agg": "json_group_array",
    "json_agg": "json_group_array",
}


def rewrite(parts: list[Token]) -> list[Token]:
    """From the innermost call outwards."""
    parts = _unnested(parts)
    for index in range(len(parts) - 2, -1, -1):
        if parts[index + 1].text != "(":
            continue
        name = parts[index].name
        if name == "to_jsonb":
            end = closing(parts, index + 1)
            parts = [*parts[:index], *_whole_row(parts, parts[index + 2 : end]), *parts[end + 1 :]]
        elif name in _BUILDERS:
            end = closing(parts, index + 1)
            inner = ", ".join(_value(one) for one in split(parts[index + 2 : end]))
            built = f"{_BUILDERS[name]}({inner})"
            # Of no rows PostgreSQL makes null, SQLite an empty array or object.
            empty = {"json_group_object": "'{}'", "json_group_array": "'[]'"}.get(_BUILDERS[name])
            built = f"nullif({built}, {empty})" if empty else built
            parts = [*parts[:index], *tokens(built), *parts[end + 1 :]]
    return parts


def _value(item: list[Token]) -> str:
    written = text(item)
    if is_boolean(item):
        return f"json(CASE {written} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END)"
    return f"json({written})" if is_json(item) else written


def _whole_row(parts: list[Token], inner: list[Token]) -> list[Token]:
    """to_jsonb(alias) of a table of the catalog."""
    alias = inner[0].name if len(inner) == 1 else ""
    for index in range(len(parts) - 1):
        after = index + 2 if parts[index + 1].word == "AS" else index + 1
        if parts[index].name in COLUMNS and parts[after].name == alias != "":
            pairs = (
                f"'{name}', {_field(alias, name, kind)}" for name, kind in COLUMNS[parts[index].name].items()
            )
            return tokens(f"json_object({', '.join(pairs)})")
    raise CannotDo(f"do to_jsonb({text(inner)})")


def _field(alias: str, name: str, kind: str) -> str:
    column = f"{alias}.{name}"
    if kind == "oid":
        return f"CAST({column} AS TEXT)"
    return _value(tokens(column)) if kind == "boolean" else column


def _unnested(parts: list[Token]) -> list[Token]:
    """FROM ..., unnest(array) s becomes json_each(array) AS s, and s itself s.value."""
    for index, one in enumerate(parts):
        if one.word != "UNNEST" or not index or parts[index - 1].text.upper() not in {",", "FROM", "JOIN"}:
            continue
        end = closing(parts, index + 1)
        at = end + 2 if parts[end + 1].word == "AS" else end + 1
        alias = parts[at].name
        changed = [
            *parts[:index],
            Token("word", "json_each"),
            *parts[index + 1 : end + 1],
            Token("word", "AS"),
        ]
        head = _values_of(changed, alias)
        return [*head, parts[at], *_values_of(parts[at + 1 :], alias)]
    return parts


def _values_of(parts: list[Token], alias: str) -> list[Token]:
    kept: list[Token] = []
    for index, one in enumerate(parts):
        after = parts[index + 1].text if index + 1 < len(parts) else ""
        kept.append(one)
        if one.name == alias and after != "." and (index == 0 or parts[index - 1].text != "."):
            kept += tokens(".value")
    return kept
