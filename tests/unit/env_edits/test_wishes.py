from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from services.env_edits.intake import ASKED_FOR, HIDDEN, Sealing
from services.env_edits.wishes import Wish, Wishes, typed
from services.errors import BadInput

ANNA = 1001


def update(text: str, number: int = 7, sender: int = ANNA, **more: Any) -> dict[str, Any]:
    person = {"id": sender, "is_bot": False, "first_name": "Anna"}
    chat = {"id": sender, "type": "private"}
    message = {"message_id": 3, "date": 1, "from": person, "chat": chat, "text": text, **more}
    return {"update_id": number, "message": message}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sealing(tmp_path: Path, clock: Clock) -> Sealing:
    return Sealing(Wishes(tmp_path / "env"), lambda: {ANNA}, clock)


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("KEY=a=b c", "KEY", "a=b c"),
        ("KEY a b", "KEY", "a b"),
        ("KEY = x", "KEY", "x"),
        ("KEY=", "KEY", ""),
        ("KEY", "KEY", None),
    ],
)
def test_a_key_and_its_value_are_told_apart(text: str, key: str, value: str | None) -> None:
    found, secret = typed(text)
    assert (found, None if secret is None else secret.get_secret_value()) == (key, value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1KEY=a", "error-env-key"),
        ("KE-Y=a", "error-env-key"),
        ("КЛЮЧ=a", "error-env-key"),
        ("=a", "error-env-key"),
        ("COMPOSE_PROJECT_NAME=other", "error-env-steers"),
        ("docker_host=tcp://evil", "error-env-steers"),
    ],
)
def test_what_is_no_key_or_steers_compose_is_refused(text: str, code: str) -> None:
    """R-DB-1: another project name would start a second stack beside the data of the first."""
    with pytest.raises(BadInput) as refused:
        typed(text)
    assert refused.value.phrase.id == code


@pytest.mark.parametrize(
    "text",
    ["/env set KEY=hunter2hunter2", "/ENV set KEY hunter2hunter2", "/env@some_bot set x hunter2hunter2",
     "/env hunter2hunter2", "/env\nset KEY=hunter2hunter2"],
)  # fmt: skip
def test_a_command_with_words_is_stored_without_them(sealing: Sealing, tmp_path: Path, text: str) -> None:
    entity = {"type": "url", "url": "hunter2hunter2", "offset": 0, "length": 1}
    stored = sealing.seal(update(text, entities=[entity], link_preview_options={"url": "hunter2hunter2"}))
    assert "hunter2" not in repr(stored)
    assert stored["message"]["text"] == f"/env {HIDDEN}"
    assert stored["message"]["from"]["id"] == ANNA
    assert (sealing.sealed(7) or {})["args"] == text.split(None, 1)[1]
    [file] = (tmp_path / "env").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    sealing.forget(7)
    assert list((tmp_path / "env").iterdir()) == []


def test_other_messages_and_those_of_strangers_stay_as_they_are(sealing: Sealing, tmp_path: Path) -> None:
    """A stranger must not be able to fill the disk."""
    for one in (update("/env"), update("/deploy x"), update("hello"), update("/env set A=1", sender=6666)):
        assert sealing.seal(one) == one
    assert sealing.seal({"update_id": 1, "callback_query": {}}) == {"update_id": 1, "callback_query": {}}
    assert not (tmp_path / "env").exists()


def test_the_next_text_of_the_one_who_was_asked_is_the_value_once(sealing: Sealing) -> None:
    sealing.ask(ANNA, ANNA, "fitnessapp", "KEY")
    stored = sealing.seal(update("hunter2", 8))
    assert stored["message"]["text"] == HIDDEN
    assert sealing.sealed(8) == {"project": "fitnessapp", "key": "KEY", "late": None, "value": "hunter2"}
    assert sealing.seal(update("hello", 9)) == update("hello", 9)


def test_the_same_update_is_hidden_again_when_it_comes_again(sealing: Sealing) -> None:
    """We ended between hiding and storing: Telegram sends it once more, and the question was answered already."""
    sealing.ask(ANNA, ANNA, "fitnessapp", "KEY")
    first = sealing.seal(update("hunter2", 8))
    assert sealing.seal(update("hunter2", 8)) == first


def test_a_late_answer_to_the_question_is_hidden_too_and_marked(sealing: Sealing, clock: Clock) -> None:
    sealing.ask(ANNA, ANNA, "fitnessapp", "KEY")
    clock.now += ASKED_FOR + 1
    assert sealing.seal(update("just talk", 8)) == update("just talk", 8)
    stored = sealing.seal(update("hunter2", 9, reply_to_message={"message_id": 2}))
    assert "hunter2" not in repr(stored)
    assert (sealing.sealed(9) or {})["late"] == "yes"


def test_words_under_a_picture_are_hidden_and_taken_for_nothing(sealing: Sealing) -> None:
    """A caption is no command, yet what was meant as one must not lie in the inbox."""
    under = update("", 8, caption="/env set KEY=hunter2", photo=[{"file_id": "x"}])
    del under["message"]["text"]
    assert "hunter2" not in repr(sealing.seal(under))
    assert sealing.sealed(8) is None
    under["message"]["caption"] = "hunter2"
    assert sealing.seal(under) == under
    sealing.ask(ANNA, ANNA, "fitnessapp", "KEY")
    assert "hunter2" not in repr(sealing.seal(under))
    sealing.seal(update("hunter3", 9))
    assert (sealing.sealed(9) or {})["value"] == "hunter3"


def test_a_command_calls_the_question_off(sealing: Sealing) -> None:
    sealing.ask(ANNA, ANNA, "fitnessapp", "KEY")
    sealing.seal(update("/status", 8))
    assert sealing.seal(update("hello", 9)) == update("hello", 9)


def test_what_was_typed_lies_in_one_file_until_it_is_forgotten(tmp_path: Path) -> None:
    wishes = Wishes(tmp_path / "env")
    wish = Wish("fitnessapp", "KEY", SecretStr("hunter2 \ud800"))
    name = wishes.stage(wish)
    assert wishes.wish(name) == wish
    wishes.forget(name)
    with pytest.raises(BadInput):
        wishes.wish(name)
    with pytest.raises(ValueError, match="not the name"):
        wishes.put("../opsgate", {})


def test_the_sweep_leaves_what_an_operation_needs_and_what_is_young(tmp_path: Path) -> None:
    wishes = Wishes(tmp_path / "env")
    needed, old, young = (wishes.stage(Wish("p", key, SecretStr("v"))) for key in ("A", "B", "C"))
    past = time.time() - 1000
    for name in (needed, old):
        os.utime(tmp_path / "env" / f"{name}.json", (past, past))
    wishes.sweep({needed})
    assert {one.stem for one in (tmp_path / "env").iterdir()} == {needed, young}
