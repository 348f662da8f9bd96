"""R-FE-1, R-DX-7: the card that the version blocks says what its button would do, or what to do without one."""

from __future__ import annotations

from typing import Any

import pytest

from bot.texts import Texts
from bot.views.card import card
from bot.views.screen import Screen
from services.models import Bump, Operation, State, Way
from services.phrases import Phrase
from tests.unit.bot.stage import BORIS, ENGLISH, RUSSIAN, finding, operation, plan

BOTH = pytest.mark.parametrize("texts", [ENGLISH, RUSSIAN], ids=["en", "ru"])
VERSIONS = {"deployed": "1.0.2", "version": "1.0.2"}


def blocked(*, way: Way | None, state: State = State.PROPOSED, **bump: Any) -> Operation:
    found = finding("version-not-bumped", "blocker", next="1.0.3", **VERSIONS)
    offered = Bump(**VERSIONS, to="1.0.3", way=way, line=4, **bump) if way else None
    return operation(plan=plan(findings=(found,), bump=offered), state=state)


def labels(shown: Screen) -> list[str]:
    return [one.text for line in shown.keyboard.inline_keyboard for one in line] if shown.keyboard else []


@BOTH
@pytest.mark.parametrize(
    ("way", "more", "part"),
    [
        (Way.FILE, {}, "mobile/app.json"),
        (Way.FILE, {"checkout": True}, {"en": "commit the change yourself", "ru": "закоммитьте сами"}),
        (Way.PUSH, {"branch": "main"}, {"en": "commits 1.0.3 to main", "ru": "закоммитит 1.0.3 в main"}),
    ],
)
def test_the_button_names_the_versions_and_the_card_what_it_does(
    way: Way, more: dict[str, Any], part: str | dict[str, str], texts: Texts
) -> None:
    shown = card(blocked(way=way, **more), texts)
    assert labels(shown) == [texts("button-bump", version="1.0.2", to="1.0.3")]
    assert "1.0.2 → 1.0.3" in labels(shown)[0]
    assert (part if isinstance(part, str) else part[texts.language]) in shown.text
    assert texts("card-blocked-bump") in shown.text
    data = shown.keyboard.inline_keyboard[0][0].callback_data if shown.keyboard else ""
    assert data == "w:nonce_24_characters_long"


@BOTH
@pytest.mark.parametrize(
    ("way", "branch", "part"),
    [
        (Way.BY_HAND, "main", "git push origin main"),
        (Way.BY_HAND, "", "4"),
        (Way.NO_BRANCH, "v1.0.2", "v1.0.2"),
        (None, "", '"version": "1.0.3"'),
    ],
)
def test_without_a_button_it_says_what_to_do(way: Way | None, branch: str, part: str, texts: Texts) -> None:
    shown = card(blocked(way=way, branch=branch), texts)
    assert labels(shown) == []
    assert part in shown.text
    assert '"version": "1.0.3"' in shown.text
    assert texts("card-blocked") in shown.text


@BOTH
@pytest.mark.parametrize("state", [State.EXPIRED, State.DISMISSED])
def test_a_card_that_is_over_offers_nothing(state: State, texts: Texts) -> None:
    over = blocked(way=Way.PUSH, branch="main", state=state)
    replaced = over.model_copy(update={"cancelled_by": BORIS, "reason": Phrase(id="offer-replaced")})
    shown = card(replaced, texts)
    assert labels(shown) == []
    assert texts("card-bump", way="push", to="1.0.3", branch="main", line=4) not in shown.text
    if state is State.DISMISSED:
        assert texts("offer-replaced") in shown.text
