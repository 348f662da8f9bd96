from __future__ import annotations

import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from services.projects import Host
from services.remote.host import RemoteHost
from tests.e2e import engine
from tests.e2e.sshd import Sshd, why_no_sshd
from tests.integration.remote.local_agent import SHELLS, LocalAgent


def skip(reason: str) -> None:
    """In CI nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(f"in CI nothing is skipped, but: {reason}")
    pytest.skip(reason)


def end_jobs_below(folder: Path) -> None:
    """Ends what jobs of a test left running, by their sessions."""
    for pid_file in folder.glob("**/jobs/*/pid"):
        with suppress(OSError, ValueError):
            leader = int(pid_file.read_text().split()[0])
            for entry in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    if os.getsid(int(entry.name)) == leader:
                        os.kill(int(entry.name), signal.SIGKILL)


@pytest.fixture(params=SHELLS)
def local(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalAgent]:
    """The agent under each shell."""
    shell: str = request.param
    if shutil.which(shell) is None:
        skip(f"{shell} is not installed (make engine)")
    yield LocalAgent(shell, tmp_path)
    end_jobs_below(tmp_path)


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    if reason := why_no_sshd():
        skip(reason)
    with Sshd(tmp_path / "sshd") as server:
        yield server


def host_of(sshd: Sshd, **changes: object) -> Host:
    values: dict[str, object] = {
        "name": "home",
        "address": sshd.address,
        "port": sshd.port,
        "user": sshd.user,
        "key_file": sshd.key_file,
        "known_hosts": sshd.known_hosts,
        "connect_timeout": 5,
        "keepalive_interval": 0.5,
        "command_timeout": 15,
    }
    return Host.model_validate(values | changes)


@pytest.fixture
async def connect(tmp_path: Path) -> AsyncIterator[Callable[..., RemoteHost]]:
    """Makes remote hosts out of an sshd, with changes to their configuration; closes them at the end."""
    made: list[RemoteHost] = []

    def make(sshd: Sshd, **changes: object) -> RemoteHost:
        made.append(RemoteHost(host_of(sshd, **changes), tmp_path / "run"))
        return made[-1]

    yield make
    for host in made:
        await host.close()


@pytest.fixture
async def remote(sshd: Sshd, connect: Callable[..., RemoteHost]) -> RemoteHost:
    return connect(sshd)


@pytest.fixture(scope="session")
def docker_engine() -> None:
    if reason := engine.why_no_engine():
        skip(reason)
