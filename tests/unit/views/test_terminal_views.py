"""What a terminal shows: nothing that it would obey, each step once; and the hand procedure as a message."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from aiogram.utils.formatting import sizeof

from bot.texts import LOCALES
from bot.views.manual import manual, manual_text
from bot.views.terminal import news, plan_digest, printable, releases
from services.manual import Place, acts
from services.models import Progress, State, Step, StepState
from services.phrases import Phrase
from services.projects import Database, Host
from services.strategies import Choice
from tests.unit.bot.stage import ENGLISH, NOW, RUSSIAN, finding, operation, plan, project, release

HOST = Host(name="home", address="192.168.28.90", user="me")


def test_escape_sequences_of_others_do_nothing() -> None:
    assert printable("a\x1b]0;owned\x07\x9b2Jb\u202ec\r\nd\te") == "a]0;owned2Jbc\nd\te"


def test_a_step_is_told_when_it_begins_and_when_it_ends() -> None:
    running = Step(name="build", phase="forward", state=StepState.RUNNING, started_at=NOW)
    ended = running.model_copy(update={"state": StepState.DONE, "finished_at": NOW + timedelta(seconds=5)})
    skipped = running.model_copy(update={"name": "fetch", "state": StepState.SKIPPED})
    lost = operation(state=State.RUNNING, progress=Progress(step="build", unit="lost"))
    shown = [dict(news(lost, [step, skipped], ENGLISH, NOW)) for step in (running, ended)]
    assert list(shown[0].values()) == ["▸ Build", f"  {ENGLISH('progress-lost')}"]
    assert next(iter(shown[1].values())) == "✓ Build · 5 s"
    assert len(shown[0].keys() | shown[1].keys()) == 3


def test_the_digest_of_a_plan_is_that_of_what_it_does() -> None:
    one = plan()
    assert one.pack is not None
    later = one.pack.model_copy(update={"release_id": "r9", "file": "r9.tar.gz", "label": "later"})
    other = one.pack.model_copy(update={"manifest_sha256": "1" * 64})
    assert plan_digest(one) == plan_digest(plan(pack=later))
    rolled = Choice(service="backend", rolling=True, wished="rolling")
    refused = {"rolling": False, "reason": Phrase(id="strategy-port", args={"port": "80"})}
    changes: list[dict[str, Any]] = [{}, {"rolling": False}, refused, {"wished": "auto"}, {"spared": True}]
    different = [
        plan(pack=other),
        plan(digest="x"),
        plan(backup=False),
        plan(findings=(finding("disk-low"),)),
        plan(project="shop"),
        plan(steps=("lock",)),
        *(plan(strategies=(rolled.model_copy(update=change),)) for change in changes),
    ]
    assert len({plan_digest(one), *map(plan_digest, different)}) == 1 + len(different)


def test_releases_are_listed_with_the_id_to_type() -> None:
    assert releases([release()], ENGLISH, NOW) == "  20261122-080000-aaaaaaaa  9f8e7d6 · 1 d ago"


def test_the_procedure_fits_into_a_message_with_a_block_to_copy_per_step() -> None:
    """Without a database; with one it is a document, for no half of it may be shown."""
    found = acts(project(), HOST)
    for texts in (ENGLISH, RUSSIAN):
        screen = manual("fitnessapp", found, texts)
        assert screen is not None
        assert [entity.type for entity in screen.entities].count("pre") == len(found)
        assert sizeof(screen.text) <= 4096


def test_every_step_of_the_procedure_has_its_text_and_no_text_is_left_over() -> None:
    with_database = project().model_copy(update={"database": Database(name="app", user="app_user")})
    names = {act.name for act in acts(with_database, HOST)} | set(Place)
    source = (LOCALES / "en.ftl").read_text(encoding="utf-8")
    assert set(re.findall(r"^manual-([a-z-]+) =", source, re.MULTILINE)) == names | {"title", "intro", "back"}


def test_a_procedure_that_does_not_fit_is_not_cut_but_left_to_a_document() -> None:
    long = project().model_copy(update={"path": PurePosixPath("/srv/" + "x" * 600)})
    assert manual("fitnessapp", acts(long, HOST), ENGLISH) is None
    whole = manual_text("fitnessapp", acts(long, HOST), ENGLISH)
    assert whole.count("x" * 600) > 5
    assert whole.startswith("# Deploy fitnessapp by hand\n")
