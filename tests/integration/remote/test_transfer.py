"""Sending and fetching files over SSH."""

from __future__ import annotations

import asyncio
import hashlib
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from services.commands.command import command
from services.errors import Cancelled, CommandFailed, TimedOut, Unreachable
from services.remote.host import RemoteHost
from tests.e2e.sshd import Sshd
from tests.integration.remote.local_agent import packed, unpacking

pytestmark = pytest.mark.sshd

MIB = 1 << 20


def nothing(_done: int) -> None: ...


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "source"
    file.write_bytes(os.urandom(5 * MIB + 17))
    return file


async def transferred(
    remote: RemoteHost, way: str, file: Path, folder: Path, progress: Callable[[int], None]
) -> None:
    """Sends the file, or fetches it into folder/got."""
    if way == "send":
        await remote.send(command("sh", "-c", "cat >/dev/null; sleep 5"), file, progress, 30)
    else:
        await remote.fetch(PurePosixPath(file), folder / "got", progress, 30)


def sha(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


async def test_a_file_is_sent_whole_with_progress(remote: RemoteHost, source: Path) -> None:
    seen: list[int] = []
    done = await remote.send(command("sha256sum"), source, seen.append, 30)
    assert done.stdout.split()[0].decode() == sha(source)
    assert seen == sorted(seen)
    assert seen[-1] == source.stat().st_size
    assert len(seen) > 10


async def test_a_file_is_fetched_whole_with_hash_and_progress(
    remote: RemoteHost, source: Path, tmp_path: Path
) -> None:
    seen: list[int] = []
    target = tmp_path / "target.part"
    assert await remote.fetch(PurePosixPath(source), target, seen.append, 30) == (
        source.stat().st_size,
        sha(source),
    )
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o600
    assert seen[-1] == source.stat().st_size


async def test_an_empty_file_is_fetched(remote: RemoteHost, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    size, digest = await remote.fetch(PurePosixPath(tmp_path / "empty"), tmp_path / "got", nothing, 10)
    assert (size, digest) == (0, hashlib.sha256(b"").hexdigest())
    assert (tmp_path / "got").read_bytes() == b""


async def test_a_file_that_is_not_there_leaves_nothing(remote: RemoteHost, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed):
        await remote.fetch(PurePosixPath(tmp_path / "nothing"), tmp_path / "got", nothing, 10)
    assert not (tmp_path / "got").exists()


async def test_a_release_is_sent_to_the_agent(sshd: Sshd, remote: RemoteHost, tmp_path: Path) -> None:
    """The first thing on a new connection: the agent installs itself before."""
    listing, archive = packed({"compose.yaml": "services: {}\n", "имя": "x"})
    (tmp_path / "pack").write_bytes(archive)
    target = PurePosixPath(sshd.home / "app_opsgate" / "releases" / "r1")
    unpack = remote.agent_command("unpack", *unpacking(target, listing, archive))
    for _ in range(2):  # the second time the agent reads nothing of it
        await remote.send(unpack, tmp_path / "pack", nothing, 30)
    assert Path(target / "tree" / "имя").read_text() == "x"


async def test_a_command_that_reads_nothing_decides_by_its_status(remote: RemoteHost, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(bytes(20 * MIB))
    assert (await remote.send(command("true"), big, nothing, 30)).exit_status == 0
    with pytest.raises(CommandFailed):
        await remote.send(command("false"), big, nothing, 30)


@pytest.mark.parametrize("way", ["send", "fetch"])
async def test_a_cut_is_unreachable_and_leaves_no_half_file(
    sshd: Sshd, remote: RemoteHost, tmp_path: Path, way: str
) -> None:
    big = tmp_path / "big"
    big.write_bytes(bytes(64 * MIB))
    cut: list[int] = []

    def progress(done: int) -> None:
        if done > MIB and not cut:
            cut.append(sshd.cut())

    with pytest.raises(Unreachable):
        await transferred(remote, way, big, tmp_path, progress)
    assert cut
    assert not (tmp_path / "got").exists()


@pytest.mark.parametrize("way", ["send", "fetch"])
async def test_what_progress_raises_ends_the_transfer(
    remote: RemoteHost, tmp_path: Path, source: Path, way: str
) -> None:
    def progress(_done: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        await transferred(remote, way, source, tmp_path, progress)
    assert not (tmp_path / "got").exists()
    assert (await remote.run(command("echo", "on"))).stdout == b"on\n"


async def test_a_deadline_ends_a_transfer_that_stalls(remote: RemoteHost, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(bytes(32 * MIB))
    began = time.monotonic()
    with pytest.raises(TimedOut):
        await remote.send(command("sleep", "20"), big, nothing, 1)
    assert time.monotonic() - began < 5


async def test_a_cancelled_fetch_leaves_nothing(remote: RemoteHost, tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await remote.fetch(PurePosixPath("/dev/zero"), tmp_path / "got", nothing, 60)
    assert not (tmp_path / "got").exists()


async def test_a_large_fetch_takes_constant_memory(remote: RemoteHost, tmp_path: Path) -> None:
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(200 * MIB)
    await remote.run(command("true"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size, _ = await remote.fetch(PurePosixPath(big), tmp_path / "got", nothing, 50)
    assert size == 200 * MIB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000
