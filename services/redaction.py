"""Takes secrets out of text on its way to a log, a chat or the disk.

Two nets, one pass. Registered secrets are found wherever they stand, also escaped, URL-quoted or overlapping.
Things that only look like secrets are found by shape: Telegram tokens, the user part of a URL, values of
names such as DB_PASSWORD, authorization headers, private keys. Shapes may hide too much; that is the right side.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import overload
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

MASK = "***"
SHORTEST = 6
"""Registered secrets below this many characters are not replaced blindly: they would eat ordinary words."""

Span = tuple[int, int]

_WHOLE = (
    re.compile(r"(?<!\d)\d{6,}(?::|%3[Aa])[A-Za-z0-9_-]{30,}"),  # a Telegram token
    re.compile(r"(?<=/bot)\d+(?::|%3[Aa])[^/\s\"']+"),  # any token in a Bot API address
    # postgres://user:p@ss/w#rd@host: what an unescaped password does to a URL; a port is no password
    re.compile(r"(?<=://)[^\s/@:\"']{0,256}:(?!\d{1,5}(?:[/?#\s\"']|$))[^\s\"']{0,256}(?=@)"),
    re.compile(r"(?<=://)[^\s/@\"']{1,256}(?=@)"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"(?i)(?<=\bbearer )[^\s\"',]+"),
    re.compile(r"(?i)(?<=\bbasic )[a-z0-9+/]{6,}={0,2}"),
)
# Only the name and its separator: the value is looked at by itself, since it may hold the next name.
_NAME = re.compile(r"(?<![\w.-])([\w.-]++)((?:\\?[\"'])?[ \t]*+[=:][ \t]*+)")
_VALUE = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[\"'][^\n]*|[^\s\"'][^\s]*")
_REST = re.compile(r"[^\n]+")
_SECRET_WORD = re.compile(r"(?i)passw|passphrase|secret|token|credential|api_?key")
_SECRET_ENDING = re.compile(r"(?i)(?:^|[_.-])(?:key|pwd|pass)$")
_ENV_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


def looks_secret(name: str) -> bool:
    """Whether a name such as DB_PASSWORD, token or api-key promises a secret value."""
    return bool(_SECRET_WORD.search(name) or _SECRET_ENDING.search(name))


class Redactor:
    """Replaces secrets by ***. Callable on str and on bytes (taken as UTF-8).

    Feed it whole lines, not chunks: a secret cut in two by the caller cannot be recognised.
    With assignments=False values are not hidden for their name's sake: for prose such as "DB_PASSWORD: letters only".
    """

    def __init__(self, secrets: Iterable[str | SecretStr] = (), *, assignments: bool = True) -> None:
        self._forms: set[str] = set()
        self._assignments = assignments
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str | SecretStr) -> None:
        """Registers a secret in all the spellings in which it may turn up. Shorter than SHORTEST: not registered."""
        value = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
        if len(value) >= SHORTEST:
            self._forms |= {form for form in _spellings(value) if len(form) >= SHORTEST}

    @overload
    def __call__(self, text: str) -> str: ...
    @overload
    def __call__(self, text: bytes) -> bytes: ...
    def __call__(self, text: str | bytes) -> str | bytes:
        if isinstance(text, bytes):
            return self._clean(text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        return self._clean(text)

    def _clean(self, text: str) -> str:
        assigned = _assigned(text) if self._assignments else ()
        clean = _masked(text, [*self._known(text), *_shaped(text), *assigned])
        # A mask and what stands beside it could spell a secret by accident; then nothing of the text is kept.
        return MASK if any(form in clean for form in self._forms) else clean

    def _known(self, text: str) -> Iterator[Span]:
        for form in self._forms:
            at = text.find(form)
            while at >= 0:
                yield at, at + len(form)
                at = text.find(form, at + 1)


def _spellings(value: str) -> Iterator[str]:
    for part in {value, value.strip(), *(line.strip() for line in value.splitlines())}:
        yield from (part, quote(part), quote(part, safe=""), quote_plus(part))
        yield from (json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1])
        for escaped in (repr(part)[1:-1], ascii(part)[1:-1]):
            yield from (escaped, escaped.replace("\\'", "'"), escaped.replace("\\'", "'").replace("'", "\\'"))


def _shaped(text: str) -> Iterator[Span]:
    for pattern in _WHOLE:
        yield from (match.span() for match in pattern.finditer(text))


def _assigned(text: str) -> Iterator[Span]:
    end = 0
    for match in _NAME.finditer(text):
        name, separator = match.groups()
        if match.end() < end or not looks_secret(name):
            continue  # inside a value that goes anyway, or nothing to hide
        if ":" in separator and not _colon_assigns(name, separator):
            continue
        before = text[max(0, match.start() - 7) : match.start()]
        # KEY=... at the start of a line is an env file's line: its value may hold spaces
        is_env_line = _ENV_NAME.fullmatch(name) and (not before or before.endswith(("\n", "export ")))
        if value := (_REST if is_env_line else _VALUE).match(text, match.end()):
            end = value.end()
            yield value.span()


def _colon_assigns(name: str, separator: str) -> bool:
    """`"token": "x"`, `API_KEY: x` and `password: x` assign; prose such as `host key: SHA256:...` does not."""
    return separator[0] in "\"'\\" or "_" in name or "passw" in name.lower()


def _masked(text: str, spans: list[Span]) -> str:
    pieces, end = [], 0
    for start, stop in sorted(spans):
        if start >= end:
            pieces += [text[end:start], MASK]
        end = max(end, stop)
    return "".join([*pieces, text[end:]])
