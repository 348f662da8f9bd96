from __future__ import annotations

from typing import Any

import pytest

from bot.texts import Texts
from bot.views.card import card
from bot.views.changes import asides, changes_of, is_shortened
from services.changes import Changes, Rebuild
from services.facts.models import Release
from services.models import Plan
from services.phrases import Phrase
from tests.unit.bot.stage import ENGLISH, RUSSIAN, finding, operation, plan, release

BOTH = pytest.mark.parametrize("texts", [ENGLISH, RUSSIAN], ids=["en", "ru"])
AREAS = {"mobile": 3, "backend": 2, "": 1}
UNREADABLE = {"file": "mobile/app.json", "deployed": "1.0.2", "next": "1.0.3"}


def changed(
    no_cache: tuple[Rebuild, ...] = (),
    *,
    first: bool = False,
    built: tuple[str, ...] = (),
    current: Release | None = None,
    **changes: Any,
) -> Plan:
    pack = plan().pack
    assert pack is not None
    pack = pack.model_copy(update={"build_services": built, "compose_services": ("db", *built)})
    return plan(pack=pack, changes=Changes(**changes), no_cache=no_cache, first=first, current=current)


def said(wanted: Plan, texts: Texts = ENGLISH) -> list[str]:
    shown = changes_of(wanted, texts)
    return shown.render()[0].splitlines() if shown else []


def test_the_card_counts_changed_files_by_area_and_tells_the_frontends_new_version() -> None:
    """R-FE-1."""
    assert said(changed(areas=AREAS, frontend_from="1.0.2", frontend_to="1.0.3")) == [
        "Frontend 1.0.2 → 1.0.3",
        "Changed files: mobile 3, backend 2, top folder 1",
    ]


def test_an_equal_or_unknown_version_is_not_worth_a_line() -> None:
    assert said(changed(frontend_from="1.0.2", frontend_to="1.0.2")) == []
    assert said(changed(frontend_to="1.0.2")) == []
    assert said(plan()) == []


def test_many_areas_are_summed_up() -> None:
    areas = {f"area{number}": 9 - number for number in range(8)}
    assert said(changed(areas=areas)) == [
        "Changed files: area0 9, area1 8, area2 7, area3 6, area4 5, others 9"
    ]


def test_a_first_deploy_counts_nothing_but_says_what_is_built_without_cache() -> None:
    reason = Phrase(id="rebuild-frontend-files", args={"count": 4})
    rebuild = Rebuild(service="frontend", reasons=(reason,))
    assert said(changed((rebuild,), first=True, areas=AREAS)) == [
        "🔨 frontend is built without cache: 4 files of mobile/ changed"
    ]


@BOTH
def test_each_service_without_cache_has_one_line_with_its_reasons(texts: Texts) -> None:
    """R-FE-2, R-FE-3, R-FE-4."""
    env = Phrase(id="rebuild-frontend-env", args={"names": "EXPO_PUBLIC_API_URL"})
    files = Phrase(id="rebuild-frontend-files", args={"count": 1})
    inputs = Phrase(id="rebuild-backend-inputs", args={"count": 2})
    others = (Phrase(id="rebuild-unknown"), Phrase(id="rebuild-env-unknown"))
    lines = said(
        changed(
            (
                Rebuild(service="frontend", reasons=(files, env)),
                Rebuild(service="backend", reasons=(inputs,)),
                Rebuild(service="both", reasons=others),
            )
        ),
        texts,
    )
    assert [line.split()[1] for line in lines] == ["frontend", "backend", "both"]
    assert texts.phrase(files) in lines[0]
    assert "EXPO_PUBLIC_API_URL" in lines[0]
    assert texts.phrase(inputs) in lines[1]


@BOTH
@pytest.mark.parametrize(
    ("code", "args", "part"),
    [
        (
            "version-not-bumped",
            {"deployed": "1.0.2", "version": "1.0.2", "next": "1.0.3"},
            '"version": "1.0.3"',
        ),
        ("version-unsure", {"deployed": "1.0.2", "version": "1.0.2", "next": "1.0.3"}, '"1.0.3"'),
        ("version-unreadable", UNREADABLE | {"fault": "missing"}, "mobile/app.json"),
        ("version-unreadable", UNREADABLE | {"fault": "json"}, '"1.0.3"'),
        ("version-unreadable", UNREADABLE | {"fault": "version"}, "expo.version"),
        ("no-spa-fallback", {"file": "mobile/nginx.conf"}, "try_files $uri $uri/ /index.html;"),
        (
            "data-not-copied",
            {"files": "a.csv", "more": 0, "dockerfile": "backend/Dockerfile", "line": "COPY a.csv ./"},
            "COPY a.csv ./",
        ),
        ("data-by-abspath", {"scripts": "backend/scripts/s.py:3", "more": 2}, "backend/scripts/s.py:3"),
        ("route-slash", {"calls": "/plans (mobile/a.ts:1) → /plans/", "more": 2}, "→ /plans/"),
    ],
)
def test_a_finding_says_exactly_what_to_edit(
    code: str, args: dict[str, Any], part: str, texts: Texts
) -> None:
    """R-DX-7, R-FE-1, R-FE-5, R-DX-4, R-DX-5, R-DX-6."""
    shown = card(operation(plan=plan(findings=(finding(code, **args),))), texts).text
    assert part in shown
    assert texts(f"finding-{code}.why", **args) in shown


@BOTH
def test_services_built_with_the_cache_are_named_apart_from_those_without(texts: Texts) -> None:
    """R-FE-3, R-FE-4."""
    reason = Phrase(id="rebuild-backend-inputs", args={"count": 2})
    wanted = changed(
        (Rebuild(service="backend", reasons=(reason,)),), built=("backend", "worker", "frontend")
    )
    without, with_cache = said(wanted, texts)
    assert "backend" in without
    assert "backend" not in with_cache
    assert "worker, frontend" in with_cache
    assert [line for line in asides(wanted, texts) if "db" in line]


@BOTH
def test_env_changes_since_the_deployed_release_are_told_by_name_and_never_by_value(texts: Texts) -> None:
    """R-FE-2. Fingerprints are no values, and even they are not shown."""
    before = {"KEPT": "f1", "TURNED": "f2", "GONE": "f3"}
    now = {"KEPT": "f1", "TURNED": "f9", "CAME": "f4"}
    (line,) = said(changed(current=release(env=before), env=now), texts)
    parts = line.partition(": ")[2].split("; ")
    assert [part.rpartition(" ")[2] for part in parts] == ["CAME", "TURNED", "GONE"]
    assert "KEPT" not in line
    assert not any(f"f{number}" in line for number in range(10))


def test_an_env_that_is_the_same_is_not_worth_a_line() -> None:
    assert said(changed(current=release(env={"A": "1"}), env={"A": "1"})) == []


def test_a_release_without_a_record_of_its_env_is_mentioned_in_the_details_only() -> None:
    wanted = changed(current=release(env=None), env={"A": "1"})
    assert said(wanted) == []
    assert ENGLISH("card-env-unknown") in asides(wanted, ENGLISH)
    assert ENGLISH("card-env-unknown") not in asides(changed(env={"A": "1"}), ENGLISH)


def test_many_env_changes_are_summed_up_and_whole_names_them_all() -> None:
    wanted = changed(current=release(env={}), env={f"NAME_{number}": "1" for number in range(9)})
    assert said(wanted)[0].endswith("NAME_4, NAME_5, 3 more")
    assert is_shortened(wanted)
    assert not is_shortened(changed(current=release(env={}), env={"A": "1"}))
    shown = changes_of(wanted, ENGLISH, whole=True)
    assert shown is not None
    assert "NAME_8" in shown.render()[0]
