from __future__ import annotations

import pytest

from services.checks.source import drift_findings
from services.drift import Blocking, Drift, Drifted, difference, parse, parse_blocking
from services.models import Severity

ONE, TWO = "1" * 64, "2" * 64


def drifted(path: str, sha256: str | None = ONE, mode: str = "644") -> Drifted:
    return Drifted(path=path, sha256=sha256, size=3, mode=mode)


def test_the_agents_answer_is_read_with_odd_names() -> None:
    found = parse(f"{ONE} 12 755 scripts/a b  c.sh\ngone - - it's gone\nodd - - a link\n7\n".encode())
    assert found.total == 7
    assert found.files == (
        Drifted(path="scripts/a b  c.sh", sha256=ONE, size=12, mode="755"),
        Drifted(path="it's gone"),
        Drifted(path="a link", odd=True),
    )


@pytest.mark.parametrize("output", [b"", b"what?\n", b"x y\n1\n"])
def test_any_other_answer_is_refused(output: bytes) -> None:
    with pytest.raises(ValueError, match=r"not enough values|invalid literal"):
        parse(output)


def test_only_a_file_that_the_release_has_otherwise_is_lost() -> None:
    """What is gone comes back, what the release lacks stays in place, and the same edit in the source is no loss."""
    coming = {
        f"{TWO}  644  edited",
        f"{TWO}  644  gone",
        f"{ONE}  644  same edit",
        f"{ONE}  755  mode",
        f"{ONE}  644  link",
    }
    files = (
        drifted("edited"),
        drifted("gone", None),
        drifted("same edit"),
        drifted("mode"),
        drifted("dropped"),
        Drifted(path="link", odd=True),
    )
    lost = Drift(files=files, total=6).to_lose(coming)
    assert [one.path for one in lost.files] == ["edited", "mode"]
    assert lost.unnamed == 0
    assert (lost.staying, lost.returning) == (("dropped",), ("gone",))


def test_a_dropped_file_stays_only_if_the_swap_would_leave_it() -> None:
    """It removes what still has the content of its release, whatever its mode."""
    before = {f"{ONE}  755  other mode", f"{TWO}  644  edited", f"{ONE}  644  link", f"{ONE}  644  gone"}
    files = (drifted("other mode"), drifted("edited"), Drifted(path="link", odd=True), drifted("gone", None))
    lost = Drift(files=files, total=4).to_lose(set(), before)
    assert (lost.files, lost.staying, lost.returning) == ((), ("edited", "link"), ())


def test_what_stays_and_what_comes_back_is_said_quietly() -> None:
    found = drift_findings(Drift(staying=("a", "b"), returning=("c",)))
    said = [(one.code, one.severity, one.args["files"]) for one in found]
    assert said == [("drift-stays", Severity.INFO, "a, b"), ("drift-back", Severity.INFO, "c")]


def test_what_is_beyond_the_named_ones_may_be_lost_too() -> None:
    lost = Drift(files=(drifted("same"),), total=41).to_lose({f"{ONE}  644  same"})
    assert (lost.files, lost.unnamed) == ((), 40)
    (finding,) = drift_findings(lost)
    assert (finding.code, finding.args["count"], finding.args["more"]) == ("drift", 40, 40)


def test_what_stands_where_only_the_new_release_has_a_file_is_lost_too() -> None:
    both = Drift(files=(drifted("a"),), total=1).with_present(
        Drift(files=(drifted("handmade"), drifted("not there", None)), total=2)
    )
    assert ([one.path for one in both.files], both.unnamed) == (["a", "handmade"], 0)


def test_a_drift_is_a_warning_that_names_the_first_files() -> None:
    files = tuple(drifted(f"file-{number}") for number in range(7))
    (finding,) = drift_findings(Drift(files=files, total=7))
    assert (finding.code, finding.severity) == ("drift", Severity.WARNING)
    assert finding.args == {"count": 7, "files": "file-0, file-1, file-2, file-3, file-4", "more": 2}


def test_what_the_swap_would_refuse_is_a_blocker_that_names_it() -> None:
    """R-UX-1."""
    found = parse_blocking("".join(f"conf/{number}\n" for number in range(200)).encode() + b"230\n")
    (finding,) = drift_findings(Drift(blocking=found))
    assert (finding.code, finding.severity) == ("in-the-way", Severity.BLOCKER)
    assert finding.args == {"count": 230, "files": "conf/0, conf/1, conf/2, conf/3, conf/4", "more": 225}
    assert parse_blocking(b"0\n") == Blocking()


def test_a_foreign_name_cannot_dress_up_the_card() -> None:
    (path,) = parse_blocking("conf/\u202egpj.exe\t\x1b[1m\n1\n".encode()).paths
    assert path == "conf/?gpj.exe??[1m"
    (path,) = parse_blocking(f"{'d/' * 300}x\n1\n".encode()).paths
    assert (len(path), path[-3:]) == (200, "d/x")


def test_drift_that_is_not_known_is_said() -> None:
    (finding,) = drift_findings(Drift(known=False))
    assert (finding.code, finding.severity) == ("drift-unknown", Severity.WARNING)


def test_what_is_kept_is_said_quietly() -> None:
    (finding,) = drift_findings(Drift(), ("docker/nginx.conf",))
    assert (finding.code, finding.severity) == ("drift-kept", Severity.INFO)


def test_a_difference_goes_from_the_release_to_the_server() -> None:
    lines = difference("a.conf", b"one\ntwo\n", b"one\n2\n")
    assert lines[:2] == ["--- released/a.conf", "+++ server/a.conf"]
    assert {"-two", "+2"} <= set(lines)


LONG = b"x\n" * 2001
LARGE = b"x" * (128 * 1024 + 1)


@pytest.mark.parametrize(
    ("released", "present"),
    [(b"a\0", b"a"), (b"a", None), (None, b"a"), (LONG, b"a"), (b"a", LARGE)],
)
def test_what_is_no_text_has_no_difference_to_show(released: bytes | None, present: bytes | None) -> None:
    assert difference("logo.png", released, present) == ["logo.png: no text, or too large to show"]
