"""The upload of a release: only what the host does not have travels, and a broken transfer goes on where it stood."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from services import releases
from services.errors import CommandFailed, StepFailed
from services.models import Pack
from services.remote import agent
from services.runs import Run, StepDef

UPLOAD_TIMEOUT = 3600
RESUMABLE = 1 << 20
"""Bytes from which on a pack goes on where a broken transfer left it."""


def release_dir(run: Run, release: str) -> PurePosixPath:
    return run.project.state_dir / "releases" / release


def new_dir(run: Run) -> PurePosixPath:
    """The folder of the release that comes: freshly unpacked by a deploy, still there for a rollback."""
    return release_dir(run, releases.coming(run.plan))


async def _arrived(run: Run, pack: Pack) -> int:
    """Bytes of the pack that a transfer which broke left on the host. Not worth a question for a small one."""
    if pack.size < RESUMABLE:
        return 0
    there = int(await run.remote.verb("arrived", new_dir(run)))
    return there if there <= pack.size else 0


def upload_from(packs: Path) -> StepDef:
    """The step that sends the packed source and has the host check every file's hash."""

    async def upload(run: Run) -> dict[str, Any]:
        pack = run.plan.pack
        if pack is None or not (packs / Path(pack.file).name).is_file():
            raise StepFailed("error-pack-gone")
        there = await _arrived(run, pack)
        base = release_dir(run, pack.base) if pack.base else "-"
        try:
            await run.remote.send(
                run.remote.agent_command(
                    "unpack", new_dir(run), pack.manifest_sha256, pack.size, there, base
                ),
                packs / Path(pack.file).name,
                lambda done: run.progress(done, pack.size, "bytes"),
                UPLOAD_TIMEOUT,
                there,
            )
        except CommandFailed as error:
            if error.exit_status == agent.BASE_CHANGED:
                raise StepFailed("error-base-changed", detail=error.detail) from error
            raise
        return {"bytes": pack.size, "files": pack.files if pack.carried is None else pack.carried}

    return StepDef("upload", upload)
