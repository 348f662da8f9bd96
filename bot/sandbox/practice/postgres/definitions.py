"""CREATE TABLE and its kin into SQLite's words: serial columns, identity, defaults, keys that are never null."""

from bot.sandbox.practice.postgres.errors import CannotDo
from bot.sandbox.practice.postgres.tokens import Token, closing, split, tokens
from bot.sandbox.practice.postgres.translation import drop_casts, query

_SERIAL = {"SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL4", "SERIAL8", "SERIAL2"}
_INTEGER = {"INTEGER", "INT", "INT4", "BIGINT", "INT8", "SMALLINT", "INT2"}
_CONSTRAINTS = {
    "NOT",
    "NULL",
    "PRIMARY",
    "UNIQUE",
    "CHECK",
    "REFERENCES",
    "CONSTRAINT",
    "GENERATED",
    "COLLATE",
}
_TABLE_CONSTRAINTS = {"PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT", "EXCLUDE", "LIKE"}


def create_table(parts: list[Token]) -> list[Token]:
    """CREATE TABLE with a list of columns; with AS SELECT it is a query."""
    if any(one.word == "AS" for one in parts) and not _column_list(parts):
        return query(parts)
    start = next((index for index, one in enumerate(parts) if one.text == "("), None)
    if start is None:
        raise CannotDo("do this CREATE TABLE")
    end = closing(parts, start)
    if parts[end + 1 :]:
        raise CannotDo(f"do CREATE TABLE with {parts[end + 1].text}")
    pieces = split(parts[start + 1 : end])
    keys = _key_columns(pieces)
    columns: list[Token] = []
    for piece in pieces:
        columns += [Token("mark", ",")] if columns else []
        is_constraint = bool(piece) and piece[0].word in _TABLE_CONSTRAINTS
        columns += piece if is_constraint else column(piece, is_key=bool(piece) and piece[0].name in keys)
    return query([*parts[: start + 1], *columns, *parts[end:]])


def column(parts: list[Token], *, is_key: bool = False) -> list[Token]:
    """One column's definition. `is_key`: it is the primary key by a constraint of the table."""
    if len(parts) < 2:  # noqa: PLR2004  (a name and a type)
        raise CannotDo("do a column without a type")
    parts = _defaults(drop_casts(parts))
    counted = parts[1].word in _SERIAL or _find(parts, "GENERATED", "ALWAYS", "AS", "IDENTITY") is not None
    counted = counted or _find(parts, "GENERATED", "BY", "DEFAULT", "AS", "IDENTITY") is not None
    at = _find(parts, "PRIMARY", "KEY")
    if counted and at is None and not is_key:
        raise CannotDo("count a column that is not the primary key")
    if counted:
        return _counted(parts, is_key=is_key)
    if at is not None or is_key:
        # INTEGER PRIMARY KEY would count by itself in SQLite, and a key may be null there.
        kind = Token("word", "int") if parts[1].word in _INTEGER else parts[1]
        is_not_null = _find(parts, "NOT", "NULL") is not None
        parts = [parts[0], kind, *parts[2:], *([] if is_not_null else tokens("NOT NULL"))]
    return [*parts, *_checked(parts)]


def _checked(parts: list[Token]) -> list[Token]:
    """SQLite stores any value in any column."""
    name = parts[0].text
    if parts[1].word in _INTEGER:
        return tokens(f"CONSTRAINT pg_integer CHECK (typeof({name}) IN ('integer', 'null'))")
    if parts[1].word in {"BOOLEAN", "BOOL"}:
        return tokens(f"CONSTRAINT pg_boolean CHECK ({name} IN (0, 1))")
    return []


def create_index(parts: list[Token]) -> list[Token]:
    """Without the method and without CONCURRENTLY."""
    kept: list[Token] = []
    for index, one in enumerate(parts):
        if one.word in {"USING", "CONCURRENTLY"} or (index and parts[index - 1].word == "USING"):
            continue
        kept.append(one)
    return query(kept)


def _counted(parts: list[Token], *, is_key: bool) -> list[Token]:
    """SQLite counts an INTEGER PRIMARY KEY; AUTOINCREMENT never gives a number twice, like a sequence."""
    rest = [parts[0], Token("word", "INTEGER")]
    rest += [] if is_key else tokens("PRIMARY KEY AUTOINCREMENT")
    dropped = {"PRIMARY", "KEY", "GENERATED", "ALWAYS", "BY", "DEFAULT", "AS", "IDENTITY", "NOT", "NULL"}
    extra = [one for one in parts[2:] if one.word not in dropped]
    return [*rest, *extra]


def _defaults(parts: list[Token]) -> list[Token]:
    """DEFAULT value becomes DEFAULT (value) where it is more than a literal."""
    at = _find(parts, "DEFAULT")
    if at is None or parts[at - 1].word == "BY":
        return parts
    behind = range(at + 2, len(parts))
    end = next((index for index in behind if parts[index].word in _CONSTRAINTS), len(parts))
    value = parts[at + 1 : end]
    if len(value) > 1 and value[0].text != "(":
        value = [Token("mark", "("), *value, Token("mark", ")")]
    return [*parts[: at + 1], *value, *parts[end:]]


def _key_columns(pieces: list[list[Token]]) -> set[str]:
    for piece in pieces:
        at = _find(piece, "PRIMARY", "KEY")
        if piece and piece[0].word in _TABLE_CONSTRAINTS and at is not None:
            return {one.name for one in piece[at + 2 :] if one.name}
    return set()


def _column_list(parts: list[Token]) -> bool:
    """Whether a parenthesis comes before any AS."""
    first = next((one for one in parts if one.text == "(" or one.word == "AS"), None)
    return first is not None and first.text == "("


def _find(parts: list[Token], *words: str) -> int | None:
    for index in range(len(parts) - len(words) + 1):
        if tuple(one.word for one in parts[index : index + len(words)]) == words:
            return index
    return None
