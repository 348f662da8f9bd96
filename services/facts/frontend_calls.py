"""Addresses that a frontend's source calls, found in its string literals: tolerant, for warnings only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.facts.flask_routes import ANY, Path

_MARK = "\x00"
"""Stands for `${…}` in a template."""
_TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z)|<!--.*?(?:-->|\Z))"
    r"|(?P<text>'(?:\\.|[^'\\\n])*'?|\"(?:\\.|[^\"\\\n])*\"?|`(?:\\.|[^`\\])*`?)",
    re.DOTALL,
)
"""What is not closed goes on to the end of its line or file: a scan never starts over."""
_INNER = re.compile(r"\$\{[^{}]*\}")
_ADDRESS = re.compile(r"(?P<base>\x00|https?://[^/\s]*)?(?P<path>/[\w.~%:@/\x00-]*)(?:[?#].*)?", re.DOTALL)
_CALLING = re.compile(
    r"(?i)(?:fetch|axios|request|api|http|client|\.(?:get|post|put|patch|delete))\w*\s*(?:<[^<>()]*>\s*)?\(\s*$"
    r"|\b(?:url|endpoint|uri)\s*[:=]\s*$|\+\s*$"
)
_NAVIGATING = re.compile(
    r"(?i)\b(?:push|replace|navigate|redirect|require|import|from|href|to|src|pathname|source)\s*(?:\(|=\s*\{?|:)?\s*$"
)
_LONGEST = 1000
"""Characters of a literal that may be an address."""
_BEFORE = 80
"""Characters before a literal that tell what it is for."""


@dataclass(frozen=True, slots=True)
class Call:
    """`whole`: nothing stands before the path that could be a part of it (a full address, or one of /api)."""

    path: Path
    file: str
    line: int
    whole: bool


def frontend_calls(files: Mapping[str, str]) -> list[Call]:
    return [call for file, text in sorted(files.items()) for call in _calls(file, text)]


def _calls(file: str, text: str) -> Iterator[Call]:
    for match in _TOKEN.finditer(text):
        if match["text"] is None:
            continue
        before = text[max(0, match.start() - _BEFORE) : match.start()]
        goes_on = text[match.end() : match.end() + _BEFORE].lstrip().startswith("+")
        found = None if goes_on or _NAVIGATING.search(before) else _address(match["text"])
        if found is None:
            continue
        base, path = found
        if base or path.segments[0] == "api" or _CALLING.search(before):
            line = text.count("\n", 0, match.start()) + 1
            yield Call(path, file, line, whole=base not in {"", _MARK} or path.segments[0] == "api")


def _address(literal: str) -> tuple[str, Path] | None:
    """What stands before the path (nothing, a variable, a host), and the path; None for any other text."""
    if not 1 < len(literal) <= _LONGEST or literal[0] != literal[-1]:
        return None
    text, seen = literal[1:-1], None
    while text != seen:
        seen, text = text, _INNER.sub(_MARK, text)
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return None
    path = match["path"]
    if path.endswith(_MARK) and not path.endswith(f"/{_MARK}"):
        path = path.rstrip(_MARK)  # such as `/plans${query}`
    segments = [part for part in path.split("/") if part]
    if not segments:
        return None
    return match["base"] or "", Path(
        tuple(ANY if _MARK in part else part for part in segments), slash=path.endswith("/")
    )
