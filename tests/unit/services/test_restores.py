"""R-DB-5: the live database is only read until the swap, and whether a swap happened stands in the names."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, cast

import pytest

from services import policy
from services.backups.models import Backup
from services.errors import StepFailed
from services.models import Kind, Operation, Plan, Restoring, State
from services.operation_log import OperationLogs
from services.remote.host import RemoteHost
from services.restores import afterwards, steps
from services.restores.names import names_of
from services.restores.plans import DROP_STEPS, RESTORE_STEPS, UNDO_STEPS
from services.runs import Run, Skip, StepDef
from services.store import Store
from tests.unit.services.server import BACKEND, DATABASE, ScriptedServer
from tests.unit.services.stage import PROJECT, proposal

LIVE = {"public.diary": 5, "public.plans": 3}
THEN = {"public.diary": 2, "public.plans": 3}
BACKUP = Backup(
    id="db-1", project="fitnessapp", operation="op-1", at=datetime(2026, 1, 1, tzinfo=UTC), size=10, sha256="ab",
    host_file=PurePosixPath("/srv/fitnessapp_backup/database/db-1.dump"), rows=THEN,
)  # fmt: skip
SHAPE: dict[str, str | None] = {"encoding": "UTF8", "collate": "C", "ctype": "C", "icu": None}
RESTORED, BEFORE, UNDONE = (f"fitnessapp_{role}_k3f9" for role in ("restore", "before", "undone"))
LOCK = StepDef("lock", afterwards.healthy)


def restoring(**changes: Any) -> Restoring:
    values = {"database": "fitnessapp", "backup": BACKUP, "worker": "fitnessapp_user", "shape": SHAPE}
    return Restoring(**values | changes)


def operation(kind: Kind = Kind.RESTORE, **about: Any) -> Operation:
    plan = Plan(kind=kind, project="fitnessapp", steps=("lock",), restoring=restoring(**about))
    return proposal(id="op-20261123-091500-k3f9", kind=kind, plan=plan, state=State.RUNNING)


@pytest.fixture
def server() -> ScriptedServer:
    return ScriptedServer(BACKUP, {"fitnessapp": dict(LIVE), "postgres": {}}, archive=dict(THEN))


@pytest.fixture
def run(server: ScriptedServer, store: Store, tmp_path: Path) -> Run:
    return running(operation(), server, store, tmp_path)


def running(of: Operation, server: ScriptedServer, store: Store, folder: Path) -> Run:
    project = PROJECT.model_copy(update={"database": DATABASE})
    logs = OperationLogs(folder / "logs", lambda text: text)
    return Run(of, project, cast("RemoteHost", server), store, logs, lambda: None)


Work = Callable[[Run], Awaitable[dict[str, Any] | Skip | None]]


async def through(run: Run, *works: Work) -> None:
    for work in works:
        run.step_name = work.__name__
        await work(run)


BESIDE = (steps.verify_dump, steps.create_database, steps.load, steps.compare)


@pytest.mark.parametrize(
    ("procedure", "names"),
    [
        (lambda lock: steps.restore_procedure(lock, Path()), RESTORE_STEPS),
        (steps.undo_procedure, UNDO_STEPS),
        (steps.drop_procedure, DROP_STEPS),
    ],
)
def test_the_plan_names_the_very_steps_that_run(procedure: Any, names: tuple[str, ...]) -> None:
    assert tuple(step.name for step in procedure(LOCK).forward(operation().plan)) == names


def test_the_safety_copy_and_the_check_come_before_the_swap() -> None:
    """R-DB-3, R-DB-5."""
    swap = RESTORE_STEPS.index("swap-database")
    assert all(RESTORE_STEPS.index(name) < swap for name in ("verify-dump", "backup", "load", "compare"))
    assert not policy.live_touched(set(RESTORE_STEPS[:swap]))
    assert policy.live_touched(set(RESTORE_STEPS[: swap + 1]))


async def test_until_the_swap_the_live_database_is_as_it_was(run: Run, server: ScriptedServer) -> None:
    await through(run, *BESIDE)
    assert server.databases["fitnessapp"] == LIVE
    assert server.databases[RESTORED] == THEN
    assert server.did == [f"drop {RESTORED}", f"create {RESTORED}", f"load {RESTORED}", f"analyze {RESTORED}"]


@pytest.mark.parametrize("superuser", [True, False])
async def test_what_a_superuser_loads_goes_back_to_its_own_owners_else_all_is_the_roles(
    run: Run, server: ScriptedServer, *, superuser: bool
) -> None:
    server.superuser = superuser
    await through(run, *BESIDE)
    (loaded,) = server.loads
    assert ("--no-owner" in loaded.argv, "--role=fitnessapp_user" in loaded.argv) == (
        not superuser,
        not superuser,
    )


async def test_what_was_imported_becomes_the_roles_whoever_loads_it(
    server: ScriptedServer, store: Store, tmp_path: Path
) -> None:
    """Its owners may be roles of another server, which would stop the load."""
    server.superuser = True
    imported = operation(backup=BACKUP.model_copy(update={"imported": True}))
    await through(running(imported, server, store, tmp_path), *BESIDE)
    assert "--role=fitnessapp_user" in server.loads[0].argv


async def test_settings_of_the_live_database_are_copied_after_the_load_and_before_the_swap(
    run: Run, server: ScriptedServer
) -> None:
    server.own_settings = ("TimeZone",)
    await through(run, *BESIDE)
    assert server.did[-1] == f"settings {RESTORED}"
    assert server.databases["fitnessapp"] == LIVE


async def test_the_swap_keeps_the_old_database(run: Run, server: ScriptedServer) -> None:
    await through(run, *BESIDE)
    assert await steps.swap_database(run) == {"kept": BEFORE}
    assert server.databases["fitnessapp"] == THEN
    assert server.databases[BEFORE] == LIVE


async def test_a_swap_that_happened_is_found_and_not_done_again(run: Run, server: ScriptedServer) -> None:
    await through(run, *BESIDE, steps.swap_database)
    renames = list(server.did)
    assert await steps.swap_database(run) == {"kept": BEFORE}
    assert server.did == renames


async def test_sessions_that_come_back_are_ended_again_after_a_pause(
    run: Run, server: ScriptedServer
) -> None:
    """Without one, the application would lose every connection as soon as it is made."""
    await through(run, *BESIDE)
    server.sessions, began = 3, time.monotonic()
    await steps.swap_database(run)
    assert time.monotonic() - began >= 3 * steps.BETWEEN_TRIES
    assert server.databases["fitnessapp"] == THEN


async def test_sessions_that_never_stop_coming_end_the_try_with_both_databases_in_place(
    run: Run, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "SWAPPING", 0.0)
    await through(run, *BESIDE)
    server.sessions = 10**6
    with pytest.raises(StepFailed, match="error-restore-sessions"):
        await steps.swap_database(run)
    assert server.databases["fitnessapp"] == LIVE


async def test_a_swap_by_a_twin_that_died_meanwhile_counts(run: Run, server: ScriptedServer) -> None:
    """Its psql may still be at work when the resumed operation tries."""
    await through(run, *BESIDE)

    def twin() -> None:
        if RESTORED in server.databases:
            server.databases[BEFORE] = server.databases.pop("fitnessapp")
            server.databases["fitnessapp"] = server.databases.pop(RESTORED)
            server.sessions = 1

    server.before_swap = twin
    assert await steps.swap_database(run) == {"kept": BEFORE}
    assert (server.databases["fitnessapp"], server.databases[BEFORE]) == (THEN, LIVE)


async def test_names_that_fit_neither_before_nor_after_stop_everything(
    run: Run, server: ScriptedServer
) -> None:
    await through(run, *BESIDE)
    server.databases[BEFORE] = {}
    with pytest.raises(StepFailed, match="error-restore-names"):
        await steps.swap_database(run)
    assert server.databases["fitnessapp"] == LIVE


async def test_a_dump_that_changed_after_the_card_is_refused(run: Run, server: ScriptedServer) -> None:
    server.backup = BACKUP.model_copy(update={"sha256": "cd"})
    with pytest.raises(StepFailed, match="error-dump-changed"):
        await steps.verify_dump(run)
    assert server.did == []


@pytest.mark.parametrize("name", [RESTORED, BEFORE, UNDONE])
async def test_a_name_that_is_taken_is_somebody_elses(run: Run, server: ScriptedServer, name: str) -> None:
    server.databases[name] = {"public.precious": 1}
    with pytest.raises(StepFailed, match="error-restore-name-taken"):
        await steps.verify_dump(run)
    assert server.databases[name] == {"public.precious": 1}


async def test_rows_that_differ_from_the_backups_are_refused(run: Run, server: ScriptedServer) -> None:
    server.archive["public.diary"] = 1
    with pytest.raises(StepFailed, match="error-restore-differs") as failed:
        await through(run, *BESIDE)
    assert failed.value.phrase.args == {"table": "public.diary", "expected": 2, "found": 1}


async def test_without_counts_in_the_catalogue_the_archive_itself_is_counted(
    server: ScriptedServer, store: Store, tmp_path: Path
) -> None:
    older = operation(backup=BACKUP.model_copy(update={"rows": None}))
    run = running(older, server, store, tmp_path)
    await through(run, *BESIDE)
    assert "count archive" in server.did
    server.archive["public.diary"] += 1
    server.databases[RESTORED]["public.diary"] -= 1
    with pytest.raises(StepFailed, match="error-restore-differs"):
        await through(running(older, server, store, tmp_path), steps.compare)


def test_tables_that_extensions_make_are_theirs() -> None:
    assert steps.first_difference({"public.a": 1, "public.spatial_ref_sys": 8500}, {"public.a": 1}) is None
    assert steps.first_difference({}, {"public.a": 1}) == ("public.a", 0, 1)


async def test_a_dump_that_does_not_load_leaves_nothing_behind(run: Run, server: ScriptedServer) -> None:
    server.load_status = 1
    with pytest.raises(StepFailed, match="error-restore-load"):
        await through(run, *BESIDE)
    await steps.drop_restored(run)
    assert server.databases == {"fitnessapp": LIVE, "postgres": {}}


async def test_values_of_rows_reach_neither_the_log_here_nor_what_people_are_told(
    run: Run, server: ScriptedServer, tmp_path: Path
) -> None:
    """R-SEC-4. Also where one statement fills more than the end of a log that is kept for errors."""
    why = 'pg_restore: error: could not execute query: ERROR:  new row violates check constraint "diary_mail"'
    server.load_status = 1
    server.load_says = f"{why}\nDETAIL:  Failing row contains (1,\nsecret, ann@example.org).\nCommand was: {'secret ' * 2000}"
    with pytest.raises(StepFailed, match="error-restore-load") as failed:
        await through(run, *BESIDE)
    assert failed.value.detail == why
    logged = "".join(file.read_text() for file in (tmp_path / "logs").rglob("*load*.log"))
    assert logged == why + "\n"


async def test_the_way_back_after_the_swap_keeps_what_was_written_meanwhile(
    run: Run, server: ScriptedServer
) -> None:
    await through(run, *BESIDE, steps.swap_database)
    server.databases["fitnessapp"] = {"public.diary": 99}
    run.phase = "rollback"
    assert await steps.swap_back(run) == {"kept": UNDONE}
    await steps.drop_restored(run)
    assert server.databases == {"fitnessapp": LIVE, UNDONE: {"public.diary": 99}, "postgres": {}}
    assert await steps.swap_back(run) is Skip.SKIPPED


async def test_the_way_back_of_a_swap_that_never_happened_swaps_nothing(
    run: Run, server: ScriptedServer
) -> None:
    await through(run, *BESIDE)
    run.phase = "rollback"
    assert await steps.swap_back(run) is Skip.SKIPPED
    await steps.drop_restored(run)
    assert server.databases == {"fitnessapp": LIVE, "postgres": {}}


async def test_an_undo_swaps_back_and_can_itself_be_taken_back(
    server: ScriptedServer, store: Store, tmp_path: Path
) -> None:
    server.databases = {"fitnessapp": dict(THEN), "fitnessapp_before_aaaa": dict(LIVE)}
    undo = operation(Kind.UNDO, backup=None, incoming="fitnessapp_before_aaaa")
    run = running(undo, server, store, tmp_path)
    assert await steps.swap_database(run) == {"kept": UNDONE}
    assert server.databases == {"fitnessapp": LIVE, UNDONE: THEN}
    assert await steps.swap_back(run) == {"kept": "fitnessapp_before_aaaa"}
    assert server.databases == {"fitnessapp": THEN, "fitnessapp_before_aaaa": LIVE}


async def test_a_drop_drops_what_the_plan_showed(
    server: ScriptedServer, store: Store, tmp_path: Path
) -> None:
    server.databases |= {BEFORE: {}, "fitnessapp_before_aaaa": {}}
    run = running(operation(Kind.DROP, backup=None, dropped=(BEFORE,)), server, store, tmp_path)
    assert await steps.drop_kept(run) == {"dropped": [BEFORE]}
    assert set(server.databases) == {"fitnessapp", "postgres", "fitnessapp_before_aaaa"}


@pytest.mark.parametrize(
    ("begun", "back"),
    [
        ({"lock", "verify-dump"}, ["unlock"]),
        ({"lock", "verify-dump", "backup"}, ["end-dump", "unlock"]),
        ({"lock", "backup", "create-database"}, ["drop-restored", "unlock"]),
        ({"lock", "backup", "create-database", "load", "compare"}, ["drop-restored", "unlock"]),
        (
            {"create-database", "load", "swap-database", "health"},
            ["swap-database-back", "drop-restored", "health-again", "unlock"],
        ),
    ],
)
def test_the_way_back_undoes_what_was_begun(begun: set[str], back: list[str]) -> None:
    found = steps.restore_procedure(LOCK, Path()).rollback(operation().plan, frozenset(begun))
    assert [step.name for step in found] == back


def test_names_come_from_the_operation_alone() -> None:
    names = names_of(operation())
    assert (names.live, names.incoming, names.outgoing, names.back) == (
        "fitnessapp",
        RESTORED,
        BEFORE,
        UNDONE,
    )


# --- health after the swap: nothing was started anew, so Docker's word may be older than the swap ---


@pytest.fixture
def swapped(server: ScriptedServer, store: Store, tmp_path: Path) -> Run:
    run = running(operation(), server, store, tmp_path)
    run.project = run.project.model_copy(update={"healthy_for": 0.01, "health_timeout": 0.6})
    run.step_name = "health"
    return run


async def test_a_service_is_believed_when_it_was_checked_after_the_swap(
    swapped: Run, server: ScriptedServer
) -> None:
    checks = iter([("10:00", 0), ("10:00", 0), ("10:01", 0)])
    looks: list[tuple[str, int]] = []

    def check() -> tuple[str, int]:
        looks.append(next(checks, ("10:02", 0)))
        return looks[-1]

    server.backend_check = check
    assert await afterwards.healthy(swapped) == {"restarted": []}
    assert looks[2] == ("10:01", 0)  # it did not go on with the old word
    assert server.did == []


async def test_a_service_whose_checks_fail_is_restarted_although_docker_still_calls_it_healthy(
    swapped: Run, server: ScriptedServer
) -> None:
    def check() -> tuple[str, int]:
        return ("10:02", 0) if f"restart {BACKEND}" in server.did else ("10:01", 1)

    server.backend_check = check
    assert await afterwards.healthy(swapped) == {"restarted": ["backend"]}
    assert server.did == [f"restart {BACKEND}"]  # not the database


async def test_a_service_that_is_checked_seldom_is_left_to_the_gate(
    swapped: Run, server: ScriptedServer
) -> None:
    server.backend_check = lambda: ("10:00", 0)
    assert await afterwards.healthy(swapped) == {"restarted": []}


@pytest.mark.parametrize("health", [None, {}, {"Log": None}, {"Log": []}])
def test_containers_without_checks_are_not_waited_for(health: Any) -> None:
    assert afterwards.last_checks([{"Id": "a", "State": {"Health": health}}, {"Id": "b"}]) == {}
