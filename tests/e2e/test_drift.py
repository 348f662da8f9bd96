"""Only changes travel, and what was edited on the server is neither overlooked nor lost."""

from __future__ import annotations

import os
import re

import pytest

from bot.sandbox.played import SimMessage
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]

EDITED = "backend/app.py"
EDIT = "# edited on the server\n"
MADE = "conf/local.ini"
SIZES = {"B": 1, "KB": 1000, "MB": 1000**2}


def to_send(card: SimMessage) -> float:
    """Bytes, as the card names them."""
    number, unit = re.findall(r"([\d.,]+)\s(B|KB|MB) to send", card.text.replace("\u00a0", " "))[0]
    return float(number.replace(",", "")) * SIZES[unit]


async def deployed(here: World, card: SimMessage) -> None:
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm")
    assert "succeeded" in (await here.verdict(since)).text


def edit_on_the_server(here: World, name: str = EDITED, line: str = EDIT) -> None:
    with (here.server.path / name).open("a") as file:
        file.write(line)


def release_trees(here: World) -> list[os.stat_result]:
    """The bulk of every release on the host."""
    state = here.server.path.with_name(f"{here.server.path.name}_opsgate")
    return [file.stat() for file in sorted(state.glob("releases/*/tree/backend/bulk.bin"))]


async def test_a_changed_file_travels_alone(here: World) -> None:
    """Less than a twentieth of what the first deploy sent; what did not change is stored once."""
    bulk = here.project.path / "backend" / "bulk.bin"
    bulk.write_bytes(os.urandom(2_000_000))
    here.project.commit("much that stays")
    await here.start_bot()
    await here.sim.start(here.anna)
    first = await here.card()
    await deployed(here, first)
    (here.project.path / "backend" / "notes.txt").write_text("one file\n")
    here.project.commit("one file")
    card = await here.card()
    assert "1 changed" in card.text
    assert to_send(card) < to_send(first) / 20
    await deployed(here, card)
    assert (here.server.path / "backend" / "notes.txt").read_text() == "one file\n"
    trees = release_trees(here)
    assert len(trees) == 2
    assert len({tree.st_ino for tree in trees}) == 1
    assert (here.server.path / "backend/bulk.bin").stat().st_ino != trees[0].st_ino


async def test_a_file_edited_on_the_server_is_told_with_its_difference(here: World) -> None:
    edit_on_the_server(here)
    (here.project.path / "backend" / "notes.txt").write_text("two\n")
    here.project.commit("two")
    card = await here.card()
    assert f"A file was edited on the server: {EDITED}" in card.text
    assert {"Difference", "Keep the server's files"} <= set(card.labels)
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Difference")
    document = await here.sim.wait_for(here.anna, document=True, since=since, timeout=60)
    found = (await here.sim.file(document)).decode()
    assert f"--- released/{EDITED}" in found
    assert f"+{EDIT}" in found


async def test_what_is_kept_goes_into_the_release_and_stays(here: World) -> None:
    """The image is built from it too: the next deploy finds no drift any more."""
    card = await here.card()
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Keep the server's files")
    kept = await here.sim.wait_for(here.anna, "As they are on the server", since=since, timeout=60)
    assert "was edited on the server" not in kept.text
    assert not (await here.sim.wait_for(here.anna, message=card)).buttons
    await deployed(here, kept)
    assert (here.server.path / EDITED).read_text().endswith(EDIT)
    state = here.server.path.with_name(f"{here.server.path.name}_opsgate")
    current = (state / "current").read_text().strip()
    assert (state / "releases" / current / "tree" / EDITED).read_text().endswith(EDIT)


async def test_what_is_confirmed_away_is_replaced_and_stays_in_the_safety_copy(here: World) -> None:
    """R-RB-1. The source still has the old file: this deploy would lose the edit, and says so."""
    card = await here.card()
    assert "was edited on the server" not in card.text  # the release has the edit: nothing drifted
    edit_on_the_server(here, line="# and again\n")
    card = await here.card()
    assert f"A file was edited on the server: {EDITED}" in card.text
    await deployed(here, card)
    assert EDIT not in (here.server.path / EDITED).read_text()
    backup = here.server.path.with_name(f"{here.server.path.name}_backup")
    assert (backup / "files" / EDITED).read_text().endswith("# and again\n")


async def test_an_edit_after_the_card_brings_a_new_card(here: World) -> None:
    (here.project.path / "backend" / "notes.txt").write_text("three\n")
    here.project.commit("three")
    card = await here.card()
    edit_on_the_server(here)
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm")
    fresh = await here.sim.wait_for(here.anna, "edited on the server", after=card, timeout=60)
    assert (here.server.path / EDITED).read_text().endswith(EDIT)
    since = await here.sim.mark()
    await here.sim.tap(here.anna, fresh, "Cancel")
    await here.sim.wait_for(here.anna, "Cancelled by", since=since)


async def test_a_file_made_on_the_server_before_a_release_has_it_is_told_kept_and_stays(here: World) -> None:
    """Nobody released it yet: its difference is to the one that comes."""
    for folder, port in ((here.server.path, 2), (here.project.path, 1)):
        (folder / "conf").mkdir(exist_ok=True)
        (folder / MADE).write_text(f"port = {port}\n")
    here.project.commit("a file that is there already")
    card = await here.card()
    assert MADE in card.text
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Difference")
    document = await here.sim.wait_for(here.anna, document=True, since=since, timeout=60)
    found = (await here.sim.file(document)).decode()
    assert f"--- new/{MADE}\n+++ server/{MADE}\n" in found
    assert "\n-port = 1\n+port = 2" in found
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Keep the server's files")
    kept = await here.sim.wait_for(here.anna, "As they are on the server", since=since, timeout=60)
    assert "Keep the server's files" not in kept.labels
    await deployed(here, kept)
    assert (here.server.path / MADE).read_text() == "port = 2\n"


@pytest.mark.parametrize(
    ("moment", "ends"), [("forward:build:done", "failed"), ("forward:swap:begun", "rolled back")]
)
async def test_an_edit_after_the_tap_ends_the_deploy_with_nothing_replaced(
    here: World, moment: str, ends: str
) -> None:
    """The longest time for one is that in which the bot is down."""
    await here.arm(moment)
    (here.project.path / "backend" / "notes.txt").write_text(f"{moment}\n")
    here.project.commit(moment)
    since = await here.confirmed()
    await here.wait_for_bot()
    edit_on_the_server(here, line=f"# {moment}\n")
    await here.revive()
    verdict = await here.verdict(since)
    assert ends in verdict.text.partition("\n")[0]
    assert f"Edited on the server after the plan was made: {EDITED}" in verdict.text
    assert (here.server.path / EDITED).read_text().endswith(f"# {moment}\n")
    assert (here.server.path / "backend" / "notes.txt").read_text() == "three\n"
    assert f"edited on the server: {EDITED}" in (await here.card()).text


async def test_a_release_that_was_changed_on_the_server_is_not_built_on(here: World) -> None:
    """All files travel then, and the stack is what the source says."""
    state = here.server.path.with_name(f"{here.server.path.name}_opsgate")
    current = (state / "current").read_text().strip()
    (state / "releases" / current / "tree" / "backend" / "notes.txt").write_text("somebody was here\n")
    (here.project.path / "backend" / "notes.txt").write_text("three\n")
    here.project.commit("three again")
    card = await here.card()
    assert "changed:" not in card.text
    assert to_send(card) > 1_000_000
    await deployed(here, card)
    assert (here.server.path / "backend" / "notes.txt").read_text() == "three\n"


async def test_what_is_in_the_way_blocks_the_plan_and_what_is_ours_makes_way(here: World) -> None:
    """R-UX-1: a file becomes a folder; next to it something foreign stands where the release has a file."""
    notes = here.project.path / "backend" / "notes.txt"
    notes.unlink()
    notes.mkdir()
    (notes / "one.txt").write_text("in a folder\n")
    (here.project.path / "backend" / "theirs").write_text("a file\n")
    here.project.commit("a folder")
    foreign = here.server.path / "backend" / "theirs"
    foreign.mkdir()
    sent = await here.sim.say(here.anna, "/deploy")
    blocked = "something else stands where this release has files: backend/theirs"
    card = await here.sim.wait_for(here.anna, blocked, after=sent, timeout=60)
    assert not any(label.startswith("Confirm") for label in card.labels)
    foreign.rmdir()
    await deployed(here, await here.card())
    assert (here.server.path / "backend/notes.txt/one.txt").read_text() == "in a folder\n"
    assert foreign.read_text() == "a file\n"
