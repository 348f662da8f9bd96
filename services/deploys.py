"""/deploy: the steps that bring a new release, and the way back."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from services import health, releases, rolling, stacks
from services.backups.steps import back_up, ending_dumps, start_database
from services.build_progress import BuildProgress, failing_context
from services.checks.rolling import fixed
from services.commands import compose, docker, state_files
from services.commands.compose import ComposeContext
from services.deployed import HASHING
from services.drift import named, parse
from services.env_links import link_env_files
from services.errors import CommandFailed, StepFailed
from services.facts.models import Release
from services.migrations import steps as migrations
from services.models import Plan
from services.remote.jobs import JobSpec
from services.runs import Procedure, Run, Skip, StepDef
from services.stacks import NO_CACHE
from services.steps import SHORT, UNLOCK, containers
from services.uploads import new_dir, release_dir, upload_from

CONFIG_TIMEOUT = 120
FILES_TIMEOUT = 1800
"""Seconds for the safety copy and the swap of files."""
LOOK_HOLDS = 10
"""Seconds for which nobody is thought to edit what was just looked at."""
KEPT_JOBS = 200
"""Ended jobs, and records by which swaps are taken back, that stay on the host."""


def _manifest(run: Run) -> PurePosixPath:
    return new_dir(run) / "manifest"


def _old_manifest(run: Run) -> PurePosixPath | str:
    return release_dir(run, run.plan.current.id) / "manifest" if run.plan.current else "-"


def _undo(run: Run) -> PurePosixPath:
    return run.project.state_dir / "undo" / run.operation.id


def _files_job(run: Run, *words: Any) -> JobSpec:
    return JobSpec(
        id=run.job_id(),
        command=run.remote.agent_command(*words),
        state_dir=run.project.state_dir,
        epoch=run.operation.epoch,
    )


# --- forward -------------------------------------------------------------------------------------


async def mark_first(run: Run) -> dict[str, Any] | Skip:
    """Until a first deploy has succeeded there is no database worth a backup: the host remembers that."""
    if not run.plan.first:
        return Skip.SKIPPED
    await run.remote.verb("write", run.project.state_dir / "first", stdin=run.operation.id.encode())
    return {}


async def check_config(run: Run) -> dict[str, Any]:
    """`compose config` on the new tree. A service-level env_file finds the server's env file through a link."""
    tree = new_dir(run) / "tree"
    await link_env_files(run, tree)
    await run.remote.run(compose.config(stacks.context(run, tree)), timeout=CONFIG_TIMEOUT)
    return {}


async def keep_images(run: Run) -> dict[str, Any] | Skip:
    """Names the images that run now, so that no pruning takes them before the way back is closed."""
    if not run.plan.old_images:
        return Skip.SKIPPED
    for service, image in run.plan.old_images.items():
        tag = docker.keep_tag(run.plan.compose_project, service, run.operation.id)
        await run.remote.run(docker.tag(image, tag), timeout=SHORT)
    return {"images": run.plan.old_images}


async def build(run: Run) -> dict[str, Any] | Skip:
    """Builds from the release tree while the old containers serve; without cache only what the plan says."""
    pack = run.plan.pack
    if pack is None or not pack.build_services:
        return Skip.SKIPPED
    fresh = [one.service for one in run.plan.no_cache]
    rest = [one for one in pack.build_services if one not in fresh]
    await build_images(run, stacks.context(run, new_dir(run) / "tree"), rest, fresh)
    return {"services": list(pack.build_services), "no_cache": fresh}


async def build_images(
    run: Run, context: ComposeContext, cached: Sequence[str], fresh: Sequence[str]
) -> None:
    """R-FE-3, R-FE-4: a job for the services that are built with the cache, one for those without.

    Raises StepFailed with the failing line and what stands around it.
    """
    seen = BuildProgress()
    output = bytearray()

    def follow(data: bytes) -> None:
        output.extend(data)
        del output[:-262_144]
        done, total = seen.feed(data)
        run.progress(done, total, "steps")

    try:
        for services, name in ((cached, ""), (fresh, NO_CACHE)):
            if services:
                spec = _build(run, context, services, name)
                await run.job(spec, run.project.build_timeout, follow, log_name=name)
    except CommandFailed as error:
        said = failing_context(output.decode("utf-8", "replace"))
        raise StepFailed("error-build-failed", detail=said, status=error.exit_status) from error


def _build(run: Run, context: ComposeContext, services: Sequence[str], name: str) -> JobSpec:
    return JobSpec(
        id=run.job_id(name),
        command=compose.build(context, services, no_cache=name == NO_CACHE),
        state_dir=run.project.state_dir,
        env={"BUILDKIT_PROGRESS": "plain", "COMPOSE_ANSI": "never"},
        epoch=run.operation.epoch,
    )


async def safety_copy(run: Run) -> dict[str, Any]:
    """R-RB-1: before anything on the server changes, the deployed files exist in <path>_backup."""
    words = (run.project.path, run.project.backup_dir, _manifest(run), _old_manifest(run))
    await run.job(_files_job(run, "safety-copy", *words, *run.project.env_files), FILES_TIMEOUT)
    await look_again(run)
    return {}


async def look_again(run: Run) -> None:
    """An edit that came after the card is not replaced unseen. Raises StepFailed with what the plan does not name.

    A card that could not name everything was confirmed as it is. What is no file is never replaced: the copy and the swap
    refuse it where it is not of the release before.
    """
    told = run.plan.drift
    if told and told.known and not told.unnamed:
        words = (run.project.path, _manifest(run), _old_manifest(run))
        found = parse(await run.remote.verb("drift", *words, timeout=HASHING))
        standing = [one for one in found.files if one.sha256]
        unseen = [one.path for one in standing if one not in told.files]
        odd = len(found.files) - len(standing)
        more = max(0, found.total - odd - len(told.files) - len(unseen))
        if unseen or more:
            raise StepFailed("error-edited-since", detail="", **named(unseen, more))
    run.looked_at = time.monotonic()


async def swap(run: Run) -> dict[str, Any]:
    """Puts the release's files in place, file by file, by rename; what is not part of a release is not touched.

    After a restart or an outage they are looked at again, unless the swap was begun already.
    """
    tree = new_dir(run) / "tree"
    words = (run.project.path, tree, _manifest(run), _old_manifest(run), _undo(run), *run.project.env_files)
    spec = _files_job(run, "swap", *words)
    just_now = run.looked_at is not None and time.monotonic() - run.looked_at < LOOK_HOLDS
    await run.job(spec, FILES_TIMEOUT, prepare=None if just_now else look_again)
    return {}


async def healthy(run: Run) -> dict[str, Any]:
    """What nothing touched has been proving itself all along: there it is one good look."""
    untouched = run.phase == "forward" and rolling.left_alone(run) and not run.plan.migrating
    await health.gate(run, stacks.expected(run), steady_for=0 if untouched else None)
    return {}


async def record(run: Run) -> dict[str, Any]:
    """The host is the truth about releases: what runs now is written there, then mirrored in the store."""
    now = datetime.now(UTC)
    release = await _release(run, now)
    await write_release(run, release)
    if (replaced := run.plan.current) and replaced.at:
        await write_release(run, replaced.model_copy(update={"until": now}))
    await run.remote.verb("write", run.project.state_dir / "current", stdin=release.id.encode())
    await run.remote.run(state_files.forget(run.project.state_dir, "first"), timeout=SHORT)
    await run.store.releases.add(release)
    brought = await migrations.note_brought(run)
    freed = await releases.keep_house(run, release)
    await run.remote.jobs.prune(run.project.state_dir, KEPT_JOBS)
    recorded = json.loads(release.model_dump_json(include={"id", "images", "commit"}))
    return {**recorded, **freed, **brought}


async def write_release(run: Run, release: Release) -> None:
    where = release_dir(run, release.id) / "release.json"
    await run.remote.verb("write", where, stdin=release.model_dump_json(indent=1).encode())


async def _release(run: Run, now: datetime) -> Release:
    """Who brought it first, and when, stays with a release that comes back."""
    if run.plan.returning:
        names = run.plan.returning.image_names
        again = {"since": now, "until": None, "image_names": names}
        return run.plan.returning.release.model_copy(update=again)
    pack = run.plan.pack
    if pack is None:
        raise StepFailed("error-internal", detail="a deploy without a pack")
    by = run.operation.confirmed_by or run.operation.by
    ours = [one for one in await containers(run) if one.service in pack.compose_services]
    return Release(
        id=pack.release_id,
        project=run.project.name,
        commit=pack.commit,
        subject=pack.subject,
        label=pack.label,
        files=pack.files,
        size=pack.unpacked,
        images={container.service: container.image_id for container in ours},
        image_names={container.service: container.image for container in ours},
        services=pack.compose_services,
        backends=pack.source.backends,
        manifest_sha256=pack.manifest_sha256,
        backup_id=run.results.get("backup", {}).get("backup"),
        by=by.name,
        at=now,
        since=now,
        compose_project=run.plan.compose_project,
        env=run.plan.changes.env if run.plan.changes else None,
        traits=pack.traits,
        fixed=fixed(pack),
    )


# --- back ----------------------------------------------------------------------------------------


async def restore_files(run: Run) -> dict[str, Any]:
    await stacks.end_forward(run)
    spec = _files_job(run, "unswap", run.project.path, run.project.backup_dir, _undo(run))
    await run.job(spec, FILES_TIMEOUT)
    return {}


async def restore_images(run: Run) -> dict[str, Any]:
    """The names moved to other images: they are given back to the very images that ran (R-RB-2)."""
    await stacks.end_forward(run)
    await give_names(run, run.plan.old_images, run.plan.old_image_names)
    return {}


async def give_names(run: Run, images: Mapping[str, str], names: Mapping[str, str]) -> None:
    """By service: the image gets the name under which Compose looks for it."""
    for service, image in images.items():
        name = names.get(service, "")
        if name and "@" not in name and not name.startswith("sha256:"):  # a pinned digest cannot move
            await run.remote.run(docker.tag(image, name), timeout=SHORT)


async def record_previous(run: Run) -> dict[str, Any]:
    """The host's pointer goes back to what runs again, and the records to what they said."""
    state_dir = run.project.state_dir
    for release in (run.plan.current, run.plan.returning.release if run.plan.returning else None):
        if release and release.at:
            await write_release(run, release)
    if run.plan.current:
        await run.remote.verb("write", state_dir / "current", stdin=run.plan.current.id.encode())
    else:
        await run.remote.run(state_files.forget(state_dir, "current"), timeout=SHORT)
    return {}


def way_back(plan: Plan, begun: frozenset[str]) -> tuple[StepDef, ...]:
    """Only what was begun is undone, in an order in which each step finds what it needs."""
    steps: list[StepDef] = []
    had_stack = bool(plan.old_images)
    if "up" in begun and not had_stack:
        steps.append(StepDef("stop-new", stacks.stop_new))
    if "swap" in begun:
        steps.append(StepDef("restore-files", restore_files))
    if begun & {"build", "bring-images"} and had_stack:
        steps.append(StepDef("restore-images", restore_images))
    if "up" in begun and had_stack:
        steps += [StepDef("up-previous", rolling.up_previous), StepDef("health-previous", healthy)]
    if "build" in begun and not steps:
        steps.append(StepDef("end-build", stacks.end_forward))
    if "record" in begun:
        steps.append(StepDef("record-previous", record_previous))
    return (*steps, UNLOCK)


def procedure(lock: StepDef, packs: Path) -> Procedure:
    forward = (
        lock,
        StepDef("mark-first", mark_first),
        StepDef("start-database", start_database),
        StepDef("backup", back_up),
        upload_from(packs),
        StepDef("config", check_config),
        StepDef("keep-images", keep_images),
        StepDef("build", build),
        StepDef("safety-copy", safety_copy),
        StepDef("swap", swap),
        StepDef("up", rolling.up),
        StepDef("migrate", migrations.migrate),
        StepDef("health", healthy),
        StepDef("record", record),
        UNLOCK,
    )

    def taken(plan: Plan) -> tuple[StepDef, ...]:
        return tuple(step for step in forward if step.name != "migrate" or plan.migrating)

    return ending_dumps(Procedure(forward=taken, rollback=way_back))
