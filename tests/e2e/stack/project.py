"""The practice project's source: a git work tree whose releases can be told apart, and broken on purpose."""

import json
import os
import re
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Self

TEMPLATE = Path(__file__).parent / "template"
# What a broken build and a backend that never gets healthy write into their logs.
BUILD_FAILURE = "compile error: plan catalogue does not parse"
HEALTH_FAILURE = "plan catalogue is inconsistent, refusing traffic"

_BUILD_STEP = "RUN python3 -m compileall -q ."
_HEALTHY = "ACCEPTS_TRAFFIC = True"


class PracticeProject:
    """A checkout of the practice project. Changes are not committed until `commit` is called."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, release: str = "v1") -> Self:
        """Makes the work tree at `path` (which must not exist) with `release` as its first commit."""
        shutil.copytree(TEMPLATE, path, ignore=shutil.ignore_patterns("__pycache__"))
        project = cls(path)
        project._git("init", "--quiet", "--initial-branch=main")
        (path / "VERSION.txt").write_text(f"{release}\n")
        project.commit(f"FitnessApp {release}")
        return project

    @property
    def release(self) -> str:
        """The marker that the root page and /api/version of this tree show."""
        return (self.path / "VERSION.txt").read_text().strip()

    @property
    def app_version(self) -> str:
        """`expo.version` of mobile/app.json."""
        version: str = json.loads((self.path / "mobile/app.json").read_text())["expo"]["version"]
        return version

    def write_release(self, release: str, *, bump: bool = True) -> None:
        """Changes the marker; with `bump` also the last number of the app's version."""
        (self.path / "VERSION.txt").write_text(f"{release}\n")
        if bump:
            major, minor, patch = self.app_version.split(".")
            self._edit("mobile/app.json", self.app_version, f"{major}.{minor}.{int(patch) + 1}")

    def break_build(self) -> None:
        """The backend's build stops with BUILD_FAILURE."""
        self._edit("backend/Dockerfile", _BUILD_STEP, f"RUN echo '{BUILD_FAILURE}' >&2 && exit 17")

    def slow_build(self, seconds: int) -> None:
        """The backend's build takes that long, never from the cache, with a line of log each second."""
        loop = f"for i in $(seq {seconds}); do echo compiling part $i of {seconds}; sleep 1; done"
        self._edit("backend/Dockerfile", _BUILD_STEP, f"RUN {loop} && : {secrets.token_hex(4)}")

    def break_health(self) -> None:
        """The backend starts but answers its health check with 503 and logs HEALTH_FAILURE each time."""
        self._edit("backend/app.py", _HEALTHY, "ACCEPTS_TRAFFIC = False")

    def fix(self) -> None:
        """Undoes every `break_…` and `slow_build`."""
        for name in ("backend/Dockerfile", "backend/app.py"):
            shutil.copy(TEMPLATE / name, self.path / name)

    def add_bulk(self, megabytes: int) -> None:
        """Incompressible files of one megabyte each, in no image: something for an upload to count."""
        folder = self.path / "assets"
        folder.mkdir(exist_ok=True)
        for number in range(megabytes):
            (folder / f"bulk-{number:03}.bin").write_bytes(secrets.token_bytes(1_000_000))

    def commit(self, message: str) -> str:
        """Commits everything and returns the commit's full hash."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)
        return self._git("rev-parse", "HEAD").strip()

    def release_commit(self, release: str) -> str:
        """`write_release` and `commit` in one."""
        self.write_release(release)
        return self.commit(f"FitnessApp {release}")

    def _edit(self, name: str, old: str, new: str) -> None:
        file = self.path / name
        text = file.read_text()
        if old not in text:
            message = f"{name} does not contain {old!r}: already changed?"
            raise ValueError(message)
        file.write_text(text.replace(old, new))

    def _git(self, *arguments: str) -> str:
        """Git as it comes, whatever the configuration of whoever runs the tests."""
        environment = {
            **{name: value for name, value in os.environ.items() if not re.match("GIT_", name)},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        identity = ["-c", "user.name=Practice", "-c", "user.email=practice@example.org"]
        argv = ["git", *identity, "-C", str(self.path), *arguments]
        return subprocess.run(argv, check=True, capture_output=True, text=True, env=environment).stdout
