"""What is deployed now, as far as a plan compares with it: the release's manifest and its frontend's version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from services.changes import Changes, compare
from services.checks.database import is_first
from services.checks.tree import APP_JSON, app_version
from services.commands import files
from services.facts.models import Facts
from services.models import Pack
from services.projects import Project
from services.remote.host import RemoteHost

LIMIT = 64 * 1024 * 1024
"""Bytes of a manifest, about 100 a file: half a million files."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """`manifest`: empty when nothing is deployed, None when it is not known."""

    manifest: bytes | None
    frontend: str | None = None


async def read_deployed(remote: RemoteHost, project: Project, facts: Facts, pack: Pack) -> Deployed:
    """At most three reads. Raises HostError when the host does not answer; a file that is not there is no error."""
    if is_first(facts):
        return Deployed(b"")
    release = project.state_dir / "releases" / facts.current.id if facts.current else None
    manifest = await _content(remote, release / "manifest") if release else None
    places = [*([release / "tree" / APP_JSON] if release else []), project.path / APP_JSON]
    return Deployed(manifest, await _version(remote, places) if pack.source.frontend_version else None)


async def _version(remote: RemoteHost, places: list[PurePosixPath]) -> str | None:
    """The release tree's counts: the frontend was built from it. The deployed file may have been edited since."""
    for place in places:
        if (content := await _content(remote, place)) is not None:
            return app_version(content)
    return None


async def _content(remote: RemoteHost, path: PurePosixPath) -> bytes | None:
    done = await remote.run(files.read(path), limit=LIMIT, check=False)
    return done.stdout if done.exit_status == 0 and not done.truncated else None


def changes(deployed: Deployed, manifest: bytes | None, facts: Facts, pack: Pack) -> Changes:
    """Pure: what a pack with this manifest changes. None for a manifest whose pack is gone."""
    found = Changes(known=False) if manifest is None else compare(deployed.manifest, manifest)
    return found.model_copy(
        update={
            "frontend_from": deployed.frontend,
            "frontend_to": pack.source.frontend_version,
            "env": facts.env.fingerprints if facts.env else {},
        }
    )
