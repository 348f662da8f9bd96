"""What `docker compose build` prints, read: how far it is, and which lines explain a failure."""

from __future__ import annotations

import re
from itertools import pairwise

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_BUILDKIT = re.compile(r"#\d+ \[(?:(?P<stage>[^\]]*?) )?(?P<step>\d+)/(?P<of>\d+)\] ")
_BUILDKIT_ENDED = re.compile(r"#(?P<vertex>\d+) (?:DONE|CACHED)\b")
_VERTEX = re.compile(r"#(\d+) ")
_CLASSIC = re.compile(r"Step (?P<step>\d+)/(?P<of>\d+) : ")
_CLASSIC_BUILT = "Successfully built "
_UNNAMED_STAGE = re.compile(r" ?stage-\d+$")
_RULE = "------"
_CLASSIC_FAILED = re.compile(r"The command '.*' returned a non-zero code: \d+|(?:COPY|ADD) failed: ")
_SOLVE_FAILED = re.compile(r"(?:\S+ )*failed to solve: ")
LONGEST_LINE = 4096
CONTEXT = 10
"""Lines that are told with the failing one."""


def plain(text: str) -> str:
    """Without colours, and without what a carriage return had overwritten."""
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in _ANSI.sub("", text).split("\n"))


class BuildProgress:
    """Counts Dockerfile steps of a build log that comes in pieces, of BuildKit and of the classic builder.

    Several services are built at once, each with its own steps, and a stage shows itself only when it begins: so
    `total` may grow, and equals the whole only at the end. `done` never falls.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._stages: dict[tuple[str, int], int] = {}  # (stage, its steps) -> furthest step ended
        self._vertices: dict[str, tuple[tuple[str, int], int]] = {}
        self._classic_seen = 0
        self._classic_total = 0
        self._classic_open = 0

    def feed(self, data: bytes) -> tuple[int, int]:
        """Takes the next bytes of the log; gives (done, total) steps so far."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[-LONGEST_LINE:]
        for line in lines:
            self._line(_ANSI.sub("", line.decode("utf-8", "replace")).strip())
        return self.steps

    @property
    def steps(self) -> tuple[int, int]:
        """(done, total); (0, 0) while there is nothing to count."""
        done = sum(self._stages.values()) + self._classic_seen - self._classic_open
        return done, sum(of for _, of in self._stages) + self._classic_total

    def _line(self, line: str) -> None:
        if match := _BUILDKIT.match(line):
            self._stage(line, match)
        elif match := _BUILDKIT_ENDED.match(line):
            self._ended(match["vertex"])
        elif match := _CLASSIC.match(line):
            self._classic_step(int(match["step"]), int(match["of"]))
        elif line.startswith(_CLASSIC_BUILT) and self._classic_open:
            self._classic_open -= 1

    def _stage(self, line: str, match: re.Match[str]) -> None:
        of = int(match["of"])
        stage = (_UNNAMED_STAGE.sub("", match["stage"] or ""), of)
        self._stages.setdefault(stage, 0)
        if vertex := _VERTEX.match(line):
            self._vertices[vertex[1]] = (stage, min(int(match["step"]), of))

    def _ended(self, vertex: str) -> None:
        """Steps of a stage follow one another: that the third ended means that two before it did."""
        if vertex in self._vertices:
            stage, step = self._vertices[vertex]
            self._stages[stage] = max(self._stages[stage], step)

    def _classic_step(self, step: int, of: int) -> None:
        self._classic_seen += 1
        if step == 1:
            self._classic_total += of
            self._classic_open += 1


def failing_context(log: str, lines: int = 1 + CONTEXT) -> str:
    """The lines of a log that say why it failed: the failed step and its output, at most `lines` of them.

    Without a mark that a builder leaves, the last lines.
    """
    text = [line.rstrip() for line in plain(log).split("\n") if line.strip()]
    found = _buildkit_failure(text) or _classic_failure(text)
    if not found:
        return "\n".join(text[-lines:])
    return "\n".join(found if len(found) <= lines else [found[0], *found[1 - lines :]])


def _buildkit_failure(text: list[str]) -> list[str]:
    """BuildKit repeats the failed step's output between two rules, and ends with one line of its own."""
    rules = [at for at, line in enumerate(text) if line == _RULE]
    blocks = [(a, b) for a, b in pairwise(rules) if text[a + 1].startswith(" > ")]
    if not blocks:
        return []
    start, end = blocks[-1]
    return text[start + 1 : end] + [line for line in text[end + 1 :] if _SOLVE_FAILED.match(line)][:1]


def _classic_failure(text: list[str]) -> list[str]:
    """The classic builder says last what failed; before it, from its `Step`, stands what that step printed."""
    failed = [at for at, line in enumerate(text) if _CLASSIC_FAILED.match(line)]
    if not failed:
        return []
    steps = [at for at, line in enumerate(text[: failed[-1]]) if _CLASSIC.match(line)]
    return text[steps[-1] if steps else 0 : failed[-1] + 1]
