"""Env files as Compose reads them: quotes, comments, `export`, and variables in values."""

import re
from collections.abc import Mapping
from pathlib import Path

from bot.sandbox.practice.engine.errors import Refused
from bot.sandbox.practice.engine.interpolation import Values

_ASSIGNED = re.compile(r"(?:export\s+)?(?P<name>[^\s=:#'\"]+)\s*[=:]\s*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def read(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Variables of the file. Raises Refused where a line cannot be read, OSError where the file cannot."""
    text = path.read_text(encoding="utf-8", errors="replace").removeprefix("\ufeff")
    found: dict[str, str] = {}
    at = line = 0
    while at < len(text):
        end = _line_end(text, at)
        plain = text[at:end].strip()
        line += 1
        if not plain or plain.startswith("#"):
            at = end + 1
            continue
        at = text.index(plain, at)
        match = _ASSIGNED.match(text, at, end)
        if match is None:
            name = plain.removeprefix("export ").strip()
            if not re.fullmatch(r"[\w.-]+", name):
                raise Refused(f"failed to read {path}: line {line}: unexpected character in variable name")
            if name in environment:
                found[name] = environment[name]
            at = end + 1
            continue
        values = Values({**environment, **found})
        value, at = _value(text, match.end(), end, values, f"{path}: line {line}")
        line += text.count("\n", match.end(), at - 1)
        found[match["name"]] = value
    return found


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _value(text: str, at: int, end: int, values: Values, where: str) -> tuple[str, int]:
    """The value that begins at `at`, and where the next line begins. A quoted one may span lines."""
    quote = text[at : at + 1]
    if quote not in {"'", '"'} or at >= end:
        plain = re.split(r"\s#", text[at:end], maxsplit=1)[0].strip()
        return values.text(plain, where), end + 1
    close = at + 1
    while close < len(text) and text[close] != quote:
        close += 2 if text[close] == "\\" else 1
    if close >= len(text):
        raise Refused(f"failed to read {where}: unterminated quoted value")
    inner = text[at + 1 : close]
    following = _line_end(text, close) + 1
    if quote == "'":
        return inner.replace("\\'", "'"), following
    return values.text(re.sub(r"\\(.)", _unescaped, inner), where), following


def _unescaped(match: re.Match[str]) -> str:
    if match[1] == "$":
        return "$$"
    return _ESCAPES.get(match[1], match[1] if match[1] in "\\\"'" else match[0])
