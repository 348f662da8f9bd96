"""/backup on real parts: archives damaged in every way, disks that are full, a dump that is killed.

R-DB-3, R-DB-4: after each of them the running database is as it was, no half file is listed, and one verdict says what
happened.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, nullcontext
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from services.backups import manifest
from services.backups.dumping import UNREADABLE, parse_dumped
from services.backups.models import DUMP_CHANGED, Backup
from services.commands import postgres
from services.errors import StepFailed
from services.remote.channels import Completed
from services.remote.host import RemoteHost
from services.restores.steps import verify_dump
from services.runs import Run
from tests.e2e.damage import cuts, flips, reached, restoring
from tests.e2e.stack.server import DATABASE, DATABASE_USER
from tests.e2e.test_restore import on_a_real_server
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]

ROWS = 3000
AT_ONCE = 3
"""Dumps that are read at the same time."""


def listed(here: World) -> list[dict[str, Any]]:
    """The catalogue, newest first."""
    with closing(sqlite3.connect(f"file:{here.folder}/data/opsgate.db?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT body FROM backups ORDER BY at DESC").fetchall()
    return [json.loads(body) for (body,) in rows]


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


def noise(here: World) -> int:
    return int(here.server.psql("SELECT count(*) FROM noise"))


DUMPS = "FROM pg_stat_activity WHERE application_name LIKE 'opsgate:%'"
END_DUMPS = f"SELECT count(pg_terminate_backend(pid)) {DUMPS}"


@asynccontextmanager
async def held_table(here: World, table: str) -> AsyncIterator[None]:
    """While it lasts nobody else reads the table: a dump waits for it, however long that takes."""
    psql = ("psql", "-X", "-q", "-U", DATABASE_USER, "-d", DATABASE)
    holding = await asyncio.create_subprocess_exec(
        *("docker", "exec", "--interactive", here.server.container("db").id, *psql),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert holding.stdin is not None
    try:
        holding.stdin.write(f"BEGIN; LOCK TABLE {table};\n".encode())
        await holding.stdin.drain()
        await until_one(here, f"FROM pg_locks WHERE relation = '{table}'::regclass AND granted")
        yield
    finally:
        holding.stdin.close()
        await holding.wait()


async def dumping(here: World) -> None:
    """Waits until a dump is under way inside the database."""
    await until_one(here, DUMPS)


async def until_one(here: World, which: str) -> None:
    """Waits until one such row is there, within a minute."""
    async with asyncio.timeout(60):
        while here.server.psql(f"SELECT count(*) {which}") != "1":
            await asyncio.sleep(0.05)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A disk of its own over a folder: full is real then."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a small file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_backup_is_proven_and_its_manifest_says_what_the_catalogue_says(here: World) -> None:
    """R-DB-4."""
    await here.start_bot()
    await here.sim.start(here.anna)
    assert "succeeded" in (await here.deploy()).text
    here.server.psql("CREATE TABLE noise (a int, b text)")
    values = ", ".join(f"({number}, md5('{number}') || md5('a{number}'))" for number in range(ROWS))
    if here.sshd.docker != "docker":  # the simulated engine knows no md5
        values = ", ".join(f"({number}, '{number * 7919 % 10007:064}')" for number in range(ROWS))
    here.server.psql(f"INSERT INTO noise VALUES {values}")  # noqa: S608 - our own words
    assert "succeeded" in (await here.deploy("/backup")).text
    (known, *_) = listed(here)
    assert known["rows"]["public.noise"] == ROWS
    assert set(known["sums"]) >= set(known["rows"])
    assert known["server"]
    for file in (Path(known["host_file"]), here.folder / "data" / known["local_file"]):
        beside = file.with_suffix(".json")
        assert manifest.parse(beside.read_bytes()).model_dump(mode="json") == known
        assert beside.stat().st_mode & 0o777 == 0o600


async def test_what_is_not_byte_for_byte_the_proven_dump_is_not_restored(here: World, tmp_path: Path) -> None:
    """R-DB-3: each in the place of the host's dump, and the step without which no restore loads refuses it.

    Also a changed bit that pg_restore does not see: names and dates have no checksum of their own in an archive.
    """
    proven = Backup.model_validate(listed(here)[0])
    file = Path(proven.host_file)
    whole = file.read_bytes()
    damaged = cuts(whole) | flips(whole)
    assert len(damaged) >= 200
    accepted = []
    async with restoring(here, proven, tmp_path) as run:
        await verify_dump(run)
        for what, data in damaged.items():
            file.write_bytes(data)
            if await why_refused(run) != DUMP_CHANGED:
                accepted.append(what)
        file.write_bytes(whole)
        await verify_dump(run)
    assert accepted == []


async def why_refused(run: Run) -> str | None:
    try:
        await verify_dump(run)
    except StepFailed as refusal:
        return refusal.phrase.id
    return None


@on_a_real_server
async def test_no_dump_that_breaks_off_is_taken_for_a_whole_one_while_it_is_made(
    here: World, tmp_path: Path
) -> None:
    """R-DB-4: the agent's own verb with the real pg_restore, and a program that dumps only a part and ends well.

    Wherever it breaks off, also before the very last byte. Of changed bits not every one is seen by pg_restore: that is
    why the hash of what read back is kept. The archive of the simulated engine is its own.
    """
    whole = Path(listed(here)[0]["host_file"]).read_bytes()
    reading = postgres.archive_data(here.server.container("db").id).argv
    slots = asyncio.Semaphore(AT_ONCE)

    async def made(remote: RemoteHost, number: int, data: bytes) -> Completed:
        (tmp_path / f"{number}").write_bytes(data)
        file = PurePosixPath(tmp_path / f"{number}")
        async with slots:
            return await remote.ask("dump", file.with_suffix(".part"), 2, "cat", file, *reading)

    async with reached(here, tmp_path) as remote:
        good = await made(remote, 0, whole)
        tried = cuts(whole)
        done = await asyncio.gather(*(made(remote, *one) for one in enumerate(tried.values(), 1)))
    read = parse_dumped(good.stdout)
    assert read is not None
    assert (read.size, read.sha256) == (len(whole), listed(here)[0]["sha256"])
    taken = [what for what, one in zip(tried, done, strict=True) if one.exit_status != UNREADABLE]
    assert taken == []
    assert not any(parse_dumped(one.stdout) for one in done)


async def test_a_host_whose_disk_fills_keeps_no_half_dump(here: World) -> None:
    before = listed(here)
    folder = here.server.backup_path / "database"
    with small_disk(folder, "16k"):
        since = await here.sim.mark()
        sent = await here.sim.say(here.anna, "/backup")
        refused = await here.sim.wait_for(here.anna, regex="for dumps", after=sent, timeout=30)
        assert not any(label.startswith("Confirm") for label in refused.labels)
    grown = ", ".join(f"('{secrets.token_hex(64)}')" for _ in range(6000))
    here.server.psql(f"CREATE TABLE grown (b text); INSERT INTO grown VALUES {grown}")  # noqa: S608 - our own words
    with small_disk(folder, "300k"):  # twice the last dump, and less than this one
        since = await here.confirmed("/backup")
        assert "did not fit" in (await here.verdict(since)).text
        assert files(folder) == []
    here.server.psql("DROP TABLE grown")
    assert len(await here.told(since)) == 1
    assert listed(here) == before
    assert noise(here) == ROWS


async def test_a_full_disk_on_the_bots_side_keeps_the_hosts_dump_and_no_half_copy(here: World) -> None:
    before = listed(here)
    folder = here.folder / "data/backups/fitnessapp"
    with small_disk(folder, "16k"):
        since = await here.confirmed("/backup")
        verdict = await here.verdict(since)
        assert "where the bot runs" in verdict.text
        assert files(folder) == []
    assert len(await here.told(since)) == 1
    (made, *rest) = listed(here)
    assert rest == before
    assert [one["where"] for one in made["copies"]] == ["host"]
    assert noise(here) == ROWS


@on_a_real_server
async def test_a_dump_that_is_killed_is_no_backup(here: World) -> None:
    """The simulated engine dumps in a moment: there is nothing to kill."""
    before = listed(here)
    kept = files(here.server.backup_path / "database")
    async with held_table(here, "noise"):
        since = await here.confirmed("/backup")
        await dumping(here)
        assert here.server.psql(END_DUMPS) == "1"
        assert "failed" in (await here.verdict(since)).text
    assert len(await here.told(since)) == 1
    assert files(here.server.backup_path / "database") == kept
    assert listed(here) == before
    assert noise(here) == ROWS


async def test_a_lost_line_and_a_wish_to_stop_leave_neither_a_dump_nor_its_job(here: World) -> None:
    """The job goes on without us until the host is back; on a real server it would wait for the table and keep the lock."""
    before, kept = listed(here), files(here.server.backup_path / "database")
    held = here.folder / "held"
    real = here.sshd.docker == "docker"
    async with held_table(here, "noise") if real else nullcontext():
        await here.arm("forward:backup:working", hold=held)
        since = await here.confirmed("/backup")
        async with asyncio.timeout(60):
            while not held.exists():
                await asyncio.sleep(0.02)
        assert here.sshd.cut(refuse_for=5) > 0
        held.with_suffix(".go").touch()
        await here.sim.say(here.anna, "/cancel")
        assert "failed" in (await here.verdict(since)).text
        await here.step("end-dump", "done")
        assert here.lock_is_free()
        assert not real or here.server.psql(f"SELECT count(*) {DUMPS}") == "0"
    assert files(here.server.backup_path / "database") == kept
    assert listed(here) == before
    assert "succeeded" in (await here.deploy("/backup")).text
    assert len(listed(here)) > len(before)
    assert noise(here) == ROWS


async def test_a_backup_that_is_only_here_is_restored_through_the_host(here: World) -> None:
    """R-DB-5."""
    await here.stop_bot()
    here.write_settings(backups='{ copies = ["local"] }')
    await here.start_bot()
    assert "succeeded" in (await here.deploy("/backup")).text
    (known, *_) = listed(here)
    assert [one["where"] for one in known["copies"]] == ["local"]
    assert not Path(known["host_file"]).exists()
    assert (here.folder / "data" / known["local_file"]).stat().st_size == known["size"]
