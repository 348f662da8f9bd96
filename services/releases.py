"""Releases on the host: which trees are there, and which may go."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from services.commands import docker, state_files
from services.projects import Project
from services.remote.host import RemoteHost

REMOVING = 300
"""Seconds for an image to leave a slow disk."""


def superfluous(found: Sequence[str], keep: int, never: Collection[str]) -> list[str]:
    """Pure: the releases beyond the newest `keep`, without those that must stay. Ids begin with their time."""
    newest = sorted(found, reverse=True)[:keep]
    return sorted(set(found) - set(newest) - set(never))


def superfluous_tags(tags: Sequence[str], keep: int) -> list[str]:
    """Pure: keep-tags of all operations but the newest `keep`. An operation's id begins with its time."""
    of = {tag: tag.split(".")[1] for tag in tags if tag.count(".") > 1}
    newest = sorted(set(of.values()), reverse=True)[:keep]
    return sorted(tag for tag, operation in of.items() if operation not in newest)


async def untag(remote: RemoteHost, project: Project) -> None:
    """Lets go of images that only the way back of long ended operations needed. One that is in use stays."""
    listed = await remote.run(docker.keep_tags(project.name), check=False)
    if listed.exit_status == 0:
        ours = f"{docker.KEEP}:{project.name}."
        tags = [tag for tag in listed.stdout.decode("utf-8", "replace").split() if tag.startswith(ours)]
        for tag in superfluous_tags(tags, project.keep_releases):
            await remote.run(docker.image_remove(tag), timeout=REMOVING, check=False)


async def prune(remote: RemoteHost, project: Project, never: Collection[str]) -> list[str]:
    """Removes old release trees from the host. Never the current or the previous one."""
    listed = await remote.run(state_files.releases(project.state_dir))
    found = [line for line in listed.stdout.decode("utf-8", "replace").split("\n") if line]
    gone = superfluous(found, project.keep_releases, never)
    for release in gone:
        await remote.verb("remove-tree", project.state_dir, f"releases/{release}")
    return gone
