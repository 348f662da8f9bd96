"""Lets a release tree see the env files of the server, as they stand in the deployment path."""

from __future__ import annotations

from pathlib import PurePosixPath

from services.commands import state_files
from services.errors import CommandFailed
from services.runs import Run
from services.steps import SHORT


async def link_env_files(run: Run, tree: PurePosixPath) -> None:
    """Links them into the tree, so that a build there reads what `up` will read in the deployment path.

    Those that Compose would find by itself (nothing is configured) are linked where they exist.
    """
    for file in run.project.env_files:
        live = run.project.path / file
        if run.project.env_file is not None or await _exists(run, live):
            await run.remote.run(state_files.folder((tree / file).parent), timeout=SHORT)
            await run.remote.run(state_files.link_env(live, tree / file), timeout=SHORT)


async def _exists(run: Run, file: PurePosixPath) -> bool:
    looked = state_files.exists(file)
    done = await run.remote.run(looked, timeout=SHORT, check=False)
    if done.exit_status not in {0, 1}:
        raise CommandFailed(looked.name, done.exit_status, done.stderr.decode("utf-8", "replace"))
    return done.exit_status == 0
