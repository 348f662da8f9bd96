import subprocess
from pathlib import Path

import pytest

from bot.sandbox.practice.sample import SampleProject


def git(project: SampleProject, *arguments: str) -> str:
    argv = ["git", "-C", str(project.path), *arguments]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def with_history(tmp_path: Path) -> SampleProject:
    return SampleProject.with_history(tmp_path / "source")


def test_a_new_project_is_one_clean_commit(tmp_path: Path) -> None:
    project = SampleProject.create(tmp_path / "source", release="v7")
    assert git(project, "log", "--format=%s") == "FitnessApp v7"
    assert git(project, "status", "--porcelain") == ""
    assert (project.release, project.next_release) == ("v7", "v8")


def test_a_project_with_history_has_releases_to_ship_by_two_people(with_history: SampleProject) -> None:
    assert git(with_history, "log", "--reverse", "--format=%an <%ae>").splitlines() == [
        "Anna <anna@example.org>",
        "Boris <boris@example.org>",
        "Anna <anna@example.org>",
        "Boris <boris@example.org>",
        "Anna <anna@example.org>",
    ]
    assert git(with_history, "status", "--porcelain") == ""
    assert with_history.release == "v5"


def test_history_lies_in_the_past_in_its_order(with_history: SampleProject) -> None:
    dates = [int(date) for date in git(with_history, "log", "--format=%at").split()]
    assert dates == sorted(dates, reverse=True)


def test_every_commit_of_the_history_that_changes_mobile_bumps_the_version(
    with_history: SampleProject,
) -> None:
    for commit in git(with_history, "rev-list", "HEAD~4..HEAD").split():
        changed = git(with_history, "show", "--name-only", "--format=", commit).split()
        assert any(name.startswith("mobile/") for name in changed)
        assert '"version"' in git(with_history, "show", "--format=", commit, "--", "mobile/app.json")


def test_a_forgotten_bump_changes_mobile_but_not_the_version(with_history: SampleProject) -> None:
    before = with_history.app_version
    with_history.forget_bump()
    assert git(with_history, "diff", "--name-only") == "mobile/index.html"
    assert with_history.app_version == before
    with_history.commit("Say where we meet")
    with_history.forget_bump()
    assert git(with_history, "diff", "--name-only") == "mobile/index.html", "it can be forgotten again"


def test_what_is_pushed_to_its_branch_is_what_its_folder_shows(
    with_history: SampleProject, tmp_path: Path
) -> None:
    """R-FE-1: the demo's bot bumps a forgotten version by a push."""
    other = tmp_path / "other"
    git(with_history, "clone", "-q", ".", str(other))
    app = other / "mobile/app.json"
    app.write_text(app.read_text().replace(with_history.app_version, "9.9.9"))
    clone = SampleProject(other)
    pushed = clone.commit("Bump the app to 9.9.9")
    git(clone, "push", "-q", "origin", "main")
    assert (with_history.app_version, git(with_history, "rev-parse", "HEAD")) == ("9.9.9", pushed)
    assert git(with_history, "status", "--porcelain") == ""


@pytest.mark.parametrize("trouble", ["break_build", "break_health"])
def test_a_fix_takes_a_broken_project_back_to_its_last_good_files(
    with_history: SampleProject, trouble: str
) -> None:
    getattr(with_history, trouble)()
    assert git(with_history, "diff", "--name-only") != ""
    with_history.fix()
    assert git(with_history, "diff", "--name-only") == ""


def test_breaking_twice_is_told_instead_of_done_half(with_history: SampleProject) -> None:
    with_history.break_build()
    with pytest.raises(ValueError, match="already changed"):
        with_history.break_build()
