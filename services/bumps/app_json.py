"""`expo.version` of mobile/app.json: where it stands, what comes after it, and the file with nothing else changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.checks.frontend import is_higher, next_version
from services.checks.tree import app_version

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,5}")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Spot:
    """The version's place: characters `begin` to `end` of the text, with the quotes, on a line counted from 1."""

    version: str
    begin: int
    end: int
    line: int


def next_after(version: str, deployed: str) -> str | None:
    """What is to be written for `version` to be higher than what is deployed: 1.0.2 → 1.0.3, 1.0 → 1.1.

    None where that is not for a program to say: 1.0.2-beta, v1, a version that is higher already.
    """
    if not _PLAIN.fullmatch(version) or not _PLAIN.fullmatch(deployed) or is_higher(version, deployed):
        return None
    return next_version(deployed)


def spot(content: bytes) -> Spot | None:
    """None for what is not UTF-8, not JSON, or has no `expo.version` that is text."""
    version = app_version(content)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if version is None:
        return None
    expo, _ = _member(text, len(_BOM) if text.startswith(_BOM) else 0, "expo")
    begin, end = _member(text, expo, "version")
    return Spot(version, begin, end, text.count("\n", 0, begin) + 1)


def raised(content: bytes, to: str) -> bytes:
    """The same bytes but for the version's. Raises ValueError where there is none to replace."""
    found = spot(content)
    if found is None:
        raise ValueError("no version to replace")
    text = content.decode("utf-8")
    changed = (text[: found.begin] + json.dumps(to) + text[found.end :]).encode("utf-8")
    if app_version(changed) != to:
        raise ValueError("the version could not be replaced")
    return changed


def _member(text: str, at: int, wanted: str) -> tuple[int, int]:
    """Begin and end of a member's value in the object at `at`: of the last one, as JSON parsers have it."""
    return [(begin, end) for key, begin, end in _members(text, at) if key == wanted][-1]


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Key, begin and end of each value. The text is known to be JSON, with an object there."""
    at = _after_blank(text, _after_blank(text, at) + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        begin = _after_blank(text, _after_blank(text, at) + 1)  # behind the colon
        _, end = _DECODER.raw_decode(text, begin)
        yield key, begin, end
        at = _after_blank(text, end)
        if text[at] == ",":
            at = _after_blank(text, at + 1)


def _after_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
