from __future__ import annotations

import pytest

from bot.texts import Texts
from bot.views.strategies import strategies_of
from services.models import Kind, Plan
from services.phrases import Phrase
from services.strategies import Choice

PORT = Phrase(id="strategy-port", args={"port": "8080:80"})


def shown(*choices: Choice, language: str = "en") -> str:
    plan = Plan(kind=Kind.DEPLOY, project="fitnessapp", steps=(), strategies=choices)
    found = strategies_of(plan, Texts(language))
    return found.render()[0] if found else ""


def test_the_card_says_who_is_rolled_and_who_cannot_be_and_why() -> None:
    said = shown(
        Choice(service="backend", rolling=True, wished="rolling"),
        Choice(service="frontend", wished="rolling", reason=PORT),
        Choice(service="worker", wished="auto", reason=Phrase(id="strategy-unchecked")),
    )
    assert "backend: a second instance first" in said
    assert "frontend is recreated: rolling was asked for, but it publishes 8080:80 on the host" in said
    assert "worker is recreated: it has no healthcheck" in said


def test_what_nobody_asked_for_is_not_talked_of() -> None:
    assert shown(Choice(service="backend")) == ""


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize(
    "reason",
    ["database", "data", "extends", "name", "port", "tied", "joins", "joined", "instances", "anonymous", "shared", "unchecked", "new", "down"],
)  # fmt: skip
def test_every_reason_has_words(reason: str, language: str) -> None:
    args = {"port": "80:80", "key": "network_mode", "count": "3", "volumes": "uploads"}
    said = shown(
        Choice(service="x", wished="rolling", reason=Phrase(id=f"strategy-{reason}", args=args)),
        language=language,
    )
    assert "strategy-" not in said
    assert "{" not in said
