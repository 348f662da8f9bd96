"""What a release changes: files by area, the frontend's version, what is built without cache and why."""

from __future__ import annotations

from aiogram.utils.formatting import Bold, Text

from bot.texts import Texts
from bot.views.parts import clean, lines
from services.changes import Changes, Rebuild
from services.models import Plan

MOST_AREAS = 5


def changes_of(plan: Plan, texts: Texts) -> Text | None:
    """None where there is nothing to tell. A first deploy changes everything: its areas say nothing."""
    changes = plan.changes
    if changes is None:
        return None
    shown = [
        _version(changes, texts),
        texts("card-changed", areas=_areas(changes, texts)) if changes.areas and not plan.first else None,
        *(_rebuild(one, texts) for one in plan.no_cache),
    ]
    return lines(*shown) if any(shown) else None


def _version(changes: Changes, texts: Texts) -> Text | None:
    before, after = changes.frontend_from, changes.frontend_to
    if before is None or after is None or before == after:
        return None
    return Text(texts("card-frontend"), " ", Bold(f"{clean(before, 30)} → {clean(after, 30)}"))


def _areas(changes: Changes, texts: Texts) -> str:
    """Such as "mobile 3, backend 2"."""
    counted = list(changes.areas.items())
    shown = [f"{clean(area, 40) or texts('card-area-top')} {count}" for area, count in counted[:MOST_AREAS]]
    rest = sum(count for _, count in counted[MOST_AREAS:])
    return ", ".join([*shown, *([texts("card-area-others", count=rest)] if rest else [])])


def _rebuild(one: Rebuild, texts: Texts) -> str:
    reasons = ", ".join(texts.phrase(reason) for reason in one.reasons)
    return texts("card-no-cache", service=one.service, reasons=reasons)
