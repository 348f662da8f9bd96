"""A remote command as frozen argv, and the one place where it becomes text for a shell."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import PurePosixPath

Word = str | int | PurePosixPath


@dataclass(frozen=True, slots=True)
class Command:
    """What will run on the host. Only words: a secret is its own type and is refused here, so it cannot reach argv."""

    argv: tuple[str, ...]

    def render(self) -> str:
        """The line handed to the host's shell: every word quoted."""
        return shlex.join(self.argv)

    @property
    def name(self) -> str:
        """What errors and logs call it: the program and its verb, never its arguments."""
        words = [word for word in self.argv[:3] if word and not word.startswith(("-", "/"))]
        return " ".join(words) or self.argv[0].rsplit("/", 1)[-1]


def command(*words: Word) -> Command:
    """Builds a command. Raises TypeError for anything that is not a plain word, ValueError for NUL and newlines."""
    argv = []
    for word in words:
        if not isinstance(word, str | int | PurePosixPath) or isinstance(word, bool):
            raise TypeError(f"{type(word).__name__} is not a word of a command")
        text = str(word)
        if any(c in text for c in "\0\n\r"):
            raise ValueError("a word of a command holds NUL or a line break")
        argv.append(text)
    if not argv or not argv[0]:
        raise ValueError("a command needs a program")
    return Command(tuple(argv))
