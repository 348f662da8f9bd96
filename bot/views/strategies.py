"""How services are brought up where an admin asked for more than recreating, and why one cannot be."""

from __future__ import annotations

from aiogram.utils.formatting import Text

from bot.texts import Texts
from bot.views.parts import clean, lines
from services.models import Plan
from services.strategies import Choice


def strategies_of(plan: Plan, texts: Texts) -> Text | None:
    """None where nothing but recreating was asked for."""
    shown = [_choice(one, texts) for one in plan.strategies if one.wished != "recreate"]
    return lines(*shown) if shown else None


def _choice(one: Choice, texts: Texts) -> str:
    service = clean(one.service, 40)
    if one.rolling:
        return texts("card-rolling", service=service)
    why = texts.phrase(one.reason) if one.reason else ""
    said = "card-not-rolling-auto" if one.wished == "auto" else "card-not-rolling-rolling"
    return texts(said, service=service, reason=why)
