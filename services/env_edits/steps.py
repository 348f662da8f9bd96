"""/env: the steps that put the new file in place, prove it, and the way back.

The new file comes to the host before anything else and takes the old one's place by one rename. The old one stays
under the operation's id: the way back and `/env undo` read it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pydantic import SecretStr

from services import deploys, envfile, health, rolling, stacks
from services.backups.steps import READY_WITHIN, back_up, database_of, ending_dumps, start_database
from services.commands import compose, postgres, roles
from services.commands.compose import ComposeContext
from services.env_edits import passwords, reading
from services.env_edits.models import EnvEdit
from services.env_edits.proposals import mark
from services.env_edits.wishes import Wishes
from services.env_edits.writing import edited
from services.envfile import PASSWORD_KEY, EnvFile
from services.errors import BadInput, CommandFailed, StepFailed
from services.facts.models import Release
from services.models import Plan
from services.projects import Database
from services.remote.jobs import JobSpec
from services.runs import Procedure, Run, Skip, StepDef
from services.steps import SHORT, UNLOCK, containers

KEPT_FILES = 5
"""Previous env files that stay on the host."""
FILE_JOB = 60
CONFIG_TIMEOUT = 120


@dataclass(frozen=True, slots=True)
class Room:
    """What the steps need of ours: where values lie, the key of the hashes, who learns what is secret."""

    wishes: Wishes
    key: bytes
    learn: Callable[[EnvFile], None]


def about(run: Run) -> EnvEdit:
    if run.plan.editing is None:
        raise StepFailed("error-internal", detail="an edit of nothing")
    return run.plan.editing


def _live(run: Run) -> PurePosixPath:
    return reading.env_path(run.project)


def _old(run: Run) -> PurePosixPath:
    return reading.env_dir(run.project) / run.operation.id


def _new(run: Run) -> PurePosixPath:
    return reading.env_dir(run.project) / f"{run.operation.id}.new"


async def _content(run: Run, path: PurePosixPath) -> bytes:
    found = await reading.content_of(run.remote, path)
    if found is None:
        raise StepFailed("error-env-lost", file=str(path))
    return found


async def _file_job(run: Run, verb: str, *words: PurePosixPath | int) -> None:
    spec = JobSpec(
        id=run.job_id(),
        command=run.remote.agent_command(verb, *words),
        state_dir=run.project.state_dir,
        epoch=run.operation.epoch,
    )
    await run.job(spec, FILE_JOB)


# --- forward -------------------------------------------------------------------------------------


def stage_env(room: Room) -> StepDef:
    """The old file and the new one lie beside each other on the host, each for its owner alone."""

    async def stage(run: Run) -> dict[str, Any]:
        live = await _content(run, _live(run))
        if mark(room.key, live) != about(run).before:
            raise StepFailed("error-env-changed", file=about(run).file)
        new = await _wanted(run, room, live)
        if mark(room.key, new) != about(run).after:
            raise StepFailed("error-env-changed", file=about(run).file)
        room.learn(envfile.parse(new))
        await run.hold()
        await run.remote.verb("write", _old(run), stdin=live)
        await run.remote.verb("write", _new(run), stdin=new)
        return {"keys": list(about(run).names)}

    return StepDef("stage-env", stage)


async def _wanted(run: Run, room: Room, live: bytes) -> bytes:
    if about(run).undoes:
        return await _content(run, reading.env_dir(run.project) / about(run).undoes)
    try:
        wish = room.wishes.wish(about(run).wish)
        return edited(live, wish.key, wish.value)
    except BadInput as error:
        raise StepFailed("error-env-changed", file=about(run).file, detail=str(error)) from error


def _knowing(room: Room, step: StepDef) -> StepDef:
    """A step whose output may show the new values: they are learned first, also by a process that takes it up later."""

    async def work(run: Run) -> dict[str, Any] | Skip | None:
        for path in (_old(run), _new(run)):
            if (found := await reading.content_of(run.remote, path)) is not None:
                room.learn(envfile.parse(found))
        return await step.work(run)

    return StepDef(step.name, work)


def _context(run: Run) -> ComposeContext:
    """The deployed compose file with the new env file."""
    found = stacks.context(run, run.project.path)
    return ComposeContext(found.project_name, found.compose_file, _new(run))


async def check_config(run: Run) -> dict[str, Any]:
    await run.remote.run(compose.config(_context(run)), timeout=CONFIG_TIMEOUT)
    return {}


async def build(run: Run) -> dict[str, Any] | Skip:
    """R-FE-2: with the new values, while the old containers serve; without cache what they are baked into."""
    built = about(run).built
    if not built:
        return Skip.SKIPPED
    fresh = [one.service for one in run.plan.no_cache if one.service in built]
    await deploys.build_images(run, _context(run), [one for one in built if one not in fresh], fresh)
    return {"services": list(built), "no_cache": fresh}


async def swap_env(run: Run) -> dict[str, Any]:
    await _file_job(run, "swap-env", _live(run), _old(run), _new(run))
    return {}


async def healthy(run: Run) -> dict[str, Any]:
    await health.gate(run, run.plan.old_running)
    return {}


def record(room: Room) -> StepDef:
    """The release that serves was built anew with other values: a rollback to it, and the next deploy, must know."""

    async def noted(run: Run) -> dict[str, Any]:
        await run.hold()
        await run.remote.verb("tidy-env", reading.env_dir(run.project), KEPT_FILES)
        if run.plan.current and run.plan.current.at and not run.plan.first:
            env = envfile.parse(await _content(run, _live(run)))
            await _record(run, run.plan.current, env.fingerprints(room.key))
        return {"keys": list(about(run).names)}

    return StepDef("record", noted)


async def _record(run: Run, release: Release, env: dict[str, str]) -> None:
    now = {one.service: one for one in await containers(run) if one.service in release.images}
    images = {**release.images, **{name: one.image_id for name, one in now.items()}}
    names = {**release.image_names, **{name: one.image for name, one in now.items()}}
    fresh = release.model_copy(update={"images": images, "image_names": names, "env": env})
    await deploys.write_release(run, fresh)
    await run.store.releases.add(fresh)


# --- the role's password -------------------------------------------------------------------------


async def role_password(run: Run) -> dict[str, Any] | Skip:
    """The old containers keep their sessions; what logs in from now on is the new ones, with the new password."""
    if not about(run).role:
        return Skip.SKIPPED
    await _give_password(run, await _password(run, _new(run)))
    return {"role": about(run).role}


async def role_password_back(run: Run) -> dict[str, Any] | Skip:
    """A database that was being replaced is brought up first: without it there is nobody to tell."""
    if not about(run).role:
        return Skip.SKIPPED
    await _database_up(run)
    await _give_password(run, await _password(run, _live(run)))
    return {"role": about(run).role}


async def _password(run: Run, path: PurePosixPath) -> SecretStr:
    found = envfile.parse(await _content(run, path)).values.get(PASSWORD_KEY)
    if found is None:
        raise StepFailed("error-env-lost", file=str(path))
    return found


def _roles_database(run: Run) -> Database:
    """Roles with passwords are PostgreSQL's."""
    database = database_of(run)
    if not isinstance(database, Database):
        raise StepFailed("error-internal", detail="a role's password without PostgreSQL")
    return database


async def _give_password(run: Run, password: SecretStr) -> None:
    """Only what the server stores travels, over psql's standard input; nothing where it is so already."""
    database = _roles_database(run).model_copy(update={"user": about(run).worker})
    service = database.service
    found = [one for one in await containers(run) if one.service == service and one.state == "running"]
    if not found:
        raise StepFailed("error-database-not-running", service=service)
    psql = roles.script(found[0].id, database, about(run).role)
    try:
        done = await run.remote.run(psql, stdin=roles.READ, timeout=SHORT)
        stored = done.stdout.decode("ascii", "replace").strip()
        if passwords.matches(stored, password, about(run).role):
            return
        await run.hold()
        new = passwords.verifier(password, about(run).role, stored)
        await run.remote.run(psql, stdin=roles.store(new), timeout=SHORT)
    except CommandFailed as error:
        raise StepFailed("error-env-role", role=about(run).role, status=error.exit_status) from None


async def _database_up(run: Run) -> None:
    database = _roles_database(run)
    runs = [
        one for one in await containers(run) if one.service == database.service and one.state == "running"
    ]
    if not runs:
        context = stacks.context(run, run.project.path)
        await stacks.up_job(run, compose.up(context, [database.service]), "database")
        runs = [one for one in await containers(run) if one.service == database.service]
    waited = 0.0
    while runs and waited < READY_WITHIN:
        ready = await run.remote.run(postgres.is_ready(runs[0].id, database), timeout=SHORT, check=False)
        if ready.exit_status == 0:
            return
        await run.sleep(0.5)
        waited += 0.5
    raise StepFailed("error-database-not-ready", service=database.service, seconds=READY_WITHIN)


# --- back ----------------------------------------------------------------------------------------


async def restore_env(run: Run) -> dict[str, Any]:
    await stacks.end_forward(run)
    await _file_job(run, "unswap-env", _live(run), _old(run))
    return {}


async def forget_env(run: Run) -> dict[str, Any]:
    """Nothing of an edit that did not come about stays on the host."""
    await run.hold()
    await run.remote.verb("forget-env", _old(run), _new(run))
    return {}


def _way_back(room: Room, plan: Plan, begun: frozenset[str]) -> tuple[StepDef, ...]:
    steps: list[StepDef] = []
    if "swap-env" in begun:
        steps.append(StepDef("restore-env", restore_env))
    if "build" in begun:
        steps.append(StepDef("restore-images", deploys.restore_images))
    if "role-password" in begun and plan.editing and plan.editing.role:
        steps.append(StepDef("role-password-back", role_password_back))
    if "up" in begun:
        steps.append(_knowing(room, StepDef("up-previous", rolling.up_previous)))
        steps.append(_knowing(room, StepDef("health-previous", healthy)))
    if "record" in begun and not plan.first:
        steps.append(StepDef("record-previous", deploys.record_previous))
    if "stage-env" in begun:
        steps.append(StepDef("forget-env", forget_env))
    return (*steps, UNLOCK)


def procedure(lock: StepDef, room: Room) -> Procedure:
    """Of an edit, and of what takes one back."""
    first = (lock, stage_env(room), StepDef("swap-env", swap_env), record(room), UNLOCK)
    forward = (
        lock,
        StepDef("start-database", start_database),
        StepDef("backup", back_up),
        stage_env(room),
        _knowing(room, StepDef("config", check_config)),
        StepDef("keep-images", deploys.keep_images),
        _knowing(room, StepDef("build", build)),
        StepDef("swap-env", swap_env),
        StepDef("role-password", role_password),
        _knowing(room, StepDef("up", stacks.up)),
        _knowing(room, StepDef("health", healthy)),
        record(room),
        UNLOCK,
    )
    edit = Procedure(
        forward=lambda plan: first if plan.first else forward,
        rollback=lambda plan, begun: _way_back(room, plan, begun),
    )
    return ending_dumps(edit)
