"""What schedules and retention say, in both languages, with every value that they are given."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.texts import Texts
from bot.views import backups as views
from bot.views import talk
from services.models import Kind, Step, StepState
from services.phrases import Phrase
from services.projects import BackupRules, Keep
from services.retention import Judged, Why
from tests.unit.bot.stage import ENGLISH, NOW, RUSSIAN, backup, project

BOTH = pytest.mark.parametrize("texts", [ENGLISH, RUSSIAN], ids=["en", "ru"])


def said(texts: Texts, phrase: str, **args: str | float) -> str:
    values: dict[str, str | float] = {
        "project": "fitnessapp", "job": "backup", "due": "2026-11-23 03:00 CET", "passed": 0, "next": "none",
    }  # fmt: skip
    found = Phrase(id=phrase, args=values | args, why=Phrase(id="error-unreachable", args={"host": "home"}))
    return talk.notice(found, texts).text


@BOTH
@pytest.mark.parametrize("passed", [0, 1, 2, 5, 21])
def test_what_begins_late_says_when_it_was_due(texts: Texts, passed: int) -> None:
    text = said(texts, "notice-schedule-late", passed=passed)
    assert "2026-11-23 03:00 CET" in text
    assert (str(passed) in text.replace("2026-11-23 03:00", "")) or passed < 2


@BOTH
@pytest.mark.parametrize("job", [Kind.BACKUP, Kind.DRILL])
def test_trouble_says_why_and_when_the_next_is_due(texts: Texts, job: Kind) -> None:
    """R-UX-4, R-DX-7."""
    text = said(texts, "notice-schedule-trouble", job=str(job), next="2026-11-24 03:00 CET")
    assert "2026-11-24 03:00 CET" in text
    assert text.splitlines()[1] == texts("error-unreachable", host="home")
    assert "none" not in said(texts, "notice-schedule-trouble")


def test_a_secret_in_a_reason_is_not_told() -> None:
    """The reason is cleaned as the message is."""
    why = Phrase(id="error-unreachable", args={"host": "hunter2"})
    cleaned = Phrase(id="notice-schedule-trouble", why=why).redacted(
        lambda text: text.replace("hunter2", "***")
    )
    assert cleaned.why is not None
    assert cleaned.why.args == {"host": "***"}


@BOTH
@pytest.mark.parametrize("phase", ["forward", "rollback"])
def test_what_was_cleared_away_is_told_by_place(texts: Texts, phase: str) -> None:
    result = {"host": {"removed": 2, "bytes": 2048}, "nas": {"removed": 1, "bytes": 7}, "left": ["local"]}
    step = Step(name="prune", phase=phase, state=StepState.DONE, started_at=NOW, result=result)
    host, nas, left = map(str, views.pruned([step], texts))
    assert texts("place-host") in host
    assert texts.size(2048) in host
    assert "nas" in nas
    assert texts("place-local") in left
    assert views.pruned([step.model_copy(update={"result": {}})], texts) == []


@BOTH
def test_every_reason_to_stay_has_its_words(texts: Texts) -> None:
    judged = [Judged(backup(), (why,)) for why in Why]
    rules = BackupRules(keep=Keep())
    shown = views.retention(project().model_copy(update={"backups": rules}), {"nas": judged}, texts).text
    assert shown.count("✓") == min(len(Why), views.MOST_JUDGED)
    assert "kept-" not in shown


@BOTH
def test_a_date_in_the_future_is_said_in_the_list_and_in_the_outlook(texts: Texts) -> None:
    ahead = backup(at=NOW + timedelta(days=900))
    assert texts("backup-ahead") in views.listed("fitnessapp", [(ahead, "")], None, texts, NOW).text
    assert texts("backup-ahead") not in views.listed("fitnessapp", [(backup(), "")], None, texts, NOW).text
    judged = {"host": [Judged(ahead, (Why.AHEAD,))]}
    assert texts("kept-ahead") in views.retention(project(), judged, texts).text
