"""A deployment on a host of the agent, and tools that kill the agent at any step."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Mapping
from typing import Any

from tests.integration.remote.local_agent import LocalAgent, snapshot

Tree = Mapping[str, str | tuple[str, int]]
Words = tuple[Any, ...]

OLD: Tree = {
    "compose.yaml": "old",
    "same": "same",
    "backend/app.py": "old app",
    "backend/gone.py": "gone in the new one",
    "backend/old only/deep.txt": "x",
    "run.sh": ("#!/bin/sh\n", 0o755),
    "mode": "becomes a program",
    "имя с пробелом": "старое",
    "-x": "dash",
}
NEW: Tree = {
    "compose.yaml": "new",
    "same": "same",
    "backend/app.py": "new app",
    "backend/added.py": "added",
    "brand/new/folder/file": "added",
    "brand/new/second": "added",
    "run.sh": ("#!/bin/sh\necho new\n", 0o755),
    "mode": ("becomes a program", 0o755),
    "имя с пробелом": "новое",
    "-x": "dash two",
}
FOREIGN = {".env.prod": "SECRET=1", "uploads/photo.jpg": "jpg", "backend/data/file": "theirs"}


class Site:
    """A deployment: the old release is live, together with files that belong to nobody's release."""

    def __init__(self, local: LocalAgent, old: Tree | None = OLD, new: Tree = NEW) -> None:
        self.local = local
        self.live, self.backup = local.live, local.backup
        self.undo = local.state / "undo" / "op-1"
        self.new = local.release("new", new)
        self.old = local.release("old", old) if old is not None else None
        if self.old is not None:
            shutil.copytree(self.old / "tree", self.live)
        for path, content in FOREIGN.items():
            (self.live / path).parent.mkdir(parents=True, exist_ok=True)
            (self.live / path).write_text(content)
        (self.live / ".env.prod").chmod(0o600)

    @property
    def old_manifest(self) -> str:
        return str(self.old / "manifest") if self.old else "-"

    def copy_words(self) -> Words:
        return ("safety-copy", self.live, self.backup, self.new / "manifest", self.old_manifest)

    def swap_words(self) -> Words:
        return ("swap", self.live, self.new / "tree", self.new / "manifest", self.old_manifest, self.undo)

    def unswap_words(self) -> Words:
        return ("unswap", self.live, self.backup, self.undo)

    def wanted(self, tree: Tree = NEW) -> dict[str, str]:
        """The files (without folders) that must be live after the swap."""
        expected = {}
        for path, value in tree.items():
            content, mode = value if isinstance(value, tuple) else (value, 0o644)
            expected[path] = f"{mode:o} {content.encode()!r}"
        for path, content in FOREIGN.items():
            mode = 0o600 if path == ".env.prod" else 0o644
            expected[path] = f"{mode:o} {content.encode()!r}"
        return expected

    def files(self) -> dict[str, str]:
        return {path: what for path, what in snapshot(self.live).items() if what != "directory"}


# --- killed at every step -----------------------------------------------------------------------------------------

MORTAL = ("cp", "mv", "rm", "mkdir", "rmdir", "chmod", "chown", "sync", "sha256sum", "tar")

SHIM = """#!/bin/sh
# Runs the tool, and kills the whole agent at the call whose number KILL_AT names: before it, or half way through it.
read -r count <"$COUNT" || count=0
count=$((count + 1))
echo "$count" >"$COUNT"
if [ "$count" = "$KILL_AT" ]; then
    case "$KILL_HOW" in
        half)
            case "$*" in
                -p*--*|-f*--*)
                    first=$3
                    for last; do :; done
                    "$TOOL" "$1" -- "$first" "$last" ;;
                -al*)
                    to=$3
                    set -- "$2"/*
                    mkdir "$to" && "$TOOL" -al "$1" "$to/" ;;
                "-f ./"*) "$TOOL" -f "$2" ;;
                "-rf -- "*)
                    find "$3" -type f | head -n 1 | while IFS= read -r one; do "$TOOL" -f -- "$one"; done ;;
                *) "$TOOL" "$@" >/dev/null 2>&1 </dev/null ;;
            esac ;;
    esac
    kill -9 0
fi
exec "$TOOL" "$@"
"""


def make_mortal(local: LocalAgent) -> None:
    """Puts tools in front of PATH that count their calls."""
    folder = local.folder / "mortal"
    folder.mkdir()
    for name in MORTAL:
        real = shutil.which(name, path=local.env["PATH"])
        assert real is not None
        tool = f"busybox {name}" if local.shell == "busybox" else real
        (folder / name).write_text(SHIM.replace('"$TOOL"', tool).replace("#!/bin/sh", "#!/usr/bin/dash"))
        (folder / name).chmod(0o755)
    local.env["PATH"] = f"{folder}:{local.env['PATH']}"
    local.env["COUNT"] = str(local.folder / "count")
    local.env["KILL_AT"] = "0"


def calls(local: LocalAgent) -> int:
    return int((local.folder / "count").read_text())


def moments(local: LocalAgent, steps: int, how: str) -> range:
    """Every step under dash, half way through it; the others go the same way through the script: each third."""
    return range(1, steps + 1, 1 if (local.shell, how) == ("dash", "half") else 3)


def killed_at(local: LocalAgent, number: int, how: str, words: Words) -> None:
    (local.folder / "count").write_text("0\n")
    with local.start(*words, env={"KILL_AT": str(number), "KILL_HOW": how}) as process:
        process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
