"""The server's env file, read as Compose v2 reads an --env-file. Values are secrets from the first byte on."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import SecretStr

from services.facts.models import EnvFacts

PASSWORD_KEY = "DB_PASSWORD"  # noqa: S105 - the name of a variable, not a password

BOM = b"\xef\xbb\xbf"

_BLANK = " \t\v\f\r\x85\xa0"
_KEY = re.compile(r"[^\W]*(?:[\w.\-\[\]]*)", re.UNICODE)
_EXPORT = re.compile(r"export[ \t]+")
_QUOTES = frozenset({"'", '"'})
_ESCAPES = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    '"': '"',
    "\\": "\\",
    "$": "$",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
}
_PASSWORD = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Statement:
    """Where `KEY=value` stands in a text: characters from `start` on; the value with its quotes, from `value` to `end`."""

    key: str
    start: int
    value: int
    end: int


@dataclass(frozen=True, slots=True)
class EnvFile:
    """Keys and values of an env file. A key given twice has its last value, as in Compose. `repr` shows no value.

    `unreadable` is the text of the unreadable lines: Compose would quote it in its error.
    """

    values: Mapping[str, SecretStr]
    unreadable_lines: tuple[int, ...] = ()
    unreadable: tuple[SecretStr, ...] = ()

    def __getitem__(self, key: str) -> SecretStr:
        return self.values[key]

    @property
    def password_ok(self) -> bool | None:
        """R-DB-2: DB_PASSWORD is letters and digits only. None when the file has none."""
        if (password := self.values.get(PASSWORD_KEY)) is None:
            return None
        return _PASSWORD.fullmatch(password.get_secret_value()) is not None

    def fingerprints(self, instance_key: bytes) -> dict[str, str]:
        """One keyed hash (16 hex digits) per key: tells a changed value, useless to whoever lacks the key."""
        return {key: _fingerprint(instance_key, key, value) for key, value in self.values.items()}

    def facts(self, instance_key: bytes, mode: str = "") -> EnvFacts:
        """What may be stored and shown: no value."""
        return EnvFacts(
            exists=True,
            mode=mode,
            keys=tuple(self.values),
            fingerprints=self.fingerprints(instance_key),
            password_ok=self.password_ok,
            unreadable_lines=self.unreadable_lines,
        )


def _fingerprint(instance_key: bytes, key: str, value: SecretStr) -> str:
    message = f"{key}={value.get_secret_value()}".encode("utf-8", "surrogateescape")
    return hmac.new(instance_key, message, hashlib.sha256).hexdigest()[:16]


def parse(content: bytes) -> EnvFile:
    """Reads the file's bytes. Never raises: a line that Compose would refuse is remembered by its number."""
    text = content.removeprefix(BOM).decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    parser = _Parser(text)
    parser.run()
    broken = tuple(SecretStr(line) for line in parser.unreadable.values())
    return EnvFile(MappingProxyType(parser.values), tuple(parser.unreadable), broken)


def statements(text: str) -> list[Statement]:
    """Every key with a value, in the order of the text, whose lines end with LF alone."""
    parser = _Parser(text)
    parser.run()
    return parser.statements


class _Parser:
    """compose-go's dotenv, statement by statement: `KEY=value`, `KEY: value`, quotes over several lines, ` #` comments."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.values: dict[str, SecretStr] = {}
        self.unreadable: dict[int, str] = {}
        self.statements: list[Statement] = []

    def run(self) -> None:
        while self._find_statement():
            start = self.at
            if not self._statement():
                self._skip_line()
                number = self.text.count("\n", 0, start) + 1
                self.unreadable[number] = self.text[start : self.at].strip()

    def _find_statement(self) -> bool:
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                self._skip_line()
            elif self.text[self.at] in _BLANK + "\n":
                self.at += 1
            else:
                return True
        return False

    def _skip_line(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end + 1

    def _statement(self) -> bool:
        start = self.at
        if export := _EXPORT.match(self.text, self.at):
            self.at = export.end()
        match = _KEY.match(self.text, self.at)
        key = match.group() if match else ""
        self.at += len(key)
        self._skip_blanks()
        sign = self.text[self.at : self.at + 1]
        if sign in {"", "\n"}:
            return True  # a bare KEY is inherited from the environment: no value of this file
        if sign not in {"=", ":"} or not key:
            return False
        self.at += 1
        self._skip_blanks()
        begins = self.at
        value = self._value()
        if value is not None:
            self.values[key] = SecretStr(value)
            ends = self.at if self.text[begins : begins + 1] in _QUOTES else begins + len(value)
            self.statements.append(Statement(key, start, begins, ends))
        return value is not None

    def _skip_blanks(self) -> None:
        while self.text[self.at : self.at + 1] and self.text[self.at] in _BLANK:
            self.at += 1

    def _value(self) -> str | None:
        if self.text[self.at : self.at + 1] in _QUOTES:
            return self._quoted(self.text[self.at])
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        line, self.at = self.text[self.at : end], end
        return line.split(" #", 1)[0].rstrip()

    def _quoted(self, quote: str) -> str | None:
        """The text between quotes, or None when they never close. In single quotes only the quote can be escaped."""
        out: list[str] = []
        index = self.at + 1
        while index < len(self.text):
            char = self.text[index]
            if char == quote:
                self.at = index + 1
                return "".join(out)
            following = self.text[index + 1 : index + 2]
            if char == following == "\\" and quote == "'":
                out.append("\\\\")  # both stay, and the second escapes nothing
                index += 1
            elif char == "\\" and (
                following == quote or (quote == '"' and following in _ESCAPES and following)
            ):
                out.append(_ESCAPES.get(following, following))
                index += 1
            else:
                out.append(char)
            index += 1
        return None
