"""From a backup to the plan of its drill: which backup, who works, what stands against it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import cast

import pytest

from services.backups.models import Backup, Copy, Drilled
from services.checks import restore_findings
from services.commands.command import Command
from services.drills.plans import DRILL_STEPS
from services.drills.proposals import DrillProposals
from services.errors import BadInput
from services.facts.models import Facts
from services.models import Kind, Plan, Severity
from services.projects import BackupRules, Project, SftpTarget
from services.remote.hosts import Hosts
from services.store import Store
from tests.unit.checks.test_findings import container, empty, facts, project
from tests.unit.checks.test_restore import BACKUP, seen
from tests.unit.facts.test_cluster import RECORDED
from tests.unit.services.test_restore_proposals import LIMITED, PROVEN, ROTTED, SUPER, WHOLE, Host

NOW = datetime.now(UTC)
SHOWN = tuple(one for one in DRILL_STEPS if one != "send-dump")
"""Of a dump that lies on the host."""
BAD = Drilled(operation="op-2", at=NOW, good=False, seconds=3)


def proposals(
    store: Store, host: Host | None = None, known: Facts | None = None, data: Path = Path("/nonexistent")
) -> DrillProposals:
    async def read(_project: Project) -> Facts:
        return known or facts()

    hosts = cast("Hosts", SimpleNamespace(get=lambda _name: host or Host()))
    return DrillProposals(read, hosts, store, data)


def blockers(plan: Plan) -> list[str]:
    return [one.code for one in plan.findings if one.severity is Severity.BLOCKER]


async def test_without_a_ref_the_newest_backup_is_drilled(store: Store) -> None:
    await store.backups.add(BACKUP)
    newer = BACKUP.model_copy(update={"id": "db-2", "at": BACKUP.at + timedelta(hours=1)})
    await store.backups.add(newer)
    plan = await proposals(store).drill(project(), None)
    assert plan.restoring is not None
    assert plan.restoring.backup == newer
    assert (plan.kind, plan.steps, plan.risk) == (Kind.DRILL, SHOWN, "low")
    assert not plan.blocked
    assert not plan.backup
    assert not plan.kind.typed


async def test_one_that_is_dated_in_the_future_is_not_the_newest(store: Store) -> None:
    """It would be drilled every night, and the real ones never."""
    await store.backups.add(BACKUP.model_copy(update={"at": NOW}))
    await store.backups.add(BACKUP.model_copy(update={"id": "db-2", "at": NOW + timedelta(days=900)}))
    plan = await proposals(store).drill(project(), None)
    assert plan.restoring is not None
    assert plan.restoring.backup is not None
    assert plan.restoring.backup.id == BACKUP.id


async def test_with_a_ref_it_is_that_one_also_where_its_last_drill_failed(store: Store) -> None:
    await store.backups.add(BACKUP.model_copy(update={"drilled": BAD}))
    await store.backups.add(BACKUP.model_copy(update={"id": "db-2", "at": BACKUP.at + timedelta(hours=1)}))
    plan = await proposals(store).drill(project(), BACKUP.id)
    assert plan.restoring is not None
    assert plan.restoring.backup is not None
    assert plan.restoring.backup.id == BACKUP.id
    assert not plan.blocked


@pytest.mark.parametrize(
    ("made", "asked", "ref", "code"),
    [
        (None, project(), None, "error-drill-no-backup"),
        (BACKUP, project(), "db-9", "error-no-backup"),
        (BACKUP, project(name="shop"), BACKUP.id, "error-no-backup"),
        (BACKUP, project(name="shop"), None, "error-drill-no-backup"),
        (BACKUP, project(database=None), None, "error-no-database"),
    ],
)
async def test_what_cannot_be_drilled_is_told_at_once(
    store: Store, made: Backup | None, asked: Project, ref: str | None, code: str
) -> None:
    if made:
        await store.backups.add(made)
    with pytest.raises(BadInput, match=code):
        await proposals(store).drill(asked, ref)


async def test_the_live_database_is_not_counted_and_the_dump_not_hashed_for_the_card(store: Store) -> None:
    await store.backups.add(BACKUP)
    host = Host()
    await proposals(store, host).drill(project(), None)
    assert "sha256sum" not in host.asked
    assert not any("pg_class" in one for one in host.asked)


async def test_a_dump_of_another_size_is_left_to_the_drill_which_records_what_it_finds(store: Store) -> None:
    await store.backups.add(BACKUP)
    assert not (await proposals(store, Host(dump="3")).drill(project(), None)).blocked


async def test_a_dump_that_is_gone_blocks_and_one_that_lies_here_is_sent_back(
    store: Store, tmp_path: Path
) -> None:
    await store.backups.add(BACKUP)
    gone = await proposals(store, Host(dump=None)).drill(project(), None)
    assert blockers(gone) == ["dump-missing"]
    (tmp_path / "copy.dump").write_bytes(b"x")
    await store.backups.add(BACKUP.model_copy(update={"local_file": "copy.dump"}))
    plan = await proposals(store, Host(dump=None), data=tmp_path).drill(project(), None)
    assert blockers(plan) == []
    assert "dump-sent-back" in {one.code for one in plan.findings}
    assert plan.steps == DRILL_STEPS


async def test_one_that_is_only_off_site_is_brought_from_there(store: Store) -> None:
    nas = SftpTarget(sftp="nas", path=PurePosixPath("/volume"))
    rules = BackupRules.model_validate({"offsite": {"nas": nas}})
    file = f"fitnessapp/{BACKUP.id}.dump"
    copy = Copy(where="nas", file=file, size=BACKUP.size, sha256=BACKUP.sha256, at=BACKUP.at)
    await store.backups.add(BACKUP.model_copy(update={"copies": (copy,)}))
    plan = await proposals(store, Host(dump=None)).drill(project(backups=rules), None)
    assert blockers(plan) == []
    assert "dump-brought" in {one.code for one in plan.findings}
    assert plan.steps == DRILL_STEPS
    assert blockers(await proposals(store, Host(dump=None)).drill(project(), None)) == ["dump-elsewhere"]


async def test_what_a_drill_found_damaged_on_the_host_is_replaced_by_ours_the_next_time(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "copy.dump").write_bytes(WHOLE)
    rotting = Host(dump=str(len(WHOLE)), sha256="cd" * 32)
    await store.backups.add(PROVEN)
    first = await proposals(store, rotting, data=tmp_path).drill(project(), None)
    assert "dump-damaged" not in {one.code for one in first.findings}, "the drill is to find it, and to tell"
    await store.backups.add(PROVEN.model_copy(update={"drilled": ROTTED}))
    plan = await proposals(store, rotting, data=tmp_path).drill(project(), None)
    assert "dump-damaged" in {one.code for one in plan.findings}
    assert not plan.blocked


async def test_the_superuser_works_where_the_role_may_not_and_the_card_says_which(store: Store) -> None:
    await store.backups.add(BACKUP)
    host = Host(by_user={"fitnessapp_user": LIMITED, "postgres": SUPER})
    plan = await proposals(store, host).drill(project(), None)
    assert plan.restoring is not None
    assert plan.restoring.worker == "postgres"
    (worker,) = (one for one in plan.findings if one.code == "drill-worker")
    assert worker.args == {"role": "fitnessapp_user", "worker": "postgres"}
    nobody = Host(by_user={"fitnessapp_user": LIMITED})
    assert blockers(await proposals(store, nobody).drill(project(), None)) == ["drill-rights"]


@pytest.mark.parametrize(
    ("known", "code"),
    [
        (empty(), "restore-nothing-deployed"),
        (facts(containers=(container("db", "exited"), container("backend"))), "restore-database-down"),
        (facts(host={"disk_available": 2 * RECORDED["size"] - 1}), "drill-disk"),
    ],
)
async def test_what_stands_against_a_drill(store: Store, known: Facts, code: str) -> None:
    await store.backups.add(BACKUP)
    plan = await proposals(store, known=known).drill(project(min_free_disk_mb=0), None)
    assert code in blockers(plan)


async def test_an_older_server_does_not_drill_a_newer_dump(store: Store) -> None:
    """It could only fail, and would hold against the backup what is the server's."""
    await store.backups.add(BACKUP.model_copy(update={"server": "99.1"}))
    assert blockers(await proposals(store).drill(project(), None)) == ["restore-older-server"]


async def test_a_copy_that_went_elsewhere_meanwhile_changes_no_plan(store: Store) -> None:
    await store.backups.add(BACKUP)
    first = await proposals(store).drill(project(), None)
    copy = Copy(where="minio", file="x", size=1, sha256="ab", at=NOW)
    await store.backups.add(BACKUP.model_copy(update={"copies": (copy,), "drilled": BAD}))
    assert (await proposals(store).drill_again(project(), first)).digest == first.digest


async def test_the_tap_drills_the_backup_of_the_card_not_a_newer_one(store: Store) -> None:
    await store.backups.add(BACKUP)
    first = await proposals(store).drill(project(), None)
    await store.backups.add(BACKUP.model_copy(update={"id": "db-2", "at": BACKUP.at + timedelta(hours=1)}))
    again = await proposals(store).drill_again(project(), first)
    assert again.digest == first.digest
    assert again.restoring == first.restoring


@pytest.mark.parametrize(("good", "against"), [(False, ["restore-drill-failed"]), (True, [])])
def test_only_a_backup_that_came_through_its_newest_drill_may_be_restored(
    *, good: bool, against: list[str]
) -> None:
    """R-DB-3."""
    drilled = BACKUP.model_copy(update={"drilled": BAD.model_copy(update={"good": good})})
    findings = restore_findings(project(), facts(), seen(), drilled)
    assert [one.code for one in findings if one.severity is Severity.BLOCKER] == against


@dataclass
class Dockered(Host):
    """Says where Docker keeps its data, and how much is free there."""

    root: str | None = "/srv/docker"
    free: int = 10 * 1024**3

    def _answer(self, command: Command) -> str | None:
        return self.root if command.argv[:2] == ("docker", "info") else super()._answer(command)

    async def verb(self, verb: str, *words: object) -> bytes:
        assert (verb, [str(one) for one in words]) == ("host", [self.root])
        said = {"load": "0 0 0", "cpus": 1, "mem_total_kb": 1, "mem_available_kb": 1, "disk_total_kb": 1}
        rest = {"disk_available_kb": self.free // 1024, "uptime": 1, "time": 1, "home": "/home/me"}
        return "".join(f"{key} {value}\n" for key, value in (said | rest).items()).encode()


IN_CONTAINER = project().model_copy(update={"backups": BackupRules(drill_in="container")})


async def test_in_a_container_the_role_needs_no_rights_and_is_not_spoken_of(store: Store) -> None:
    """R-DB-3: neither the role nor anybody else of the live database makes anything."""
    await store.backups.add(BACKUP)
    nobody = Dockered(by_user={"fitnessapp_user": LIMITED})
    assert "drill-rights" in blockers(await proposals(store, nobody).drill(project(), None))
    plan = await proposals(store, nobody).drill(IN_CONTAINER, None)
    assert blockers(plan) == []
    assert not {"drill-rights", "drill-worker"} & {one.code for one in plan.findings}
    assert plan.restoring
    assert plan.restoring.worker == "fitnessapp_user"


async def test_the_container_is_made_of_the_very_image_that_serves_and_another_one_is_another_plan(
    store: Store,
) -> None:
    await store.backups.add(BACKUP)
    of_old = await proposals(store, Dockered()).drill(IN_CONTAINER, None)
    newer = container("db").model_copy(update={"image_id": "sha256:" + "7" * 64})
    other = facts(containers=(newer,))
    of_new = await proposals(store, Dockered(), other).drill(IN_CONTAINER, None)
    assert of_old.restoring
    assert of_new.restoring
    assert of_new.restoring.scratch_image == "sha256:" + "7" * 64
    assert of_old.restoring.scratch_image != of_new.restoring.scratch_image
    assert of_old.digest != of_new.digest
    in_cluster = await proposals(store).drill(project(), None)
    assert in_cluster.restoring
    assert in_cluster.restoring.scratch_image == ""


async def test_room_is_asked_for_where_docker_keeps_its_data(store: Store) -> None:
    await store.backups.add(BACKUP)
    full = await proposals(store, Dockered(free=0)).drill(IN_CONTAINER, None)
    (found,) = (one for one in full.findings if one.code == "drill-disk")
    assert found.args["path"] == "/srv/docker"
    assert not (await proposals(store, Dockered(free=0)).drill(project(), None)).blocked


@pytest.mark.parametrize("root", [None, "", "not a path"])
async def test_where_docker_does_not_say_room_is_asked_for_at_the_deployment_path(
    store: Store, root: str | None
) -> None:
    await store.backups.add(BACKUP)
    assert not (await proposals(store, Dockered(root=root)).drill(IN_CONTAINER, None)).blocked
