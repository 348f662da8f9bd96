"""What schedules and retention say, in both languages, with every value that they are given."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot.terminal.backups import line
from bot.texts import Texts
from bot.views import backups as views
from bot.views import talk
from bot.views.card import card, finding
from bot.views.verdict import verdict
from services.backups.models import Backup, Copy
from services.checks.restore import dump_is_good
from services.facts.cluster import Seen
from services.models import Kind, State, Step, StepState
from services.phrases import Phrase
from services.projects import BackupRules, Keep
from services.retention import Judged, Why
from tests.unit.bot.stage import ENGLISH, NOW, RUSSIAN, backup, operation, project
from tests.unit.views.test_restore_views import restoring

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


KEYS = tuple(f"age1{letter * 50}{number}xyz" for number, letter in enumerate("ab"))


def sealed(where: str, *keys: str) -> Copy:
    return Copy(where=where, file="x", size=1, sha256="ab", at=NOW, encrypted=True, recipients=keys)


@BOTH
def test_a_backup_says_in_short_which_private_key_opens_which_copy(texts: Texts) -> None:
    plain = Copy(where="host", file="/x", size=1, sha256="ab", at=NOW)
    known = backup(copies=(plain, sealed("local", KEYS[0]), sealed("nas", KEYS[0]), sealed("cloud", *KEYS)))
    for shown in (
        views.listed("fitnessapp", [(known, "")], None, texts, NOW).text,
        card(restoring(about={"backup": known}), texts).text,
        line(known, texts),
    ):
        both = f"{texts('place-local')}, nas"
        assert texts("copies-sealed-to", places=both, count=1, keys="age1aaaaaaaa…0xyz") in shown
        keys = "age1aaaaaaaa…0xyz, age1bbbbbbbb…1xyz"
        assert texts("copies-sealed-to", places="cloud", count=2, keys=keys) in shown
        assert KEYS[0] not in shown


@BOTH
def test_a_copy_from_before_its_keys_were_noted_claims_none(texts: Texts) -> None:
    old = json.loads(backup(copies=(sealed("nas"),)).model_dump_json())
    del old["copies"][0]["recipients"]
    found = Backup.model_validate(old)
    shown = views.listed("fitnessapp", [(found, "")], None, texts, NOW).text
    assert "nas 🔐" in shown
    assert "age1" not in shown


@BOTH
@pytest.mark.parametrize("keys", [(), KEYS[:1]], ids=["not noted", "noted"])
def test_a_restore_that_lacks_the_private_key_says_which(keys: tuple[str, ...], texts: Texts) -> None:
    known = backup(copies=(sealed("nas", *keys),))
    for dump in (None, (1, "ab")):
        (found,) = dump_is_good(Seen(dump=dump), known)
        said = finding(found, texts).render()[0]
        assert ("age1aaaaaaaa…0xyz" in said) is bool(keys)
        assert "opsgate backups import" in said


@BOTH
@pytest.mark.parametrize("kind", [Kind.BACKUP, Kind.DEPLOY, Kind.MIGRATE])
def test_a_dump_that_could_not_be_ended_is_said_to_be_left_and_nothing_else(kind: Kind, texts: Texts) -> None:
    """R-UX-3: no image name moved and no migration ran, where only a dump was begun."""
    why = Phrase(id="error-unreachable", args={"host": "home"})
    ended = operation(kind=kind, state=State.FAILED, reason=why, rollback_reason=why, finished_at=NOW)
    left = Step(name="end-dump", phase="rollback", state=StepState.RUNNING, started_at=NOW)
    shown = verdict(ended, [left], texts, NOW).text
    assert texts("meaning-dump-left") in shown
    assert texts("meaning-names-moved") not in shown
    assert texts.step("end-dump") != "end-dump"
    for state in (StepState.DONE, StepState.SKIPPED):
        cleared = left.model_copy(update={"state": state})
        assert texts("meaning-dump-left") not in verdict(ended, [cleared], texts, NOW).text
