"""What stands behind a command, read against the configured projects."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from services.errors import BadInput

_MOST_WORDS = 2


@dataclass(frozen=True)
class Wanted:
    """`project` is None when a person must choose; `ref` is None for the source's own."""

    project: str | None
    ref: str | None = None


def wanted(args: str | None, projects: Collection[str], *, takes_ref: bool) -> Wanted:
    """`[project] [ref]`. One project configured: its name need not be typed, so a single other word is a ref.

    Raises BadInput for an unknown project or too many words.
    """
    words = (args or "").split()
    if len(words) > (_MOST_WORDS if takes_ref else 1):
        raise BadInput
    only = next(iter(projects)) if len(projects) == 1 else None
    if not words:
        return Wanted(only)
    if words[0] in projects:
        return Wanted(words[0], words[1] if words[1:] else None)
    if takes_ref and only is not None and len(words) == 1:
        return Wanted(only, words[0])
    raise BadInput("error-no-project", project=words[0][:40], known=", ".join(projects))
