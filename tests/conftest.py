from __future__ import annotations

import os
from pathlib import Path

import pytest

TOGETHER = ("browser", "conformance", "e2e", "integration")
"""Folders whose modules share a world: a bot, a browser, a host."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a world stay together and in order when several workers run (`-n`).

    First of all such hooks: pytest-xdist reads the groups in its own.
    """
    for item in items:
        if item.path.relative_to(Path(__file__).parent).parts[0] in TOGETHER:
            parameters = item.callspec.params if hasattr(item, "callspec") else {}
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}[{parameters.get('here', '')}]"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many tests were skipped, so that nobody takes a skip for a pass."""
    if skipped := terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"{len(skipped)} tests did not run; the reasons stand above", yellow=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI nothing may be skipped: a skip fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and exitstatus == 0 and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
