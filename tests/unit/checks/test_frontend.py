from __future__ import annotations

import pytest

from services.changes import Changes
from services.checks.frontend import is_higher, next_version, nginx_findings, version_findings
from services.checks.tree import APP_JSON, SourceTree, app_version, source_facts
from services.models import Severity
from tests.unit.checks.test_findings import found

SPA = "location / {\n  try_files $uri $uri/ /index.html;\n}\n"


def changes(
    deployed: str | None, version: str | None, *, files: int = 1, known: bool = True, fault: str = ""
) -> Changes:
    return Changes(
        known=known, frontend=files, frontend_from=deployed, frontend_to=version, version_fault=fault
    )


@pytest.mark.parametrize("version", ["1.0.2", "1.0.1", "1.0.2-beta.7", "0.9.9", "1.0"])
def test_a_changed_app_without_a_higher_version_is_blocked_and_told_the_next_one(version: str) -> None:
    """R-FE-1."""
    (finding,) = version_findings(changes("1.0.2", version))
    assert (finding.code, finding.severity) == ("version-not-bumped", Severity.BLOCKER)
    assert finding.args == {"deployed": "1.0.2", "version": version, "next": "1.0.3"}


@pytest.mark.parametrize("version", ["1.0.3", "1.0.10", "1.1", "2", "1.0.2.1", "1.0.3-beta"])
def test_a_changed_app_with_a_higher_version_passes(version: str) -> None:
    """R-FE-1."""
    assert version_findings(changes("1.0.2", version)) == []


@pytest.mark.parametrize(
    "silent",
    [
        changes("1.0.2", "1.0.2", files=0),
        changes(None, "1.0.2"),
        changes("1.0.2", None),
        changes("1.0.2", None, files=0, fault="json"),
        changes(None, None, fault="missing"),
        Changes(),
    ],
    ids=[
        *("mobile/ did not change", "first deploy", "mobile/ went as a whole", "broken, but not changed"),
        *("never had an app.json", "no mobile/ at all"),
    ],
)
def test_where_there_is_nothing_to_compare_there_is_nothing_to_say(silent: Changes) -> None:
    """R-FE-1."""
    assert version_findings(silent) == []


@pytest.mark.parametrize(
    ("app_json", "fault"),
    [
        (None, "missing"),
        ("{", "json"),
        ("", "json"),
        ('{"expo": {"version": "1.0.3",}}', "json"),
        ("[" * 99_999, "json"),
        ("[]", "version"),
        ("{}", "version"),
        ('{"expo": {}}', "version"),
        ('{"expo": {"version": 2}}', "version"),
        ('{"expo": {"version": ""}}', "version"),
    ],
)
def test_a_changed_app_whose_version_cannot_be_read_any_more_is_blocked(
    app_json: str | None, fault: str
) -> None:
    """R-FE-1: a broken file is no way around the rule."""
    texts = {} if app_json is None else {APP_JSON: app_json}
    source = source_facts(SourceTree(frozenset({"mobile/App.tsx", *texts}), texts))
    seen = changes("1.0.2", source.frontend_version, fault=source.version_fault)
    (finding,) = version_findings(seen)
    assert (finding.code, finding.severity) == ("version-unreadable", Severity.BLOCKER)
    assert finding.args == {"file": APP_JSON, "fault": fault, "deployed": "1.0.2", "next": "1.0.3"}
    unknown = seen.model_copy(update={"known": False, "frontend": 0})
    assert found(version_findings(unknown)) == {"version-unreadable": Severity.WARNING}


def test_a_source_without_a_frontend_is_asked_for_no_version() -> None:
    """R-FE-1: also where it had one before, and took all of it away."""
    facts = source_facts(SourceTree(frozenset({"backend/app.py"}), {}))
    assert (facts.frontend_version, facts.version_fault) == (None, "")


def test_a_server_whose_release_is_not_known_gets_a_warning_not_a_block() -> None:
    """R-FE-1: nobody can say whether mobile/ changed."""
    unknown = changes("1.0.2", "1.0.2", files=0, known=False)
    assert found(version_findings(unknown)) == {"version-unsure": Severity.WARNING}
    assert version_findings(changes("1.0.2", "1.0.3", known=False)) == []


@pytest.mark.parametrize(
    ("version", "than", "higher"),
    [("1.0.10", "1.0.9", True), ("1.1.0", "1.1", False), ("2", "1.9.9", True), ("x", "x", False)],
)
def test_versions_are_compared_by_their_numbers(version: str, than: str, higher: bool) -> None:
    assert is_higher(version, than) is higher


@pytest.mark.parametrize(
    ("version", "following"), [("1.0.2", "1.0.3"), ("1.9", "1.10"), ("v2-rc", "3"), ("x", "1")]
)
def test_the_next_version_raises_the_last_number(version: str, following: str) -> None:
    assert next_version(version) == following
    assert is_higher(following, version)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"expo": 1}', '{"expo": {"version": 3}}', "[" * 9999]
)
def test_an_app_json_without_a_version_has_none(text: str) -> None:
    assert app_version(text) is None
    assert app_version('{"expo": {"version": "1.0.2"}}') == "1.0.2"


def nginx(conf: str) -> SourceTree:
    return SourceTree(frozenset({"mobile/nginx.conf"}), {"mobile/nginx.conf": conf})


@pytest.mark.parametrize(
    "conf",
    [
        SPA,
        "try_files $uri /index.html =404;",
        "error_page 404 =200 /index.html;",
        "location @app { rewrite ^ /index.html last; }",
        "try_files $uri\n  /index.html;",
    ],
)
def test_every_common_way_back_to_the_app_is_accepted(conf: str) -> None:
    """R-DX-4."""
    assert nginx_findings(nginx(conf)) == []


@pytest.mark.parametrize(
    "conf",
    ["location / { try_files $uri =404; }", f"# {SPA.splitlines()[1]}\nroot /x;", "index /index.html;", ""],
)
def test_a_missing_fallback_is_named(conf: str) -> None:
    """R-DX-4: 404 on new pages."""
    (finding,) = nginx_findings(nginx(conf))
    assert (finding.code, finding.severity) == ("no-spa-fallback", Severity.WARNING)
    assert finding.args == {"file": "mobile/nginx.conf"}


def test_without_an_nginx_conf_nothing_is_said() -> None:
    assert nginx_findings(SourceTree(frozenset(), {})) == []
