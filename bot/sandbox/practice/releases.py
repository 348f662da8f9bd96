"""Commits that somebody makes to the sample project: good ones, broken ones, and the repair."""

from collections.abc import Callable
from typing import Any

from bot.sandbox.practice.sample import SampleProject

_SLOW = 12
"""Seconds."""


def good(project: SampleProject) -> None:
    """The next release, which builds and gets healthy."""
    release = _next(project)
    project.commit(f"FitnessApp {release}", author="Anna")


def build_fails(project: SampleProject) -> None:
    """The next release, whose backend image cannot be built."""
    release = _next(project)
    project.break_build()
    project.commit(f"FitnessApp {release}: compile the plans ahead of time", author="Boris")


def never_healthy(project: SampleProject) -> None:
    """The next release, which builds and starts, and whose backend refuses traffic."""
    release = _next(project)
    project.break_health()
    project.commit(f"FitnessApp {release}: check the plans before taking traffic", author="Boris")


def version_not_bumped(project: SampleProject) -> None:
    """A change in mobile/ under the app version of the release before."""
    release = _next(project, bump=False)
    project.forget_bump()
    project.commit(f"FitnessApp {release}: tell where to meet", author="Anna")


def slow_build(project: SampleProject) -> None:
    """The next release, whose build takes a while at any pace: time enough for something to happen meanwhile."""
    release = _next(project)
    project.slow_build(_SLOW)
    project.commit(f"FitnessApp {release}: compile every part anew", author="Boris")


def repaired(project: SampleProject) -> None:
    """The next release, with whatever was broken put right."""
    release = _next(project)
    project.commit(f"FitnessApp {release}: put the last release right", author="Anna")


COMMITS: dict[str, Callable[[SampleProject], Any]] = {
    "build-fails": build_fails,
    "never-healthy": never_healthy,
    "version-not-bumped": version_not_bumped,
    "slow-build": slow_build,
    "new-release": good,
    "repaired": repaired,
}


def _next(project: SampleProject, *, bump: bool = True) -> str:
    """Writes the next marker over a tree in which nothing is broken, and returns it."""
    project.fix()
    release = project.next_release
    project.write_release(release, bump=bump)
    return release
