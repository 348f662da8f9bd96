"""What is deployed now, as far as a plan compares with it: the release's manifest and its frontend's version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from services.changes import PATH_AT, Changes, compare, manifest_lines
from services.checks.database import is_first
from services.checks.tree import APP_JSON, app_version
from services.commands import files
from services.drift import Drift, parse, parse_blocking
from services.errors import CommandFailed, TimedOut
from services.facts.models import Facts, Release
from services.facts.read import together
from services.models import Pack
from services.projects import Project
from services.remote.host import RemoteHost

HASHING = 300
"""Seconds to hash the files of a large release on a slow disk."""
LIMIT = 64 * 1024 * 1024
"""Bytes of a manifest, about 100 a file: half a million files."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """`manifest`: empty when nothing is deployed, None when it is not known.

    `whole`: the release's files, from which it was built, are as they were shipped. `drift`: what of them was changed
    where they were put.
    """

    manifest: bytes | None
    frontend: str | None = None
    whole: bool = False
    drift: Drift = field(default_factory=Drift)


async def read_deployed(remote: RemoteHost, project: Project, facts: Facts) -> Deployed:
    """Two rounds of reads. Raises HostError when the host does not answer; a file that is not there is no error."""
    if is_first(facts):
        return Deployed(b"")
    release = project.state_dir / "releases" / facts.current.id if facts.current else None
    places = [*([release / "tree" / APP_JSON] if release else []), project.path / APP_JSON]
    async with together() as group:
        version = group.create_task(_version(remote, places))
        manifest = (
            group.create_task(read_manifest(remote, project, facts.current.id)) if facts.current else None
        )
    listing = manifest.result() if manifest else None
    if release is None or facts.current is None or listing is None:
        return Deployed(listing, version.result())
    async with together() as group:
        whole = group.create_task(_whole(remote, release, facts.current, listing))
        drift = group.create_task(read_drift(remote, project, release))
    return Deployed(listing, version.result(), whole.result(), drift.result())


async def _whole(remote: RemoteHost, release: PurePosixPath, record: Release, listing: bytes) -> bool:
    """Verified, not trusted: every file of the release is hashed. Records of older versions do not say what it was.

    A host that once could not build on it left a note there.
    """
    if record.manifest_sha256 != hashlib.sha256(listing).hexdigest():
        return False
    if await _content(remote, release / "unusable") is not None:
        return False
    words = (release / "tree", release / "manifest", record.manifest_sha256)
    try:
        await remote.verb("intact", *words, timeout=HASHING)
    except (CommandFailed, TimedOut):
        return False
    return True


async def read_drift(remote: RemoteHost, project: Project, release: PurePosixPath) -> Drift:
    """What of the release is not on the server as it says.

    Not known where the host cannot tell. What was told is held against the server again right before files are
    swapped (deploys.look_again).
    """
    return await _drift(remote, project.path, release / "manifest")


async def read_standing(remote: RemoteHost, project: Project, lines: Sequence[str]) -> Drift:
    """Which files of a manifest's lines stand on the server otherwise; what is only missing there is no drift."""
    listing = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
    return await _drift(remote, project.path, "-", "-", stdin=listing) if lines else Drift()


async def _drift(remote: RemoteHost, *words: PurePosixPath | str, stdin: bytes | None = None) -> Drift:
    try:
        return parse(await remote.verb("drift", *words, stdin=stdin, timeout=HASHING))
    except (CommandFailed, TimedOut):
        return Drift(known=False)


async def read_all(remote: RemoteHost, project: Project, drift: Drift, before: bytes, coming: bytes) -> Drift:
    """Drifted files, and those of the manifest `coming` that stand there although nobody released them."""
    had = {line[PATH_AT:] for line in manifest_lines(before)}
    new = [line for line in manifest_lines(coming) if line[PATH_AT:] not in had]
    return drift.with_present(await read_standing(remote, project, new))


async def read_loss(
    remote: RemoteHost, project: Project, drift: Drift, before: bytes, coming: bytes
) -> Drift:
    """What of all that (`read_all`) a release with the manifest `coming` would replace."""
    found = await read_all(remote, project, drift, before, coming)
    return found.to_lose(frozenset(manifest_lines(coming)), manifest_lines(before))


async def read_blocking(
    remote: RemoteHost, project: Project, facts: Facts, lost: Drift | None, coming: bytes
) -> Drift | None:
    """`lost`, with what would keep the swap from putting a release with the manifest `coming` in place."""
    old = project.state_dir / "releases" / facts.current.id / "manifest" if facts.current else "-"
    words = (project.path, old, *project.env_files)
    try:
        found = parse_blocking(await remote.verb("blocking", *words, stdin=coming, timeout=HASHING))
    except (CommandFailed, TimedOut):
        return (lost or Drift()).model_copy(update={"known": False})
    return (lost or Drift()).model_copy(update={"blocking": found}) if found.total else lost


async def _version(remote: RemoteHost, places: list[PurePosixPath]) -> str | None:
    """The release tree's counts: the frontend was built from it. The deployed file may have been edited since."""
    for place in places:
        if (content := await _content(remote, place)) is not None:
            return app_version(content)
    return None


async def read_manifest(remote: RemoteHost, project: Project, release: str) -> bytes | None:
    """None where it is not there. Raises HostError when the host does not answer."""
    return await _content(remote, project.state_dir / "releases" / release / "manifest")


async def _content(remote: RemoteHost, path: PurePosixPath) -> bytes | None:
    done = await remote.run(files.read(path), limit=LIMIT, check=False)
    return done.stdout if done.exit_status == 0 and not done.truncated else None


def changes(deployed: Deployed, manifest: bytes | None, facts: Facts, pack: Pack) -> Changes:
    """Pure: what a pack with this manifest changes. None for a manifest whose pack is gone."""
    found = (
        Changes(known=False)
        if manifest is None
        else compare(deployed.manifest, manifest, pack.source.backend_copies)
    )
    return found.model_copy(
        update={
            "frontend_from": deployed.frontend,
            "frontend_to": pack.source.frontend_version,
            "version_fault": pack.source.version_fault,
            "env": facts.env.fingerprints if facts.env else {},
        }
    )
