"""Reads a plain dump before psql ever does: whole, at constant memory, and refuses what a dump has no business with.

psql obeys backslash commands wherever they stand outside of quotes, and some of them run programs. So quotes, comments
and COPY data are followed as psql follows them; where psql, or one of its versions, could be brought to follow them in
another way (a backslash before a quote, an encoding in which a letter swallows the quote behind it), the file is
refused. What is left is SQL, which may do what the loading login may do, just as in an archive of pg_dump's own
format: no reader can tell what a function of the file's own does when it is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from services.errors import BadInput

LONGEST = 8 * 1024 * 1024
"""Bytes of a line outside of COPY data."""
PIECE = 1024 * 1024
COMPLETE = b"-- PostgreSQL database dump complete"
_LAST_LINES = 16
_BEYOND_ASCII = 0x80
_MOST_WORDS = 8

_WORD = rb"[A-Za-z_\x80-\xff][A-Za-z_0-9$\x80-\xff]*"
_JOINED = rb"[0-9][0-9A-Za-z_.\x80-\xff]*(?:\$|(?<=[Ee])--)|\$[0-9]+[A-Za-z_$\x80-\xff]"
"""Numbers that run into something else: versions of psql disagree whether a $ opens a quote there, -- a comment."""
_TOKEN = re.compile(
    rb"(?P<comment>--[^\r\n]*)|(?P<block>/\*)|(?P<quote>['\"])"
    rb"|(?P<dollar>\$(?:[A-Za-z_\x80-\xff][A-Za-z_0-9\x80-\xff]*)?\$)|(?P<word>" + _WORD + rb")"
    rb"|(?P<odd>" + _JOINED + rb"|\\)|(?P<sign>[();])|[0-9]+|[^\\'\"$/\-A-Za-z_0-9\x80-\xff();]+|.",
    re.DOTALL,
)
_NAME = rb'(?:"(?:[^"]++|"")++"|' + _WORD + rb")"
_COPY = re.compile(
    rb"COPY (?P<table>(?P<in>" + _NAME + rb"\.)?" + _NAME + rb")"
    rb"(?: \(" + _NAME + rb"(?:, ?" + _NAME + rb")*\))? FROM stdin;\r?\n",
    re.IGNORECASE,
)
_RESTRICT = re.compile(rb"\\(?:un)?restrict [A-Za-z0-9]{1,128}\r?\n")
_DATA = re.compile(rb"(?:[^\\]++|\\[Nbfnrtv\\])*+")
"""Of COPY data: what pg_dump writes."""
_ENDS = {b"\\.\n", b"\\.\r\n"}
"""What psql takes for the end of COPY data: nothing else, also where a server would."""
_BOM = b"\xef\xbb\xbf"
_ENCODING = re.compile(
    rb"SET client_encoding = '(?:UTF8|UTF-8|UNICODE|SQL_ASCII|LATIN[0-9]+|WIN(?:866|874|125[0-8])|ISO_8859_[5-8]|KOI8[RU]|EUC_[A-Z_0-9]+)';\r?\n",
    re.IGNORECASE,
)
"""Encodings in which no byte of a letter can be taken for a quote or a backslash: those that servers store."""
_PATH = re.compile(rb"\('search_path', '[^'\\]*', (?:true|false)\)")
_SEARCH_PATH = re.compile(
    rb"SET search_path = (?P<schema>" + _NAME + rb")(?:, ?pg_catalog)?;\r?\n", re.IGNORECASE
)
"""As pg_dump wrote it before 10.3, ahead of names without a schema."""
_CREATES_ROUTINE = re.compile(rb"CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE)\b")
_SERVER = re.compile(rb"-- Dumped from database version ([0-9.a-z]+)")

_OF_THE_SERVER = {b"DATABASE", b"ROLE", b"USER", b"GROUP", b"TABLESPACE", b"SYSTEM"}
_OF_LOGINS = {b"ROLE", b"SESSION", b"LOCAL", b"ALL", b"CLIENT_ENCODING", b"NAMES", b'"'}
_OF_TRANSACTIONS = {b"BEGIN", b"START", b"COMMIT", b"END", b"ROLLBACK", b"ABORT", b"PREPARE", b"SAVEPOINT"}


@dataclass(slots=True)
class Seen:
    """What a plain dump holds. `rows` by table; None when there are INSERTs, which are not counted, or tables of unknown schema."""

    server: str = ""
    rows: dict[str, int] | None = field(default_factory=dict)


def check(file: IO[bytes], name: str) -> Seen:
    """Reads to the end. Raises BadInput, which says what is refused and in which line; OSError and EOFError as they come."""
    reader = _Reader(file, name)
    reader.read()
    return reader.seen


class _Reader:
    def __init__(self, file: IO[bytes], name: str) -> None:
        self.seen = Seen()
        self._file = file
        self._name = name
        self._line = 0
        self._closing = b""  # what ends the quote or comment that is open
        self._nested = 0  # comments within comments
        self._depth = 0  # parentheses
        self._words: list[bytes] = []  # the first ones of the statement
        self._plain: list[bytes] = []  # of these, what stands outside of quotes
        self._schema = ""  # where names without a schema belong; empty: unknown

    def read(self) -> None:
        last: list[bytes] = []
        for line in self._lines():
            if not self._closing:
                last = [*last[1 - _LAST_LINES :], line]
            if self._is_free and (copied := _COPY.fullmatch(line)):
                self._copy(self._qualified(copied))
            elif not (self._is_free and (_RESTRICT.fullmatch(line) or _ENCODING.fullmatch(line))):
                path = _SEARCH_PATH.fullmatch(line) if self._is_free else None
                self._lex(line)
                self._schema = path["schema"].decode("utf-8", "replace") if path else self._schema
            if not self.seen.server and (found := _SERVER.match(line)):
                self.seen.server = found[1].decode()
        if self._closing or self._words or not any(line.startswith(COMPLETE) for line in last):
            raise BadInput("error-import-cut", file=self._name)

    @property
    def _is_free(self) -> bool:
        """Between statements, outside of quotes and comments."""
        return not self._closing and not self._words and not self._depth

    def _lines(self) -> Iterator[bytes]:
        while line := self._file.readline(LONGEST):
            self._line += 1
            if len(line) == LONGEST:
                raise self._refused("long")
            if b"\0" in line or (self._line == 1 and line.startswith(_BOM)):  # psql reads neither
                raise self._refused("odd")
            yield line

    def _qualified(self, copied: re.Match[bytes]) -> str:
        """By the name that a restored database has for it; empty where that is not known."""
        table = copied["table"].decode("utf-8", "replace")
        if copied["in"]:
            return table
        return f"{self._schema}.{table}" if self._schema else ""

    def _copy(self, table: str) -> None:
        rows, begins = 0, True
        while piece := self._file.readline(PIECE):
            if begins:
                self._line += 1
                if piece in _ENDS:
                    if not table:
                        self.seen.rows = None
                    if self.seen.rows is not None:
                        self.seen.rows[table] = self.seen.rows.get(table, 0) + rows
                    return
            if (len(piece) - len(piece.rstrip(b"\\"))) % 2:
                piece += self._file.read(1)
            if b"\0" in piece or not _DATA.fullmatch(piece):
                raise self._refused("data")
            begins = piece.endswith(b"\n")
            rows += begins
        raise BadInput("error-import-cut", file=self._name)

    # --- SQL ---

    def _lex(self, line: bytes) -> None:
        at = 0
        while at < len(line):
            at = self._inside(line, at) if self._closing else self._token(line, at)

    def _inside(self, line: bytes, at: int) -> int:
        if self._closing == b"*/":
            return self._in_comment(line, at)
        if self._closing == b"'":
            return self._in_string(line, at)
        end = line.find(self._closing, at)
        if end < 0:
            return len(line)
        end += len(self._closing)
        self._closing = b""
        return end

    def _in_string(self, line: bytes, at: int) -> int:
        end = line.find(b"'", at)
        if end < 0:
            return len(line)
        inside = line[at:end]
        bare = inside.rstrip(b"\\")
        run = len(inside) - len(bare)
        if run % 2 or (run and bare and bare[-1] >= _BEYOND_ASCII):
            raise self._refused("quote")
        if line[end + 1 : end + 2] == b"'":
            return end + 2
        self._closing = b""
        return end + 1

    def _in_comment(self, line: bytes, at: int) -> int:
        found = re.compile(rb"/\*|\*/").search(line, at)
        if found is None:
            return len(line)
        self._nested += 1 if found[0] == b"/*" else -1
        if not self._nested:
            self._closing = b""
        return found.end()

    def _token(self, line: bytes, at: int) -> int:
        found = _TOKEN.match(line, at)
        if found is None:  # cannot be: the last alternative takes any byte
            raise self._refused("odd")
        kind, text = found.lastgroup, found[0]
        if kind == "odd":
            raise self._refused("command" if text == b"\\" else "odd")
        if kind in {"quote", "dollar"}:
            self._closing = text
        elif kind == "block":
            self._closing, self._nested = b"*/", 1
        elif kind == "sign":
            self._sign(text)
        if kind in {"word", "quote", "dollar", "sign"} and text != b";" and len(self._words) < _MOST_WORDS:
            self._words.append(text.upper())
        if kind == "word":
            self._word(text.upper())
            if text.upper() == b"SET_CONFIG":
                self._schema = ""
                if not _PATH.match(line, found.end()):
                    raise self._refused("login", "set_config")
        return found.end()

    def _word(self, word: bytes) -> None:
        """From 14 on psql reads on behind the semicolons of such a body, an older one does not."""
        if len(self._plain) < _MOST_WORDS:
            self._plain.append(word)
        if word == b"BEGIN" and not self._depth and _CREATES_ROUTINE.match(b" ".join(self._plain)):
            raise self._refused("server", "BEGIN")

    def _sign(self, text: bytes) -> None:
        if text == b"(":
            self._depth += 1
        elif text == b")":
            self._depth -= 1
            if self._depth < 0:
                raise self._refused("odd")
        elif not self._depth:
            self._judge(self._words)
            self._words, self._plain = [], []

    def _judge(self, words: list[bytes]) -> None:
        first, then = (words[0] if words else b""), (words[1] if len(words) > 1 else b"")
        if first == b"COPY":
            raise self._refused("copy")
        if first in {b"CREATE", b"ALTER", b"DROP"} and then in _OF_THE_SERVER and words[2:3] != [b"MAPPING"]:
            raise self._refused("server", f"{first.decode()} {then.decode()}")
        if first in _OF_TRANSACTIONS or first == b"LOAD":
            raise self._refused("server", first.decode())
        if first in {b"SET", b"RESET"} and then in _OF_LOGINS:
            raise self._refused("login", f"{first.decode()} {then.decode()}")
        if (first, then) == (b"SET", b"SEARCH_PATH") or first in {b"RESET", b"DISCARD"}:
            self._schema = ""
        if first == b"INSERT":
            self.seen.rows = None

    def _refused(self, why: str, words: str = "") -> BadInput:
        return BadInput("error-import-line", file=self._name, line=self._line, why=why, words=words)
