from __future__ import annotations

import pytest

from services.checks.source import drift_findings
from services.drift import Drift, Drifted, difference, parse
from services.models import Severity
from tests.unit.checks.test_findings import pack

ONE, TWO = "1" * 64, "2" * 64


def drifted(path: str, sha256: str | None = ONE, mode: str = "644") -> Drifted:
    return Drifted(path=path, sha256=sha256, size=3, mode=mode)


def test_the_agents_answer_is_read_with_odd_names() -> None:
    found = parse(f"{ONE} 12 755 scripts/a b  c.sh\n- - - it's gone\n7\n".encode())
    assert found.total == 7
    assert found.files == (
        Drifted(path="scripts/a b  c.sh", sha256=ONE, size=12, mode="755"),
        Drifted(path="it's gone"),
    )


@pytest.mark.parametrize("output", [b"", b"what?\n", b"x y\n1\n"])
def test_any_other_answer_is_refused(output: bytes) -> None:
    with pytest.raises(ValueError, match=r"not enough values|invalid literal"):
        parse(output)


def test_only_an_edited_file_that_the_release_has_otherwise_is_lost() -> None:
    """What is gone comes back, what the release lacks stays in place, and the same edit in the source is no loss."""
    coming = {f"{TWO}  644  edited", f"{TWO}  644  gone", f"{ONE}  644  same edit", f"{ONE}  755  mode"}
    files = (
        drifted("edited"),
        drifted("gone", None),
        drifted("same edit"),
        drifted("mode"),
        drifted("dropped"),
    )
    assert [one.path for one in Drift(files=files, total=5).to_lose(coming)] == ["edited", "mode"]


def test_a_drift_is_a_warning_that_names_the_first_files() -> None:
    files = tuple(drifted(f"file-{number}") for number in range(7))
    (finding,) = drift_findings(pack(), Drift(files=files, total=7))
    assert (finding.code, finding.severity) == ("drift", Severity.WARNING)
    assert finding.args == {"count": 7, "files": "file-0, file-1, file-2, file-3, file-4", "more": 2}


def test_what_is_kept_is_said_quietly() -> None:
    (finding,) = drift_findings(pack(kept=("docker/nginx.conf",)), Drift())
    assert (finding.code, finding.severity) == ("drift-kept", Severity.INFO)


def test_a_difference_goes_from_the_release_to_the_server() -> None:
    lines = difference("a.conf", b"one\ntwo\n", b"one\n2\n")
    assert lines[:2] == ["--- released/a.conf", "+++ server/a.conf"]
    assert {"-two", "+2"} <= set(lines)


@pytest.mark.parametrize(("released", "present"), [(b"a\0", b"a"), (b"a", None), (None, b"a")])
def test_what_is_no_text_has_no_difference_to_show(released: bytes | None, present: bytes | None) -> None:
    assert difference("logo.png", released, present) == ["logo.png: no text, or too large to show"]
