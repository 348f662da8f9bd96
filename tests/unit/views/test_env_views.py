"""R-FE-2: a card of an env edit names keys and never a value, says what is built, and its end says what is so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.texts import Texts
from bot.views import env
from bot.views.card import card
from bot.views.screen import LIMIT
from bot.views.verdict import verdict
from services.changes import Rebuild
from services.env_edits.models import EnvEdit
from services.env_edits.plans import ENV_STEPS
from services.env_edits.reading import EnvKey, Listing
from services.models import Kind, Operation, Plan, State
from services.phrases import Phrase
from tests.unit.bot.stage import ENGLISH, NOW, operation, release
from tests.unit.views.test_views import BOTH

RUSSIAN = Texts("ru", strict=True)


def edit(about: dict[str, Any] | None = None, **changes: Any) -> Operation:
    values: dict[str, Any] = {"file": "/srv/fitnessapp/.env.prod", "changed": ("NOTE",)} | (about or {})
    made = Plan(
        kind=Kind.ENV,
        project="fitnessapp",
        steps=ENV_STEPS,
        current=release(),
        no_cache=changes.pop("no_cache", ()),
        editing=EnvEdit(**values),
    )
    return operation(kind=Kind.ENV, plan=made, **changes)


@BOTH
def test_a_file_that_comes_back_with_very_many_keys_leaves_room_for_what_matters(texts: Texts) -> None:
    """R-UX-2: what is promised, and until when it may be confirmed, stands on the card whatever it is about."""
    names = tuple(f"EXPO_PUBLIC_NUMBER_{number:03}" for number in range(300))
    reason = Phrase(id="rebuild-frontend-env", args={"names": ", ".join(names)})
    fresh = tuple(Rebuild(service=one, reasons=(reason,)) for one in ("admin", "frontend"))
    shown = card(edit({"changed": names, "undoes": "op-1-abc"}, no_cache=fresh), texts)
    assert len(shown.text.encode("utf-16-le")) <= 2 * LIMIT
    assert texts("env-promise") in shown.text
    assert texts("card-valid-until") in shown.text
    assert "frontend" in shown.text


@BOTH
def test_the_ways_on_name_the_project_so_that_they_work_beside_others(texts: Texts) -> None:
    found = Listing("/srv/.env", (EnvKey("NOTE"),), datetime(2026, 11, 23, tzinfo=UTC), previous=True)
    said = env.listing("fitnessapp", found, texts, NOW).text
    for words in ("/env fitnessapp set", "/env fitnessapp unset", "/env fitnessapp undo"):
        assert words in said
    assert "/env fitnessapp undo" in card(edit(), texts).text
    assert (
        "/env fitnessapp undo" in verdict(edit(state=State.SUCCEEDED, finished_at=NOW), [], texts, NOW).text
    )


@BOTH
@pytest.mark.parametrize(
    ("back", "meaning"), [(None, "meaning-env-untouched"), ("x", "meaning-env-names-moved")]
)
def test_untouched_says_also_what_could_not_be_cleared_away(
    texts: Texts, back: str | None, meaning: str
) -> None:
    """R-UX-3."""
    reason = Phrase(id="error-env-changed", args={"file": "/srv/.env"})
    why = reason if back else None
    ended = edit(state=State.FAILED, finished_at=NOW, reason=reason, rollback_reason=why)
    assert texts(meaning) in verdict(ended, [], texts, NOW).text


@pytest.mark.parametrize(("count", "said"), [(2, "2 раза"), (5, "5 раз"), (21, "21 раз")])
def test_a_key_that_is_given_often_is_counted_in_words(count: int, said: str) -> None:
    keys = (EnvKey("NOTE", count=count),)
    assert f"записан {said}, действует последний" in env.listing("x", Listing("/e", keys), RUSSIAN, NOW).text
    assert said in RUSSIAN("finding-env-twice", key="NOTE", count=count)


def test_no_value_can_stand_on_a_card() -> None:
    """What a plan keeps of a file are names and keyed hashes."""
    assert {*EnvEdit.model_fields} == {
        "file", "wish", "undoes", "added", "changed", "removed", "before", "after", "readers", "built", "role", "worker",
    }  # fmt: skip
    shown = card(edit({"before": "hash-before", "after": "hash-after", "wish": "wish-1"}), ENGLISH).text
    assert not [word for word in ("hash-before", "hash-after", "wish-1") if word in shown]
