"""What raises the app's version, on the card of a plan that it blocks (R-FE-1)."""

from __future__ import annotations

from aiogram.utils.formatting import Pre, Text

from bot.texts import Texts
from bot.views.parts import clean, lines
from services.bumps import by_hand
from services.models import Bump, Operation, State, Way


def bump(operation: Operation, texts: Texts) -> Text | None:
    """What the button would do, or what to do where there is none; nothing once the card is decided upon."""
    found = operation.plan.bump
    if found is None or operation.state is not State.PROPOSED:
        return None
    said = texts("card-bump", way=_way(found), to=found.to, branch=clean(found.branch, 60), line=found.line)
    return lines(said, Pre(by_hand(found), language="shell") if _by_commands(found) else None)


def _way(found: Bump) -> str:
    if found.way is Way.FILE:
        return "checkout" if found.checkout else "file"
    if found.way is Way.BY_HAND:
        return "commands" if found.branch else "read-only"
    return str(found.way)


def _by_commands(found: Bump) -> bool:
    return found.way is Way.BY_HAND and bool(found.branch)
