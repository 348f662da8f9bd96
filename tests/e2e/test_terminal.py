"""The operations from a terminal on real parts: Telegram down, the bot running or not; and the fallback by hand."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.sandbox.played import SimMessage
from tests.e2e.world import DEADLINE, World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]

ROOT = Path(__file__).parents[2]
FOREIGN = {"BOT_TOKEN", "ADMIN_IDS", "TELEGRAM_API_URL", "LC_ALL", "LC_MESSAGES"}
NOT_CONFIRMED, DETACHED = 3, 130


async def started(here: World, *words: str, stdin: int) -> asyncio.subprocess.Process:
    """`opsgate …` as an admin types it, in the folder of the bot's settings."""
    inherited = {key: value for key, value in os.environ.items() if key not in FOREIGN}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *words),
        cwd=here.folder,
        env=inherited | {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "PYTHONWARNINGS": "default"},
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str]:
    """Exit status and all that it printed."""
    try:
        async with asyncio.timeout(DEADLINE):
            printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, printed.decode()


async def opsgate(here: World, *words: str) -> tuple[int, str]:
    """As a script runs it: nobody can be asked."""
    return await ended(await started(here, *words, stdin=asyncio.subprocess.DEVNULL))


async def typed(here: World, answer: str, *words: str) -> tuple[int, str]:
    """As a person runs it, who types one line."""
    keyboard, terminal = pty.openpty()
    try:
        process = await started(here, *words, stdin=terminal)
        os.write(keyboard, answer.encode())
        return await ended(process)
    finally:
        os.close(keyboard)
        os.close(terminal)


async def confirmed(here: World, *words: str) -> tuple[int, str]:
    """A script's two steps."""
    status, printed = await opsgate(here, *words)
    assert status == NOT_CONFIRMED, printed
    digest = re.findall(r"--confirm ([0-9a-f]{16})$", printed.strip())
    return await opsgate(here, *words, "--confirm", *digest)


async def told(here: World, since: int) -> list[SimMessage]:
    """The one verdict that each admin got after a mark."""
    found = [await here.verdict(since, user) for user in (here.anna, here.boris)]
    for user in (here.anna, here.boris):
        assert len(await here.verdicts(since, user)) == 1
    return found


async def test_while_telegram_is_down_the_running_bot_deploys_what_a_terminal_confirmed(here: World) -> None:
    """R-UX-4: when Telegram is back, every admin learns of it, once."""
    await here.start_bot()
    await here.sim.start(here.anna)
    await here.sim.start(here.boris)
    await here.sim.wait_for(here.anna, "/deploy", timeout=30)
    here.project.release_commit("r1")
    since = await here.sim.mark()
    async with here.sim.outage("refuse"):
        status, printed = await typed(here, "yes\n", "deploy")
        assert status == 0, printed
        assert "The bot carries it out" in printed
        assert "deploy succeeded" in printed
        assert here.server.served_version() == "r1"
    for verdict in await told(here, since):
        assert "succeeded" in verdict.text
        assert "terminal: " in verdict.text
    messages = await here.sim.messages(here.anna, by_bot=True, since=since)
    assert not [m for m in messages if "Confirm deploy" in m.labels], "no chat gets a card of it"
    assert here.lock_is_free()


async def test_a_no_at_the_question_changes_nothing(here: World) -> None:
    """R-UX-2."""
    here.project.release_commit("r2")
    status, printed = await typed(here, "no\n", "deploy")
    assert status == NOT_CONFIRMED
    assert "Nothing was changed." in printed
    assert here.server.served_version() == "r1"


async def test_status_in_a_terminal_says_what_the_chat_says(here: World) -> None:
    status, printed = await opsgate(here, "status", "fitnessapp")
    assert status == 0, printed
    assert "🟢 fitnessapp" in printed
    assert "backend: " in printed
    assert "terminal: " in printed, "who deployed the release"


async def test_the_button_on_the_card_shows_the_commands_to_do_it_by_hand(here: World) -> None:
    card = await here.card()
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Show manual steps")
    sent = await here.sim.wait_for(
        here.anna, document=True, since=since, timeout=30
    )  # long paths: no message
    said = (await here.sim.file(sent)).decode()
    assert f"docker compose -p {here.server.compose_project} -f docker/docker-compose.prod.yml" in said
    assert "pg_dump" in said
    assert here.server.password not in said
    await here.sim.tap(here.anna, card, "Cancel")


async def test_pack_in_the_chat_sends_the_zip(here: World) -> None:
    asked = await here.sim.say(here.anna, "/pack")
    sent = await here.sim.wait_for(here.anna, "SHA-256", after=asked, timeout=30)
    assert sent.file_id


async def test_while_telegram_is_down_a_terminal_locks_and_unlocks_the_project_of_the_running_bot(
    here: World,
) -> None:
    """R-UX-4: whose lock was taken off is told to every admin when Telegram is back."""
    since = await here.sim.mark()
    async with here.sim.outage("refuse"):
        assert (await opsgate(here, "lock", "fitnessapp", "an", "audit"))[0] == 0
        status, printed = await opsgate(here, "deploy", "fitnessapp")
        assert status == 1, printed
        assert "opsgate unlock fitnessapp opens it again" in printed
        assert (await opsgate(here, "unlock", "fitnessapp"))[0] == 0
    for user in (here.anna, here.boris):
        notice = await here.sim.wait_for(user, "unlocked fitnessapp", since=since, timeout=30)
        assert "an audit" in notice.text


async def test_without_a_bot_the_terminal_deploys_by_itself_in_two_steps(here: World) -> None:
    """The bot tells everybody when it is back."""
    assert await here.stop_bot() == 0
    since = await here.sim.mark()
    status, printed = await confirmed(here, "deploy", "fitnessapp")
    assert status == 0, printed
    assert "this process carries it out" in printed
    assert here.server.served_version() == "r2"
    assert here.lock_is_free()
    await here.start_bot()
    assert all("succeeded" in verdict.text for verdict in await told(here, since))


async def test_the_zip_of_pack_unzips_into_the_tree_that_serves(here: World, tmp_path: Path) -> None:
    """By hand the server gets the very files, with their bits, that Opsgate has just deployed."""
    status, printed = await opsgate(here, "pack", "-o", str(tmp_path / "deploy.zip"))
    assert status == 0, printed
    subprocess.run(["unzip", "-q", "-o", tmp_path / "deploy.zip", "-d", tmp_path / "there"], check=True)
    by_hand, deployed = files(tmp_path / "there"), files(here.server.path)
    deployed.pop(".env.prod")
    assert by_hand == deployed
    manual = await opsgate(here, "manual")
    assert f"unzip -o ~/deploy.zip -d {here.server.path}" in manual[1]
    assert here.server.password not in manual[1]


def files(root: Path) -> dict[str, tuple[bool, bytes]]:
    """By path: whether it may be executed, and what is in it."""
    found = [one for one in root.rglob("*") if one.is_file()]
    return {str(one.relative_to(root)): (os.access(one, os.X_OK), one.read_bytes()) for one in found}


async def test_a_rollback_from_a_terminal_brings_the_release_back(here: World) -> None:
    """R-RB-2: by what people call it."""
    status, printed = await opsgate(here, "rollback")
    assert status == 2, printed
    (label,) = re.findall(r"^  \d{8}-\d{6}-[0-9a-f]{8}  ([0-9a-f]{7}) · ", printed, re.MULTILINE)
    status, printed = await confirmed(here, "rollback", "fitnessapp", label)
    assert status == 0, printed
    assert "rollback succeeded" in printed
    assert here.server.served_version() == "r1"


async def test_ctrl_c_stops_what_the_bot_carries_out(here: World) -> None:
    """The old release serves on, and the exit status says that it did not succeed."""
    operations = len(here.operations())
    keyboard, terminal = pty.openpty()
    try:
        process = await started(here, "deploy", stdin=terminal)
        os.write(keyboard, b"yes\n")
        async with asyncio.timeout(60):
            while len(here.operations()) == operations or here.operations()[-1]["state"] == "proposed":
                await asyncio.sleep(0.1)
        await here.step("build")
        process.send_signal(signal.SIGINT)
        status, printed = await ended(process)
    finally:
        os.close(keyboard)
        os.close(terminal)
    assert status == 1, printed
    assert "Stopping" in printed
    assert here.server.served_version() == "r1"
    assert here.server.is_healthy()
    assert here.lock_is_free()


async def test_a_backup_is_drilled_and_restored_from_a_terminal(here: World) -> None:
    """R-DB-3, R-DB-5, R-UX-2: the name is typed after the yes; a yes alone restores nothing."""
    status, printed = await opsgate(here, "backup")
    assert status == 0, printed
    status, printed = await opsgate(here, "restore")
    assert status == 2, printed
    newest = re.findall(r"db-\d{8}-\d{6}-[a-z0-9]{4}", printed)[0]
    status, printed = await confirmed(here, "drill", "fitnessapp", newest)
    assert status == 0, printed
    status, printed = await typed(here, "yes\nyes\n", "restore", "fitnessapp", newest)
    assert status == NOT_CONFIRMED, printed
    status, printed = await typed(here, "yes\nfitnessapp\n", "restore", "fitnessapp", newest)
    assert status == 0, printed
    assert "✓ Check the dump" in printed
    assert here.server.is_healthy()
    assert here.lock_is_free()
