"""Running migrations (R-DB-6): one job per script, its record on the host written before and after. Never re-run by itself.

A script that was begun is found again by its job's id, after a crash and after a lost connection; one whose end
nobody saw (the host was restarted, or it took too long) is unknown, and only a person may decide about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from services import health, stacks
from services.backups.steps import back_up, ending_dumps, until_ready
from services.commands import compose
from services.deployed import read_manifest
from services.errors import Cancelled, CommandFailed, Fenced, HostError, StepFailed, Unreachable
from services.migrations import state
from services.migrations.models import Migrating, Ran, Script, ScriptState, Standing
from services.models import Kind, Plan, State, Step, StepState
from services.remote.jobs import JobSpec
from services.runs import Procedure, Run, Skip, StepDef
from services.steps import UNLOCK, containers

log = structlog.get_logger(__name__)

KEPT_JOBS = 200
"""Ended jobs that stay on the host."""
NOT_BEGUN, BEGUN, DONE, FAILED, UNKNOWN = "not-begun", "begun", "done", "failed", "unknown"
"""What the journal says of each script of an operation."""


def about(run: Run) -> Migrating:
    if run.plan.migrating is None:
        raise StepFailed("error-internal", detail="migrations without a plan for them")
    return run.plan.migrating


# --- forward -------------------------------------------------------------------------------------


async def migrate(run: Run) -> dict[str, Any] | Skip:
    """The scripts in order; the first that does not end well ends it. A wish to stop counts between two of them."""
    wanted = about(run).scripts
    if not wanted:
        return Skip.SKIPPED
    states = dict(run.results.get(run.step_name, {}).get("scripts", {}))
    noted = {one.name: str(states.get(one.name, NOT_BEGUN)) for one in wanted}
    await _note(run, noted)
    for one in wanted:
        if noted[one.name] == DONE:
            continue
        if noted[one.name] == NOT_BEGUN:
            if run.cancelled.is_set():
                raise Cancelled
            await _begin(run, one)
            await _note(run, noted, one, BEGUN)
        await _carry_out(run, one, noted)
    return {"scripts": noted}


async def _note(run: Run, noted: dict[str, str], one: Script | None = None, became: str = "") -> None:
    if one is not None:
        noted[one.name] = became
    await run.note({"scripts": dict(noted)})


async def _begin(run: Run, one: Script) -> None:
    """Noted on the host before it runs, and only while the lock is ours and its record is what the plan rests on.

    One that this operation wrote before a crash is ours: its job is looked for.
    """
    await _container(run)
    await _database_ready(run)
    known = (await state.read(run.remote, run.project)).get(one.name)
    if known is not None and known.operation == run.operation.id and known.state is ScriptState.BEGUN:
        return
    if (known.state if known else None) is not one.state:
        raise StepFailed("error-migration-changed", script=one.name)
    await run.hold()
    await _write(run, state.record(run.operation, one, ScriptState.BEGUN))


async def _carry_out(run: Run, one: Script, noted: dict[str, str]) -> None:
    try:
        await run.job(_job(run, one), run.project.migrate_timeout, log_name=_log_name(one))
    except CommandFailed as error:
        await _write(run, state.record(run.operation, one, ScriptState.FAILED, error.exit_status))
        await _note(run, noted, one, FAILED)
        why = error.detail or error.phrase.id
        raise StepFailed(
            "error-migration-failed", detail=why, script=one.name, status=error.exit_status
        ) from error
    except (Cancelled, Fenced, Unreachable):
        raise
    except StepFailed as error:  # the host lost it, or it took too long: the record on the host stays "begun"
        await _note(run, noted, one, UNKNOWN)
        late = error.phrase.id == "error-step-timeout"
        code = "error-migration-late" if late else "error-migration-unknown"
        raise StepFailed(code, detail=error.detail, script=one.name) from error
    await _write(run, state.record(run.operation, one, ScriptState.DONE, 0))
    await _note(run, noted, one, DONE)


def _job(run: Run, one: Script) -> JobSpec:
    """By its name: asked for again it is found, and never begun twice."""
    context = stacks.context(run, run.project.path)
    return JobSpec(
        id=run.job_id(_log_name(one)),
        command=compose.run_script(context, about(run).service, one.name),
        state_dir=run.project.state_dir,
        epoch=run.operation.epoch,
    )


def _log_name(one: Script) -> str:
    return one.name.removesuffix(".py")


async def _container(run: Run) -> None:
    """Raises StepFailed when the backend does not run: nothing was begun then."""
    service = about(run).service
    if not any(one.service == service and one.state == "running" for one in await containers(run)):
        raise StepFailed("error-migration-no-container", service=service)


async def _database_ready(run: Run) -> None:
    """A deploy's `up` may have replaced the database: a script that came too early would count as failed for good."""
    if run.operation.kind is Kind.DEPLOY and run.project.database is not None:
        await until_ready(run)


async def _write(run: Run, ran: Ran) -> None:
    await state.write(run.remote, run.project, run.store, ran)


async def note(run: Run) -> dict[str, Any]:
    """What an admin said has run already is noted so. Nothing runs."""
    for one in about(run).noted:
        await run.hold()
        await _write(run, state.record(run.operation, one, ScriptState.SKIPPED))
    return {"noted": [one.name for one in about(run).noted]}


async def healthy(run: Run) -> dict[str, Any]:
    """What ran before must be well with the database as it is now."""
    await health.gate(run, tuple(run.plan.old_images))
    await run.remote.jobs.prune(run.project.state_dir, KEPT_JOBS)
    return {}


# --- what a deploy notes -------------------------------------------------------------------------


async def note_brought(run: Run) -> dict[str, Any]:
    """Scripts that came with a deploy's release and have no record are new from now on.

    `migrations`: how many a button is to run; or `held`: how many none may, because the `failed` did not end well.
    What was there before Opsgate kept records stays unknown. Trouble is no reason to take a healthy release back: what
    could not be noted is unknown then. Raises Unreachable and Fenced.
    """
    try:
        return await _note_brought(run)
    except (Unreachable, Fenced):
        raise
    except HostError as error:
        log.warning("migrations were not noted", operation=run.operation.id, error=str(error))
        return {}


async def _note_brought(run: Run) -> dict[str, Any]:
    pack = run.plan.pack
    if pack is None:
        return {}
    manifest = await read_manifest(run.remote, run.project, pack.release_id)
    scripts = state.scripts_of(manifest or b"")
    if not scripts:
        return {}
    known = await state.read(run.remote, run.project)
    there = state.standings(scripts, known, state.brought(run.plan, scripts))
    new = [one for one in state.with_names(there) if one.standing is Standing.NEW]
    for one in new:
        if one.name not in known:
            await _write(run, state.record(run.operation, one, ScriptState.NEW))
    if not new or run.project.migrate == "never" or _lacking(run):  # they are only named
        return {}
    failed = [one.name for one in there if one.standing is Standing.FAILED]
    return {"held": len(new), "failed": failed} if failed else {"migrations": len(new)}


def _lacking(run: Run) -> bool:
    """Whether the card said that there is nothing to run them in, or to back up before."""
    return bool({one.code for one in run.plan.findings} & {"migrate-no-database", "migrations-no-service"})


# --- procedures ----------------------------------------------------------------------------------


def migrate_states(steps: Sequence[Step]) -> dict[str, str]:
    """By script name what the journal says of it, in the order of the plan; empty where none was to run."""
    for step in steps:
        if (step.phase, step.name) == ("forward", "migrate"):
            return {str(name): str(became) for name, became in step.result.get("scripts", {}).items()}
    return {}


def ends(steps: Sequence[Step]) -> State:
    """Nothing is taken back by itself: an end that is known is a failure, one that nobody saw needs a human."""
    became = set(migrate_states(steps).values())
    begun = {step.name for step in steps if step.phase == "forward"}
    failed = {step.name for step in steps if step.phase == "forward" and step.state is StepState.FAILED}
    if became & {BEGUN, UNKNOWN} or ("health" in begun and "health" in failed):
        return State.NEEDS_HUMAN
    return State.FAILED


def procedure(lock: StepDef) -> Procedure:
    run_them = (
        lock,
        StepDef("backup", back_up),
        StepDef("migrate", migrate),
        StepDef("health", healthy),
        UNLOCK,
    )
    note_them = (lock, StepDef("note-migrations", note), UNLOCK)

    def forward(plan: Plan) -> tuple[StepDef, ...]:
        return note_them if plan.migrating and plan.migrating.noted else run_them

    return ending_dumps(Procedure(forward=forward, rollback=lambda _plan, _begun: (UNLOCK,), ends=ends))
