"""What an offer would wait for, as its card says it."""

from __future__ import annotations

from aiogram.utils.formatting import Text

from bot.texts import Texts
from bot.views.parts import clean, lines
from services.models import Ahead, Operation


def ahead_of(operation: Operation, ahead: Ahead | None, texts: Texts) -> Text | None:
    """None where the plan could start at once, or not at all."""
    if ahead is None or operation.plan.blocked:
        return None
    waiting = _line("card-ahead-waiting", ahead.waiting, texts) if ahead.waiting else None
    return lines(_line("card-ahead", ahead.running, texts), waiting)


def _line(name: str, other: Operation, texts: Texts) -> str:
    who = other.confirmed_by or other.by
    return texts(name, kind=str(other.kind), who=clean(who.name, 64))
