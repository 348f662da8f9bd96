"""R-DB-6: each script is begun once, its record is written before and after, and the first bad end stops the rest."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from services import policy
from services.backups.models import Backup
from services.commands import compose
from services.commands.command import Command
from services.commands.compose import ComposeContext
from services.errors import BadInput, Cancelled, HostError, StepFailed
from services.migrations import plans, restored, state, steps
from services.migrations.models import Migrating, Ran, Script, ScriptState, Standing
from services.migrations.proposals import in_a_deploy
from services.models import Finding, Kind, Operation, Plan, Severity, State, Step, StepState
from services.projects import Database
from services.remote.channels import Completed
from services.runs import Run, StepDef
from services.store import Store
from tests.unit.checks.test_findings import RELEASE, container, facts, pack, project
from tests.unit.services.docker_host import LOST, DockerHost, Ended, inspected, running
from tests.unit.services.stage import proposal

NOW = datetime(2026, 11, 23, tzinfo=UTC)
BAD: Ended = ("exited", 3, b"no such column")
NAMES = ("migrate_1.py", "migrate_2.py", "migrate_3.py")


def script(name: str, standing: Standing = Standing.NEW, **values: Any) -> Script:
    return Script(path=f"scripts/{name}", sha256="0" * 64, standing=standing, **values)


def ran(name: str, became: ScriptState = ScriptState.DONE, **values: Any) -> Ran:
    known = {"sha256": "0" * 64, "operation": "op-x", "by": "Anna", "at": NOW} | values
    return Ran(script=name, state=became, **known)


class RecordingHost(DockerHost):
    """With the files that records are."""

    def __init__(self) -> None:
        super().__init__(inspected("a", "app-backend-1"))
        self.records: dict[str, str] = {}
        self.order: list[str] = []
        self.manifest = b""
        self.answers: list[int] = []

    async def run(self, command: Command, **_: Any) -> Completed:
        if command.argv[-1].endswith("/manifest"):
            return Completed(0, self.manifest, b"", truncated=False)
        if "pg_isready" in command.argv:
            self.did.append("database asked")
            return Completed(self.answers.pop(0), b"", b"", truncated=False)
        assert "find" in command.argv
        if not self.records:
            return Completed(1, b"", b"find: '/x': No such file or directory", truncated=False)
        return Completed(0, "".join(self.records.values()).encode(), b"", truncated=False)

    async def verb(self, verb: str, path: PurePosixPath, *, stdin: bytes) -> bytes:
        assert (verb, path.parent.name) == ("write", "migrations")
        said = json.loads(stdin)
        self.did.append(f"{said['state']} {said['script']}")
        self.records[path.name] = stdin.decode()
        return b""


def migration(*scripts: Script, **values: Any) -> Operation:
    about = Migrating(service="backend", scripts=scripts, **values)
    plan = Plan(
        kind=Kind.MIGRATE, project="fitnessapp", compose_project="fitness", steps=("lock",), migrating=about
    )
    return proposal(id="op", kind=Kind.MIGRATE, plan=plan, state=State.RUNNING, epoch=1)


@pytest.fixture
def host() -> RecordingHost:
    return RecordingHost()


@pytest.fixture
async def run(host: RecordingHost, store: Store, tmp_path: Path) -> Run:
    return await begun(host, store, tmp_path)


async def begun(host: RecordingHost, store: Store, folder: Path, operation: Operation | None = None) -> Run:
    """As the runner has it when the step is under way."""
    made = running(host, store, folder, operation or migration(*(script(name) for name in NAMES)))
    made.begun, made.step_name = {"lock", "backup", "migrate"}, "migrate"
    await store.operations.propose(made.operation)
    entry = Step(name="migrate", phase="forward", state=StepState.RUNNING, started_at=NOW)
    await store.operations.step(made.operation.id, 2, entry)
    return made


async def journal(run: Run) -> dict[str, str]:
    return steps.migrate_states(await run.store.operations.steps(run.operation.id))


def jobs(host: DockerHost) -> list[str]:
    return [one for one in host.did if one.startswith("begin")]


# --- running -------------------------------------------------------------------------------------


async def test_scripts_run_in_their_order_each_with_a_record_before_and_after(
    run: Run, host: RecordingHost
) -> None:
    """R-DB-6."""
    result = await steps.migrate(run)
    assert result == {"scripts": dict.fromkeys(NAMES, "done")}
    did = [one for one in host.did if one != "look"]
    assert did[:3] == ["begun migrate_1.py", "begin f-migrate-migrate_1", "done migrate_1.py"]
    assert [one.state for one in await run.store.migrations.of("fitnessapp")] == [ScriptState.DONE] * 3


def test_a_script_runs_as_the_runbook_does_it_and_no_other_word_gets_there() -> None:
    """R-DB-6: docker compose exec backend python scripts/migrate_*.py."""
    stack = ComposeContext("fitness", PurePosixPath("/srv/app/compose.yaml"))
    words = compose.run_script(stack, "backend", "migrate_1.py").argv
    assert words[-5:] == ("exec", "-T", "backend", "python", "scripts/migrate_1.py")
    for name in (
        "migrate_; reboot.py",
        "../migrate_1.py",
        "migrate_1.py\nx",
        "seed_1.py",
        "migrate_-c.py",
        "",
    ):
        with pytest.raises(ValueError, match="migration script"):
            compose.run_script(stack, "backend", name)
    with pytest.raises(ValueError, match="service"):
        compose.run_script(stack, "--volumes", "migrate_1.py")


async def test_the_first_that_fails_stops_the_rest(run: Run, host: RecordingHost) -> None:
    """R-DB-6: and everybody can see which ran and which did not."""
    host.ends["f-migrate-migrate_2"] = BAD
    with pytest.raises(StepFailed) as failed:
        await steps.migrate(run)
    assert failed.value.phrase.id == "error-migration-failed"
    assert failed.value.phrase.args == {"script": "migrate_2.py", "status": 3}
    assert "no such column" in failed.value.detail
    assert await journal(run) == dict(zip(NAMES, ("done", "failed", "not-begun"), strict=True))
    assert len(jobs(host)) == 2
    known = await state.read(run.remote, run.project)
    assert (known["migrate_2.py"].state, known["migrate_2.py"].exit_status) == (ScriptState.FAILED, 3)


async def test_one_that_the_host_lost_is_unknown_and_needs_a_human(run: Run, host: RecordingHost) -> None:
    """R-DB-6: its record stays "begun"; it is not begun again."""
    host.ends["f-migrate-migrate_1"] = LOST
    with pytest.raises(StepFailed) as lost:
        await steps.migrate(run)
    assert lost.value.phrase.id == "error-migration-unknown"
    assert (await journal(run))["migrate_1.py"] == "unknown"
    assert (await state.read(run.remote, run.project))["migrate_1.py"].state is ScriptState.BEGUN
    assert steps.ends(await run.store.operations.steps(run.operation.id)) is State.NEEDS_HUMAN
    assert len(jobs(host)) == 1


@pytest.mark.parametrize("noted", [{}, {"scripts": {"migrate_1.py": "done", "migrate_2.py": "begun"}}])
async def test_walked_again_after_a_crash_nothing_is_begun_twice(
    run: Run, host: RecordingHost, noted: dict[str, Any]
) -> None:
    """R-DB-6: the job is found by its name, whatever the journal knew by then."""
    own = ran("migrate_1.py", ScriptState.BEGUN, operation="op")
    host.records["migrate_1.py.json"] = f"{own.model_dump_json()}\n"
    host.here = {"f-migrate-migrate_1": ("exited", 0, b""), "f-migrate-migrate_2": ("exited", 0, b"")}
    run.results["migrate"] = noted
    await steps.migrate(run)
    assert jobs(host) == ["begin f-migrate-migrate_3"]
    assert await journal(run) == dict.fromkeys(NAMES, "done")


async def test_a_record_that_changed_meanwhile_stops_before_anything_runs(
    run: Run, host: RecordingHost
) -> None:
    """R-DB-6: what the plan rests on is looked at once more, right before."""
    host.records["migrate_1.py.json"] = ran("migrate_1.py").model_dump_json() + "\n"
    with pytest.raises(StepFailed) as refused:
        await steps.migrate(run)
    assert refused.value.phrase.id == "error-migration-changed"
    assert jobs(host) == []


async def test_without_a_running_backend_nothing_is_begun(run: Run, host: RecordingHost) -> None:
    host.inspected = [inspected("a", "app-backend-1", "exited")]
    with pytest.raises(StepFailed) as refused:
        await steps.migrate(run)
    assert refused.value.phrase.id == "error-migration-no-container"
    assert host.records == {}


async def test_in_a_deploy_the_database_that_up_replaced_is_waited_for(run: Run, host: RecordingHost) -> None:
    """R-DB-6: a script that came too early would count as failed, and hold back all that come after it."""
    host.inspected.append(inspected("d", "app-db-1", service="db"))
    host.answers = [2, 0, 0, 0]
    run.operation = run.operation.model_copy(update={"kind": Kind.DEPLOY})
    run.project = run.project.model_copy(update={"database": Database(name="fit", user="fit")})
    await steps.migrate(run)
    did = [one for one in host.did if one != "look"]
    assert did[:3] == ["database asked", "database asked", "begun migrate_1.py"]
    assert host.answers == []


async def test_a_wish_to_stop_counts_between_two_scripts_and_not_within_one(
    run: Run, host: RecordingHost
) -> None:
    """R-DB-6: a script that runs is finished."""

    class Stopping(RecordingHost):
        async def begin(self, spec: Any) -> Any:
            run.cancelled.set()
            return await super().begin(spec)

    run.remote = Stopping()  # type: ignore[assignment]  # as the fixture's
    with pytest.raises(Cancelled):
        await steps.migrate(run)
    assert await journal(run) == dict(zip(NAMES, ("done", "not-begun", "not-begun"), strict=True))


async def test_until_it_was_begun_the_step_can_be_stopped_like_any_other(run: Run) -> None:
    run.cancelled.set()
    run.begun.discard("migrate")
    with pytest.raises(Cancelled):
        run.check_cancelled()
    run.begun.add("migrate")
    run.check_cancelled()  # hears nothing now
    run.step_name = "health"
    with pytest.raises(Cancelled):
        run.check_cancelled()


async def test_noting_writes_records_and_runs_nothing(
    host: RecordingHost, store: Store, tmp_path: Path
) -> None:
    """R-DB-6."""
    noted = migration(noted=(script("migrate_1.py", Standing.UNKNOWN),))
    run = await begun(host, store, tmp_path, noted)
    assert await steps.note(run) == {"noted": ["migrate_1.py"]}
    assert jobs(host) == []
    assert await state.had_run(run.remote, run.project) == ("migrate_1.py",)


@pytest.mark.parametrize(
    ("mode", "first", "offered"),
    [
        ("ask", ScriptState.DONE, {"migrations": 2}),
        ("ask", ScriptState.FAILED, {"held": 2, "failed": ["migrate_1.py"]}),
        ("after-build", ScriptState.FAILED, {"held": 2, "failed": ["migrate_1.py"]}),
        ("never", ScriptState.DONE, {}),
        ("never", ScriptState.FAILED, {}),
    ],
)
async def test_a_button_is_offered_for_what_a_deploy_brought_unless_they_are_only_named(
    run: Run, host: RecordingHost, mode: str, first: ScriptState, offered: dict[str, Any]
) -> None:
    """R-DB-6: noted as new in any case; and none past one that a person has to decide about."""
    host.manifest = "".join(f"{'0' * 64}  644  scripts/{name}\n" for name in NAMES).encode()
    host.records["migrate_1.py.json"] = ran(NAMES[0], first).model_dump_json()
    run.project = run.project.model_copy(update={"migrate": mode})
    shipped = run.plan.model_copy(update={"kind": Kind.DEPLOY, "first": True, "pack": pack()})
    run.operation = run.operation.model_copy(update={"plan": shipped})
    assert await steps.note_brought(run) == offered
    assert [one for one in host.did if one.startswith("new ")] == [f"new {name}" for name in NAMES[1:]]
    assert jobs(host) == []


def test_the_verdict_says_what_is_known() -> None:
    """R-DB-6: nothing is taken back by itself, so what failed failed, and what nobody saw needs a human."""

    def journaled(health: StepState | None = None, **became: str) -> list[Step]:
        found = [
            Step(
                name="migrate",
                phase="forward",
                state=StepState.FAILED,
                started_at=NOW,
                result={"scripts": became},
            )
        ]
        if health:
            found.append(Step(name="health", phase="forward", state=health, started_at=NOW))
        return found

    assert steps.ends([]) is State.FAILED
    assert steps.ends(journaled(a="done", b="failed", c="not-begun")) is State.FAILED
    assert steps.ends(journaled(a="done", b="unknown")) is State.NEEDS_HUMAN
    assert steps.ends(journaled(a="begun")) is State.NEEDS_HUMAN
    assert steps.ends(journaled(StepState.FAILED, a="done")) is State.NEEDS_HUMAN
    assert policy.live_touched({"migrate"})


def test_the_plan_names_the_very_steps_that_run() -> None:
    async def nothing(_run: Run) -> None: ...

    procedure = steps.procedure(StepDef("lock", nothing))
    new, noting = migration(script("migrate_1.py")).plan, migration(noted=(script("migrate_1.py"),)).plan
    assert tuple(one.name for one in procedure.forward(new)) == plans.MIGRATE_STEPS
    assert tuple(one.name for one in procedure.forward(noting)) == plans.NOTE_STEPS
    assert plans.MIGRATE_STEPS.index("backup") < plans.MIGRATE_STEPS.index("migrate")


# --- records -------------------------------------------------------------------------------------


async def test_a_damaged_record_stops_everything(run: Run, host: RecordingHost) -> None:
    """R-DB-6: nothing is guessed."""
    host.records["migrate_1.py.json"] = "{}\n"
    with pytest.raises(HostError) as refused:
        await state.read(run.remote, run.project)
    assert refused.value.phrase.id == "error-migration-record"


def test_scripts_come_from_the_manifest_one_of_each_name_in_order() -> None:
    lines = [f"{n * 64}  644  {path}\n" for n, path in (
        ("1", "scripts/migrate_b.py"), ("2", "backend/scripts/migrate_a.py"), ("3", "scripts/migrate_a.py"),
        ("4", "scripts/seed_a.py"), ("5", "docs/migrate_c.py"),
    )]  # fmt: skip
    found = state.scripts_of("".join(lines).encode())
    assert found == {"backend/scripts/migrate_a.py": "2" * 64, "scripts/migrate_b.py": "1" * 64}


@pytest.mark.parametrize(
    ("record", "fresh", "standing"),
    [
        (None, True, Standing.NEW),
        (None, False, Standing.UNKNOWN),
        (ran("migrate_1.py", ScriptState.NEW), False, Standing.NEW),
        (ran("migrate_1.py"), True, Standing.RAN),
        (ran("migrate_1.py", ScriptState.SKIPPED), False, Standing.RAN),
        (ran("migrate_1.py", sha256="1" * 64), False, Standing.CHANGED),
        (ran("migrate_1.py", ScriptState.FAILED, sha256="1" * 64), True, Standing.FAILED),
        (ran("migrate_1.py", ScriptState.BEGUN), False, Standing.FAILED),
        (ran("migrate_1.py", ScriptState.RETURNED), False, Standing.NEW),
        (ran("migrate_1.py", ScriptState.UNSURE), False, Standing.UNKNOWN),
    ],
)
def test_where_a_script_stands(record: Ran | None, fresh: bool, standing: Standing) -> None:
    """R-DB-6: a failed one stays failed even when it was mended: only a person runs it again."""
    known = {"migrate_1.py": record} if record else {}
    brought = ("scripts/migrate_1.py",) if fresh else ()
    (found,) = state.standings({"scripts/migrate_1.py": "0" * 64}, known, brought)
    assert found.standing is standing


def test_a_restore_takes_away_what_ran_after_its_backup_and_an_undo_gives_it_back() -> None:
    """R-DB-5, R-DB-6: the records say what is so in the live database."""
    made = Backup(
        id="db", project="x", operation="op", at=NOW, size=1, sha256="0", host_file=PurePosixPath("/x.dump")
    )
    later = NOW + timedelta(minutes=1)
    known = {
        "before": ran("before", at=NOW - timedelta(minutes=1)),
        "after": ran("after", at=later),
        "failed": ran("failed", ScriptState.FAILED, at=later),
    }
    (gone,) = restored.taken_away(known, made, "op-restore")
    assert (gone.script, gone.state) == ("after", ScriptState.RETURNED)
    assert restored.given_back(known | {"after": gone}, "op-restore") == [ran("after", at=later)]
    assert restored.given_back(known | {"after": gone}, "op-other") == []
    imported = restored.taken_away(known, made.model_copy(update={"imported": True}), "op-restore")
    assert {one.script: one.state for one in imported} == dict.fromkeys(
        ("before", "after"), ScriptState.UNSURE
    )


# --- plans ---------------------------------------------------------------------------------------


def planned(*scripts: Script, choice: str = "", **seen: Any) -> Plan:
    usual: dict[str, Any] = {"current": RELEASE, "containers": (container("db"), container("backend"))}
    there = facts(**usual | seen)
    return plans.migrate(project(), there, scripts, choice)


def names(scripts: tuple[Script, ...]) -> list[str]:
    return [one.name for one in scripts]


def codes(plan: Plan) -> set[str]:
    return {one.code for one in plan.findings}


FAILED, UNKNOWN, CHANGED = (
    script(name, standing)
    for name, standing in zip(NAMES, (Standing.FAILED, Standing.UNKNOWN, Standing.CHANGED), strict=True)
)
NEW = script("migrate_4.py")


def test_a_plan_runs_what_is_new_after_a_backup() -> None:
    """R-DB-3, R-DB-6."""
    plan = planned(script("migrate_0.py", Standing.RAN), NEW)
    assert plan.migrating is not None
    assert (names(plan.migrating.scripts), plan.migrating.ran) == (["migrate_4.py"], 1)
    assert plan.backup
    assert (plan.risk, plan.blocked) == ("medium", False)


def test_nothing_to_run_is_said_and_not_offered() -> None:
    with pytest.raises(BadInput) as nothing:
        planned(script("migrate_0.py", Standing.RAN))
    assert nothing.value.phrase.id == "error-migrations-none"
    assert nothing.value.phrase.args["count"] == 1


def test_a_failed_one_blocks_what_comes_after_it_until_a_person_decides() -> None:
    """R-DB-6."""
    assert planned(FAILED, NEW).blocked
    again, noted = planned(FAILED, NEW, choice="run-failed"), planned(FAILED, NEW, choice="note-failed")
    assert again.migrating is not None
    assert names(again.migrating.scripts) == ["migrate_1.py", "migrate_4.py"]
    assert (again.blocked, again.risk) == (False, "high")
    assert noted.migrating is not None
    assert (names(noted.migrating.noted), noted.migrating.scripts) == (["migrate_1.py"], ())
    assert (noted.blocked, noted.backup) == (False, False)


def test_what_nobody_knows_and_what_changed_are_left_alone_unless_chosen() -> None:
    """R-DB-6."""
    plan = planned(UNKNOWN, CHANGED, NEW)
    assert plan.migrating is not None
    assert names(plan.migrating.scripts) == ["migrate_4.py"]
    assert {"migrations-are-unknown", "migrations-are-changed"} <= codes(plan)
    assert not plan.blocked
    too = planned(UNKNOWN, CHANGED, NEW, choice="run-unknown")
    assert too.migrating is not None
    assert names(too.migrating.scripts) == ["migrate_2.py", "migrate_4.py"]
    assert plan.digest != too.digest
    assert "migrations-nothing-new" in codes(planned(UNKNOWN))
    assert planned(UNKNOWN).blocked


def test_a_name_that_no_command_takes_is_never_run() -> None:
    """R-DB-6: the attack is a file name."""
    plan = planned(script("migrate_$(reboot).py"), NEW)
    assert plan.migrating is not None
    assert names(plan.migrating.scripts) == ["migrate_4.py"]
    assert "migrations-odd" in codes(plan)


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        ({"containers": (container("db"),)}, "migrate-backend-down"),
        ({"containers": (container("db", "exited"), container("backend"))}, "migrate-database-down"),
    ],
)
def test_without_a_backup_or_a_backend_nothing_runs(seen: dict[str, Any], code: str) -> None:
    """R-DB-3."""
    plan = planned(NEW, **seen)
    assert code in codes(plan)
    assert plan.blocked


def test_a_project_without_a_database_cannot_migrate() -> None:
    """R-DB-3: no proven backup, no change."""
    there = facts(current=RELEASE, containers=(container("backend"),))
    plan = plans.migrate(project(database=None), there, (NEW,))
    assert "migrate-no-database" in codes(plan)
    assert plan.blocked


def deploy() -> Plan:
    shipped = pack(compose_services=("db", "backend"))
    return Plan(
        kind=Kind.DEPLOY, project="fitnessapp", steps=("up", "health", "record"), pack=shipped, digest="0"
    )


def test_after_the_build_a_deploy_runs_them_between_up_and_health() -> None:
    """R-DB-6."""
    plan = plans.after_build(deploy(), (script("migrate_0.py", Standing.RAN), UNKNOWN, NEW))
    assert plan.steps == ("up", "migrate", "health", "record")
    assert plan.migrating is not None
    assert names(plan.migrating.scripts) == ["migrate_4.py"]
    assert plan.digest != "0"
    assert plans.after_build(deploy(), (UNKNOWN,)) == deploy()


def test_a_deploy_runs_none_past_a_failed_one_without_a_backup_or_without_knowing_where() -> None:
    """R-DB-3, R-DB-6."""
    held = plans.after_build(deploy(), (FAILED, NEW))
    assert (held.steps, codes(held)) == (deploy().steps, {"migrations-held-back"})
    unproven = plans.after_build(deploy().model_copy(update={"backup": False}), (NEW,))
    assert (unproven.steps, codes(unproven)) == (deploy().steps, {"migrate-no-database"})
    homeless = deploy().model_copy(update={"pack": pack(compose_services=("db", "web"))})
    assert codes(plans.after_build(homeless, (NEW,))) == {"migrations-no-service"}


BROUGHT = Finding(code="migrations-new", severity=Severity.WARNING, args={"count": 1, "mode": "ask"})


def mode_of(plan: Plan) -> object:
    (found,) = (one for one in plan.findings if one.code == "migrations-new")
    return found.args["mode"]


def test_where_none_will_run_no_card_promises_a_button() -> None:
    """R-DB-6, R-UX-2: what the card says before is what the verdict does after."""
    shipped = deploy().model_copy(update={"findings": (BROUGHT,)})
    for held in (plans.after_build(shipped, (FAILED, NEW)), plans.waiting(shipped, (FAILED, NEW))):
        assert mode_of(held) == "held"
        assert "migrations-held-back" in codes(held)
        assert held.steps == shipped.steps
    assert plans.waiting(shipped, (NEW,)) == plans.waiting(shipped, (FAILED,)) == shipped
    unproven = plans.after_build(shipped.model_copy(update={"backup": False}), (NEW,))
    lost = shipped.model_copy(update={"pack": pack(compose_services=("db", "web"))})
    assert mode_of(unproven) == mode_of(plans.after_build(lost, (NEW,))) == "by-hand"


@pytest.mark.parametrize("mode", ["ask", "after-build", "never"])
async def test_the_plan_of_a_deploy_knows_of_a_failed_one_before_it(
    run: Run, host: RecordingHost, mode: str
) -> None:
    """R-DB-6."""
    host.records["migrate_1.py.json"] = ran(NAMES[0], ScriptState.FAILED).model_dump_json()
    manifest = "".join(f"{'0' * 64}  644  scripts/{name}\n" for name in NAMES).encode()
    wanted = run.project.model_copy(update={"migrate": mode})
    shipped = deploy().model_copy(update={"findings": (BROUGHT,), "first": True})
    plan = await in_a_deploy(run.remote, wanted, shipped, manifest)
    assert ("migrations-held-back" in codes(plan)) is (mode != "never")
    assert (mode_of(plan) == "held") is (mode != "never")


@pytest.mark.parametrize("code", ["migrate-no-database", "migrations-no-service"])
async def test_no_button_is_offered_for_what_the_card_said_cannot_run(
    run: Run, host: RecordingHost, code: str
) -> None:
    """R-DB-6."""
    host.manifest = "".join(f"{'0' * 64}  644  scripts/{name}\n" for name in NAMES).encode()
    said = Finding(code=code, severity=Severity.WARNING)
    shipped = run.plan.model_copy(
        update={"kind": Kind.DEPLOY, "first": True, "pack": pack(), "findings": (said,)}
    )
    run.operation = run.operation.model_copy(update={"plan": shipped})
    assert await steps.note_brought(run) == {}
