"""/deploy: the steps that bring a new release, and the way back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from services import health, releases, stacks
from services.backups import SHORT, UNLOCK, back_up, containers, start_database
from services.build_progress import BuildProgress, failing_context
from services.commands import compose, docker, state_files
from services.env_links import link_env_files
from services.errors import CommandFailed, StepFailed
from services.models import Plan, Release
from services.remote.jobs import JobSpec
from services.runs import Procedure, Run, Skip, StepDef

UPLOAD_TIMEOUT = 3600
CONFIG_TIMEOUT = 120
FILES_TIMEOUT = 1800
"""Seconds for the safety copy and the swap of files."""
KEPT_JOBS = 200
"""Ended jobs, and records by which swaps are taken back, that stay on the host."""


def release_dir(run: Run, release: str) -> PurePosixPath:
    return run.project.state_dir / "releases" / release


def _new(run: Run) -> PurePosixPath:
    if run.plan.pack is None:
        raise StepFailed("error-internal", detail="a deploy without a pack")
    return release_dir(run, run.plan.pack.release_id)


def _manifest(run: Run) -> PurePosixPath:
    return _new(run) / "manifest"


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


def upload_from(packs: Path) -> StepDef:
    """The step that sends the packed source and has the host check every file's hash."""

    async def upload(run: Run) -> dict[str, Any]:
        pack = run.plan.pack
        if pack is None or not (packs / Path(pack.file).name).is_file():
            raise StepFailed("error-pack-gone")
        await run.remote.send(
            run.remote.agent_command("unpack", _new(run), pack.manifest_sha256),
            packs / Path(pack.file).name,
            lambda done: run.progress(done, pack.size, "bytes"),
            UPLOAD_TIMEOUT,
        )
        return {"bytes": pack.size, "files": pack.files}

    return StepDef("upload", upload)


async def check_config(run: Run) -> dict[str, Any]:
    """`compose config` on the new tree. A service-level env_file finds the server's env file through a link."""
    tree = _new(run) / "tree"
    await link_env_files(run, tree)
    await run.remote.run(compose.config(stacks.context(run, tree)), timeout=CONFIG_TIMEOUT)
    return {}


async def keep_images(run: Run) -> dict[str, Any] | Skip:
    """Names the images that run now, so that no pruning takes them before the way back is closed."""
    if not run.plan.old_images:
        return Skip.SKIPPED
    for service, image in run.plan.old_images.items():
        tag = docker.keep_tag(run.project.name, service, run.operation.id)
        await run.remote.run(docker.tag(image, tag), timeout=SHORT)
    return {"images": run.plan.old_images}


async def build(run: Run) -> dict[str, Any] | Skip:
    """Builds from the release tree while the old containers serve."""
    pack = run.plan.pack
    if pack is None or not pack.build_services:
        return Skip.SKIPPED
    seen = BuildProgress()
    output = bytearray()

    def follow(data: bytes) -> None:
        output.extend(data)
        del output[:-262_144]
        done, total = seen.feed(data)
        run.progress(done, total, "steps")

    spec = JobSpec(
        id=run.job_id(),
        command=compose.build(stacks.context(run, _new(run) / "tree"), pack.build_services),
        state_dir=run.project.state_dir,
        env={"BUILDKIT_PROGRESS": "plain", "COMPOSE_ANSI": "never"},
        epoch=run.operation.epoch,
    )
    try:
        await run.job(spec, run.project.build_timeout, on_log=follow)
    except CommandFailed as error:
        context = failing_context(output.decode("utf-8", "replace"))
        raise StepFailed("error-build-failed", detail=context, status=error.exit_status) from error
    return {"services": list(pack.build_services)}


async def safety_copy(run: Run) -> dict[str, Any]:
    """R-RB-1: before anything on the server changes, the deployed files exist in <path>_backup."""
    spec = _files_job(
        run, "safety-copy", run.project.path, run.project.backup_dir, _manifest(run), _old_manifest(run)
    )
    await run.job(spec, FILES_TIMEOUT)
    return {}


async def swap(run: Run) -> dict[str, Any]:
    """Puts the new files in place, file by file, by rename; what is not part of a release is not touched."""
    tree = _new(run) / "tree"
    words = (run.project.path, tree, _manifest(run), _old_manifest(run), _undo(run), *run.project.env_files)
    spec = _files_job(run, "swap", *words)
    await run.job(spec, FILES_TIMEOUT)
    return {}


async def healthy(run: Run) -> dict[str, Any]:
    await health.gate(run, stacks.expected(run))
    return {}


async def record(run: Run) -> dict[str, Any]:
    """The host is the truth about releases: what runs now is written there, then mirrored in the store."""
    release = await _release(run)
    where = release_dir(run, release.id)
    await run.remote.verb("write", where / "release.json", stdin=release.model_dump_json(indent=1).encode())
    await run.remote.verb("write", run.project.state_dir / "current", stdin=release.id.encode())
    await run.remote.run(state_files.forget(run.project.state_dir, "first"), timeout=SHORT)
    await run.store.releases.add(release)
    keep = [release.id, *([run.plan.current.id] if run.plan.current else [])]
    await releases.prune(run.remote, run.project, keep)
    await releases.untag(run.remote, run.project)
    await run.remote.jobs.prune(run.project.state_dir, KEPT_JOBS)
    return json.loads(release.model_dump_json(include={"id", "images", "commit"}))  # type: ignore[no-any-return]  # JSON of ours


async def _release(run: Run) -> Release:
    pack = run.plan.pack
    if pack is None:
        raise StepFailed("error-internal", detail="a deploy without a pack")
    by = run.operation.confirmed_by or run.operation.by
    return Release(
        id=pack.release_id,
        project=run.project.name,
        commit=pack.commit,
        subject=pack.subject,
        label=pack.label,
        files=pack.files,
        size=pack.unpacked,
        images={container.service: container.image_id for container in await containers(run)},
        backup_id=run.results.get("backup", {}).get("backup"),
        by=by.name,
        at=datetime.now(UTC),
        compose_project=run.plan.compose_project,
    )


# --- back ----------------------------------------------------------------------------------------


async def restore_files(run: Run) -> dict[str, Any]:
    await stacks.end_forward(run)
    spec = _files_job(run, "unswap", run.project.path, run.project.backup_dir, _undo(run))
    await run.job(spec, FILES_TIMEOUT)
    return {}


async def restore_images(run: Run) -> dict[str, Any]:
    """The build moved the names to new images: they are given back to the very images that ran (R-RB-2)."""
    await stacks.end_forward(run)
    for service, image in run.plan.old_images.items():
        name = run.plan.old_image_names.get(service, "")
        if name and "@" not in name and not name.startswith("sha256:"):  # a pinned digest cannot move
            await run.remote.run(docker.tag(image, name), timeout=SHORT)
    return {}


async def record_previous(run: Run) -> dict[str, Any]:
    """The host's pointer goes back to what runs again."""
    state_dir = run.project.state_dir
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
    if "build" in begun and had_stack:
        steps.append(StepDef("restore-images", restore_images))
    if "up" in begun and had_stack:
        steps += [StepDef("up-previous", stacks.up_previous), StepDef("health-previous", healthy)]
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
        StepDef("up", stacks.up),
        StepDef("health", healthy),
        StepDef("record", record),
        UNLOCK,
    )
    return Procedure(forward=lambda _plan: forward, rollback=way_back)
