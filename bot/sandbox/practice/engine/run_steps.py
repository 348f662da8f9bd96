"""RUN: the few forms that are carried out, in Python. No line of a Dockerfile ever reaches a shell."""

import py_compile
import re
import shlex
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

from bot.sandbox.practice.engine.base_images import TEMPLATE
from bot.sandbox.practice.engine.copying import inside
from bot.sandbox.practice.engine.dockerfiles import expand
from bot.sandbox.practice.engine.waiting import take

Say = Callable[[str], None]

_UNKNOWN = 127
_COMPILE = "python3 -m compileall -q ."
_EXPORT = re.compile(r"sh export\.sh (.*)")
_FAIL = re.compile(r"echo '(?P<said>[^']*)' >&2 && exit (?P<status>\d{1,3})")
_LOOP = re.compile(
    r"for i in \$\(seq (?P<n>\d{1,4})\); do echo compiling part \$i of (?P=n); sleep 1; done(?: && : \w+)?"
)
_INSTALL = re.compile(
    r"(?:pip3?|python3? -m pip) install( [\w.,=<>~!/\[\]'\"-]+)+"
    r"|(?:DEBIAN_FRONTEND=noninteractive )?apt-get (?:update|install|clean)( [\w.+=:-]+)*"
    r"|npm (?:ci|install|cache clean)( [\w.@/=-]+)*"
    r"|rm -rf /var/(?:lib/apt/lists|cache/apt)/\*"
)
_SCRIPT = TEMPLATE / "mobile/export.sh"
_SPECIAL = re.compile(r"[|&\\\n]")
_VERSION = re.compile(r'.*"version": *"([^"]*)".*')


def run(
    command: str, root: Path, workdir: str, variables: Mapping[str, str], say: Say, *, quick: bool = False
) -> int:
    """Carries out one RUN in the image below `root`; `say` gets each line of its output. Gives the exit status.

    `quick`: it was carried out before, only its files are wanted.
    """
    folder = inside(root, workdir or "/", "/")
    wait = _no_wait if quick else take
    if command == _COMPILE:
        wait(0.75)
        return _compile(folder, say)
    if match := _EXPORT.fullmatch(command):
        wait(0.5)
        return _export(shlex.split(expand(match[1], variables)), folder, root, workdir, say)
    if match := _FAIL.fullmatch(command):
        wait(0.3)
        say(match["said"])
        return int(match["status"])
    if match := _LOOP.fullmatch(command):
        return _loop(0 if quick else int(match["n"]), say)
    return _install(command, say, wait)


def _no_wait(_: float) -> None:
    pass


def _compile(folder: Path, say: Say) -> int:
    """What `python3 -m compileall -q .` does: nothing of what it reads is run."""
    failed = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file in sorted(folder.rglob("*.py")):
            shown = f"./{file.relative_to(folder).as_posix()}"
            try:
                py_compile.compile(str(file), dfile=shown, doraise=True)
            except (py_compile.PyCompileError, ValueError) as error:
                failed = True
                say(f"*** Error compiling '{shown}'...")
                for line in str(getattr(error, "msg", error)).split("\n"):
                    say(line)
    return int(failed)


def _export(words: list[str], folder: Path, root: Path, workdir: str, say: Say) -> int:
    """What the sample project's export.sh does; any other export.sh is not known here."""
    script = folder / "export.sh"
    if not script.is_file():
        say("sh: 0: cannot open export.sh: No such file")
        return 2
    if script.read_bytes() != _SCRIPT.read_bytes() or len(words) != 2:  # noqa: PLR2004 - what the script takes
        say("practice docker: cannot run this export.sh: only the sample project's own, with two words")
        return _UNKNOWN
    for name, status, said in (
        ("app.json", 2, "sed: can't read app.json: No such file or directory"),
        ("VERSION.txt", 1, "cat: VERSION.txt: No such file or directory"),
        ("index.html", 2, "sed: can't read index.html: No such file or directory"),
    ):
        if not (folder / name).is_file():
            say(said)
            return status
    address, target = words
    lines = [_VERSION.fullmatch(line) for line in (folder / "app.json").read_text().splitlines()]
    version = "\n".join(match[1] for match in lines if match)
    release = (folder / "VERSION.txt").read_text().rstrip("\n")
    page = (folder / "index.html").read_text()
    for mark, value in (("__API_URL__", address), ("__VERSION__", version), ("__RELEASE__", release)):
        if _SPECIAL.search(value):
            say(f"practice docker: cannot put {value!r} into a page as sed would")
            return _UNKNOWN
        page = "\n".join(line.replace(mark, value, 1) for line in page.split("\n"))
    file = inside(root, f"{target}/index.html", workdir)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page)
    return 0


def _loop(times: int, say: Say) -> int:
    """The Dockerfile's own `sleep 1` is slept whole, whatever the pace."""
    for part in range(1, times + 1):
        say(f"compiling part {part} of {times}")
        time.sleep(1)
    return 0


def _install(command: str, say: Say, wait: Callable[[float], None]) -> int:
    parts = [part.strip() for part in command.split("&&")]
    if not all(_INSTALL.fullmatch(part) for part in parts):
        say(f"practice docker: cannot run this step: {command}")
        return _UNKNOWN
    for part in parts:
        wait(0.4)
        say(f"practised, nothing is installed: {part}")
    return 0
