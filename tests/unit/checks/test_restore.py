"""R-DB-5, R-UX-1: what is known before a database is replaced."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import pytest

from services.backups.models import Backup, Copy
from services.checks import drop_findings, restore_findings, undo_findings
from services.facts.cluster import Cluster, Seen
from services.models import Severity
from tests.unit.checks.test_findings import container, empty, facts, found, project, the

MIB = 1024 * 1024
CLUSTER = Cluster(
    user="fitnessapp_user", may_all=True, may_swap=True, first_user="fitnessapp_user", version="15.18",
    size=8 * MIB, encoding="UTF8", collate="C.UTF-8", ctype="C.UTF-8",
)  # fmt: skip
BACKUP = Backup(
    id="db-1", project="fitnessapp", operation="op-1", at=datetime(2026, 1, 1, tzinfo=UTC), size=MIB, sha256="ab",
    host_file=PurePosixPath("/home/me/fitnessapp_backup/database/db-1.dump"), server="15.18",
)  # fmt: skip
KEPT = "fitnessapp_before_k3f9"


def seen(**changes: Any) -> Seen:
    names = frozenset({"fitnessapp", "postgres", KEPT})
    values: dict[str, Any] = {
        "cluster": CLUSTER,
        "worker": CLUSTER.user,
        "databases": names,
        "dump": (MIB, "ab"),
    }
    return Seen(**values | changes)


def blockers(**changes: Any) -> list[str]:
    findings = restore_findings(project(), facts(), seen(**changes), BACKUP)
    return [one.code for one in findings if one.severity is Severity.BLOCKER]


def test_a_good_backup_of_a_running_database_has_nothing_against_it() -> None:
    assert found(restore_findings(project(), facts(), seen(), BACKUP)) == {"restore-server": Severity.INFO}


@pytest.mark.parametrize(
    ("dump", "code"),
    [
        (None, "dump-missing"),
        ((MIB - 1, "ab"), "dump-changed"),
        ((MIB, "cd"), "dump-changed"),
        ((MIB - 1, ""), "dump-changed"),
    ],
)
def test_a_dump_that_is_gone_or_is_not_the_proven_one_blocks(dump: tuple[int, str] | None, code: str) -> None:
    assert blockers(dump=dump) == [code]


def away(*, encrypted: bool) -> Backup:
    """Off-site only."""
    file = f"fitnessapp/{BACKUP.id}.dump" + (".age" if encrypted else "")
    copy = Copy(where="nas", file=file, size=MIB, sha256="ab", at=BACKUP.at, encrypted=encrypted)
    return BACKUP.model_copy(update={"copies": (copy,)})


def test_a_plain_copy_elsewhere_is_brought_and_the_card_says_from_where() -> None:
    """R-DB-5: the host's disk died."""
    findings = restore_findings(
        project(), facts(), seen(dump=None, brought_from="nas"), away(encrypted=False)
    )
    assert the(findings, "dump-brought").args["place"] == "nas"
    assert Severity.BLOCKER not in found(findings).values()


def test_a_damaged_one_of_the_host_is_told_where_another_takes_its_place() -> None:
    findings = restore_findings(
        project(), facts(), seen(dump=None, brought_from="nas", dump_is_damaged=True), away(encrypted=False)
    )
    finding = the(findings, "dump-replaced")
    assert (finding.severity, finding.args["place"]) == (Severity.WARNING, "nas")
    assert Severity.BLOCKER not in found(findings).values()


@pytest.mark.parametrize(("encrypted", "code"), [(True, "dump-encrypted"), (False, "dump-elsewhere")])
def test_copies_that_cannot_be_brought_are_named_with_their_places(code: str, *, encrypted: bool) -> None:
    backup = away(encrypted=encrypted)
    finding = the(restore_findings(project(), facts(), seen(dump=None), backup), code)
    assert finding.severity is Severity.BLOCKER
    assert finding.args["places"] == f"nas: {backup.copies[0].file}"
    assert finding.args["project"] == "fitnessapp"


def test_a_hash_that_was_not_asked_for_is_left_to_the_first_step() -> None:
    assert blockers(dump=(MIB, "")) == []


def test_a_stopped_database_blocks_with_the_command_that_starts_it() -> None:
    stopped = facts(containers=(container("db", "exited"), container("backend")))
    findings = restore_findings(project(), stopped, Seen(dump=(MIB, "ab")), BACKUP)
    assert "up -d db" in str(the(findings, "restore-database-down").args["command"])


def test_nothing_deployed_and_no_database_configured_block() -> None:
    assert "restore-nothing-deployed" in found(restore_findings(project(), empty(), Seen(), BACKUP))
    assert "restore-no-database" in found(restore_findings(project(database=None), facts(), Seen(), BACKUP))


def test_the_superuser_of_the_service_works_where_the_role_may_not_and_is_named() -> None:
    limited = CLUSTER.model_copy(update={"may_all": False, "may_swap": False, "first_user": "postgres"})
    findings = restore_findings(project(), facts(), seen(cluster=limited, worker="postgres"), BACKUP)
    assert the(findings, "restore-worker").args == {"role": "fitnessapp_user", "worker": "postgres"}
    assert blockers(cluster=limited, worker="") == ["restore-rights"]


@pytest.mark.parametrize(("free", "blocked"), [(16 * MIB - 1, True), (16 * MIB, False)])
def test_twice_the_larger_of_dump_and_database_must_fit(free: int, *, blocked: bool) -> None:
    tight = facts(host={"disk_available": free})
    roomy = project(min_free_disk_mb=0)
    assert ("restore-disk" in found(restore_findings(roomy, tight, seen(), BACKUP))) is blocked


@pytest.mark.parametrize(
    ("dumped", "blocked"), [("16.1", True), ("15.2", False), ("14.9", False), ("", False), ("odd", False)]
)
def test_an_older_server_does_not_get_a_newer_dump(dumped: str, *, blocked: bool) -> None:
    findings = restore_findings(project(), facts(), seen(), BACKUP.model_copy(update={"server": dumped}))
    assert ("restore-older-server" in found(findings)) is blocked


def test_settings_that_no_dump_holds_are_named_where_the_worker_may_not_copy_them_all() -> None:
    own = CLUSTER.model_copy(update={"own_settings": ("timezone", "GRANT"), "may_all": False})
    assert "restore-settings" not in found(
        restore_findings(project(), facts(), seen(cluster=own, worker="postgres"), BACKUP)
    )
    findings = restore_findings(project(), facts(), seen(cluster=own), BACKUP)
    assert the(findings, "restore-settings").args == {"names": "timezone, GRANT"}


def test_an_undo_needs_the_database_that_was_replaced() -> None:
    assert found(undo_findings(project(), facts(), seen(), KEPT)) == {}
    gone = undo_findings(project(), facts(), seen(databases=frozenset({"fitnessapp"})), KEPT)
    assert the(gone, "undo-gone").severity is Severity.BLOCKER


def test_a_drop_needs_something_to_drop_and_no_room() -> None:
    full = facts(host={"disk_available": 0})
    assert found(drop_findings(project(), full, seen(), (KEPT,))) == {}
    assert "drop-nothing" in found(drop_findings(project(), full, seen(), ()))
