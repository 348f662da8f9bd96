"""A Dockerfile, read into its instructions; what is not carried out here is refused by name."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.practice.engine.errors import Refused, cannot

FAILED = 17
"""Compose's exit status for a build that fails."""

STEPS = ("FROM", "WORKDIR", "COPY", "RUN")
"""Those that BuildKit counts."""
_SETTINGS = ("ARG", "ENV", "CMD", "ENTRYPOINT", "EXPOSE", "LABEL", "USER", "VOLUME", "STOPSIGNAL")
_KNOWN_TO_DOCKER = ("ADD", "HEALTHCHECK", "MAINTAINER", "ONBUILD", "SHELL")
FRONTEND = "rpc error: code = Unknown desc = failed to solve with frontend dockerfile.v0: "
_VARIABLE = re.compile(r"\\\$|\$(?:\{(\w+)(?::([-+])([^}]*))?\}|(\w+))")


def unsolved(said: str) -> Refused:
    """The Dockerfile itself is refused."""
    return Refused(f"failed to solve: {FRONTEND}{said}", FAILED)


@dataclass(frozen=True)
class Instruction:
    """One instruction; `rest` is what follows its name, with continued lines joined."""

    line: int
    name: str
    rest: str

    def words(self) -> list[str]:
        """The JSON form, or the words as a shell would split them. Raises Refused."""
        if self.rest.startswith("["):
            try:
                return [str(one) for one in json.loads(self.rest)]
            except ValueError:
                pass
        try:
            return shlex.split(self.rest)
        except ValueError as error:
            said = f"failed to create LLB definition: dockerfile parse error line {self.line}: {error}"
            raise unsolved(said) from None

    def command(self) -> list[str]:
        """Of CMD and ENTRYPOINT: the JSON form as it is, else a line for the shell."""
        return self.words() if self.rest.startswith("[") else ["/bin/sh", "-c", self.rest]

    def pairs(self) -> dict[str, str]:
        """Of ENV, LABEL and ARG: NAME=value …, or the old form NAME value."""
        words = self.words()
        if words and "=" not in words[0] and len(words) > 1:
            return {words[0]: " ".join(words[1:])}
        return {name: value for name, _, value in (word.partition("=") for word in words)}


def read(path: Path, shown: str) -> list[Instruction]:
    """Raises Refused. `shown` is the Dockerfile's name as the compose file has it."""
    if not path.is_file():
        raise unsolved(f"failed to read dockerfile: open {shown}: no such file or directory")
    found = list(_instructions(path.read_text(encoding="utf-8", errors="replace")))
    starts = [at for at, one in enumerate(found) if one.name == "FROM"]
    if not starts:
        raise unsolved("failed to create LLB definition: no build stage in current context")
    if len(starts) > 1:
        raise cannot(f"build {shown}: it has several stages", FAILED)
    for one in found[: starts[0]]:
        if one.name != "ARG":
            raise unsolved("failed to create LLB definition: no build stage in current context")
    return found


def _instructions(text: str) -> Iterator[Instruction]:
    begun, at = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or (not line.strip() and not begun):
            continue
        at = at if begun else number
        if line.rstrip().endswith("\\"):
            begun += line.rstrip()[:-1].lstrip() if begun else line.rstrip()[:-1]
            continue
        yield _instruction(begun + (line.strip() if begun else line), at)
        begun = ""
    if begun.strip():
        yield _instruction(begun, at)


def _instruction(text: str, line: int) -> Instruction:
    name, _, rest = text.strip().partition(" ")
    upper = name.upper()
    if upper in _KNOWN_TO_DOCKER:
        raise cannot(f"carry out {upper} of the Dockerfile, line {line}", FAILED)
    if upper not in STEPS + _SETTINGS:
        said = f"failed to create LLB definition: dockerfile parse error line {line}: unknown instruction: {upper}"
        raise Refused(f"failed to solve: {FRONTEND}{said}\npractice docker: cannot carry out {upper}", FAILED)
    if not rest.strip():
        said = (
            f"failed to create LLB definition: dockerfile parse error line {line}: {upper} requires arguments"
        )
        raise unsolved(said)
    return Instruction(line, upper, rest.strip())


def expand(text: str, variables: Mapping[str, str], *, keep_unknown: bool = False) -> str:
    """`$NAME` and `${NAME}` of ARG and ENV; unknown ones become empty, or stay as they are."""

    def one(match: re.Match[str]) -> str:
        name = match[1] or match[4]
        if name is None:
            return match[0] if keep_unknown else "$"
        if match[2] == "-":
            return variables.get(name) or match[3]
        if match[2] == "+":
            return match[3] if variables.get(name) else ""
        return variables.get(name, match[0] if keep_unknown else "")

    return _VARIABLE.sub(one, text)


def steps(instructions: Sequence[Instruction]) -> int:
    return sum(one.name in STEPS for one in instructions)
