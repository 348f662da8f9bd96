"""Releases on the host: which trees are there, and which may go."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from services.commands import state_files
from services.projects import Project
from services.remote.host import RemoteHost


def superfluous(found: Sequence[str], keep: int, never: Collection[str]) -> list[str]:
    """Pure: the releases beyond the newest `keep`, without those that must stay. Ids begin with their time."""
    newest = sorted(found, reverse=True)[:keep]
    return sorted(set(found) - set(newest) - set(never))


async def prune(remote: RemoteHost, project: Project, never: Collection[str]) -> list[str]:
    """Removes old release trees from the host. Never the current or the previous one."""
    listed = await remote.run(state_files.releases(project.state_dir))
    found = [line for line in listed.stdout.decode("utf-8", "replace").split("\n") if line]
    gone = superfluous(found, project.keep_releases, never)
    for release in gone:
        await remote.verb("remove-tree", project.state_dir, f"releases/{release}")
    return gone
