"""R-FE-2, R-FE-3, R-FE-4: which services are built without cache, and why."""

from __future__ import annotations

from services.changes import Changes, Rebuild, SourceFacts
from services.facts.models import Release
from services.phrases import Phrase

BAKED_IN = "EXPO_PUBLIC_"
"""Variables of this kind are part of the frontend's image: they count when it is built."""


def rebuilds(
    built: tuple[str, ...], source: SourceFacts, changes: Changes, current: Release | None
) -> tuple[Rebuild, ...]:
    """`built`: all services with a build. What is not named here is built with the cache."""
    frontend, backend = _frontend(changes, current), _backend(changes)
    found = []
    for service in built:
        reasons = [*(frontend if service in source.frontends else ())]
        reasons += [one for one in backend if service in source.backends and one not in reasons]
        if reasons:
            found.append(Rebuild(service=service, reasons=tuple(reasons)))
    return tuple(found)


def _frontend(changes: Changes, current: Release | None) -> list[Phrase]:
    if not changes.known:
        return [Phrase(id="rebuild-unknown")]
    files = (
        [Phrase(id="rebuild-frontend-files", args={"count": changes.frontend})] if changes.frontend else []
    )
    return [*files, *_baked_in(changes.env, current)]


def _baked_in(env: dict[str, str], current: Release | None) -> list[Phrase]:
    """Compared by keyed fingerprints. A record of an older version has none: then nobody knows."""
    now = {key: value for key, value in env.items() if key.startswith(BAKED_IN)}
    if current is None:
        return []
    if current.env is None:
        return [Phrase(id="rebuild-env-unknown")] if now else []
    before = {key: value for key, value in current.env.items() if key.startswith(BAKED_IN)}
    names = sorted(key for key in now.keys() | before.keys() if now.get(key) != before.get(key))
    return [Phrase(id="rebuild-frontend-env", args={"names": ", ".join(names)})] if names else []


def _backend(changes: Changes) -> list[Phrase]:
    if not changes.known:
        return [Phrase(id="rebuild-unknown")]
    count = changes.backend_inputs
    return [Phrase(id="rebuild-backend-inputs", args={"count": count})] if count else []
