from __future__ import annotations

import os
import re
import signal
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell leaves it for a command in its background
    signal.signal(signal.SIGINT, signal.default_int_handler)

TOGETHER = ("browser", "conformance", "e2e", "integration")
"""Folders whose modules share a world: a bot, a browser, a host."""
GROUND = re.compile(r"[\[-](practice|real)[\]-]")


class ByWorld(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Tests that share a world stay together and in order when several workers run (`-n`).

    pytest-xdist's own `loadgroup` does not work with pytest 9.2 (its issue 1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        module, _, name = nodeid.partition("::")
        if module.split("/")[1] not in TOGETHER:
            return nodeid
        ground = GROUND.search(name)
        return f"{module}[{ground[1] if ground else ''}]"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByWorld:
    return ByWorld(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many tests were skipped, so that nobody takes a skip for a pass."""
    if skipped := terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"{len(skipped)} tests did not run; the reasons stand above", yellow=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI nothing may be skipped: a skip fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and exitstatus == 0 and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
