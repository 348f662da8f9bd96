"""R-DB-3: a drill says whether a backup can be restored, touches nothing, and leaves nothing behind."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from services import policy
from services.backups.models import Backup, Copy, Drilled, is_good
from services.commands import postgres
from services.drills import contents, steps
from services.drills.plans import DRILL_STEPS
from services.errors import CommandFailed, StepFailed
from services.facts.cluster import TableData
from services.models import Kind, Operation, Plan, Restoring, State
from services.operation_log import OperationLogs
from services.phrases import Phrase
from services.projects import BackupRules
from services.remote.channels import Completed
from services.remote.host import RemoteHost
from services.remote.jobs import JobSpec
from services.runs import Run, Skip, StepDef
from services.store import Store
from tests.unit.services.server import DATABASE, ScriptedServer
from tests.unit.services.stage import PROJECT, proposal
from tests.unit.services.test_restores import BACKUP, SHAPE

SCRATCH = "fitnessapp_drill_k3f9"
MADE = "db-20261123-080000-k3f8"
ARCHIVE = {"public.diary": ["a", "b"], "public.plans": ["1", "2", "3"], "public.void": []}
LIVE = {"public.diary": 5, "public.plans": 3, "public.void": 0}
PRINTING = {"TimeZone": "Europe/Moscow", "bytea_output": "hex", "lc_monetary": "C", "client_encoding": "UTF8"}


def sums(tables: dict[str, list[str]], *, in_order: bool = True) -> dict[str, str]:
    ordered = {name: lines if in_order else sorted(lines) for name, lines in tables.items()}
    return {name: hashlib.sha256("\n".join(lines).encode()).hexdigest() for name, lines in ordered.items()}


def counted(tables: dict[str, list[str]]) -> dict[str, int]:
    return {name: len(lines) for name, lines in tables.items()}


PROVEN = BACKUP.model_copy(update={"rows": counted(ARCHIVE), "sums": sums(ARCHIVE)})


@dataclass
class DrilledServer(ScriptedServer):
    """Knows the lines of the archive's tables, and those that came out of it."""

    lines: dict[str, list[str]] = field(default_factory=lambda: dict(ARCHIVE))
    restored: dict[str, list[str]] = field(default_factory=lambda: dict(ARCHIVE))
    load_says: str = ""
    on_host: bool = True
    gone: bool = False
    removal_fails: bool = False
    read: list[tuple[str, ...]] = field(default_factory=list)

    def _job(self, spec: JobSpec) -> int:
        words = spec.command.argv
        verb = next((word for word in words if word in {"copy-rows", "copy-sorted"}), "")
        if verb:
            self.read.append(words)
            of_archive = "pg_restore" in words
            tables = self.lines if of_archive else self.restored
            self.did.append(f"{verb} {'archive' if of_archive else self._named(spec.command)}")
            summed = sums(tables, in_order=verb == "copy-rows")
            said = [
                f"{summed[name]}  -\n{len(lines)} COPY {name} (x) FROM stdin;"
                for name, lines in tables.items()
            ]
            self.logs[spec.id] = "\n".join([*said, ""]).encode()
            return 0
        status = super()._job(spec)
        if "pg_restore" in words and self.load_says:
            self.logs[spec.id] = self.load_says.encode()
        return status

    async def run(self, command: Any, **options: Any) -> Completed:
        if "bytea_output" in command.argv[-1]:
            assert self._named(command) == "fitnessapp"
            return Completed(0, json.dumps(PRINTING).encode(), b"", truncated=False)
        if command.argv[0] == "test":
            return Completed(0 if self.on_host else 1, b"", b"", truncated=False)
        if command.argv[0] == "stat" and self.gone:
            return Completed(1, b"", b"No such file", truncated=False)
        if command.argv[0] == "rm":
            if self.removal_fails:
                raise CommandFailed("rm", 1, "Read-only file system")
            self.did.append(f"remove {command.argv[3]}")
            self.on_host = False
            return Completed(0, b"", b"", truncated=False)
        return await super().run(command, **options)


def operation(backup: Backup = PROVEN, **changes: Any) -> Operation:
    about = Restoring(database="fitnessapp", backup=backup, worker="fitnessapp_user", shape=SHAPE)
    plan = Plan(kind=Kind.DRILL, project="fitnessapp", steps=DRILL_STEPS, restoring=about)
    values: dict[str, Any] = {"id": "op-20261123-091500-k3f9", "kind": Kind.DRILL, "plan": plan}
    return proposal(**values | {"state": State.RUNNING, "started_at": datetime.now(UTC)} | changes)


@pytest.fixture
def server() -> DrilledServer:
    return DrilledServer(PROVEN, {"fitnessapp": dict(LIVE), "postgres": {}}, archive=counted(ARCHIVE))


def running(of: Operation, server: DrilledServer, store: Store, folder: Path) -> Run:
    project = PROJECT.model_copy(update={"database": DATABASE})
    logs = OperationLogs(folder / "logs", lambda text: text)
    return Run(of, project, cast("RemoteHost", server), store, logs, lambda: None)


@pytest.fixture
async def run(server: DrilledServer, store: Store, tmp_path: Path) -> Run:
    await store.backups.add(PROVEN)
    return running(operation(), server, store, tmp_path)


async def _nothing(_run: Run) -> None: ...


LOCK, HERE = StepDef("lock", _nothing), Path("/nonexistent")


async def drilled(run: Run, until: str = "record-drill") -> Backup:
    """The steps one after the other, as the runner takes them; the backup as it is known then."""
    for step in steps.procedure(LOCK, HERE).forward(run.plan)[1:-1]:
        run.step_name = step.name
        result = await step.work(run)
        run.results[step.name] = result if isinstance(result, dict) else {}
        if step.name == until:
            break
    return await known(run)


async def known(run: Run) -> Backup:
    found = await run.store.backups.get(PROVEN.id)
    assert found is not None
    return found


async def failed(run: Run, error: StepFailed) -> Backup:
    """What the way back makes of it."""
    tail = error.detail
    run.operation = run.operation.model_copy(update={"reason": error.phrase, "log_tail": tail})
    run.phase = "rollback"
    begun = frozenset({"create-scratch"})
    for step in steps.procedure(LOCK, HERE).rollback(run.plan, begun)[:-1]:
        run.step_name = step.name
        await step.work(run)
    return await known(run)


def test_the_plan_names_the_very_steps_that_run() -> None:
    assert tuple(step.name for step in steps.procedure(LOCK, HERE).forward(operation().plan)) == DRILL_STEPS


def test_no_step_of_a_drill_touches_what_runs() -> None:
    """Whatever ends it, it failed or it succeeded: there is nothing to bring back."""
    assert not policy.live_touched(set(DRILL_STEPS))
    assert not policy.stopped_by_lock(Kind.DRILL)


async def test_a_good_drill_leaves_a_mark_and_nothing_else(run: Run, server: DrilledServer) -> None:
    backup = await drilled(run)
    assert backup.drilled is not None
    assert (backup.drilled.good, backup.drilled.tables, backup.drilled.rows) == (True, 3, 5)
    assert backup.drilled.compared
    assert backup.drilled.operation == run.operation.id
    assert server.databases == {"fitnessapp": LIVE, "postgres": {}}
    assert server.did == [
        f"drop {SCRATCH}", f"create {SCRATCH}", f"load {SCRATCH}", f"analyze {SCRATCH}",
        f"copy-rows {SCRATCH}", f"drop {SCRATCH}",
    ]  # fmt: skip


async def test_the_scratch_database_prints_as_the_live_ones_login_does(
    run: Run, server: DrilledServer
) -> None:
    """What ALTER ROLE and ALTER DATABASE set is not set for it; times would look different."""
    await drilled(run, until="compare")
    (words,) = server.read
    assert any("-c TimeZone=Europe/Moscow" in word for word in words)


async def test_what_the_record_of_a_backup_says_besides_stays(run: Run) -> None:
    """Another copy may be noted while the drill runs."""
    await drilled(run, until="compare")
    await run.store.backups.add((await known(run)).model_copy(update={"label": "noted meanwhile"}))
    run.step_name = "record-drill"
    await steps.record(HERE)(run)
    assert (await known(run)).label == "noted meanwhile"


@pytest.mark.parametrize(
    ("restored", "table", "expected", "found"),
    [
        ({"public.diary": ["a"]}, "public.diary", 2, 1),
        ({"public.extra": ["x"]}, "public.extra", 0, 1),
        ({"public.plans": []}, "public.plans", 3, 0),
    ],
)
async def test_other_rows_are_named_and_held_against_the_backup(
    run: Run, server: DrilledServer, restored: dict[str, list[str]], table: str, expected: int, found: int
) -> None:
    server.restored |= restored
    with pytest.raises(StepFailed, match="error-restore-differs") as error:
        await drilled(run)
    assert error.value.phrase.args == {"table": table, "expected": expected, "found": found}
    backup = await failed(run, error.value)
    assert backup.drilled is not None
    assert not is_good(backup)
    assert backup.drilled.reason == error.value.phrase
    assert server.databases == {"fitnessapp": LIVE, "postgres": {}}


async def test_as_many_rows_with_other_values_are_found_by_their_sums(
    run: Run, server: DrilledServer
) -> None:
    server.restored["public.diary"] = ["a", "c"]
    with pytest.raises(StepFailed, match="error-drill-content") as error:
        await drilled(run)
    assert error.value.phrase.args["table"] == "public.diary"
    assert not is_good(await failed(run, error.value))


async def test_an_empty_table_that_does_not_come_back_is_missed(run: Run, server: DrilledServer) -> None:
    del server.restored["public.void"]
    with pytest.raises(StepFailed, match="error-drill-content") as error:
        await drilled(run)
    assert error.value.phrase.args["table"] == "public.void"


async def test_rows_that_come_back_in_another_order_are_the_same_rows(
    run: Run, server: DrilledServer
) -> None:
    server.restored["public.diary"] = ["b", "a"]
    assert is_good(backup := await drilled(run))
    assert backup.drilled is not None
    assert server.did[-3:] == ["copy-sorted archive", f"copy-sorted {SCRATCH}", f"drop {SCRATCH}"]


async def test_a_record_that_was_tampered_with_is_found_although_the_archive_is_whole(
    server: DrilledServer, store: Store, tmp_path: Path
) -> None:
    lie = PROVEN.model_copy(update={"sums": sums(ARCHIVE) | {"public.plans": "0" * 64}})
    await store.backups.add(lie)
    run = running(operation(lie), server, store, tmp_path)
    with pytest.raises(StepFailed, match="error-drill-content") as error:
        await drilled(run)
    assert error.value.phrase.args["table"] == "public.plans"


@pytest.mark.parametrize("lacking", [{"rows": None, "sums": None}, {"sums": None}])
async def test_without_a_record_the_archive_itself_is_counted_first(
    server: DrilledServer, store: Store, tmp_path: Path, lacking: dict[str, None]
) -> None:
    older = PROVEN.model_copy(update=lacking)
    await store.backups.add(older)
    run = running(operation(older), server, store, tmp_path)
    assert (await drilled(run)).drilled is not None
    assert "copy-rows archive" in server.did
    server.restored["public.diary"] = ["a", "c"]
    with pytest.raises(StepFailed, match="error-drill-content"):
        await drilled(running(operation(older, id="op-1-aaaa"), server, store, tmp_path))


async def test_rows_of_an_older_record_count_too(server: DrilledServer, store: Store, tmp_path: Path) -> None:
    older = PROVEN.model_copy(update={"rows": {"public.diary": 9}, "sums": None})
    await store.backups.add(older)
    with pytest.raises(StepFailed, match="error-restore-differs"):
        await drilled(running(operation(older), server, store, tmp_path))


async def test_a_dump_that_changed_after_its_proof_is_held_against_it(
    run: Run, server: DrilledServer
) -> None:
    server.backup = PROVEN.model_copy(update={"sha256": "cd"})
    with pytest.raises(StepFailed, match="error-dump-changed") as error:
        await drilled(run)
    assert server.did == []
    assert not is_good(await failed(run, error.value))


async def test_a_dump_that_is_gone_from_the_host_says_so_and_is_not_called_bad(
    run: Run, server: DrilledServer
) -> None:
    server.gone = True
    with pytest.raises(StepFailed, match="error-dump-gone") as error:
        await drilled(run)
    assert (await failed(run, error.value)).drilled is None


async def test_a_dump_of_another_major_version_is_compared_by_rows_alone(
    server: DrilledServer, store: Store, tmp_path: Path
) -> None:
    """PostgreSQL 12 writes floats otherwise than 11, pg_dump 17 large objects otherwise than 16: both are good."""
    older = PROVEN.model_copy(update={"server": "11.22"})
    await store.backups.add(older)
    server.restored["public.diary"] = ["A", "B"]
    run = running(operation(older), server, store, tmp_path)
    assert is_good(found := await drilled(run))
    assert found.drilled is not None
    assert run.results["compare"]["summed"] is False
    server.restored["public.diary"] = ["A"]
    with pytest.raises(StepFailed, match="error-restore-differs"):
        await drilled(running(operation(older, id="op-1-aaaa"), server, store, tmp_path))


async def test_the_same_major_version_is_compared_by_sums(
    server: DrilledServer, store: Store, tmp_path: Path
) -> None:
    older = PROVEN.model_copy(update={"server": "15.1"})
    await store.backups.add(older)
    server.restored["public.diary"] = ["A", "B"]
    with pytest.raises(StepFailed, match="error-drill-content"):
        await drilled(running(operation(older), server, store, tmp_path))


async def test_values_are_printed_as_they_were_when_the_dump_was_made(
    server: DrilledServer, store: Store, tmp_path: Path
) -> None:
    """The login's time zone may have been changed since."""
    then = PROVEN.model_copy(update={"printing": {"TimeZone": "Asia/Tokyo"}})
    await store.backups.add(then)
    await drilled(running(operation(then), server, store, tmp_path), until="compare")
    (words,) = server.read
    assert "PGOPTIONS=-c TimeZone=Asia/Tokyo" in words


async def test_sql_that_tells_no_rows_is_loaded_and_not_called_compared(
    server: DrilledServer, store: Store, tmp_path: Path
) -> None:
    """R-DB-3: comparing a scratch database with itself proves nothing."""
    by_hand = PROVEN.model_copy(update={"form": "plain", "rows": None, "sums": None, "imported": True})
    await store.backups.add(by_hand)
    backup = await drilled(running(operation(by_hand), server, store, tmp_path))
    assert backup.drilled is not None
    assert (backup.drilled.good, backup.drilled.compared, backup.drilled.rows) == (True, False, 5)


# --- what says nothing about the backup ----------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (1, 'pg_restore: error: could not execute query: ERROR:  type "citext" does not exist'),
        (1, 'pg_restore: error: COPY failed for table "diary": ERROR:  invalid input syntax'),
        (1, "pg_restore: error: could not read from input file: end of file"),
        (3, 'psql:<stdin>:7: ERROR:  type "citext" does not exist'),
    ],
)
async def test_a_dump_that_does_not_load_is_held_against_it(
    run: Run, server: DrilledServer, status: int, said: str
) -> None:
    server.load_status, server.load_says = status, said
    with pytest.raises(StepFailed, match="error-restore-load") as error:
        await drilled(run)
    assert not is_good(await failed(run, error.value))
    assert server.databases == {"fitnessapp": LIVE, "postgres": {}}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (1, 'ERROR:  could not extend file "base/16399/16402": No space left on device'),
        (1, "FATAL:  terminating connection due to administrator command"),
        (
            1,
            'connection to server on socket "/var/run/x" failed: FATAL:  the database system is shutting down',
        ),
        (1, "ERROR:  out of memory\nDETAIL:  Failed on request of size 12."),
        (1, "server closed the connection unexpectedly"),
        (1, "Error response from daemon: container fe7d is not running"),
        (1, 'pg_restore: error: could not execute query: ERROR:  extension "postgis" is not available'),
        (
            1,
            'pg_restore: error: could not execute query: ERROR:  permission denied to create extension "postgis"',
        ),
        (1, 'pg_restore: error: could not execute query: ERROR:  role "reports" does not exist'),
        # Of a server that speaks another language only what pg_restore itself says is understood.
        (
            1,
            "pg_restore: error: could not execute query: ОШИБКА:  не удалось расширить файл: На устройстве не осталось места",
        ),
        (1, 'pg_restore: error: COPY failed for table "diary": FEHLER:  konnte Datei nicht erweitern'),
        (3, "psql:<stdin>:7: ОШИБКА:  не удалось записать в файл"),
        (137, ""),
        (126, "OCI runtime exec failed"),
    ],
)
async def test_trouble_of_the_server_says_nothing_about_the_backup(
    run: Run, server: DrilledServer, status: int, said: str
) -> None:
    server.load_status, server.load_says = status, said
    with pytest.raises(StepFailed, match="error-restore-load") as error:
        await drilled(run)
    assert (await failed(run, error.value)).drilled is None
    assert server.databases == {"fitnessapp": LIVE, "postgres": {}}


@pytest.mark.parametrize(
    "code",
    ["error-cancelled", "error-unreachable", "error-job-interrupted", "error-step-timeout", "error-internal"],
)
async def test_other_reasons_say_nothing_about_the_backup_either(run: Run, code: str) -> None:
    earlier = Drilled(operation="op-0", at=datetime.now(UTC), good=True, seconds=1)
    await run.store.backups.drilled(PROVEN.id, earlier)
    run.operation = run.operation.model_copy(update={"reason": Phrase(id=code)})
    assert await steps.record_failure(HERE)(run) is Skip.SKIPPED
    assert (await known(run)).drilled == earlier


# --- the scratch database ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begun", "back"),
    [
        ({"lock"}, ["record-drill", "unlock"]),
        ({"lock", "verify-dump"}, ["record-drill", "unlock"]),
        ({"lock", "verify-dump", "create-scratch"}, ["record-drill", "drop-scratch", "unlock"]),
        (set(DRILL_STEPS) - {"unlock"}, ["record-drill", "drop-scratch", "unlock"]),
    ],
)
def test_the_way_back_drops_what_may_have_been_made(begun: set[str], back: list[str]) -> None:
    found = steps.procedure(LOCK, HERE).rollback(operation().plan, frozenset(begun))
    assert [step.name for step in found] == back


async def test_what_an_earlier_drill_had_to_leave_is_dropped_and_nothing_that_people_made(
    run: Run, server: DrilledServer, store: Store
) -> None:
    plan = operation().plan
    await store.operations.propose(operation(id="op-20261122-091500-aaaa", state=State.FAILED, plan=plan))
    server.databases |= {
        "fitnessapp_drill_aaaa": {},
        "fitnessapp_drill_2024": {"public.mine": 1},  # of no drill that we know
        "fitnessapp_before_aaaa": {},
    }
    await drilled(run)
    left = {"fitnessapp", "postgres", "fitnessapp_drill_2024", "fitnessapp_before_aaaa"}
    assert set(server.databases) == left


async def test_what_other_kinds_and_projects_did_since_hides_no_earlier_drill(store: Store) -> None:
    """A scratch database is as large as the live one: it must not be forgotten behind many nights of other work."""
    others: tuple[dict[str, Any], ...] = ({}, {"kind": Kind.BACKUP}, {"project": "shop"})
    for number, changes in enumerate(others):
        made = operation(id=f"op-2026112{number}-091500-aaaa", created_at=datetime.now(UTC), **changes)
        await store.operations.propose(made.model_copy(update={"state": State.FAILED, "nonce": f"n{number}"}))
    (found,) = await store.operations.of_kind("fitnessapp", Kind.DRILL, 1)
    assert found.id == "op-20261120-091500-aaaa"


async def test_a_database_of_that_name_that_was_there_before_is_somebody_elses(
    run: Run, server: DrilledServer
) -> None:
    server.databases[SCRATCH] = {"public.precious": 1}
    with pytest.raises(StepFailed, match="error-restore-name-taken") as error:
        await drilled(run)
    assert (
        steps.procedure(LOCK, HERE).rollback(run.plan, frozenset({"lock", "verify-dump"}))[-1].name
        == "unlock"
    )
    assert server.databases[SCRATCH] == {"public.precious": 1}
    run.operation = run.operation.model_copy(update={"reason": error.value.phrase})
    assert not steps.speaks_against(run.operation)


@pytest.mark.parametrize(
    "names",
    [
        {"incoming": SCRATCH, "outgoing": "fitnessapp_before_k3f9"},
        {"incoming": "fitnessapp_restore_k3f9", "outgoing": SCRATCH},
    ],
)
def test_no_builder_puts_a_scratch_database_into_place(names: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="drill"):
        postgres.swap("fe7dc6a4cd33", DATABASE, **names)


def test_settings_that_could_end_their_word_never_reach_a_command() -> None:
    """They are read from the server, which somebody else may have set up."""
    odd = {"TimeZone": "<+03>-03 -c search_path=x", "bytea_output": "hex", "work_mem": "1"}
    words = postgres.data("fe7dc6a4cd33", DATABASE, "opsgate:op-1", odd).argv
    assert [word for word in words if word.startswith("PGOPTIONS")] == ["PGOPTIONS=-c bytea_output=hex"]


# --- a dump that lies only where the bot runs ------------------------------------------------------


@pytest.mark.parametrize(("wanted", "left"), [(("local",), False), (("host", "local"), True)])
async def test_a_copy_that_was_sent_for_the_drill_goes_again_where_none_is_wanted(
    server: DrilledServer, store: Store, tmp_path: Path, wanted: tuple[str, ...], *, left: bool
) -> None:
    content = b"0123456789"
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "db-1.dump").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    copy = Copy(where="local", file="backups/db-1.dump", size=10, sha256=sha256, at=datetime.now(UTC))
    named = {"id": MADE, "host_file": PROVEN.host_file.with_name(f"{MADE}.dump")}
    ours = PROVEN.model_copy(update={"sha256": sha256, "local_file": copy.file, "copies": (copy,)} | named)
    sent = ours.model_copy(update={"copies": (copy, copy.model_copy(update={"where": "host"}))})
    await store.backups.add(sent)  # as sending it noted
    run = running(operation(ours), server, store, tmp_path)
    run.project = run.project.model_copy(update={"backups": BackupRules(copies=wanted)})
    await steps.take_back_sent(run, tmp_path)
    await steps.take_back_sent(run, tmp_path)  # a second time after a crash
    found = await store.backups.get(MADE)
    assert found is not None
    assert ("host" in {one.where for one in found.copies}) is left
    assert server.on_host is left


async def test_a_copy_that_came_from_off_site_for_the_drill_goes_again_too(
    server: DrilledServer, store: Store, tmp_path: Path
) -> None:
    named = {"id": MADE, "host_file": PROVEN.host_file.with_name(f"{MADE}.dump")}
    away = Copy(where="nas", file="x", size=PROVEN.size, sha256=PROVEN.sha256, at=datetime.now(UTC))
    lost = PROVEN.model_copy(update={"copies": (away,)} | named)
    await store.backups.add(
        lost.model_copy(update={"copies": (away, away.model_copy(update={"where": "host"}))})
    )
    run = running(operation(lost), server, store, tmp_path)
    run.project = run.project.model_copy(update={"backups": BackupRules(copies=("local",))})
    await steps.take_back_sent(run, tmp_path)
    assert server.on_host, "nobody knows that another was whole a moment ago"
    run.results["send-dump"] = {"size": PROVEN.size, "from": "nas"}
    await steps.take_back_sent(run, tmp_path)
    found = await store.backups.get(MADE)
    assert found is not None
    assert {one.where for one in found.copies} == {"nas"}
    assert not server.on_host


async def test_a_copy_that_cannot_be_taken_back_fails_no_drill_and_leaves_no_database(
    server: DrilledServer, store: Store, tmp_path: Path
) -> None:
    """The way back notes first and drops then: what goes wrong in between must not keep it from dropping."""
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "db-1.dump").write_bytes(b"0123456789")
    sha256 = hashlib.sha256(b"0123456789").hexdigest()
    copy = Copy(where="local", file="backups/db-1.dump", size=10, sha256=sha256, at=datetime.now(UTC))
    named = {"id": MADE, "host_file": PROVEN.host_file.with_name(f"{MADE}.dump")}
    ours = PROVEN.model_copy(update={"sha256": sha256, "local_file": copy.file, "copies": (copy,)} | named)
    sent = ours.model_copy(update={"copies": (copy, copy.model_copy(update={"where": "host"}))})
    await store.backups.add(sent)
    run = running(operation(ours), server, store, tmp_path)
    run.project = run.project.model_copy(update={"backups": BackupRules(copies=("local",))})
    server.removal_fails = True
    server.databases[SCRATCH] = {}
    for step in steps.procedure(LOCK, tmp_path).rollback(run.plan, frozenset({"create-scratch"}))[:-1]:
        await step.work(run)
    assert SCRATCH not in server.databases
    found = await store.backups.get(MADE)
    assert found is not None
    assert {one.where for one in found.copies} == {"host", "local"}


# --- the newest drill ----------------------------------------------------------------------------


async def test_the_newest_drill_counts_not_that_of_the_newest_backup(store: Store) -> None:
    now = datetime.now(UTC)
    for number, age in (("db-1", 1), ("db-2", 5)):
        await store.backups.add(PROVEN.model_copy(update={"id": number, "at": now - timedelta(days=age)}))
        drill = Drilled(operation="op", at=now - timedelta(hours=10 - age), good=age == 5, seconds=1)
        await store.backups.drilled(number, drill)
    found = await store.backups.last_drilled("fitnessapp")
    assert found is not None
    assert found.id == "db-2"
    assert await store.backups.last_drilled("shop") is None


def test_a_backup_counts_until_a_drill_speaks_against_it() -> None:
    bad = Drilled(operation="op", at=datetime.now(UTC), good=False, seconds=1)
    assert is_good(PROVEN)
    assert is_good(PROVEN.model_copy(update={"drilled": bad.model_copy(update={"good": True})}))
    assert not is_good(PROVEN.model_copy(update={"drilled": bad}))


def test_sides_that_were_not_summed_are_compared_by_rows_alone() -> None:
    assert contents.differing_tables(TableData({"a": 1}, None), TableData({"a": 1}, {"a": "x"})) == []
