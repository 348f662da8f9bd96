"""The main job on real parts, as one story: an empty server, releases good and bad, backups, people."""

from __future__ import annotations

import asyncio
import hashlib
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from bot.sandbox.practice.sample import BUILD_FAILURE, HEALTH_FAILURE
from tests.e2e.world import ANNA, DEADLINE, World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]


async def test_the_bot_starts_greets_an_admin_and_sets_their_command_menu(here: World) -> None:
    await here.start_bot()
    since = await here.sim.mark()
    await here.sim.start(here.anna)
    hello = await here.sim.wait_for(here.anna, "/deploy", since=since, timeout=30)
    assert "/backup" in hello.text
    menu = await here.sim.commands(scope=f"chat:{ANNA}")
    assert {"deploy", "backup", "status", "ops", "help"} <= {command["command"] for command in menu}
    assert await here.sim.commands() == []


async def test_status_of_an_empty_server_says_that_nothing_is_deployed(here: World) -> None:
    sent = await here.sim.say(here.anna, "/status")
    status = await here.sim.wait_for(here.anna, "fitnessapp", after=sent)
    assert status.labels


async def test_a_first_deploy_on_an_empty_server_says_there_is_no_database_yet_and_succeeds(
    here: World,
) -> None:
    """R-DB-3: a first deploy has nothing to back up; it says so and goes on. R-UX-2: only after a tap."""
    card = await here.card("/deploy")
    assert re.search(r"(?i)first", card.text)
    assert here.server.containers() == []  # nothing happens before the tap
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm")
    verdict = await here.verdict(since)
    assert "succeeded" in verdict.text
    assert here.server.served_version() == "v1"
    assert here.server.is_healthy()
    assert here.lock_is_free()


async def test_a_second_release_is_built_while_the_first_serves_and_its_database_is_backed_up_first(
    here: World,
) -> None:
    """R-DB-3, R-DB-4, R-RB-1: proven backup and safety copy before anything changes."""
    here.server.psql("CREATE TABLE IF NOT EXISTS diary (note text); INSERT INTO diary VALUES ('kept')")
    commit = here.project.release_commit("v2")
    card = await here.card("/deploy fitnessapp main")
    assert commit[:7] in card.text
    assert "FitnessApp v2" in card.text
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm")
    verdict = await here.verdict(since)
    assert "succeeded" in verdict.text
    assert here.server.served_version() == "v2"
    assert here.server.psql("SELECT note FROM diary") == "kept"
    copy = here.server.backup_path / "files" / "VERSION.txt"
    assert copy.read_text() == "v1\n"
    dumps = list((here.server.backup_path / "database").glob("*.dump"))
    assert len(dumps) == 1
    assert not list(here.server.backup_path.rglob("*.part"))


async def test_progress_is_one_message_edited_in_place(here: World) -> None:
    operation = here.operations()[-1]["id"]
    calls = await here.sim.calls("sendMessage", "editMessageText")
    assert operation
    edits = [call for call in calls if call["method"] == "editMessageText"]
    assert len(edits) >= 3


async def test_a_broken_build_fails_with_its_last_lines_and_the_old_containers_never_stop(
    here: World,
) -> None:
    before = {one.service: (one.id, one.started_at) for one in here.server.containers()}
    here.project.break_build()
    here.project.commit("break the build")
    verdict = await here.deploy()
    here.project.fix()
    here.project.commit("mend the build")
    assert "failed" in verdict.text.splitlines()[0]
    assert BUILD_FAILURE in verdict.text
    assert {one.service: (one.id, one.started_at) for one in here.server.containers()} == before
    assert here.server.served_version() == "v2"
    assert here.lock_is_free()


async def test_a_release_that_never_gets_healthy_is_rolled_back_and_every_admin_is_told_why(
    here: World,
) -> None:
    """R-RB-3: the old content serves again; the reason comes with the failing service's last lines. R-UX-4."""
    await here.sim.start(here.boris)
    images = {one.service: one.image_id for one in here.server.containers()}
    here.project.write_release("v3")
    here.project.break_health()
    here.project.commit("a release that never gets healthy")
    boris_since = await here.sim.mark()
    verdict = await here.deploy()
    here.project.fix()
    here.project.commit("mend it")
    assert "rolled back" in verdict.text.splitlines()[0]
    assert HEALTH_FAILURE in verdict.text
    assert here.server.served_version() == "v2"
    assert here.server.is_healthy()
    assert {one.service: one.image_id for one in here.server.containers()} == images
    assert (here.server.path / "VERSION.txt").read_text() == "v2\n"
    pushed = await here.verdict(boris_since, here.boris)
    assert "rolled back" in pushed.text.splitlines()[0]
    assert here.lock_is_free()


async def test_a_backup_is_kept_on_the_host_and_here_and_restores_with_the_same_rows(here: World) -> None:
    """R-DB-4: size and SHA-256 are of the very file, which restores into a scratch database."""
    here.server.psql("INSERT INTO diary SELECT 'row ' || n FROM generate_series(1, 500) AS n")
    rows = here.server.psql("SELECT count(*) FROM diary")
    card = await here.card("/backup")
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm")
    verdict = await here.verdict(since)
    assert "succeeded" in verdict.text.splitlines()[0]
    local = max((here.folder / "data" / "backups" / "fitnessapp").glob("*.dump"))
    remote = here.server.backup_path / "database" / local.name
    digest = hashlib.sha256(local.read_bytes()).hexdigest()
    assert hashlib.sha256(remote.read_bytes()).hexdigest() == digest
    assert digest[:12] in verdict.text
    assert remote.stat().st_mode & 0o077 == 0
    assert _rows_after_restore(here, local) == rows


def _rows_after_restore(here: World, dump: Path) -> str:
    container = here.server.container("db").id
    here.server.psql("CREATE DATABASE scratch", database="postgres")
    restore = [
        here.server.docker,
        "exec",
        "-i",
        container,
        "pg_restore",
        "-U",
        "fitnessapp_user",
        "-d",
        "scratch",
    ]
    with dump.open("rb") as archive:
        subprocess.run(restore, stdin=archive, check=True)
    rows = here.server.psql("SELECT count(*) FROM diary", database="scratch")
    here.server.psql("DROP DATABASE scratch", database="postgres")
    return rows


async def test_a_bad_password_in_the_env_file_blocks_the_deploy_and_is_never_shown(here: World) -> None:
    """R-DB-2: the reason and the mend, without the value and without a Confirm button. R-UX-1: checked first."""
    here.server.write_env(DB_PASSWORD="s3cr3t@host:1/x")
    sent = await here.sim.say(here.anna, "/deploy")
    card = await here.sim.wait_for(here.anna, "DB_PASSWORD", after=sent, timeout=30)
    here.server.write_env()
    assert not any(label.startswith("Confirm") for label in card.labels)
    assert "s3cr3t" not in card.text


async def test_facts_that_changed_after_the_card_bring_a_new_card_instead_of_a_run(here: World) -> None:
    card = await here.card()
    here.server.write_env(NEW_SETTING="1")
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm")
    fresh = await here.sim.wait_for(here.anna, button="Confirm", after=card, timeout=30)
    assert await here.verdicts(since) == []
    await here.sim.tap(here.anna, fresh, "Cancel")
    here.server.write_env()


async def test_ops_lists_what_happened_and_gives_the_log_as_a_document(here: World) -> None:
    since = await here.sim.mark()
    sent = await here.sim.say(here.anna, "/ops")
    listed = await here.sim.wait_for(here.anna, "Operations", after=sent)
    since = await here.sim.mark()
    failed = next(b for b in listed.buttons if "✗" in b["text"] or "deploy" in b["text"].lower())
    await here.sim.tap(here.anna, listed, data=failed["callback_data"])
    details = await here.sim.wait_for(here.anna, button="Log", since=since)
    await here.sim.tap(here.anna, details, "Log")
    document = await here.sim.wait_for(here.anna, document=True, since=since)
    log = await here.sim.file(document)
    assert log
    assert here.server.password.encode() not in log


async def test_status_shows_containers_release_backup_and_host(here: World) -> None:
    sent = await here.sim.say(here.anna, "/status")
    status = await here.sim.wait_for(here.anna, "backend", after=sent)
    for word in ("db", "frontend", "healthy"):
        assert word in status.text
    await here.sim.say(here.anna, "/lock fitnessapp to see whether it is shown")
    await here.sim.wait_for(here.anna, "is locked", after=status)
    await here.sim.tap(here.anna, status, "Refresh")
    await here.sim.wait_for(here.anna, "to see whether it is shown", message=status, timeout=30)
    since = await here.sim.mark()
    await here.sim.say(here.anna, "/unlock fitnessapp")
    await here.sim.wait_for(here.anna, "unlocked fitnessapp", since=since)


async def test_an_operation_is_cancelled_before_the_swap_and_nothing_on_the_server_changed(
    here: World,
) -> None:
    before = {one.service: one.id for one in here.server.containers()}
    here.project.slow_build(120)
    here.project.commit("a slow build")
    since = await here.confirmed()
    progress = await here.sim.wait_for(
        here.anna, button="Cancel", regex=r"compil|[Bb]uild", since=since, timeout=60
    )
    await here.step("build")
    await here.sim.tap(here.anna, progress, "Cancel", stale=True)
    verdict = await here.verdict(since, within=80)
    here.project.fix()
    here.project.commit("no slow build")
    assert "failed" in verdict.text.splitlines()[0]
    assert {one.service: one.id for one in here.server.containers()} == before
    assert here.lock_is_free()


async def test_no_secret_stands_on_a_command_line_of_the_host_during_a_deploy(here: World) -> None:
    """What `ps` would show, looked at some hundred times while a release is backed up, built and started."""
    here.project.release_commit("watched")
    since = await here.confirmed()
    looks, seen = 0, set()
    async with asyncio.timeout(DEADLINE):
        while not await here.verdicts(since):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    seen.add(file.read_bytes())
            looks += 1
            await asyncio.sleep(0.02)
    assert "succeeded" in (await here.verdict(since)).text
    assert looks > 50
    assert any(b"pg_dump" in line for line in seen), "the watch saw the deploy's own commands"
    for secret in (here.server.password, here.api.token):
        assert not any(secret.encode() in line for line in seen if b"bot.sandbox.telegram" not in line)


async def test_no_secret_reached_the_chat_the_log_or_the_database(here: World) -> None:
    password, token = here.server.password, here.api.token
    texts = [message.text for user in (here.anna, here.boris) for message in await here.sim.messages(user)]
    assert not any(password in text or token in text for text in texts)
    assert password not in here.bot_log()
    assert token not in here.bot_log()
    for file in (here.folder / "data").rglob("*"):
        if file.is_file() and file.suffix != ".dump":
            content = file.read_bytes()
            assert password.encode() not in content, file
            assert token.encode() not in content, file


async def test_sigterm_stops_the_bot_quickly_and_cleanly(here: World) -> None:
    assert await here.stop_bot() == 0
    assert "Traceback" not in here.bot_log()
