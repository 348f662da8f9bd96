"""From a source to a Pack: resolve, collect, hash, write."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from services import compose_file
from services.changes import manifest_lines
from services.checks import tree_findings
from services.checks.tree import Recipe, source_facts
from services.commands import words
from services.compose_file import ComposeFile
from services.errors import BadInput, SourceError
from services.facts.models import Release, Traits
from services.models import Commit, Pack
from services.projects import Project, TreeSource
from services.sources import archive, git, tree
from services.sources.inspection import source_tree
from services.sources.tree import Entry

_MOST_INCLUDES = 20


@dataclass(frozen=True, slots=True)
class Origin:
    """A folder to pack, and what is known about where it comes from."""

    root: Path
    label: str
    gitignore: bool
    commit: str | None = None
    subject: str | None = None
    commits: tuple[Commit, ...] = ()
    more_commits: int = 0
    dirty: bool = False


@dataclass(frozen=True, slots=True)
class Base:
    """A release that the host has, whole: what is equal in its manifest does not travel."""

    release_id: str
    manifest: bytes


Kept = Mapping[str, tuple[Path, bool]]
"""Files that go into the release as the server has them: their copy here, and whether it may be executed."""


async def pack(
    project: Project,
    ref: str | None,
    deployed: Release | None,
    out_dir: Path,
    mirrors: Path,
    base: Base | None = None,
    kept: Kept | None = None,
) -> Pack:
    """Freezes the project's source into a file of its own in `out_dir`. `mirrors`: a folder for clones of git sources.

    `ref` (git sources only): branch, tag or commit, else the configured branch. `deployed` is what the commits in the
    result are counted from. Raises BadInput for a ref that cannot be, SourceError for a source that cannot be packed.
    """
    out_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = datetime.now(UTC)
    async with opened(project, ref, deployed, mirrors) as origin:
        return await asyncio.to_thread(_freeze, project, origin, out_dir, now, base, kept or {})


Commits = tuple[tuple[Commit, ...], int]
"""Newest first, and how many more there are."""


async def commits(project: Project, commit: str, since: str, mirrors: Path) -> Commits | None:
    """What `commit` has and `since` lacks, from what is here: nothing is fetched. None where nobody knows.

    Raises SourceError when git does not do as it is told.
    """
    local = project.source.path if isinstance(project.source, TreeSource) else None
    repository = local or mirror_of(project, mirrors)
    if not repository.is_dir():
        return None
    async with nullcontext() if local else git.alone_in(repository):  # nothing of ours beside a local folder
        return await git.commits_if_known(repository, commit, since)


def mirror_of(project: Project, mirrors: Path) -> Path:
    """Of a git source, whether it is there yet or not."""
    return mirrors.absolute() / f"{project.name}.git"


@asynccontextmanager
async def opened(
    project: Project, ref: str | None, deployed: Release | None, mirrors: Path
) -> AsyncIterator[Origin]:
    if isinstance(project.source, TreeSource):
        if ref is not None:
            raise BadInput("error-ref-for-tree", project=project.name)
        yield await _from_tree(project.source, deployed)
        return
    wanted = _checked_ref(ref or project.source.branch)
    mirror = mirror_of(project, mirrors)
    async with AsyncExitStack() as stack:
        async with git.alone_in(mirror):
            await git.update_mirror(mirror, project.source.git)
            commit = await git.resolve(mirror, wanted)
            folder = tempfile.TemporaryDirectory(prefix=f"{project.name}-", dir=mirror.parent)
            files = Path(stack.enter_context(folder)) / "files"
            files.mkdir()
            await git.export(mirror, commit, files)
            origin = await _from_commit(mirror, commit, files, deployed)
        yield origin


def _checked_ref(ref: str) -> str:
    try:
        return words.git_ref(ref)
    except ValueError:
        raise BadInput("error-bad-ref", ref=ascii(ref[:60])[1:-1]) from None


async def _from_commit(mirror: Path, commit: str, files: Path, deployed: Release | None) -> Origin:
    commits, more = await git.commits(mirror, commit, deployed.commit if deployed else None)
    subject = await git.subject(mirror, commit)
    return Origin(
        files, commit[:7], gitignore=False, commit=commit, subject=subject, commits=commits, more_commits=more
    )


async def _from_tree(source: TreeSource, deployed: Release | None) -> Origin:
    """A clean checkout is called by its commit, any other folder by the time at which it was packed."""
    root = source.path
    time = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    found = await git.checkout(root) if root.is_dir() else None
    if found is None:
        return Origin(root, time, gitignore=True)
    commits, more = await git.commits(root, found.commit, deployed.commit if deployed else None)
    return Origin(
        root,
        time if found.dirty else found.commit[:7],
        gitignore=True,
        commit=found.commit,
        subject=await git.subject(root, found.commit),
        commits=commits,
        more_commits=more,
        dirty=found.dirty,
    )


# --- in a thread ---------------------------------------------------------------------------------


def _freeze(
    project: Project, origin: Origin, out_dir: Path, now: datetime, base: Base | None, kept: Kept
) -> Pack:
    walked = tree.walk(origin.root, never=tree.never_shipped(project), gitignore=origin.gitignore)
    entries = [_as_kept(entry, kept) for entry in walked]
    composed, recipes = _compose(project, {entry.path: entry.under(origin.root) for entry in entries})
    read = source_tree(origin.root, entries, recipes)
    listing = archive.manifest(origin.root, entries)
    digest = hashlib.sha256(listing).hexdigest()
    release = f"{now:%Y%m%d-%H%M%S}-{digest[:8]}"
    # Two plans of one second and one source are two files: each may carry less than the other, and goes by itself.
    file = out_dir / f"{release}-{secrets.token_hex(4)}.tar.gz"
    there = frozenset(manifest_lines(base.manifest)) if base else frozenset()
    size = archive.write(origin.root, entries, listing, file, there)
    return Pack(
        release_id=release,
        file=str(file),
        size=size,
        files=len(entries),
        base=base.release_id if base else None,
        carried=sum(line not in there for line in manifest_lines(listing)) if base else None,
        kept=tuple(entry.path for entry in entries if entry.file),
        unpacked=sum(entry.size for entry in entries),
        manifest_sha256=digest,
        label=origin.label,
        commit=origin.commit,
        subject=origin.subject,
        commits=origin.commits,
        more_commits=origin.more_commits,
        dirty=origin.dirty,
        compose_services=composed.services,
        build_services=composed.builds,
        compose_name=composed.name,
        traits=dict(composed.traits),
        source=source_facts(read),
        findings=tuple(tree_findings(read)),
    )


def _as_kept(entry: Entry, kept: Kept) -> Entry:
    if entry.path not in kept:
        return entry
    file, executable = kept[entry.path]
    return replace(entry, file=file, executable=executable, size=file.stat().st_size)


def _compose(project: Project, shipped: Mapping[str, Path]) -> tuple[ComposeFile, list[Recipe]]:
    """The compose file with what it includes, and how its images are built. Raises SourceError when it is not among what is shipped, or no YAML."""
    name = str(project.compose_file)
    if name not in shipped:
        raise SourceError("error-source-no-compose-file", file=name)
    first = _parsed(shipped, name)
    if not first.services and not first.includes:
        raise SourceError("error-compose-file", file=name, line=0)
    files, waiting, seen, recipes = [first], _beside(name, first), {name}, _recipes(name, first)
    missing = False
    while waiting and len(seen) < _MOST_INCLUDES:
        included = waiting.pop(0)
        missing = missing or included not in shipped
        if included in shipped and included not in seen:
            seen.add(included)
            files.append(_parsed(shipped, included))
            waiting += _beside(included, files[-1])
            recipes += _recipes(included, files[-1])
    whole = ComposeFile(
        name=first.name,
        services=tuple(dict.fromkeys(one for file in files for one in file.services)),
        builds=tuple(dict.fromkeys(one for file in files for one in file.builds)),
        includes=(),
        traits=_traits(files, whole=not missing and not waiting),
    )
    return whole, recipes


def _traits(files: Sequence[ComposeFile], *, whole: bool) -> dict[str, Traits]:
    """What several files say about one service is merged by Compose: none of them alone says all about it.

    `whole`: no file is missing that may say more. A volume may be described in another file than who mounts it.
    """
    seen = Counter(name for file in files for name in file.traits)
    bound = len(files) > 1 and any(file.bound for file in files)
    return {
        name: traits.model_copy(
            update={
                "whole": traits.whole and whole and seen[name] == 1,
                "watched": traits.watched and not bound,
            }
        )
        for file in files
        for name, traits in file.traits.items()
    }


def _recipes(name: str, file: ComposeFile) -> list[Recipe]:
    """With paths as the tree has them."""
    folder, found = PurePosixPath(name).parent, []
    for service, (context, dockerfile) in file.recipes.items():
        at = os.path.normpath(folder / context) if context else ""
        found.append(Recipe(service, at, os.path.normpath(PurePosixPath(at, dockerfile)) if context else ""))
    return found


def _beside(name: str, file: ComposeFile) -> list[str]:
    folder = PurePosixPath(name).parent
    return [os.path.normpath(folder / one) for one in file.includes]


def _parsed(shipped: Mapping[str, Path], name: str) -> ComposeFile:
    try:
        return compose_file.parse(shipped[name].read_bytes())
    except compose_file.NotComposeFileError as error:
        raise SourceError("error-compose-file", file=name, line=error.line or 0) from None
