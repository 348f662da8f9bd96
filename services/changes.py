"""What a release changes against the deployed one: manifests compared, and what follows for the build."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from pydantic import BaseModel, ConfigDict

from services.facts.dockerfile import covers
from services.phrases import Phrase

FRONTEND = "mobile"
BACKEND = "backend"
SCRIPTS = "scripts"
DATA_SUFFIXES = (".csv", ".json", ".sql")

HASH_TO, PATH_AT = 64, 71
"""Where a manifest's line `<sha256>  <mode>  <path>` has the end of its hash and the beginning of its path."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceFacts(_Frozen):
    """What a pack's tree says about itself. `frontends` and `backends` are services that are built from there."""

    frontend_version: str | None = None  # expo.version of mobile/app.json
    backend_copies: tuple[str, ...] = ()  # what the backends' Dockerfiles copy: paths and patterns
    version_fault: str = ""  # why a frontend has none: that file is "missing", no "json", or has no "version"
    frontends: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    static_upstreams: tuple[str, ...] = ()  # names that the frontend's nginx resolves only when it starts


class Changes(_Frozen):
    """`areas`: files added, changed and removed by top folder ('' for files outside of any), most first."""

    known: bool = True  # False: the deployed release's manifest is not there
    areas: dict[str, int] = {}
    frontend: int = 0  # files of mobile/
    backend_inputs: int = 0  # data files and scripts of the backend
    frontend_from: str | None = None
    frontend_to: str | None = None
    version_fault: str = ""  # see SourceFacts
    env: dict[str, str] = {}  # fingerprints of the env file that the release is built with
    migrations: tuple[str, ...] = ()  # new scripts; all where it is not known what is deployed
    migrations_changed: tuple[str, ...] = ()  # scripts that were deployed before, with other contents


class EnvChanges(_Frozen):
    """Names of variables, never values."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Rebuild(_Frozen):
    """A service that is built without cache, and why."""

    service: str
    reasons: tuple[Phrase, ...]


def compare(deployed: bytes | None, new: bytes, copies: Iterable[str] = ()) -> Changes:
    """From two manifests. An empty one is a first deploy: everything is new. None: nobody knows what is deployed.

    `copies`: see SourceFacts.
    """
    if deployed is None:
        return Changes(known=False, migrations=migrations(_files(new)))
    before, after = _files(deployed), _files(new)
    paths = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
    areas = Counter(path.partition("/")[0] if "/" in path else "" for path in paths)
    return Changes(
        areas=dict(sorted(areas.items(), key=lambda area: (-area[1], area[0]))),
        frontend=areas[FRONTEND],
        backend_inputs=sum(is_backend_input(path, copies) for path in paths),
        migrations=migrations(after.keys() - before.keys()),
        migrations_changed=migrations(
            path for path in after.keys() & before.keys() if after[path][:HASH_TO] != before[path][:HASH_TO]
        ),
    )


def counts(before: bytes, after: bytes) -> dict[str, int]:
    """Files by which two manifests differ: changed (content or mode), added, removed."""
    old, new = _files(before), _files(after)
    return {
        "changed": sum(old[path] != new[path] for path in old.keys() & new.keys()),
        "added": len(new.keys() - old.keys()),
        "removed": len(old.keys() - new.keys()),
    }


def env_changes(before: Mapping[str, str] | None, now: Mapping[str, str]) -> EnvChanges | None:
    """Compared by keyed fingerprints. None: nobody recorded what the deployed release was built with."""
    if before is None:
        return None
    return EnvChanges(
        added=tuple(sorted(now.keys() - before.keys())),
        changed=tuple(sorted(name for name in now.keys() & before.keys() if now[name] != before[name])),
        removed=tuple(sorted(before.keys() - now.keys())),
    )


def migrations(paths: Iterable[str]) -> tuple[str, ...]:
    """R-DB-6: `migrate_*.py` of the runbook's folders, by name: the order in which they would be run."""
    return tuple(sorted(filter(is_migration, paths), key=lambda path: (PurePosixPath(path).name, path)))


def is_migration(path: str) -> bool:
    pure = PurePosixPath(path)
    return pure.match("migrate_*.py") and str(pure.parent) in {SCRIPTS, f"{BACKEND}/{SCRIPTS}"}


def manifest_lines(manifest: bytes) -> list[str]:
    """One per file, in the manifest's order."""
    return manifest.decode("utf-8", "surrogateescape").split("\n")[:-1]


def _files(manifest: bytes) -> dict[str, str]:
    """Path to hash and mode."""
    lines = manifest.decode("utf-8", "surrogateescape").split("\n")
    return {line[PATH_AT:]: line[:PATH_AT] for line in lines if len(line) > PATH_AT and line[HASH_TO] == " "}


def is_backend_input(path: str, copies: Iterable[str] = ()) -> bool:
    """R-FE-4: what the backend reads or runs beside its code. Files of mobile/ are none, also where all is copied.

    `copies`: see SourceFacts.
    """
    folders = PurePosixPath(path).parent.parts
    if folders and folders[0] in {BACKEND, SCRIPTS} and SCRIPTS in folders:
        return True
    if not path.endswith(DATA_SUFFIXES) or (folders and folders[0] == FRONTEND):
        return False
    return not folders or folders[0] in {BACKEND, SCRIPTS} or any(covers(one, path) for one in copies)
