"""What a plan's files on the server differ from, as lines of a diff: for the button below its card."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from services.changes import PATH_AT, manifest_lines
from services.commands import files
from services.deployed import read_all, read_drift, read_manifest
from services.drift import MOST_COMPARED, Drifted, difference
from services.env_secrets import EnvSecrets
from services.models import Plan
from services.projects import Project
from services.remote.host import RemoteHost
from services.sources import archive


@dataclass(frozen=True, slots=True)
class Differences:
    """`plan` is an offered one of a project on `remote`; `packs` the folder where its source lies."""

    remote: RemoteHost
    project: Project
    packs: Path
    secrets: EnvSecrets
    plan: Plan

    async def lines(self) -> list[str]:
        """From the deployed release to what is on the server now; where only the plan's new one has a file, from that.

        Without secrets; empty where nothing differs. Raises HostError.
        """
        if self.plan.current is None:
            return []
        await self.secrets.read(self.remote, self.project)
        release = self._release(self.plan.current.id)
        drift = await read_drift(self.remote, self.project, release)
        before = await read_manifest(self.remote, self.project, self.plan.current.id)
        coming = await self._coming()
        if before is None or coming is None:
            new = frozenset[str]()
        else:
            drift = await read_all(self.remote, self.project, drift, before, coming)
            new = _paths(coming) - _paths(before)
        added = await self._added(frozenset(one.path for one in drift.files if one.path in new))
        found = []
        for one in drift.files:
            if one.path in new:
                found += await self._one(one, added.get(one.path), "new")
            else:
                found += await self._one(one, await self._content(release / "tree" / one.path), "released")
        return [*found, *([f"and {drift.unnamed} more files"] if drift.unnamed else [])]

    async def _one(self, one: Drifted, released: bytes | None, side: str) -> list[str]:
        if one.sha256 is None:
            return [f"{one.path}: {'no plain file any more' if one.odd else 'gone from the server'}"]
        present = await self._content(self.project.path / one.path) if one.readable else None
        return [*await asyncio.to_thread(difference, one.path, released, present, side)]

    async def _coming(self) -> bytes | None:
        """The manifest of what the plan brings; None where that is not there any more."""
        if self.plan.returning:
            return await read_manifest(self.remote, self.project, self.plan.returning.release.id)
        return await asyncio.to_thread(archive.listing, self._pack)

    async def _added(self, paths: frozenset[str]) -> dict[str, bytes | None]:
        """Files that only the new release has: of a deploy they are still here, of a rollback there."""
        if self.plan.returning:
            tree = self._release(self.plan.returning.release.id) / "tree"
            return {path: await self._content(tree / path) for path in paths}
        found = await asyncio.to_thread(archive.contents, self._pack, paths, MOST_COMPARED) if paths else {}
        return {path: content and self.secrets.hide(content) for path, content in found.items()}

    @property
    def _pack(self) -> Path:
        return self.packs / (Path(self.plan.pack.file).name if self.plan.pack else "none")

    def _release(self, name: str) -> PurePosixPath:
        return self.project.state_dir / "releases" / name

    async def _content(self, path: PurePosixPath) -> bytes | None:
        done = await self.remote.run(files.read(path), limit=MOST_COMPARED, check=False)
        return None if done.exit_status or done.truncated else self.secrets.hide(done.stdout)


def _paths(manifest: bytes) -> frozenset[str]:
    return frozenset(line[PATH_AT:] for line in manifest_lines(manifest))
