"""Takes the pictures of the docs: `python -m tests.browser.pictures` plays a demo and photographs its chat.

Nothing is drawn by hand: what the pictures show is what the page showed.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from playwright.async_api import expect

from bot.sandbox.demo import ANNA, BORIS, Demo, demo
from tests.browser.chromium import launched, why_no_chromium
from tests.browser.window import PATIENCE, Opener, Window, windows

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
PHONE = (390, 640)
SHARPNESS = 2
LARGEST = 200_000
"""Bytes of a picture, so that the README loads at once on a phone."""
_EVEN_WALL = """for (const number of [1, 2, 3])
  document.documentElement.style.setProperty(`--wall-${number}`, "#c3d9bd")"""
"""Behind the bubbles one colour in the place of a gradient, which alone would double a picture's size."""
_STILL = {"reduced_motion": "reduce", "color_scheme": "light", "device_scale_factor": SHARPNESS}


async def main() -> None:
    """Overwrites the pictures in docs/pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="opsgate-pictures-") as folder:
        async with demo(Path(folder)) as running, launched() as browser, AsyncExitStack() as stack:
            await story(running, windows(browser, stack, [], PICTURES))


async def story(running: Demo, opened: Opener) -> None:
    """A deploy that goes well; then one that does not, of which an admin learns who did not ask."""
    window = await opened(running.address, PHONE, **_STILL)
    await window.load(lang="en", theme="light")
    await window.page.evaluate(_EVEN_WALL)
    await deploy(window, ANNA, "Confirm")  # from here on plans can say what is new
    await window.sees("succeeded")
    await running.api.sim.bad_day("new-release")
    await asyncio.sleep(61)  # an age in minutes reads better than one in seconds
    await window.say("/deploy")
    await taken(window, "plan", "Confirm deploy")
    await window.tap("Confirm")
    await window.sees("▸ Build")
    await taken(window, "progress")
    await expect(window.messages("bot").filter(has_text="succeeded")).to_have_count(2, timeout=2 * PATIENCE)
    await taken(window, "verdict")
    await running.api.sim.bad_day("never-healthy")
    await deploy(window, BORIS, "Подтвердить")
    await window.sees("откат выполнен", within=3 * PATIENCE)
    await window.become(ANNA)
    await window.sees("rolled back")
    await taken(window, "failure")


async def deploy(window: Window, person: int, confirm: str) -> None:
    """This person asks for a deploy in their own chat and confirms it."""
    await window.become(person)
    await window.say("/deploy")
    await expect(window.button(confirm)).to_be_visible(timeout=PATIENCE)
    await window.tap(confirm)


async def taken(window: Window, name: str, button: str = "") -> None:
    """Photographs the window as it is. Raises ValueError for a picture that is too large."""
    if button:
        await expect(window.button(button)).to_be_visible(timeout=PATIENCE)
    await window.page.wait_for_timeout(800)  # what moves comes to rest
    file = PICTURES / f"{name}.png"
    await window.page.screenshot(path=file, animations="disabled", caret="hide")
    size = file.stat().st_size
    print(f"{file.relative_to(PICTURES.parents[1])}: {size / 1000:.0f} KB")
    if size > LARGEST:
        raise ValueError(f"{file.name} is larger than {LARGEST / 1000:.0f} KB")


if __name__ == "__main__":
    if reason := why_no_chromium():
        sys.exit(reason)
    asyncio.run(main())
