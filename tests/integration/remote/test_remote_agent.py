"""The agent, jobs and the lock over SSH: installed by itself, safe against cuts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath

import pytest

from services.commands.command import command
from services.errors import CommandFailed, Fenced, HostError, LockHeld, Unreachable
from services.remote import agent
from services.remote.host import RemoteHost
from services.remote.jobs import JobSpec, JobStatus
from tests.e2e.sshd import Sshd

pytestmark = pytest.mark.sshd


@pytest.fixture
def state(sshd: Sshd) -> PurePosixPath:
    return PurePosixPath(sshd.home / "app_opsgate")


def installed(sshd: Sshd) -> Path:
    return sshd.home / ".opsgate" / agent.file_name()


async def finished(remote: RemoteHost, state: PurePosixPath, job: str) -> JobStatus:
    async with asyncio.timeout(20):
        while (status := (await remote.jobs.poll(state, job, 0))[0]).state == "running":
            await asyncio.sleep(0.05)
    return status


async def test_the_agent_installs_itself_for_us_alone(sshd: Sshd, remote: RemoteHost) -> None:
    await remote.verb("host", PurePosixPath("/"))
    assert installed(sshd).read_bytes() == agent.script()
    assert installed(sshd).stat().st_mode & 0o777 == 0o700
    assert installed(sshd).parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in installed(sshd).parent.iterdir()] == [agent.file_name()]


@pytest.mark.parametrize("damage", ["changed", "removed", "linked"])
async def test_a_damaged_agent_is_replaced_at_the_next_connection(
    sshd: Sshd, connect: Callable[..., RemoteHost], damage: str, tmp_path: Path
) -> None:
    await connect(sshd).verb("host", PurePosixPath("/"))
    file = installed(sshd)
    file.unlink()
    if damage == "changed":
        file.write_text("#!/bin/sh\necho hacked\n")
    elif damage == "linked":
        (tmp_path / "elsewhere").write_bytes(agent.script())
        file.symlink_to(tmp_path / "elsewhere")
    assert b"load " in await connect(sshd).verb("host", PurePosixPath("/"))
    assert file.read_bytes() == agent.script()
    assert not file.is_symlink()


async def test_an_agent_that_vanishes_while_connected_comes_back(sshd: Sshd, remote: RemoteHost) -> None:
    await remote.verb("host", PurePosixPath("/"))
    installed(sshd).unlink()
    assert b"load " in await remote.verb("host", PurePosixPath("/"))


async def test_many_first_calls_install_it_once(remote: RemoteHost) -> None:
    answers = await asyncio.gather(*(remote.verb("host", PurePosixPath("/")) for _ in range(6)))
    assert all(b"load " in answer for answer in answers)


async def test_a_refused_verb_names_itself(remote: RemoteHost, state: PurePosixPath) -> None:
    with pytest.raises(CommandFailed) as caught:
        await remote.verb("remove-tree", state, "lock/epoch")
    assert caught.value.exit_status == agent.UNSAFE
    assert caught.value.phrase.args["command"] == "opsgate-agent remove-tree"


async def test_a_job_goes_on_through_a_cut_and_its_end_is_found(
    sshd: Sshd, remote: RemoteHost, state: PurePosixPath
) -> None:
    spec = JobSpec(
        id="job", command=command("sh", "-c", "echo one; sleep 1; echo two; exit 5"), state_dir=state
    )
    assert (await remote.jobs.begin(spec)).state == "running"
    sshd.cut()
    assert await finished(remote, state, "job") == JobStatus("exited", 5, 8)
    assert (await remote.jobs.poll(state, "job", 4))[1] == b"two\n"


async def test_a_begin_that_is_cut_can_be_repeated(
    sshd: Sshd, remote: RemoteHost, state: PurePosixPath
) -> None:
    """Whatever became of it, the job runs once."""
    await remote.verb("host", PurePosixPath("/"))
    for number, delay in enumerate([0.0, 0.01, 0.02, 0.04, 0.06]):
        runs = sshd.home / f"runs-{number}"
        spec = JobSpec(id=f"job-{number}", command=command("sh", "-c", f"echo run >>{runs}"), state_dir=state)

        async def cut(delay: float = delay) -> None:
            await asyncio.sleep(delay)
            sshd.cut()

        async with asyncio.TaskGroup() as group:
            group.create_task(cut())
            group.create_task(_tried(remote.jobs.begin(spec)))
        await remote.jobs.begin(spec)
        assert (await finished(remote, state, spec.id)).exit_status == 0
        assert runs.read_text() == "run\n"


async def _tried(call: object) -> None:
    with suppress(Unreachable):
        await call  # type: ignore[misc]  # a coroutine of ours


async def test_another_spec_under_the_same_id_is_an_error(remote: RemoteHost, state: PurePosixPath) -> None:
    await remote.jobs.begin(JobSpec(id="job", command=command("true"), state_dir=state))
    with pytest.raises(HostError) as caught:
        await remote.jobs.begin(JobSpec(id="job", command=command("false"), state_dir=state))
    assert caught.value.phrase.id == "error-job-differs"


async def test_a_job_can_be_cancelled(remote: RemoteHost, state: PurePosixPath) -> None:
    await remote.jobs.begin(JobSpec(id="job", command=command("sleep", "30"), state_dir=state))
    status = await remote.jobs.cancel(state, "job")
    assert (status.state, status.exit_status) == ("cancelled", 143)
    assert (await remote.jobs.poll(state, "job", 0))[0].state == "cancelled"
    assert (await remote.jobs.poll(state, "nothing", 0))[0].state == "missing"


async def test_the_lock_over_ssh(remote: RemoteHost, state: PurePosixPath) -> None:
    assert await remote.lock.read(state) is None
    first = await remote.lock.claim(state, "op-1", "me@here", 60)
    with pytest.raises(LockHeld) as caught:
        await remote.lock.claim(state, "op-2", "you@there", 60)
    assert caught.value.phrase.args["owner"] == "me@here"
    assert caught.value.phrase.args["operation"] == "op-1"
    holder = await remote.lock.read(state)
    assert holder is not None
    assert (holder.operation, holder.owner, holder.epoch, holder.job_runs) == (
        "op-1",
        "me@here",
        first,
        False,
    )
    assert 50 < holder.lease_left <= 60
    second = await remote.lock.claim(state, "op-1", "me@here", 60)
    assert second == first + 1
    with pytest.raises(Fenced):
        await remote.lock.renew(state, first, 60)
    with pytest.raises(Fenced):
        await remote.jobs.begin(JobSpec(id="j", command=command("true"), state_dir=state, epoch=first))
    await remote.lock.renew(state, second, 60)
    await remote.lock.release(state, second)
    assert await remote.lock.read(state) is None


async def test_a_fenced_job_keeps_the_lock_of_a_lost_owner(remote: RemoteHost, state: PurePosixPath) -> None:
    epoch = await remote.lock.claim(state, "op-1", "me", 60)
    await remote.jobs.begin(JobSpec(id="j", command=command("sleep", "30"), state_dir=state, epoch=epoch))
    await remote.lock.renew(state, epoch, 0)
    holder = await remote.lock.read(state)
    assert holder is not None
    assert holder.job_runs
    with pytest.raises(LockHeld):
        await remote.lock.claim(state, "op-2", "other", 60)
    await remote.jobs.cancel(state, "j")
    assert await remote.lock.claim(state, "op-2", "other", 60) == epoch + 1


async def test_small_files_are_written_and_read(remote: RemoteHost, state: PurePosixPath) -> None:
    await remote.verb("write", state / "current", stdin=b"release-1")
    assert await remote.verb("read", state / "current", 100) == b"release-1"


async def test_a_warm_verb_takes_milliseconds(remote: RemoteHost, state: PurePosixPath) -> None:
    await remote.jobs.begin(JobSpec(id="job", command=command("true"), state_dir=state))
    began = time.monotonic()
    for _ in range(20):
        await remote.jobs.poll(state, "job", 0)
    assert (time.monotonic() - began) / 20 < 0.2
