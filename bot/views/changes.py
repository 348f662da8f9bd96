"""What a release changes: files by area, the frontend's version, env variables, what is built and how, and why."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram.utils.formatting import Bold, Text

from bot.texts import Texts
from bot.views.parts import clean, lines
from services.changes import Changes, EnvChanges, Rebuild, env_changes
from services.models import Plan

MOST_AREAS = 5
MOST_NAMES = 6
"""Variables of each kind that the card names."""


def changes_of(plan: Plan, texts: Texts, *, whole: bool = False) -> Text | None:
    """None where there is nothing to tell. A first deploy changes everything: its areas say nothing.

    `whole`: without the limits that keep a message short.
    """
    changes = plan.changes
    if changes is None:
        return None
    areas = changes.areas if not plan.first else {}
    shown = [
        _version(changes, texts),
        texts("card-changed", areas=_areas(areas, texts, whole=whole)) if areas else None,
        _env(plan, texts, whole=whole),
        *(_rebuild(one, texts) for one in plan.no_cache),
        _with_cache(plan, texts),
    ]
    return lines(*shown) if any(shown) else None


def is_shortened(plan: Plan) -> bool:
    """Whether the card leaves out what `whole` would tell."""
    env = _env_changes(plan)
    named = (env.added, env.changed, env.removed) if env else ()
    areas = plan.changes.areas if plan.changes and not plan.first else {}
    return len(areas) > MOST_AREAS or any(len(names) > MOST_NAMES for names in named)


def asides(plan: Plan, texts: Texts) -> list[str]:
    """Quiet lines for the details: what is not built, and what nobody knows."""
    built = set(plan.pack.build_services) if plan.pack else set()
    ready = [name for name in plan.pack.compose_services if name not in built] if plan.pack else []
    unknown = plan.changes is not None and plan.current is not None and plan.current.env is None
    return [
        *([texts("card-not-built", services=", ".join(ready))] if ready else []),
        *([texts("card-env-unknown")] if unknown else []),
    ]


def _version(changes: Changes, texts: Texts) -> Text | None:
    before, after = changes.frontend_from, changes.frontend_to
    if before is None or after is None or before == after:
        return None
    return Text(texts("card-frontend"), " ", Bold(f"{clean(before, 30)} → {clean(after, 30)}"))


def _areas(areas: dict[str, int], texts: Texts, *, whole: bool) -> str:
    """Such as "mobile 3, backend 2"."""
    counted = list(areas.items())
    most = len(counted) if whole else MOST_AREAS
    shown = [f"{clean(area, 40) or texts('card-area-top')} {count}" for area, count in counted[:most]]
    rest = sum(count for _, count in counted[most:])
    return ", ".join([*shown, *([texts("card-area-others", count=rest)] if rest else [])])


def _env_changes(plan: Plan) -> EnvChanges | None:
    if plan.changes is None or plan.current is None:
        return None
    return env_changes(plan.current.env, plan.changes.env)


def _env(plan: Plan, texts: Texts, *, whole: bool) -> str | None:
    """Names, never values: those never leave the server."""
    found = _env_changes(plan)
    if found is None:
        return None
    kinds = (
        ("card-env-added", found.added),
        ("card-env-changed", found.changed),
        ("card-env-removed", found.removed),
    )
    told = [texts(kind, names=_names(names, texts, whole=whole)) for kind, names in kinds if names]
    return texts("card-env", changes="; ".join(told)) if told else None


def _names(names: Sequence[str], texts: Texts, *, whole: bool) -> str:
    most = len(names) if whole else MOST_NAMES
    shown = [clean(name, 60) for name in names[:most]]
    rest = len(names) - len(shown)
    return ", ".join([*shown, *([texts("card-env-others", count=rest)] if rest else [])])


def _with_cache(plan: Plan, texts: Texts) -> str | None:
    fresh = {one.service for one in plan.no_cache}
    built = [name for name in plan.pack.build_services if name not in fresh] if plan.pack else []
    return texts("card-with-cache", services=", ".join(built)) if built else None


def _rebuild(one: Rebuild, texts: Texts) -> str:
    reasons = ", ".join(texts.phrase(reason) for reason in one.reasons)
    return texts("card-no-cache", service=one.service, reasons=reasons)
