"""SQL text as tokens, and scripts as statements, by PostgreSQL's lexical rules."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.sandbox.practice.postgres.errors import PostgresError

_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<escaped>[eE]'(?:[^'\\]|''|\\.)*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<dollar>\$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$)
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<operator>::|<=|>=|<>|!=|\|\||->>|->|[-+*/<>=~!@\#%^&|`?])
    | (?P<mark>[(),;.:\[\]{}])
    | (?P<backslash>\\)
    | (?P<unterminated>['"$])
    | (?P<unknown>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int = 0

    @property
    def word(self) -> str:
        """The keyword or unquoted name in upper case, else the empty text."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """The identifier: as written in double quotes, in lower case without; empty for anything else."""
        if self.kind == "quoted":
            return self.text[1:-1].replace('""', '"')
        return self.text.lower() if self.kind == "word" else ""

    @property
    def value(self) -> str:
        """What a literal stands for."""
        match self.kind:
            case "string":
                return self.text[1:-1].replace("''", "'")
            case "escaped":
                plain = self.text[2:-1].replace("''", "'")
                return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), plain)
            case "dollar":
                mark = self.text.index("$", 1) + 1
                return self.text[mark:-mark]
        return self.text


def tokens(sql: str) -> list[Token]:
    """Without white space and comments. PostgresError for a quote that is never closed."""
    found = [one for one in _all_tokens(sql) if one.kind not in {"space", "comment"}]
    for one in found:
        if one.kind == "unterminated":
            what = {"'": "string", '"': "identifier"}.get(one.text, "string")
            raise PostgresError(f'unterminated quoted {what} at or near "{sql[one.start :].strip()}"')
    return found


def text(parts: Iterable[Token]) -> str:
    return " ".join(one.text for one in parts)


def literal(value: str) -> Token:
    doubled = value.replace("'", "''")
    return Token("string", f"'{doubled}'")


def words(line: str) -> list[Token]:
    """Tokens of SQL that this package itself writes."""
    return tokens(line)


def statements(sql: str) -> Iterator[str]:
    """The statements of a text, each without its semicolon; nothing for an empty one."""
    begin = 0
    for one in [*_all_tokens(sql), Token("mark", ";", len(sql))]:
        if (one.kind, one.text) == ("mark", ";"):
            piece = sql[begin : one.start].strip()
            begin = one.start + 1
            if any(part.kind not in {"space", "comment"} for part in _all_tokens(piece)):
                yield piece


def ends_statement(sql: str) -> bool:
    """Whether the text ends outside of quotes, comments and parentheses with a semicolon."""
    meaningful = [one for one in _all_tokens(sql) if one.kind not in {"space", "comment"}]
    closed = all(one.kind != "unterminated" for one in meaningful) and "/*" not in _unclosed(sql)
    return closed and bool(meaningful) and (meaningful[-1].kind, meaningful[-1].text) == ("mark", ";")


def closing(parts: list[Token], start: int) -> int:
    """The index of the parenthesis that closes the one at `start`; PostgresError if there is none."""
    depth = 0
    for index in range(start, len(parts)):
        if parts[index].kind == "mark":
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(parts[index].text, 0)
            if depth == 0:
                return index
    raise PostgresError("syntax error at end of input")


def split(parts: list[Token], separator: str = ",") -> list[list[Token]]:
    """Cut at every separator that stands outside of parentheses."""
    pieces: list[list[Token]] = [[]]
    depth = 0
    for one in parts:
        if one.kind == "mark":
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(one.text, 0)
        if depth == 0 and one.text == separator:
            pieces.append([])
        else:
            pieces[-1].append(one)
    return pieces


def _all_tokens(sql: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup or "unknown"
        yield Token("dollar" if kind == "tag" else kind, match[0], match.start())


def _unclosed(sql: str) -> str:
    return re.sub(r"/\*.*?\*/", "", sql, flags=re.DOTALL)
