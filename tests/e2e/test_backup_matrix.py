"""`kill -9` of the bot and a cut connection at each step of /backup: made from its step list."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox.played import SimMessage
from services.backups.models import Backup
from services.plans import BACKUP_STEPS
from tests.e2e.matrix import Case, arm, cases, each, strike
from tests.e2e.test_restore import on_a_real_server
from tests.e2e.test_schedules import backups
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.matrix,
]

WORKING = frozenset({"backup", "fetch", "offsite"})
"""Steps with a job, or with a file that is on its way: these also have a middle."""
KEEP = "{ last = 1, daily = 0, weekly = 0, monthly = 0 }"
"""So that something old goes every time."""


def both(steps: Sequence[str]) -> list[Case]:
    return [case for trouble in ("kill", "cut") for case in cases(trouble, "forward", steps, WORKING)]


# --- what is there -------------------------------------------------------------------------------


def places(here: World) -> dict[str, Path]:
    """Where copies lie. The practice server speaks no SFTP: there nothing goes off-site."""
    found = {"host": here.server.backup_path / "database", "local": here.folder / "data/backups/fitnessapp"}
    return found if is_practice(here) else found | {"nas": here.sshd.home / "volume/fitnessapp"}


def is_practice(here: World) -> bool:
    return here.sshd.docker != "docker"


def lying(folder: Path) -> dict[str, str]:
    """What lies there, by name without what comes behind it, and the SHA-256 of each; also what is half there."""
    files = [one for one in folder.iterdir() if one.suffix != ".json"]
    return {
        one.name.removesuffix(".dump"): hashlib.sha256(one.read_bytes()).hexdigest() for one in sorted(files)
    }


def listed(here: World, where: str) -> dict[str, str]:
    """What the catalogue says that lies there."""
    found = ((one.id, copy) for one in backups(here) for copy in one.copies if copy.where == where)
    return {backup: copy.sha256 for backup, copy in found}


def rows(here: World) -> int:
    return int(here.server.psql("SELECT count(*) FROM diary"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def begun(here: World) -> World:
    """A stack with rows, and a backup that the next one makes superfluous."""
    nas = f'{{ sftp = "home", path = "{here.sshd.home}/volume", keep = {KEEP} }}'
    offsite = "" if is_practice(here) else f", offsite = {{ nas = {nas} }}"
    here.write_settings(backups=f"{{ keep = {KEEP}{offsite} }}")
    await here.revive()
    await here.sim.start(here.anna)
    await here.sim.start(here.boris)
    assert "succeeded" in (await here.deploy()).text
    here.server.psql("CREATE TABLE diary (note text); INSERT INTO diary VALUES ('one'), ('two')")
    assert "succeeded" in (await here.deploy("/backup")).text
    return here


# --- trouble -------------------------------------------------------------------------------------


async def troubled(here: World, case: Case) -> SimMessage:
    """A backup that meets the trouble; its verdict. A killed bot is started again, a cut one finds its way by itself."""
    await arm(here, case)
    since = await here.confirmed("/backup")
    await strike(here, case[0])
    verdict = await here.verdict(since)
    assert len(await here.told(since)) == 1
    return verdict


def ends_well(here: World, verdict: SimMessage, older: Backup) -> None:
    """One new proven dump, the same in every place; the one before is gone; nothing half made; nothing else changed."""
    assert "backup succeeded" in verdict.text, verdict.text
    made = backups(here)[0]
    assert made.id == here.operations()[-1]["id"].replace("op-", "db-")
    assert made.rows is not None
    assert made.rows["public.diary"] == rows(here) == 2
    assert {copy.where for copy in made.copies} == places(here).keys()
    assert older.id not in {one.id for one in backups(here)}
    for where, folder in places(here).items():
        assert lying(folder) == listed(here, where)
        assert lying(folder)[made.id] == made.sha256
    assert here.server.is_healthy()
    assert here.lock_is_free()


@each(both([step for step in BACKUP_STEPS if step != "offsite"]))
async def test_a_backup_that_is_killed_or_cut_off_ends_with_one_proven_dump_in_every_place(
    here: World, begun: World, case: Case
) -> None:
    """R-DB-4: whatever happened on the way, what is listed is whole, and there is nothing else."""
    older = backups(here)[0]
    ends_well(here, await troubled(begun, case), older)


@on_a_real_server
@each(both(["offsite"]))
async def test_a_copy_that_leaves_the_house_is_brought_again(here: World, begun: World, case: Case) -> None:
    """R-DB-4."""
    older = backups(here)[0]
    ends_well(here, await troubled(begun, case), older)
