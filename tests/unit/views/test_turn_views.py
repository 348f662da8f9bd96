"""What people see of the queue and of a lock."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from bot import keyboards
from bot.texts import Texts
from bot.views.card import card
from bot.views.operations import details, operations
from bot.views.screen import Screen
from bot.views.status import status
from services.models import Ahead, Freeze, Kind, Operation, State
from services.phrases import Phrase
from services.status import ProjectStatus
from tests.unit.bot.stage import ANNA, BORIS, ENGLISH, NOW, RUSSIAN, finding, operation, plan

BOTH = pytest.mark.parametrize("texts", [ENGLISH, RUSSIAN], ids=["en", "ru"])
RUNNING = operation(id="op-1-aaaa", state=State.RUNNING, confirmed_by=BORIS)
WAITING = operation(id="op-2-bbbb", state=State.WAITING, confirmed_by=ANNA, kind=Kind.BACKUP)


def buttons(screen: Screen) -> list[tuple[str, str | None]]:
    lines = screen.keyboard.inline_keyboard if screen.keyboard else []
    return [(one.text, one.callback_data) for line in lines for one in line]


@BOTH
def test_while_something_runs_the_card_says_so_and_offers_to_wait_for_it(texts: Texts) -> None:
    shown = card(operation(), texts, ahead=Ahead(running=RUNNING))
    assert "Boris" in shown.text
    assert buttons(shown)[0] == (texts("button-queue"), "g:w:nonce_24_characters_long")
    assert "g:y:nonce_24_characters_long" not in [data for _, data in buttons(shown)]


@BOTH
def test_while_another_one_waits_the_card_names_it_and_offers_to_replace_it(texts: Texts) -> None:
    shown = card(operation(), texts, ahead=Ahead(running=RUNNING, waiting=WAITING))
    assert "Anna" in shown.text
    assert texts.kind("backup") in shown.text
    assert buttons(shown)[0] == (texts("button-queue-replace"), "g:r:nonce_24_characters_long:bbbb")


def test_a_blocked_plan_has_nothing_to_wait_for() -> None:
    blocked = operation(plan=plan(findings=(finding("docker-missing", "blocker"),)))
    shown = card(blocked, ENGLISH, ahead=Ahead(running=RUNNING))
    assert "Running now" not in shown.text
    assert not [data for _, data in buttons(shown) if (data or "").startswith("g:")]


@BOTH
def test_what_waits_can_be_called_off_from_its_card_and_from_its_details(texts: Texts) -> None:
    shown = card(WAITING, texts)
    assert texts("card-waiting", who="Anna") in shown.text
    assert (texts("button-cancel"), "x:op-2-bbbb") in buttons(shown)
    assert (texts("button-cancel"), "x:op-2-bbbb") in buttons(details(WAITING, [], texts, NOW, has_log=False))
    assert texts("state-waiting") in operations([WAITING], [], texts, NOW).text


def replaced(**reason: Any) -> Operation:
    return operation(state=State.DISMISSED, confirmed_by=ANNA, cancelled_by=BORIS, reason=Phrase(**reason))


@BOTH
def test_a_replaced_one_says_who_replaced_it_and_has_no_buttons(texts: Texts) -> None:
    args = {"who": "Boris", "kind": "deploy", "project": "fitnessapp"}
    shown = card(replaced(id="queue-replaced", args=args), texts)
    assert texts("queue-replaced", **args) in shown.text
    assert not [data for _, data in buttons(shown) if (data or "")[:2] in {"g:", "x:"}]


@BOTH
def test_status_shows_the_lock_with_owner_reason_and_age_and_what_waits(texts: Texts) -> None:
    freeze = Freeze(project="fitnessapp", by=BORIS, reason="an audit", at=NOW - timedelta(minutes=5))
    one = ProjectStatus("fitnessapp", "home", None, None, None, RUNNING, WAITING, freeze)
    shown = status([one], [], texts, NOW).text
    assert texts("status-frozen", who="Boris", age=300, reason="an audit") in shown
    assert texts("status-waiting", kind="backup", who="Anna") in shown


def test_every_button_of_the_queue_fits_and_is_understood() -> None:
    for ahead in (Ahead(running=RUNNING), Ahead(running=RUNNING, waiting=WAITING)):
        data = keyboards.gate(operation(), ENGLISH, ahead)
        assert data is not None
        assert re.search(keyboards.GATE, data.inline_keyboard[0][0].callback_data or "")
