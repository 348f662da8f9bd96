import subprocess
import sys

_PROBE = """
import sys
import bot.sandbox.process
import bot.sandbox.practice.days
foreign = [name for name in sys.modules if name.split(".")[0] in {"aiogram", "telegram", "services", "handlers"}]
foreign += [name for name in sys.modules if name.startswith("bot.") and not name.startswith("bot.sandbox")]
print(foreign)
"""


def test_the_local_bot_api_shares_no_code_with_the_bot_that_it_judges() -> None:
    probe = subprocess.run(
        [sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=30, check=True
    )
    assert probe.stdout.strip() == "[]"
