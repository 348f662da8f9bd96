"""One key of an env file set or removed: every other byte stays, and what Compose reads back is what was meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from pydantic import SecretStr

from services import envfile
from services.envfile import BOM, Statement
from services.errors import BadInput

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
"""What means itself without quotes, in every version of Compose."""
_IN_DOUBLE_QUOTES = re.compile(r'[\\"$]')
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories of what cannot be seen: control, format and stray characters, line and paragraph ends."""


def unseen(value: str) -> str:
    """The name of the first character that cannot be seen in a value (U+0000 to say which); empty when there is none."""
    found = next((one for one in value if unicodedata.category(one) in _UNSEEN), None)
    return "" if found is None else f"U+{ord(found):04X}"


def quoted(value: str, *, always: bool = False) -> str:
    """The value as it stands in the file. Only forms that no version of Compose expands, cuts or unescapes otherwise.

    Nothing is expanded in single quotes; but they cannot hold a quote, nor end with a backslash.
    """
    if _PLAIN.fullmatch(value) and not always:
        return value
    if "'" not in value and not value.endswith("\\"):
        return f"'{value}'"
    return '"' + _IN_DOUBLE_QUOTES.sub(r"\\\g<0>", value) + '"'


def edited(content: bytes, key: str, value: SecretStr | None) -> bytes:
    """The file with the key set, or without it. Of a key that is given twice the last counts, and is the one edited.

    Proven by reading it back. Raises BadInput when the key is not there to be removed, or shares its line with others.
    """
    bom = BOM if content.startswith(BOM) else b""
    original = content.removeprefix(bom).decode("utf-8", "surrogateescape")
    text = original.replace("\r\n", "\n")
    found = [one for one in envfile.statements(text) if one.key == key]
    if value is not None:
        new = _set(original, text, found, key, value.get_secret_value())
    else:
        new = _unset(original, text, found, key)
    result = bom + new.encode("utf-8", "surrogateescape")
    _prove(content, result, key, value)
    return result


def _prove(before: bytes, after: bytes, key: str, value: SecretStr | None) -> None:
    wanted: dict[str, SecretStr] = {k: v for k, v in envfile.parse(before).values.items() if k != key}
    if value is not None:
        wanted[key] = value
    read = envfile.parse(after)
    if dict(read.values) != wanted or len(read.unreadable) > len(envfile.parse(before).unreadable):
        raise BadInput("error-env-line", key=key)


def _set(original: str, text: str, found: Sequence[Statement], key: str, value: str) -> str:
    if not found:
        return _append(original, key, value)
    last = found[-1]
    rest = text[last.end : _line_end(text, last.end)]
    start, end = _place(original, last.value), _place(original, last.end)
    bare = not value and not rest.strip()
    return original[:start] + ("" if bare else quoted(value, always=bool(rest.strip()))) + original[end:]


def _append(original: str, key: str, value: str) -> str:
    """A line of its own at the end, with the line ends that the file has."""
    newline = "\r\n" if "\r\n" in original else "\n"
    opened = newline if original and not original.endswith("\n") else ""
    closed = "" if opened else newline
    return f"{original}{opened}{key}={quoted(value) if value else ''}{closed}"


def _unset(original: str, text: str, found: Sequence[Statement], key: str) -> str:
    """Every line of the key goes: an earlier one would count otherwise."""
    if not found:
        raise BadInput("error-env-no-key", key=key)
    for one in reversed(found):
        begins = text.rfind("\n", 0, one.start) + 1
        ends = _line_end(text, one.end)
        rest = text[one.end : ends].strip()
        if text[begins : one.start].strip() or (rest and not rest.startswith("#")):
            raise BadInput("error-env-line", key=key)
        begin, end = _place(original, begins), _place(original, ends)
        end += len(_NEWLINE.match(original, end).group())  # type: ignore[union-attr]  # it matches nothing too
        original = original[:begin] + original[end:]
    return original


_NEWLINE = re.compile(r"\r?\n?")


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _place(original: str, at: int) -> int:
    """Where the character `at` of the text with LF stands in the one with CRLF: right behind the one before it."""
    place = 0
    for _ in range(at):
        place += 2 if original.startswith("\r\n", place) else 1
    return place


def differences(
    before: Mapping[str, SecretStr], after: Mapping[str, SecretStr]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Keys that were added, changed and removed."""
    return (
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(key for key in after.keys() & before.keys() if after[key] != before[key])),
        tuple(sorted(before.keys() - after.keys())),
    )
