from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.build_progress import BuildProgress, failing_context

RECORDED = Path(__file__).parent / "recorded"
LOGS = ["buildkit.log", "classic.log", "buildkit-failed.log", "classic-parallel-failed.log"]


def log(name: str) -> str:
    return (RECORDED / name).read_text()


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("buildkit.log", (4, 4)),
        ("classic.log", (8, 8)),
        ("buildkit-failed.log", (6, 8)),  # backend whole; of web the first two
        ("classic-parallel-failed.log", (10, 13)),  # backend whole; of web the first two, the third failed
    ],
)
def test_steps_are_counted_in_what_real_builds_printed(name: str, steps: tuple[int, int]) -> None:
    progress = BuildProgress()
    assert progress.feed(log(name).encode()) == steps


@given(st.sampled_from(LOGS), st.lists(st.integers(1, 400), min_size=1, max_size=8))
def test_the_count_does_not_depend_on_how_the_log_is_cut(name: str, sizes: list[int]) -> None:
    data = log(name).encode()
    whole, pieces = BuildProgress(), BuildProgress()
    whole.feed(data)
    before, at, turn = (0, 0), 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        done, total = pieces.feed(data[at : at + size])
        assert before[0] <= done <= total
        before, at, turn = (done, total), at + size, turn + 1
    assert pieces.steps == whole.steps


@given(st.binary(max_size=300))
def test_any_bytes_are_taken(data: bytes) -> None:
    done, total = BuildProgress().feed(data + b"\n")
    assert 0 <= done <= total


def test_a_log_without_steps_counts_nothing() -> None:
    assert BuildProgress().feed(b"nothing here\n") == (0, 0)


def test_a_running_step_is_not_done() -> None:
    progress = BuildProgress()
    assert progress.feed(b"#5 [web 1/3] FROM x\n#5 DONE 0.0s\n#6 [web 2/3] RUN make\n") == (1, 3)
    assert progress.feed(b"#6 DONE 9.0s\n") == (2, 3)


def test_stages_of_one_service_are_counted_apart() -> None:
    progress = BuildProgress()
    lines = b"#1 [web deps 1/2] FROM x\n#1 CACHED\n#2 [web stage-1 3/3] COPY a b\n#2 DONE 0.1s\n"
    assert progress.feed(lines) == (4, 5)


def test_the_failed_step_of_buildkit_is_shown_with_its_output() -> None:
    """R-RB-3: the reason, not the whole log."""
    assert failing_context(log("buildkit-failed.log")).splitlines() == [
        ' > [web 3/4] RUN echo doing && sh -c "echo npm ERR! missing script >&2; exit 3":',
        "0.166 doing",
        "0.167 npm ERR! missing script",
        (
            "failed to solve: executor failed running [/bin/sh -c echo doing && sh -c"
            ' "echo npm ERR! missing script >&2; exit 3"]: exit code: 3'
        ),
    ]


def test_the_failed_step_of_the_classic_builder_is_shown_with_its_output() -> None:
    shown = failing_context(log("classic-parallel-failed.log")).splitlines()
    assert shown[0].startswith("Step 3/5 : RUN echo doing")
    assert "npm ERR! missing script" in shown
    assert shown[-1].endswith("returned a non-zero code: 3")


def test_an_excerpt_of_the_dockerfile_between_rules_does_not_hide_the_reason() -> None:
    """The form of newer BuildKit: an excerpt of the Dockerfile stands between the output and the last line."""
    text = (
        "------\n > [web 2/2] RUN false:\n0.1 boom\n------\nDockerfile:2\n\n--------------------\n"
        "   2 | >>> RUN false\n--------------------\n\n"
        'target web: failed to solve: process "/bin/sh -c false" did not complete successfully: exit code: 1\n'
    )
    assert failing_context(text).splitlines()[:2] == [" > [web 2/2] RUN false:", "0.1 boom"]
    assert failing_context(text).splitlines()[-1].startswith("target web: failed to solve")


def test_long_output_keeps_the_failed_step_and_ten_lines_of_context() -> None:
    """R-RB-3."""
    body = "".join(f"0.{n} line {n}\n" for n in range(50))
    shown = failing_context(
        f"------\n > [web 2/2] RUN make:\n{body}------\nfailed to solve: x\n"
    ).splitlines()
    assert len(shown) == 1 + 10
    assert shown[0] == " > [web 2/2] RUN make:"
    assert shown[-2:] == ["0.49 line 49", "failed to solve: x"]


def test_without_a_builders_mark_the_last_lines_are_shown() -> None:
    assert failing_context("a\n\nb\n\x1b[91mc\x1b[0m\n", lines=2) == "b\nc"
    assert failing_context("") == ""
