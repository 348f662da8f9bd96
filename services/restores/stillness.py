"""Those who have a file database open, stopped for its swap and started again.

Who must run afterwards stands in the plan, so that it is known after any crash.
"""

from __future__ import annotations

from services.backups.steps import database_of
from services.commands import docker
from services.engines.sqlite import mount_of, shares
from services.errors import CommandFailed, StepFailed
from services.facts.models import Container
from services.projects import SqliteDatabase
from services.runs import Run
from services.steps import containers


async def still(run: Run) -> None:
    """Stops every running container of the stack that sees the file. Raises what a command raises."""
    for one in await _who_see_it(run):
        if one.state in {"running", "restarting", "paused"}:
            await run.hold()
            await run.remote.run(docker.stop_container(one.id), timeout=run.project.up_timeout)


async def wake(run: Run) -> None:
    """Starts those of them whose services ran when the plan was made, each given a second chance."""
    for one in await _who_see_it(run):
        if one.state not in {"running", "restarting"} and one.service in run.plan.old_images:
            start = docker.start_container(one.id)
            try:
                await run.remote.run(start, timeout=run.project.up_timeout)
            except CommandFailed:
                await run.sleep(1)
                await run.remote.run(start, timeout=run.project.up_timeout)


async def _who_see_it(run: Run) -> list[Container]:
    """The service itself first."""
    database, found = database_of(run), await containers(run)
    if not isinstance(database, SqliteDatabase):
        return []
    mounts = [
        one for each in found if each.service == database.service if (one := mount_of(database.file, each))
    ]
    if not mounts:
        raise StepFailed("error-sqlite-place", file=str(database.file))
    seeing = [each for each in found if any(shares(mine, mounts[0]) for mine in each.mounts)]
    return sorted(seeing, key=lambda each: (each.service != database.service, each.name))
