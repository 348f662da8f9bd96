"""What a release changes against the deployed one: manifests compared, and what follows for the build."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath

from pydantic import BaseModel, ConfigDict

from services.phrases import Phrase

FRONTEND = "mobile"
BACKEND = "backend"
SCRIPTS = "scripts"
DATA_SUFFIXES = (".csv", ".json", ".sql")

_SHA, _PATH = 64, 71
"""Where a manifest's line `<sha256>  <mode>  <path>` has the end of its hash and the beginning of its path."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceFacts(_Frozen):
    """What a pack's tree says about itself. `frontends` and `backends` are services that are built from there."""

    frontend_version: str | None = None  # expo.version of mobile/app.json
    frontends: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()


class Changes(_Frozen):
    """`areas`: files added, changed and removed by top folder ('' for files outside of any), most first."""

    known: bool = True  # False: the deployed release's manifest is not there
    areas: dict[str, int] = {}
    frontend: int = 0  # files of mobile/
    backend_inputs: int = 0  # data files and scripts of the backend
    frontend_from: str | None = None
    frontend_to: str | None = None
    env: dict[str, str] = {}  # fingerprints of the env file that the release is built with


class Rebuild(_Frozen):
    """A service that is built without cache, and why."""

    service: str
    reasons: tuple[Phrase, ...]


def compare(deployed: bytes | None, new: bytes) -> Changes:
    """From two manifests. An empty one is a first deploy: everything is new. None: nobody knows what is deployed."""
    if deployed is None:
        return Changes(known=False)
    before, after = _files(deployed), _files(new)
    paths = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
    areas = Counter(path.partition("/")[0] if "/" in path else "" for path in paths)
    return Changes(
        areas=dict(sorted(areas.items(), key=lambda area: (-area[1], area[0]))),
        frontend=areas[FRONTEND],
        backend_inputs=sum(is_backend_input(path) for path in paths),
    )


def _files(manifest: bytes) -> dict[str, str]:
    """Path to hash and mode."""
    lines = manifest.decode("utf-8", "surrogateescape").split("\n")
    return {line[_PATH:]: line[:_PATH] for line in lines if len(line) > _PATH and line[_SHA] == " "}


def is_backend_input(path: str) -> bool:
    """R-FE-4: what the backend reads or runs beside its code."""
    folders = PurePosixPath(path).parent.parts
    if not folders or folders[0] not in {BACKEND, SCRIPTS}:
        return False
    return SCRIPTS in folders or path.endswith(DATA_SUFFIXES)
