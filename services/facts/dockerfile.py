"""What a Dockerfile copies from its context."""

from __future__ import annotations

import json
import re
import shlex
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

_CONTINUED = re.compile(r"\\[ \t]*\r?\n")
_COMMENT = re.compile(r"^[ \t]*#.*(?:\n|\Z)", re.MULTILINE)
_COPY = re.compile(r"^[ \t]*(?:COPY|ADD)[ \t]+(?P<rest>.+?)[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)


def copied(dockerfile: str) -> list[str]:
    """Sources of every COPY and ADD, as written, without those that come from another stage or from elsewhere."""
    text = _CONTINUED.sub(" ", _COMMENT.sub("", dockerfile))
    return [source for match in _COPY.finditer(text) for source in _sources(match["rest"])]


def _sources(rest: str) -> list[str]:
    flags = []
    while match := re.match(r"--(\S+)[ \t]+", rest):
        flags.append(match[1])
        rest = rest[match.end() :]
    if any(flag.startswith("from=") for flag in flags):
        return []
    return [word for word in _words(rest)[:-1] if not word.startswith("<<") and "://" not in word]


def _words(rest: str) -> list[str]:
    try:
        found = json.loads(rest) if rest.startswith("[") else shlex.split(rest)
    except ValueError:
        return rest.split()
    return [str(word) for word in found]


def covers(source: str, path: str) -> bool:
    """Whether a source brings a file of the context, by itself or with a folder above it. `*` stays in one folder."""
    wanted = [part for part in PurePosixPath(source).parts if part != "/"]
    given = PurePosixPath(path).parts
    return len(wanted) <= len(given) and all(
        fnmatchcase(part, pattern) for part, pattern in zip(given, wanted, strict=False)
    )
