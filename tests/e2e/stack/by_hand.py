"""The procedure that Opsgate replaces, as RUNBOOK gives it: zip, safety copy, scp, unzip, up. Run by a script."""

import shlex
import subprocess
import tempfile
import time
from pathlib import Path

from bot.sandbox.practice.sample import SampleProject
from tests.e2e.sshd import Sshd
from tests.e2e.stack.server import PracticeServer


def deploy_by_hand(project: SampleProject, server: PracticeServer, sshd: Sshd) -> dict[str, float]:
    """Deploys the project's present tree and returns the seconds that each step took, in order.

    Like the procedure it ends when `up` returns: it waits for no health beyond the stack's own `depends_on`, and
    makes no database backup.
    """
    path, copy = shlex.quote(str(server.path)), shlex.quote(str(server.backup_path))
    up = shlex.join(server.compose("up", "-d", "--build", "--force-recreate"))
    taken: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "release.zip"
        remote = f"{sshd.user}@{sshd.address}"
        steps = {
            "zip": ["zip", "-q", "-r", str(archive), ".", "-x", ".git/*"],
            "safety copy": [*sshd.client(), remote, f"rm -rf {copy} && cp -r {path} {copy}"],
            "scp": [*sshd.client("scp"), "-q", str(archive), f"{remote}:{server.path}.zip"],
            "unzip": [*sshd.client(), remote, f"unzip -q -o {path}.zip -d {path}"],
            "up": [*sshd.client(), remote, f"cd {path} && {up}"],
        }
        for name, argv in steps.items():
            started = time.monotonic()
            _run(name, argv, project.path)
            taken[name] = time.monotonic() - started
    return taken


def back_by_hand(server: PracticeServer, sshd: Sshd) -> float:
    """Copies the safety copy back and builds it again; the seconds that it took."""
    path, copy = shlex.quote(str(server.path)), shlex.quote(str(server.backup_path))
    up = shlex.join(server.compose("up", "-d", "--build", "--force-recreate"))
    began = time.monotonic()
    remote = f"{sshd.user}@{sshd.address}"
    _run("back", [*sshd.client(), remote, f"cp -r {copy}/. {path}/ && cd {path} && {up}"], server.path)
    return time.monotonic() - began


def _run(name: str, argv: list[str], folder: Path) -> None:
    done = subprocess.run(
        argv, check=False, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode != 0:
        message = f"by hand, {name}: exit status {done.returncode}: {done.stderr[-2000:]}"
        raise RuntimeError(message)
