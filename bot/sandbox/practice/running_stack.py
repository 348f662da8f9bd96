"""What stands on the practice server when the demo begins: an older release, put there by hand, with some data."""

import io
import os
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from bot.sandbox.bot_process import Practised
from bot.sandbox.practice.sample.data import sample_data

_WITHIN = 600.0
"""Seconds for the first build and start; the real engine takes about ten."""


class StackFailed(Exception):
    """The practice stack does not come up; the text is what the failing command said."""


def deploy_first_release(practised: Practised, docker: str) -> None:
    """Unpacks the source's first commit into the deployment path, starts the stack, fills its database. Blocks.

    Raises StackFailed when the engine refuses.
    """
    git = ["git", "-C", str(practised.source)]
    first = _run([*git, "rev-list", "--max-parents=0", "HEAD"]).decode().split()[0]
    with tarfile.open(fileobj=io.BytesIO(_run([*git, "archive", "--format=tar", first]))) as archive:
        archive.extractall(practised.path, filter="data")
    stack = ["-p", practised.compose_project, "-f", practised.compose_file, "--env-file", practised.env_file]
    _run([docker, "compose", *stack, "up", "-d", "--build"], at=practised.path)
    _run(
        [docker, "exec", "--interactive", _database(practised, docker), *_psql(practised)],
        stdin=sample_data(),
    )


def _database(practised: Practised, docker: str) -> str:
    labels = {"project": practised.compose_project, "service": "db"}
    filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
    return _run([docker, "ps", "--quiet", "--no-trunc", *filters]).decode().strip()


def _psql(practised: Practised) -> list[str]:
    login = ["-U", practised.database_user, "-d", practised.database]
    return ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *login]


def _run(argv: Sequence[str], *, at: Path | None = None, stdin: str = "") -> bytes:
    done = subprocess.run(
        argv,
        check=False,
        cwd=at,
        input=stdin.encode(),
        capture_output=True,
        timeout=_WITHIN,
        env=os.environ | {"OPSGATE_PRACTICE_PACE": "0"},
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace")[-2000:]
        raise StackFailed(f"{' '.join(argv[:3])}: exit status {done.returncode}\n{said}")
    return done.stdout
