"""A browser window on the chat page, and what a person does in it."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, expect

PHONE, DESKTOP = (390, 844), (1280, 800)
SIZES = {"phone": PHONE, "desktop": DESKTOP}
PATIENCE = 60_000.0
"""Milliseconds within which something must appear; a deploy of the practice stack takes about ten seconds."""
_TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


@dataclass
class Window:
    """One window. `troubles` holds every console warning, error and violated policy since it was opened."""

    page: Page
    address: str
    shots: Path
    troubles: list[str] = field(default_factory=list)
    taken: int = 0

    async def load(self, **query: str) -> None:
        """Opens the page and waits until people and the panel are there."""
        words = "&".join(f"{name}={value}" for name, value in query.items())
        await self.page.goto(f"{self.address}/?{words}")
        await self.page.locator("[data-testid^=person-]").first.wait_for(state="attached")
        await self.page.get_by_test_id("days-title").wait_for(state="attached")

    # --- what a person does ---

    async def become(self, user: int, chat: int | None = None) -> None:
        """Looks at a chat as this person, by default at their private one."""
        await self.page.evaluate("([user, chat]) => window.opsgate.openAs(user, chat)", [user, chat or user])
        await expect(self.page.get_by_test_id("composer")).to_be_visible()

    async def show_panel(self) -> None:
        """Opens the tour and the bad days, where they are not beside the chat anyway."""
        for way in ("to-panel-from-list", "to-panel"):
            if await self.page.get_by_test_id(way).is_visible():
                await self.page.get_by_test_id(way).click()
        await expect(self.page.get_by_test_id("tour")).to_be_visible()

    async def say(self, text: str) -> None:
        """Types into the message field and sends it."""
        await self.page.get_by_test_id("composer").fill(text)
        await self.page.get_by_test_id("send").click()

    async def tap(self, label: str) -> None:
        """Taps the newest button that is labelled so."""
        await self.button(label).last.click()

    # --- what a person sees ---

    def button(self, label: str) -> Locator:
        """Inline buttons whose label begins so."""
        return self.page.locator(f'[data-testid="button"][data-label^="{label}"]')

    def messages(self, by: str | None = None) -> Locator:
        """Messages of the open chat, oldest first; `by` is "bot", "me" or "other"."""
        whose = f'[data-by="{by}"]' if by else ""
        return self.page.locator(f'[data-testid="message"]{whose}')

    async def sees(self, text: str | re.Pattern[str], within: float = PATIENCE) -> Locator:
        """Waits until a message of the bot holds this text; the newest such."""
        found = self.messages("bot").filter(has_text=text).last
        await expect(found).to_be_visible(timeout=within)
        return found

    async def shot(self, name: str = "") -> Path:
        """Keeps a picture of the window among the artefacts."""
        self.shots.mkdir(parents=True, exist_ok=True)
        self.taken += 1
        file = self.shots / f"{self.taken:02}{'-' if name else ''}{name}.png"
        await self.page.screenshot(path=file)
        return file

    async def scrolls_sideways(self) -> bool:
        """Whether anything makes the page wider than the window."""
        return bool(
            await self.page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
        )

    def heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.troubles.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")


class Opener(Protocol):
    """Opens a window on a page's address. `options` are those of a Playwright browser context."""

    async def __call__(self, address: str, size: tuple[int, int] = ..., **options: Any) -> Window: ...


def windows(browser: Browser, stack: AsyncExitStack, made: list[Window], shots: Path) -> Opener:
    """What opens windows that the stack closes."""

    async def opened(address: str, size: tuple[int, int] = DESKTOP, **options: Any) -> Window:
        viewport = {"width": size[0], "height": size[1]}
        context = await stack.enter_async_context(
            await browser.new_context(**{"viewport": viewport, "locale": "en-GB"} | options)
        )
        await context.add_init_script(_TELL_VIOLATIONS)
        page = await context.new_page()
        window = Window(page, address, shots)
        page.on("console", window.heard)
        page.on("pageerror", lambda error: window.troubles.append(f"exception: {error}"))
        made.append(window)
        return window

    return opened
