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
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from services.backups import manifest
from tests.e2e.test_restore import on_a_real_server
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]

ROWS = 3000
TRUNCATIONS, FLIPS = 110, 150
DAMAGE = r"""
cd "$(mktemp -d)" && pg_dump --format=custom --compress=3 --username="$1" --dbname="$2" >whole || exit 9
pg_restore --data-only --file=/dev/null <whole || exit 8
perl -e '
    local $/; open my $in, "<:raw", "whole"; my $whole = <$in>; my $size = length $whole;
    my ($cuts, $flips) = @ARGV;
    my $put = sub { open my $out, ">:raw", "$_[0]" or die; print $out $_[1]; close $out };
    $put->("cut-" . int($size * $_ / $cuts), substr($whole, 0, int($size * $_ / $cuts))) for 0 .. $cuts - 1;
    for (0 .. $flips - 1) {
        my ($at, $bit) = (int($size * $_ / $flips), $_ % 8);
        my $changed = $whole; substr($changed, $at, 1) = chr(ord(substr($whole, $at, 1)) ^ 1 << $bit);
        $put->("flip-$at", $changed);
    }' "$3" "$4" || exit 7
sum=$(sha256sum <whole)
for file in cut-* flip-*; do
    read=refused hash=refused
    pg_restore --data-only --file=/dev/null <"$file" >/dev/null 2>&1 && read=accepted
    [ "$(sha256sum <"$file")" = "$sum" ] && hash=accepted
    echo "$file $read $hash $(stat -c %s whole)"
done
rm -rf "$PWD"
"""


def listed(here: World) -> list[dict[str, Any]]:
    """The catalogue, newest first."""
    with closing(sqlite3.connect(f"file:{here.folder}/data/opsgate.db?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT body FROM backups ORDER BY at DESC").fetchall()
    return [json.loads(body) for (body,) in rows]


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


def noise(here: World) -> int:
    return int(here.server.psql("SELECT count(*) FROM noise"))


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


@asynccontextmanager
async def locked(here: World) -> AsyncIterator[None]:
    """While it lasts no dump comes to its end. The simulated engine knows no locks: its dumps take a moment."""
    if here.sshd.docker != "docker":
        yield
        return
    holding = await asyncio.create_subprocess_exec(
        *("docker", "exec", here.server.container("db").id),
        *("psql", "-U", "fitnessapp_user", "-d", "fitnessapp", "-c"),
        "BEGIN; LOCK TABLE noise; SELECT pg_sleep(60)",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        here.server.psql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
        )
        await holding.wait()


def dumping(here: World) -> int:
    """How many dumps run in the database."""
    if here.sshd.docker != "docker":
        return 0
    return int(
        here.server.psql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'opsgate:%'")
    )


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


@on_a_real_server
async def test_no_damaged_archive_is_accepted(here: World) -> None:
    """R-DB-3, R-DB-4: cut off anywhere, the archive does not read back; changed anywhere, its hash is another one.

    The archive of the simulated engine is its own.
    """
    database, user = "fitnessapp", "fitnessapp_user"
    said = await asyncio.to_thread(
        here.server.exec, "db", "sh", "-c", DAMAGE, "damage", user, database, str(TRUNCATIONS), str(FLIPS)
    )
    tried = [line.split() for line in said.splitlines()]
    assert len(tried) >= 200
    assert [name for name, read, *_ in tried if name.startswith("cut-") and read != "refused"] == []
    assert [name for name, _read, hashed, _ in tried if hashed != "refused"] == []
    silent = [name for name, read, *_ in tried if name.startswith("flip-") and read != "refused"]
    assert len(silent) < FLIPS / 4  # what has no checksum of its own: names, dates; the hash is for those


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
    assert len(await here.verdicts(since)) == 1
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
    assert len(await here.verdicts(since)) == 1
    (made, *rest) = listed(here)
    assert rest == before
    assert [one["where"] for one in made["copies"]] == ["host"]
    assert noise(here) == ROWS


@on_a_real_server
async def test_a_dump_that_is_killed_is_no_backup(here: World) -> None:
    """The simulated engine dumps in a moment: there is nothing to kill."""
    before = listed(here)
    kept = files(here.server.backup_path / "database")
    async with locked(here):
        since = await here.confirmed("/backup")
        await here.step("backup")
        killed = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'opsgate:%'"
        while here.server.psql(killed).strip() == "0":
            await asyncio.sleep(0.1)
        assert "failed" in (await here.verdict(since)).text
    assert len(await here.verdicts(since)) == 1
    assert files(here.server.backup_path / "database") == kept
    assert listed(here) == before
    assert noise(here) == ROWS


async def test_a_lost_line_and_a_wish_to_stop_leave_neither_a_dump_nor_its_job(here: World) -> None:
    """The job goes on without us until the host is back; on a real server it would wait for the table and keep the lock."""
    before, kept = listed(here), files(here.server.backup_path / "database")
    held = here.folder / "held"
    async with locked(here):
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
        assert dumping(here) == 0
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
