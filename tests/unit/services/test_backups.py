"""R-DB-3, R-DB-4: what a backup is believed for, where its copies are, and what every trouble leaves behind."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from pyrage import x25519

from services.backups import copies, dumping, leftovers, manifest, steps
from services.backups.models import Backup
from services.commands import dumps
from services.errors import CommandFailed, HostError, OpsgateError, StepFailed
from services.models import SCHEDULE, Kind, Operation, Person, Plan
from services.plans import BACKUP_STEPS
from services.projects import BackupRules
from services.remote.jobs import JobSpec
from services.runs import Run, StepDef
from services.steps import UNLOCK
from services.store import Store
from tests.unit.services.backup_host import BackupHost
from tests.unit.services.stage import PROJECT, proposal
from tests.unit.services.test_restores import running

ID = "db-20261123-091500-k3f9"
LOCK = StepDef("lock", UNLOCK.work)


def operation(*wanted: str, **changes: Any) -> Operation:
    about = Plan(kind=Kind.BACKUP, project="fitnessapp", steps=wanted or BACKUP_STEPS)
    return proposal(id="op-20261123-091500-k3f9", kind=Kind.BACKUP, plan=about, **changes)


@pytest.fixture
def host(tmp_path: Path) -> BackupHost:
    return BackupHost(tmp_path / "host", b"PGDMP an archive")


@pytest.fixture
def run(host: BackupHost, store: Store, tmp_path: Path) -> Run:
    made = running(operation(), host, store, tmp_path)
    made.project = made.project.model_copy(update={"path": PurePosixPath(tmp_path / "host/fitnessapp")})
    return made


async def backed_up(run: Run) -> Backup:
    run.step_name = "backup"
    result = await steps.back_up(run)
    assert isinstance(result, dict)
    run.results["backup"] = result
    found = await run.store.backups.get(ID)
    assert found is not None
    return found


async def fetched(run: Run, tmp_path: Path) -> Backup:
    run.step_name = "fetch"
    await copies.fetch_to(tmp_path / "data/backups").work(run)
    found = await run.store.backups.get(ID)
    assert found is not None
    return found


async def test_the_record_holds_all_that_was_proven(run: Run, host: BackupHost) -> None:
    """R-DB-4."""
    found = await backed_up(run)
    assert (found.size, found.sha256) == (len(host.dumped), hashlib.sha256(host.dumped).hexdigest())
    assert (found.rows, found.sums) == ({"public.diary": 2}, {"public.diary": "1" * 64})
    assert (found.server, found.client) == ("15.18", "15.17")
    assert found.extensions == {"plpgsql": "1.0"}
    assert found.printing == {"TimeZone": "Europe/Moscow"}
    assert [(one.where, one.file) for one in found.copies] == [("host", str(found.host_file))]
    assert not found.scheduled


async def test_a_backup_of_the_schedule_is_marked_as_one(
    host: BackupHost, store: Store, tmp_path: Path
) -> None:
    scheduled = running(operation(by=Person(id=SCHEDULE, name="schedule")), host, store, tmp_path)
    scheduled.project = PROJECT.model_copy(
        update={"database": scheduled.project.database, "path": PurePosixPath(tmp_path / "host/fitnessapp")}
    )
    assert (await backed_up(scheduled)).scheduled


async def test_the_manifest_beside_the_dump_says_what_the_catalogue_says(
    run: Run, host: BackupHost, tmp_path: Path
) -> None:
    await backed_up(run)
    found = await fetched(run, tmp_path)
    on_host = host.file(found.host_file).with_suffix(".json")
    beside_ours = (tmp_path / "data" / found.local_file).with_suffix(".json")
    assert manifest.parse(on_host.read_bytes()) == found
    assert manifest.parse(beside_ours.read_bytes()) == found
    assert beside_ours.stat().st_mode & 0o777 == 0o600
    assert {one.where for one in found.copies} == {"host", "local"}


async def test_walked_again_after_a_crash_it_finds_what_was_proven(run: Run, host: BackupHost) -> None:
    first = await backed_up(run)
    host.jobs_begun.clear()
    assert (await backed_up(run)).sha256 == first.sha256
    assert len(host.jobs_begun) == 0


TROUBLE: list[tuple[Callable[[BackupHost], None], type[OpsgateError], str]] = [
    (lambda host: host.ends(1, "pg_dump: error: x"), CommandFailed, "error-command-failed"),
    (lambda host: host.ends(74, "No space left on device"), StepFailed, "error-dump-disk"),
    (lambda host: host.ends(70, "pg_restore: error"), StepFailed, "error-dump-unreadable"),
    (lambda host: host.ends(0, ""), StepFailed, "error-dump-unreadable"),
    (lambda host: host.flips(), StepFailed, "error-dump-damaged"),
]


@pytest.mark.parametrize(("trouble", "error", "code"), TROUBLE)
async def test_trouble_lists_no_backup_and_leaves_no_file(
    run: Run, host: BackupHost, trouble: Callable[[BackupHost], None], error: type[OpsgateError], code: str
) -> None:
    """R-DB-3, R-DB-4: a half dump, one that does not read back, one whose file is not what was read back."""
    trouble(host)
    with pytest.raises(error, match=code):
        await backed_up(run)
    assert await run.store.backups.newest("fitnessapp") == []
    assert host.left() == []


async def test_a_manifest_that_cannot_be_written_lists_no_backup(run: Run, host: BackupHost) -> None:
    host.full = True
    with pytest.raises(HostError):
        await backed_up(run)
    assert await run.store.backups.newest("fitnessapp") == []


async def test_a_dump_that_arrives_otherwise_is_thrown_away(
    run: Run, host: BackupHost, tmp_path: Path
) -> None:
    await backed_up(run)
    host.arrives = b"something else"
    with pytest.raises(StepFailed, match="error-fetch-differs"):
        await fetched(run, tmp_path)
    assert list((tmp_path / "data").rglob("*.dump*")) == []


async def test_a_full_disk_here_leaves_no_half_file_and_says_so(
    run: Run, host: BackupHost, tmp_path: Path
) -> None:
    await backed_up(run)
    host.no_room_here = True
    with pytest.raises(StepFailed, match="error-fetch-disk"):
        await fetched(run, tmp_path)
    assert list((tmp_path / "data").rglob("*.dump*")) == []


async def test_with_local_copies_only_the_hosts_dump_goes_after_ours_is_whole(
    run: Run, host: BackupHost, tmp_path: Path
) -> None:
    only_here(run)
    await backed_up(run)
    found = await fetched(run, tmp_path)
    assert [one.where for one in found.copies] == ["local"]
    assert (tmp_path / "data" / found.local_file).read_bytes() == host.dumped
    assert host.left() == []


async def test_with_local_copies_only_a_copy_that_is_not_whole_keeps_the_hosts(
    run: Run, host: BackupHost, tmp_path: Path
) -> None:
    only_here(run)
    await backed_up(run)
    host.arrives = b"something else"
    with pytest.raises(StepFailed):
        await fetched(run, tmp_path)
    assert [file.name for file in host.left()] == [f"{ID}.dump", f"{ID}.json"]


async def test_the_removal_is_found_done_after_a_crash(run: Run, host: BackupHost, tmp_path: Path) -> None:
    only_here(run)
    await backed_up(run)
    first = await fetched(run, tmp_path)
    assert (await fetched(run, tmp_path)).local_file == first.local_file
    assert host.left() == []


async def test_an_encrypted_copy_is_found_after_a_crash_when_the_hosts_is_gone(
    run: Run, host: BackupHost, tmp_path: Path
) -> None:
    """Killed between the removal on the host and the journal: what was kept is there, and nothing is to be fetched."""
    rules = {"copies": ("local",), "encrypt_to": (str(x25519.Identity.generate().to_public()),)}
    run.project = run.project.model_copy(update={"backups": BackupRules.model_validate(rules)})
    await backed_up(run)
    first = await fetched(run, tmp_path)
    assert host.left() == []
    again = await fetched(run, tmp_path)
    assert again.copies == first.copies
    assert [one.where for one in again.copies] == ["local"]


async def test_what_a_kill_leaves_of_a_dump_to_be_encrypted_is_used_again_or_swept(
    run: Run, host: BackupHost, tmp_path: Path
) -> None:
    """Killed between the fetch and the encryption: under the name of a kept copy it would lie in the clear for good."""
    rules = {"encrypt_to": (str(x25519.Identity.generate().to_public()),)}
    run.project = run.project.model_copy(update={"backups": BackupRules.model_validate(rules)})
    await backed_up(run)
    folder = tmp_path / "data" / "backups" / "fitnessapp"
    folder.mkdir(parents=True)
    plain = folder / f"{ID}{leftovers.PLAIN}"
    plain.write_bytes(host.dumped)
    host.no_room_here = True  # a second fetch would fail
    assert (await fetched(run, tmp_path)).local_file == f"backups/fitnessapp/{ID}.dump.age"
    assert sorted(one.suffix for one in folder.iterdir()) == [".age", ".json"]
    plain.write_bytes(host.dumped)
    os.utime(plain, (0, 0))
    leftovers.sweep(folder.parent)
    assert not plain.exists()


def test_a_second_copy_of_an_older_record_does_not_hide_the_first(backup: Backup) -> None:
    """Records of older versions name two files and no copies: ours must not be forgotten when the host's comes or goes."""
    older = backup.model_copy(update={"copies": (), "local_file": "backups/fitnessapp/db-1.dump"})
    on_host = backup.copies[0]
    assert {one.where for one in copies.with_copy(older, on_host).copies} == {"host", "local"}
    assert [one.where for one in copies.without_copy(older, "host").copies] == ["local"]


@pytest.mark.parametrize(
    ("begun", "back"),
    [
        ({"lock"}, ["unlock"]),
        ({"lock", "backup"}, ["end-dump", "unlock"]),
        ({"lock", "backup", "fetch"}, ["prune", "unlock"]),
        ({"lock", "backup", "fetch", "offsite"}, ["prune", "unlock"]),
    ],
)
def test_old_ones_go_also_where_a_copy_failed_but_never_before_the_new_one_was_proven(
    tmp_path: Path, begun: set[str], back: list[str]
) -> None:
    """Else a full disk here would fill the host's, night after night."""
    found = steps.procedure(LOCK, tmp_path).rollback(operation().plan, frozenset(begun))
    assert [step.name for step in found] == back


def only_here(run: Run) -> None:
    rules = run.project.backups.model_copy(update={"copies": ("local",)})
    run.project = run.project.model_copy(update={"backups": rules})


def test_no_builder_removes_a_dump_whose_bytes_lie_nowhere_else(backup: Backup) -> None:
    with pytest.raises(ValueError, match="no other copy"):
        dumps.remove_copied(backup)
    other = backup.copies[0].model_copy(update={"where": "local", "sha256": "cd" * 32})
    with pytest.raises(ValueError, match="no other copy"):
        dumps.remove_copied(copies.with_copy(backup, other))
    same = other.model_copy(update={"sha256": backup.sha256})
    assert dumps.remove_copied(copies.with_copy(backup, same)).argv[3] == str(backup.host_file)
    foreign = backup.model_copy(update={"host_file": PurePosixPath("/b/database/by-hand.dump")})
    with pytest.raises(ValueError, match="not the dump"):
        dumps.remove_copied(copies.with_copy(foreign, same))


@pytest.fixture
async def backup(run: Run) -> Backup:
    return await backed_up(run)


def test_where_no_copy_is_wanted_here_none_is_fetched(tmp_path: Path) -> None:
    without = operation(*(name for name in BACKUP_STEPS if name != "fetch"))
    forward = steps.procedure(LOCK, tmp_path).forward
    assert "fetch" not in {step.name for step in forward(without.plan)}
    assert "fetch" in {step.name for step in forward(operation().plan)}


def test_what_the_host_says_of_a_dump_is_read_from_its_log() -> None:
    said = f"-- Dumped by pg_dump version 17.2 (Debian 17.2-1)\n{'1' * 64}  -\n3 COPY a.b (c) FROM stdin;\n"
    assert dumping.parse_dumped(said.encode()) is None
    found = dumping.parse_dumped(f"{said}dumped 12 {'a' * 64}\n".encode())
    assert found is not None
    assert (found.size, found.sha256, found.client, found.server) == (12, "a" * 64, "17.2", "")
    assert (found.data.rows, found.data.sums) == ({"a.b": 3}, {"a.b": "1" * 64})


async def test_the_job_that_dumps_reads_the_same_stream_back(run: Run) -> None:
    """R-DB-4: pg_dump and pg_restore are words of one job, told apart by a count."""
    engine = await steps.engine(run)
    spec: JobSpec = dumping._job(run, engine, PurePosixPath("/b/database/x.dump.part"))
    words = spec.command.argv
    count = int(words[3])
    assert "pg_dump" in words[4 : 4 + count]
    assert "pg_restore" in words[4 + count :]
