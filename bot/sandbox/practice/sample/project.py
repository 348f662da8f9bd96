"""The sample project's source: a git work tree whose releases can be told apart, and broken on purpose."""

import json
import os
import re
import secrets
import shutil
import string
import subprocess
import time
from pathlib import Path
from typing import Self

TEMPLATE = Path(__file__).parent / "template"
# What a broken build and a backend that never gets healthy write into their logs.
BUILD_FAILURE = "compile error: plan catalogue does not parse"
HEALTH_FAILURE = "plan catalogue is inconsistent, refusing traffic"

_BUILD_STEP = "RUN python3 -m compileall -q ."
_HEALTHY = "ACCEPTS_TRAFFIC = True"
_HOUR = 3600


class SampleProject:
    """A checkout of the sample project. Changes are not committed until `commit` is called."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, release: str = "v1") -> Self:
        """Makes the work tree at `path` (which must not exist) with `release` as its first commit."""
        project = cls(path)
        project._copy_template(release)
        project.commit(f"FitnessApp {release}")
        return project

    @classmethod
    def with_history(cls, path: Path) -> Self:
        """Makes the work tree at `path` (which must not exist) with releases v1 to v5 of the last days, one a commit.

        No commit touches a file that `fix` puts back.
        """
        project = cls(path)
        project._copy_template("v1")
        project.commit("FitnessApp v1", author="Anna", hours_ago=98)
        project._add_plan("Ten minutes of core", weeks=6)
        project._release("v2", "Add a short core plan", author="Boris", hours_ago=75)
        project._edit(
            "mobile/index.html", "<h1>FitnessApp</h1>", "<h1>FitnessApp</h1>\n<p>Your plan for today</p>"
        )
        project._release("v3", "Greet people with today's plan", author="Anna", hours_ago=51)
        project._edit("mobile/nginx.conf", "proxy_connect_timeout 2s;", "proxy_connect_timeout 5s;")
        project._release("v4", "Give a slow backend five seconds to answer", author="Boris", hours_ago=27)
        project._add_plan("Back to running", weeks=8)
        project._release("v5", "Add a plan for the way back to running", author="Anna", hours_ago=3)
        return project

    @property
    def release(self) -> str:
        """The marker that the root page and /api/version of this tree show."""
        return (self.path / "VERSION.txt").read_text().strip()

    @property
    def next_release(self) -> str:
        """The marker that follows the present one: v5 after v4."""
        head = self.release.rstrip(string.digits)
        return f"{head}{int(self.release.removeprefix(head) or 1) + 1}"

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

    def forget_bump(self) -> None:
        """Changes the web page in mobile/ and leaves the app's version as it is."""
        note = f"<p>Meeting point {secrets.token_hex(2)}: the old bridge</p>\n</body>"
        self._edit("mobile/index.html", "</body>", note)

    def add_migration(self, name: str, sql: str, *, seconds: float = 0) -> None:
        """A script `backend/scripts/<name>.py` that waits so long and then executes the SQL in one transaction."""
        template = (TEMPLATE / "backend/scripts/migrate_001_plans.py").read_text()
        head = template.partition("    cursor.execute(")[0]
        wait = f"    time.sleep({seconds})\n" if seconds else ""
        body = f"{wait}    cursor.execute({sql!r})\n" + 'print("' + name + ': done")\n'
        script = head.replace("import os\n", "import os\nimport time\n" if seconds else "import os\n") + body
        (self.path / f"backend/scripts/{name}.py").write_text(script)

    def fix(self) -> None:
        """Undoes every `break_…` and `slow_build`. A forgotten version is mended by the next `write_release`."""
        for name in ("backend/Dockerfile", "backend/app.py"):
            shutil.copy(TEMPLATE / name, self.path / name)

    def add_bulk(self, megabytes: int) -> None:
        """Incompressible files of one megabyte each, in no image: something for an upload to count."""
        folder = self.path / "assets"
        folder.mkdir(exist_ok=True)
        for number in range(megabytes):
            (folder / f"bulk-{number:03}.bin").write_bytes(secrets.token_bytes(1_000_000))

    def commit(self, message: str, *, author: str = "Practice", hours_ago: float = 0) -> str:
        """Commits everything and returns the commit's full hash."""
        self._git("add", "--all")
        self._git(
            "commit", "--quiet", "--message", message, author=author, when=time.time() - hours_ago * _HOUR
        )
        return self._git("rev-parse", "HEAD").strip()

    def release_commit(self, release: str) -> str:
        """`write_release` and `commit` in one."""
        self.write_release(release)
        return self.commit(f"FitnessApp {release}")

    def _copy_template(self, release: str) -> None:
        shutil.copytree(TEMPLATE, self.path, ignore=shutil.ignore_patterns("__pycache__"))
        self._git("init", "--quiet", "--initial-branch=main")
        self._git("config", "receive.denyCurrentBranch", "updateInstead")  # what is pushed is what is seen
        (self.path / "VERSION.txt").write_text(f"{release}\n")

    def _release(self, release: str, message: str, *, author: str, hours_ago: float) -> None:
        self.write_release(release)
        self.commit(message, author=author, hours_ago=hours_ago)

    def _add_plan(self, name: str, *, weeks: int) -> None:
        with (self.path / "backend/plans.csv").open("a") as file:
            file.write(f"{name},{weeks}\n")

    def _edit(self, name: str, old: str, new: str) -> None:
        file = self.path / name
        text = file.read_text()
        if old not in text:
            message = f"{name} does not contain {old!r}: already changed?"
            raise ValueError(message)
        file.write_text(text.replace(old, new))

    def _git(self, *arguments: str, author: str = "Practice", when: float | None = None) -> str:
        """Git as it comes, whatever the configuration of whoever runs it."""
        date = f"@{int(time.time() if when is None else when)} +0000"
        environment = {
            **{name: value for name, value in os.environ.items() if not re.match("GIT_", name)},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_DATE": date,
        }
        identity = ["-c", f"user.name={author}", "-c", f"user.email={author.lower()}@example.org"]
        argv = ["git", *identity, "-C", str(self.path), *arguments]
        return subprocess.run(argv, check=True, capture_output=True, text=True, env=environment).stdout
