"""PostgreSQL's SQL into SQLite's, token by token. What is not known here is left to fail in SQLite, loudly."""

from collections.abc import Callable

from bot.sandbox.practice.postgres.errors import CannotDo
from bot.sandbox.practice.postgres.tokens import Token, closing, literal, tokens

# Values that PostgreSQL writes without parentheses; here they are functions.
_BARE = {"CURRENT_USER", "SESSION_USER", "CURRENT_CATALOG", "CURRENT_SCHEMA", "CURRENT_TIMESTAMP"}
# Keywords that may stand before a parenthesis without being a function's name.
_NOT_FUNCTIONS = {
    *("SELECT", "WHERE", "AND", "OR", "NOT", "IN", "FROM", "AS", "ON", "WHEN", "THEN", "ELSE", "CASE", "BY"),
    *("VALUES", "RETURNING", "HAVING", "LIMIT", "UNION", "ALL", "DISTINCT", "BETWEEN", "LIKE", "IS", "SET"),
}
_LONG_TYPES = {
    ("CHARACTER", "VARYING"): "text",
    ("DOUBLE", "PRECISION"): "float8",
    ("TIMESTAMP", "WITH", "TIME", "ZONE"): "timestamptz",
    ("TIMESTAMP", "WITHOUT", "TIME", "ZONE"): "timestamp",
}
_CAST = Token("word", "pg_cast")
_OPEN, _CLOSE, _COMMA = Token("mark", "("), Token("mark", ")"), Token("mark", ",")


def query(parts: list[Token]) -> list[Token]:
    """SELECT, INSERT, UPDATE, DELETE and what stands inside other statements."""
    steps: tuple[Callable[[list[Token]], list[Token]], ...]
    steps = (
        _plain_literals,
        _schemas,
        _subscripts,
        _casts,
        _long_casts,
        _bare_functions,
        _series,
        _small_words,
    )
    for step in (*steps, _identifiers):
        parts = step(parts)
    return parts


def drop_casts(parts: list[Token]) -> list[Token]:
    """For defaults of columns: the value alone."""
    kept: list[Token] = []
    index = 0
    while index < len(parts):
        if parts[index].text == "::":
            _, index = _type(parts, index + 1)
        else:
            kept.append(parts[index])
            index += 1
    return kept


def _plain_literals(parts: list[Token]) -> list[Token]:
    return [literal(one.value) if one.kind in {"escaped", "dollar"} else one for one in parts]


def _schemas(parts: list[Token]) -> list[Token]:
    """Public is SQLite's main; pg_catalog before a function's name goes, before a table's it is a database."""
    kept: list[Token] = []
    for index, one in enumerate(parts):
        after = [other.text for other in parts[index + 1 : index + 4]]
        if (
            one.kind == "mark"
            and one.text == "."
            and kept
            and kept[-1].name == "pg_catalog"
            and after[1:2] == ["("]
        ):
            kept.pop()
        elif one.name == "public" and after[:1] == ["."]:
            kept.append(Token("word", "main"))
        else:
            kept.append(one)
    return kept


def _casts(parts: list[Token]) -> list[Token]:
    """value::type becomes pg_cast(value, 'type')."""
    kept: list[Token] = []
    index = 0
    while index < len(parts):
        if parts[index].text == "::":
            name, index = _type(parts, index + 1)
            start = _primary(kept)
            kept[start:] = [_CAST, _OPEN, *kept[start:], _COMMA, literal(name), _CLOSE]
        else:
            kept.append(parts[index])
            index += 1
    return kept


def _long_casts(parts: list[Token]) -> list[Token]:
    """CAST(value AS type) becomes pg_cast(value, 'type')."""
    for index in range(len(parts) - 1, -1, -1):
        if parts[index].word == "CAST" and parts[index + 1 : index + 2] == [_at(parts, index + 1, "(")]:
            end = closing(parts, index + 1)
            inner = parts[index + 2 : end]
            cut = max((at for at, one in enumerate(inner) if one.word == "AS"), default=None)
            if cut is None:
                continue
            name, _ = _type(inner, cut + 1)
            parts = [*parts[:index], _CAST, _OPEN, *inner[:cut], _COMMA, literal(name), *parts[end:]]
    return parts


def _at(parts: list[Token], index: int, text: str) -> Token | None:
    return parts[index] if index < len(parts) and parts[index].text == text else None


def _subscripts(parts: list[Token]) -> list[Token]:
    """(array)[n] becomes pg_subscript(array, n)."""
    kept: list[Token] = []
    index = 0
    while index < len(parts):
        if parts[index].text == "[" and kept and _at(parts, index + 1, "]") is None:
            end = closing(parts, index)
            start = _primary(kept)
            inner = [*kept[start:], _COMMA, *parts[index + 1 : end]]
            kept[start:] = [Token("word", "pg_subscript"), _OPEN, *inner, _CLOSE]
            index = end + 1
        else:
            kept.append(parts[index])
            index += 1
    return kept


def _bare_functions(parts: list[Token]) -> list[Token]:
    kept: list[Token] = []
    for index, one in enumerate(parts):
        kept.append(Token("word", one.text.lower()) if one.word in _BARE else one)
        if one.word in _BARE and _at(parts, index + 1, "(") is None:
            kept += [_OPEN, _CLOSE]
    return kept


def _series(parts: list[Token]) -> list[Token]:
    """FROM generate_series(a, b) AS n: numbers from a recursive query whose column carries the alias."""
    for index in range(len(parts) - 1, -1, -1):
        is_source = index > 0 and (parts[index - 1].word in {"FROM", "JOIN"} or parts[index - 1].text == ",")
        if parts[index].word != "GENERATE_SERIES" or not is_source:
            continue
        end = closing(parts, index + 1)
        alias, column, rest = _alias(parts, end + 1)
        bounds = parts[index + 2 : end]
        commas = [at for at, one in enumerate(bounds) if one.text == ","]
        if len(commas) != 1:
            raise CannotDo("do generate_series with anything but two whole numbers")
        low = " ".join(one.text for one in bounds[: commas[0]])
        high = " ".join(one.text for one in bounds[commas[0] + 1 :])
        first = f"SELECT {low} WHERE {low} <= {high}"
        following = f"SELECT {column} + 1 FROM series WHERE {column} < {high}"  # noqa: S608  (SQL into SQL)
        recursive = f"WITH RECURSIVE series({column}) AS ({first} UNION ALL {following})"
        numbers = f"({recursive} SELECT {column} FROM series) AS {alias}"  # noqa: S608  (as above)
        parts = [*parts[:index], *tokens(numbers), *parts[rest:]]
    return parts


def _alias(parts: list[Token], index: int) -> tuple[str, str, int]:
    """Alias, column and the index behind them."""
    if _at(parts, index, "AS") or _at(parts, index, "as"):
        index += 1
    elif index >= len(parts) or parts[index].kind not in {"word", "quoted"} or parts[index].word in _CLAUSES:
        return "generate_series", "generate_series", index
    alias = parts[index].text
    if _at(parts, index + 1, "(") and index + 3 < len(parts):
        return alias, parts[index + 2].text, index + 4
    return alias, alias, index + 1


_CLAUSES = {"WHERE", "ORDER", "GROUP", "LIMIT", "UNION", "HAVING", "JOIN", "CROSS", "LEFT", "INNER", "ON"}


def _small_words(parts: list[Token]) -> list[Token]:
    """SELECT FROM, FROM ONLY, and LIKE whose escape is a backslash unless said otherwise."""
    kept: list[Token] = []
    for index, one in enumerate(parts):
        before = parts[index - 1].word if index else ""
        if before == "SELECT" and one.word == "FROM":
            kept += tokens("1 FROM")
        elif before == "FROM" and one.word == "ONLY":
            continue
        elif before == "LIKE" and one.kind == "string":
            escape = parts[index + 1 : index + 2]
            kept += [one] if escape and escape[0].word == "ESCAPE" else [one, *tokens("ESCAPE '\\'")]
        else:
            kept.append(one)
    return kept


def _identifiers(parts: list[Token]) -> list[Token]:
    """Backquotes: SQLite takes an unknown name in double quotes for a text."""
    return [
        Token("quoted", f"`{one.name.replace('`', '``')}`") if one.kind == "quoted" else one for one in parts
    ]


def _primary(parts: list[Token]) -> int:
    """Where the operand that ends `parts` begins."""
    start = len(parts) - 1
    while start > 0 and parts[start].text in {")", "]"}:
        start = _opening(parts, start)
        before = parts[start - 1] if start else None
        if before is not None and (before.text in {")", "]"} or _names_function(before)):
            start -= 1
    while start > 1 and parts[start - 1].text == ".":
        start -= 2
    return max(start, 0)


def _names_function(one: Token) -> bool:
    return one.kind in {"word", "quoted"} and one.word not in _NOT_FUNCTIONS


def _opening(parts: list[Token], end: int) -> int:
    depth = 0
    for index in range(end, -1, -1):
        depth += {")": 1, "]": 1, "(": -1, "[": -1}.get(parts[index].text, 0)
        if depth == 0:
            return index
    return 0


def _type(parts: list[Token], index: int) -> tuple[str, int]:
    """A type's name in lower case, and the index behind it."""
    if index + 1 < len(parts) and parts[index + 1].text == ".":
        index += 2
    for long, short in _LONG_TYPES.items():
        if tuple(one.word for one in parts[index : index + len(long)]) == long:
            return short, index + len(long)
    if index >= len(parts) or not parts[index].name:
        raise CannotDo("do a cast without a type")
    name = parts[index].name
    index += 1
    if _at(parts, index, "("):
        index = closing(parts, index) + 1
    if _at(parts, index, "["):
        name, index = f"{name}[]", closing(parts, index) + 1
    return name, index
