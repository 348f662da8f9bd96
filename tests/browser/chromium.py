"""The distribution's Chromium, driven headless."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from playwright.async_api import Browser, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
QUIET = (
    *("--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
"""The page is all that may be asked for: nothing calls home, nothing is set up."""


@cache
def chromium() -> str | None:
    """The path of a browser that starts: the one named in OPSGATE_CHROMIUM, or the first that is installed."""
    named = os.environ.get("OPSGATE_CHROMIUM")
    for name in (named,) if named else NAMES:
        if (found := shutil.which(name)) and _starts(found):
            return found
    return None


def _starts(path: str) -> bool:
    """Ubuntu's package is a stub that sends people to snap: it has no version to tell."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and "Chrom" in done.stdout


def why_no_chromium() -> str | None:
    """Why browser tests cannot run on this machine; None when they can."""
    return None if chromium() else "no Chromium: sh tests/browser/prepare.sh (Debian, as root)"


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """A browser of our own with nothing remembered, ended at the end."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to sandbox root's pages
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(executable_path=chromium(), args=[*QUIET, *sandbox]) as browser,
    ):
        yield browser
