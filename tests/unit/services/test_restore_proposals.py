"""From a chosen backup to a plan: what is asked of the host, and what a plan rests on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.backups.models import Backup, Copy, Drilled
from services.commands.command import Command
from services.errors import BadInput, CommandFailed
from services.facts.models import Facts
from services.models import Kind, Operation, Plan, Severity, State
from services.phrases import Phrase
from services.projects import BackupRules, Project, SftpTarget
from services.remote.channels import Completed
from services.remote.hosts import Hosts
from services.restores.proposals import RestoreProposals
from services.store import Store
from tests.unit.checks.test_findings import container, facts, project
from tests.unit.checks.test_restore import BACKUP
from tests.unit.facts.test_cluster import RECORDED
from tests.unit.services.stage import proposal

LIMITED = RECORDED | {"super": False, "createdb": False, "first_user": "postgres"}
SUPER = RECORDED | {"user": "postgres", "first_user": "postgres"}


@dataclass
class Host:
    """Answers by what the command is about; `by_user` are the cluster's facts as each role sees them."""

    by_user: dict[str, dict[str, Any]] = field(default_factory=lambda: {"fitnessapp_user": RECORDED})
    databases: str = "fitnessapp\npostgres\n"
    dump: str | None = str(BACKUP.size)
    sha256: str = BACKUP.sha256
    rows: dict[str, int] | None = field(default_factory=lambda: {"public.diary": 5})
    asked: list[str] = field(default_factory=list)

    async def run(self, command: Command, *, check: bool = True, timeout: float = 0) -> Completed:
        del timeout
        text = self._answer(command)
        self.asked.append(command.argv[0] if command.argv[0] != "docker" else command.argv[-1][:12])
        if text is None and check:
            raise CommandFailed("psql", 2)
        return Completed(0 if text is not None else 1, (text or "").encode(), b"", truncated=False)

    def _answer(self, command: Command) -> str | None:
        if command.argv[0] == "stat":
            return self.dump
        if command.argv[0] == "sha256sum":
            return f"{self.sha256}  file"
        if "datname FROM pg_database" in command.argv[-1]:
            return self.databases
        if "pg_class" in command.argv[-1]:
            return None if self.rows is None else json.dumps(self.rows)
        (user,) = (word.split("=")[1] for word in command.argv if word.startswith("--username="))
        return json.dumps(self.by_user[user]) if user in self.by_user else None


def proposals(
    store: Store, host: Host, known: Facts | None = None, data: Path = Path("/nonexistent")
) -> RestoreProposals:
    async def read(_project: Project) -> Facts:
        return known or facts()

    return RestoreProposals(read, cast("Hosts", SimpleNamespace(get=lambda _name: host)), store, data)


async def test_a_plan_holds_the_backup_the_role_and_the_rows(store: Store) -> None:
    await store.backups.add(BACKUP.model_copy(update={"rows": {"public.diary": 2}}))
    plan = await proposals(store, Host()).restore(project(), BACKUP.id)
    about = plan.restoring
    assert about is not None
    assert (about.worker, about.rows_now, about.rows_then) == (
        "fitnessapp_user",
        {"public.diary": 5},
        {"public.diary": 2},
    )
    stored = {"encoding": "UTF8", "collate": "C.UTF-8", "ctype": "C.UTF-8", "provider": "c"}
    assert about.shape == stored | dict.fromkeys(("icu", "rules", "builtin", "tablespace"))
    assert (plan.kind, plan.risk, plan.backup, plan.blocked) == (Kind.RESTORE, "high", True, False)
    assert set(plan.old_images) == {"db", "backend"}


@pytest.mark.parametrize("ref", [None, "", "db-9"])
async def test_a_backup_that_is_not_known_is_bad_input(store: Store, ref: str | None) -> None:
    with pytest.raises(BadInput, match="error-no-backup"):
        await proposals(store, Host()).restore(project(), ref)


async def test_the_backup_of_another_project_is_not_known(store: Store) -> None:
    await store.backups.add(BACKUP)
    with pytest.raises(BadInput, match="error-no-backup"):
        await proposals(store, Host()).restore(project(name="shop"), BACKUP.id)


async def test_the_superuser_that_the_service_was_made_with_works_where_the_role_may_not(
    store: Store,
) -> None:
    await store.backups.add(BACKUP)
    host = Host(by_user={"fitnessapp_user": LIMITED, "postgres": SUPER})
    plan = await proposals(store, host).restore(project(), BACKUP.id)
    assert plan.restoring is not None
    assert plan.restoring.worker == "postgres"
    assert not plan.blocked


@pytest.mark.parametrize(
    "first_user", ["postgres", "", "host=evil dbname=x"], ids=["not let in", "unknown", "not a name"]
)
async def test_nobody_who_may_is_a_blocker(store: Store, first_user: str) -> None:
    await store.backups.add(BACKUP)
    host = Host(by_user={"fitnessapp_user": LIMITED | {"first_user": first_user}})
    plan = await proposals(store, host).restore(project(), BACKUP.id)
    assert [one.code for one in plan.findings if one.severity == "blocker"] == ["restore-rights"]


OWNER = LIMITED | {"createdb": True, "owns": True}
UNTRUSTED = BACKUP.model_copy(update={"extensions": {"dblink": "1.2", "pgcrypto": "1.3"}})


@pytest.mark.parametrize(
    ("backup", "role", "worker"),
    [
        (UNTRUSTED, OWNER, "postgres"),
        (BACKUP, OWNER, "fitnessapp_user"),
        (BACKUP, OWNER | {"made_by_superusers": 1}, "postgres"),
    ],
)
async def test_what_the_role_may_not_make_is_loaded_by_the_superuser(
    store: Store, backup: Backup, role: dict[str, Any], worker: str
) -> None:
    """R-DB-5: known before Confirm, not found out by a load that fails."""
    await store.backups.add(backup)
    host = Host(by_user={"fitnessapp_user": role, "postgres": SUPER})
    plan = await proposals(store, host).restore(project(), BACKUP.id)
    assert plan.restoring is not None
    assert plan.restoring.worker == worker
    assert not plan.blocked


async def test_extensions_that_nobody_may_make_block_with_their_names(store: Store) -> None:
    await store.backups.add(UNTRUSTED)
    plan = await proposals(store, Host(by_user={"fitnessapp_user": OWNER})).restore(project(), BACKUP.id)
    (found,) = (one for one in plan.findings if one.severity == "blocker")
    assert (found.code, found.args["names"]) == ("restore-extensions", "dblink")


async def test_the_tablespace_is_kept_where_the_worker_may_use_it(store: Store) -> None:
    await store.backups.add(BACKUP)
    host = Host(by_user={"fitnessapp_user": LIMITED, "postgres": SUPER | {"tablespace": "fast"}})
    plan = await proposals(store, host).restore(project(), BACKUP.id)
    assert plan.restoring is not None
    assert plan.restoring.shape["tablespace"] == "fast"


async def test_a_stopped_database_is_not_spoken_to(store: Store) -> None:
    await store.backups.add(BACKUP)
    host, stopped = Host(), facts(containers=(container("db", "exited"),))
    plan = await proposals(store, host, stopped).restore(project(), BACKUP.id)
    assert plan.blocked
    assert host.asked == ["stat", "sha256sum"]


async def test_rows_that_cannot_be_counted_do_not_block(store: Store) -> None:
    await store.backups.add(BACKUP)
    plan = await proposals(store, Host(rows=None)).restore(project(), BACKUP.id)
    assert plan.restoring is not None
    assert plan.restoring.rows_now is None
    assert not plan.blocked


WHOLE = b"PGDMP whole"
PROVEN = BACKUP.model_copy(
    update={"size": len(WHOLE), "sha256": hashlib.sha256(WHOLE).hexdigest(), "local_file": "copy.dump"}
)
ROTTED = Drilled(
    operation="op-2", at=datetime.now(UTC), good=False, seconds=1, reason=Phrase(id="error-dump-changed")
)


def codes(plan: Plan) -> set[str]:
    return {one.code for one in plan.findings if one.severity is not Severity.INFO}


@pytest.mark.parametrize("drilled", [None, ROTTED], ids=["not drilled", "found by a drill"])
@pytest.mark.parametrize("size", [str(len(WHOLE)), "3"], ids=["one bit", "cut off"])
async def test_where_the_host_s_copy_rotted_ours_is_offered_and_the_card_says_so(
    store: Store, tmp_path: Path, drilled: Drilled | None, size: str
) -> None:
    """R-DB-3, R-DB-5. Also at the tap."""
    (tmp_path / "copy.dump").write_bytes(WHOLE)
    await store.backups.add(PROVEN.model_copy(update={"drilled": drilled}))
    host = Host(dump=size, sha256="cd" * 32)
    plan = await proposals(store, host, data=tmp_path).restore(project(), BACKUP.id)
    assert codes(plan) == {"dump-damaged"}
    again = await proposals(store, host, data=tmp_path).restore_again(project(), plan)
    assert not again.blocked
    assert again.digest == plan.digest


async def test_where_both_rotted_nothing_is_offered(store: Store, tmp_path: Path) -> None:
    (tmp_path / "copy.dump").write_bytes(b"PGDMP whold")
    await store.backups.add(PROVEN)
    host = Host(dump=str(len(WHOLE)), sha256="cd" * 32)
    plan = await proposals(store, host, data=tmp_path).restore(project(), BACKUP.id)
    assert codes(plan) == {"dump-changed"}


async def test_a_copy_that_is_only_elsewhere_is_named_with_the_way_to_take_it(store: Store) -> None:
    copy = Copy(where="minio", file="x", size=1, sha256="ab", at=datetime.now(UTC), encrypted=True)
    await store.backups.add(PROVEN.model_copy(update={"copies": (copy,)}))
    plan = await proposals(store, Host(dump="3")).restore(project(), BACKUP.id)
    (found,) = (one for one in plan.findings if one.code == "dump-changed-elsewhere")
    assert (found.severity, found.args["places"]) == (Severity.BLOCKER, "minio")


async def test_a_host_s_copy_that_is_right_again_is_offered_although_a_drill_found_it_damaged(
    store: Store,
) -> None:
    await store.backups.add(PROVEN.model_copy(update={"drilled": ROTTED}))
    host = Host(dump=str(len(WHOLE)), sha256=PROVEN.sha256)
    plan = await proposals(store, host).restore(project(), BACKUP.id)
    assert not plan.blocked
    assert not (await proposals(store, host).restore_again(project(), plan)).blocked


@pytest.mark.parametrize("code", ["error-restore-differs", "error-drill-content"])
async def test_what_a_drill_found_in_the_dump_itself_speaks_against_every_copy(
    store: Store, tmp_path: Path, code: str
) -> None:
    (tmp_path / "copy.dump").write_bytes(WHOLE)
    bad = ROTTED.model_copy(update={"reason": Phrase(id=code)})
    await store.backups.add(PROVEN.model_copy(update={"drilled": bad}))
    plan = await proposals(store, Host(dump=None), data=tmp_path).restore(project(), BACKUP.id)
    assert "restore-drill-failed" in codes(plan)


async def test_rows_written_between_card_and_tap_change_no_plan_and_the_dump_is_not_hashed_twice(
    store: Store,
) -> None:
    await store.backups.add(BACKUP)
    first = await proposals(store, Host()).restore(project(), BACKUP.id)
    later = Host(rows={"public.diary": 6})
    again = await proposals(store, later).restore_again(project(), first)
    assert again.digest == first.digest
    assert "sha256sum" not in later.asked


async def test_another_role_or_another_collation_is_another_plan(store: Store) -> None:
    await store.backups.add(BACKUP)
    first = await proposals(store, Host()).restore(project(), BACKUP.id)
    changed = RECORDED | {"database": RECORDED["database"] | {"datcollate": "de_DE.utf8"}}
    again = await proposals(store, Host(by_user={"fitnessapp_user": changed})).restore_again(project(), first)
    assert again.digest != first.digest


async def ended(store: Store, kind: Kind = Kind.RESTORE, state: State = State.SUCCEEDED) -> Operation:
    plan = Plan(kind=kind, project="fitnessapp", steps=("lock",))
    return await store.operations.propose(
        proposal(id="op-1-k3f9", kind=kind, plan=plan, state=state, finished_at=datetime.now(UTC))
    )


async def test_an_undo_brings_back_what_its_restore_replaced(store: Store) -> None:
    of = await ended(store)
    host = Host(databases="fitnessapp\nfitnessapp_before_k3f9\n")
    plan = await proposals(store, host).undo(project(), of.id)
    assert plan.restoring is not None
    assert plan.restoring.incoming == "fitnessapp_before_k3f9"
    assert plan.restoring.rows_then == {"public.diary": 5}
    assert (plan.backup, plan.blocked) == (False, False)
    again = await proposals(store, host).undo_again(project(), plan)
    assert again.digest == plan.digest


async def test_an_undo_of_what_is_gone_is_blocked(store: Store) -> None:
    of = await ended(store)
    assert (await proposals(store, Host()).undo(project(), of.id)).blocked


async def test_only_a_restore_that_ended_can_be_undone(store: Store) -> None:
    of = await ended(store, Kind.DEPLOY)
    with pytest.raises(BadInput):
        await proposals(store, Host()).undo(project(), of.id)
    with pytest.raises(BadInput):
        await proposals(store, Host()).undo(project(), "op-none")


async def test_a_drop_takes_only_what_the_operation_kept_and_is_there(store: Store) -> None:
    of = await ended(store)
    host = Host(databases="fitnessapp\nfitnessapp_before_k3f9\nfitnessapp_before_aaaa\n")
    plan = await proposals(store, host).drop(project(), of.id)
    assert plan.restoring is not None
    assert plan.restoring.dropped == ("fitnessapp_before_k3f9",)
    gone = await proposals(store, replace(host, databases="fitnessapp\n")).drop_again(project(), plan)
    assert gone.blocked
    assert gone.digest != plan.digest


async def test_a_backup_that_is_only_off_site_is_brought_from_there(store: Store, tmp_path: Path) -> None:
    """R-DB-5: the host's disk died, and our own copy is none or rotted; then and at the tap."""
    nas = SftpTarget(sftp="nas", path=PurePosixPath("/volume"))
    asked = project(backups=BackupRules.model_validate({"offsite": {"nas": nas}}))
    copy = Copy(where="nas", file="fitnessapp/x", size=BACKUP.size, sha256=BACKUP.sha256, at=BACKUP.at)
    (tmp_path / "copy.dump").write_bytes(b"rotted")
    rotted = str(BACKUP.size + 1)
    for local, dump in (("", None), ("copy.dump", None), ("", rotted), ("copy.dump", rotted)):
        await store.backups.add(BACKUP.model_copy(update={"copies": (copy,), "local_file": local}))
        made = proposals(store, Host(dump=dump), data=tmp_path)
        plan = await made.restore(asked, BACKUP.id)
        assert not plan.blocked
        told = "dump-replaced" if dump else "dump-brought"
        assert next(one for one in plan.findings if one.code == told).args["place"] == "nas"
        assert "send-dump" in plan.steps
        assert (await made.restore_again(asked, plan)).digest == plan.digest
