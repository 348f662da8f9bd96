"""R-DB-6 on real parts: migrations are offered, run once, recorded; a failure stops; nothing runs twice by itself."""

from __future__ import annotations

import itertools
import json
import signal
from pathlib import Path

import pytest

from bot.sandbox.played import SimMessage
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]

_releases = itertools.count(1)
SLOW = 4
"""Seconds of a script that something is to happen to."""


# --- what an admin does --------------------------------------------------------------------------


def counted(name: str) -> str:
    """SQL that can be run as often as one likes, and tells how often it was."""
    return f"INSERT INTO ran VALUES ('{name}')"  # noqa: S608 - our own words


def ran(here: World) -> list[str]:
    """Every run of a script, in order of their names: twice here is twice run."""
    return here.server.psql("SELECT script FROM ran ORDER BY script").splitlines()


async def deployed(here: World) -> SimMessage:
    """Deploys the sources as they are now; the verdict."""
    here.project.release_commit(f"m{next(_releases)}")
    return await here.deploy()


async def tapped(
    here: World, message: SimMessage, button: str, until: str = "Confirm migration"
) -> SimMessage:
    """Taps a button and waits for the card with another."""
    since = await here.sim.mark()
    await here.sim.tap(here.anna, message, button)
    return await here.sim.wait_for(here.anna, button=until, since=since, timeout=60)


async def confirmed(here: World, card: SimMessage) -> int:
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm migration")
    return since


async def told(here: World, command: str, text: str) -> SimMessage:
    sent = await here.sim.say(here.anna, command)
    return await here.sim.wait_for(here.anna, text, after=sent, timeout=60)


def records(here: World) -> dict[str, str]:
    """What the host says of each script."""
    folder = here.server.path.with_name("fitnessapp_opsgate") / "migrations"
    found = [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]
    return {one["script"].removesuffix(".py").removeprefix("migrate_"): one["state"] for one in found}


def record(here: World, script: str) -> Path:
    return here.server.path.with_name("fitnessapp_opsgate") / f"migrations/migrate_{script}.py.json"


def not_run_yet(here: World, *scripts: str) -> None:
    """As if these had just come with the release that serves: no other deploy is needed to run them."""
    for script in scripts:
        said = json.loads(record(here, script).read_text())
        record(here, script).write_text(json.dumps(said | {"state": "new", "exit_status": None}) + "\n")
        here.server.psql(f"DELETE FROM ran WHERE script = '{script[:3]}'")  # noqa: S608 - our own words


# --- the way it should go ------------------------------------------------------------------------


async def test_a_deploy_that_brings_a_migration_offers_it_and_it_runs_once(here: World) -> None:
    """R-DB-6, R-DB-3: a proven backup first; recorded on the host; then there is nothing left to run."""
    await here.start_bot()
    await here.sim.start(here.anna)
    await here.sim.start(here.boris)
    verdict = await deployed(here)
    assert "succeeded" in verdict.text, verdict.text
    assert "Run 1 migration" in verdict.labels
    assert records(here) == {"001_plans": "new"}
    here.server.psql("CREATE TABLE ran (script text)")
    dumps = here.server.backup_path / "database"
    before = len([*dumps.glob("*.dump")])

    card = await tapped(here, verdict, "Run 1 migration")
    assert "migrate_001_plans.py" in card.text
    assert here.server.psql("SELECT to_regclass('plans') IS NULL") == "t"  # nothing happens before the tap
    verdict = await here.verdict(await confirmed(here, card))
    assert "migration succeeded" in verdict.text, verdict.text
    assert "Ran: migrate_001_plans.py" in verdict.text
    assert here.server.psql("SELECT count(*) FROM plans") == "0"
    assert records(here) == {"001_plans": "done"}
    assert len([*dumps.glob("*.dump")]) == before + 1
    assert here.lock_is_free()
    await told(here, "/migrate", "Nothing to run")


async def test_a_second_script_that_fails_stops_the_third_and_the_backup_is_offered(here: World) -> None:
    """R-DB-6: exactly which ran and which did not; never re-run by itself."""
    here.project.add_migration("migrate_002_first", counted("002"))
    here.project.add_migration("migrate_003_second", "INSERT INTO no_such_table VALUES (1)")
    here.project.add_migration("migrate_004_third", counted("004"))
    offered = await deployed(here)
    card = await tapped(here, offered, "Run 3 migrations")
    verdict = await here.verdict(await confirmed(here, card))
    assert "migration failed" in verdict.text
    assert "Ran: migrate_002_first.py" in verdict.text
    assert "Failed: migrate_003_second.py" in verdict.text
    assert "Did not run: migrate_004_third.py" in verdict.text
    assert "no_such_table" in verdict.text
    assert "Restore the backup from before" in verdict.labels
    assert ran(here) == ["002"]
    assert records(here) == {
        "001_plans": "done",
        "002_first": "done",
        "003_second": "failed",
        "004_third": "new",
    }
    assert here.server.is_healthy()
    assert here.lock_is_free()

    card = await told(here, "/migrate", "did not end well")
    assert not any("Confirm" in label for label in card.labels)
    assert "Run again: 1" in card.labels


async def test_after_the_restore_of_that_backup_the_records_say_what_is_so_in_the_database(
    here: World,
) -> None:
    """R-DB-5, R-DB-6: what ran after the backup has not run in the database that came back."""
    failed = [
        one for one in await here.sim.messages(here.anna, by_bot=True) if "migration failed" in one.text
    ][-1]
    card = await tapped(here, failed, "Restore the backup from before", until="Confirm restore")
    since = await here.sim.mark()
    await here.sim.tap(here.anna, card, "Confirm restore")
    await here.sim.wait_for(here.anna, "answer with the name", since=since)
    await here.sim.say(here.anna, "fitnessapp")
    verdict = await here.verdict(since)
    assert "restore succeeded" in verdict.text, verdict.text
    assert ran(here) == []
    expected = {"001_plans": "done", "002_first": "returned", "003_second": "failed", "004_third": "new"}
    assert records(here) == expected


async def test_what_was_mended_runs_again_only_when_a_person_says_so(here: World) -> None:
    """R-DB-6."""
    here.project.add_migration("migrate_003_second", counted("003"))
    assert "Run" not in " ".join((await deployed(here)).labels)
    card = await told(here, "/migrate", "did not end well")
    card = await tapped(here, card, "Run again: 1")
    assert ran(here) == []
    verdict = await here.verdict(await confirmed(here, card))
    assert "migration succeeded" in verdict.text, verdict.text
    assert ran(here) == ["002", "003", "004"]
    assert {*records(here).values()} == {"done"}


async def test_a_script_that_was_there_before_records_were_kept_can_be_noted_as_run(here: World) -> None:
    """R-DB-6: nobody knows whether it ran, so nothing is guessed; noting it runs nothing."""
    record(here, "002_first").unlink()
    card = await told(here, "/migrate", "Nobody knows")
    assert not any("Confirm" in label for label in card.labels)
    card = await tapped(here, card, "Have run: note it")
    assert "Nothing runs" in card.text
    verdict = await here.verdict(await confirmed(here, card))
    assert "Nothing was run" in verdict.text
    assert ran(here) == ["002", "003", "004"]
    assert records(here)["002_first"] == "skipped"


async def test_a_cut_line_during_a_script_does_not_begin_it_twice(here: World) -> None:
    """R-DB-6: its job on the host is found again."""
    here.project.add_migration("migrate_005_slow", counted("005"), seconds=SLOW)
    here.project.add_migration("migrate_006_next", counted("006"))
    offered = await deployed(here)
    held = here.folder / "held-for-cut"
    await here.arm("forward:migrate:working", hold=held)
    since = await confirmed(here, await tapped(here, offered, "Run 2 migrations"))
    await here.holds(held)
    assert records(here)["005_slow"] == "begun"
    assert here.sshd.cut(refuse_for=1) > 0
    held.with_suffix(".go").touch()
    verdict = await here.verdict(since)
    assert "migration succeeded" in verdict.text, verdict.text
    assert ran(here)[-2:] == ["005", "006"]
    assert (ran(here).count("005"), ran(here).count("006")) == (1, 1)


async def test_a_wish_to_stop_waits_for_the_script_that_runs(here: World) -> None:
    """R-DB-6: a script ended half way would do more harm; what comes after it does not run."""
    not_run_yet(here, "005_slow", "006_next")
    held = here.folder / "held-for-cancel"
    await here.arm("forward:migrate:working", hold=held, hears=True)
    since = await confirmed(here, await told(here, "/migrate", "migrate_005_slow.py"))
    await here.holds(held)
    assert records(here)["005_slow"] == "begun"
    asked = await here.sim.mark()
    await here.sim.say(here.boris, "/cancel")
    await here.sim.wait_for(here.boris, "Stopping", since=asked, timeout=30)
    held.with_suffix(".go").touch()
    verdict = await here.verdict(since)
    assert "migration failed" in verdict.text
    assert "Ran: migrate_005_slow.py" in verdict.text
    assert "Did not run: migrate_006_next.py" in verdict.text
    assert (ran(here).count("005"), ran(here).count("006")) == (1, 0)
    assert (
        "succeeded" in (await here.verdict(await confirmed(here, await told(here, "/migrate", "006")))).text
    )
    assert (ran(here).count("005"), ran(here).count("006")) == (1, 1)


# --- within a deploy -----------------------------------------------------------------------------


async def test_after_the_build_a_deploy_runs_what_it_brings_before_its_health_is_judged(here: World) -> None:
    """R-DB-6, R-DB-3."""
    await here.stop_bot()
    here.write_settings(migrate='"after-build"')
    await here.start_bot()
    here.project.add_migration("migrate_008_built", counted("008"))
    verdict = await deployed(here)
    assert "deploy succeeded" in verdict.text, verdict.text
    assert "Ran: migrate_008_built.py" in verdict.text
    assert ran(here)[-1] == "008"
    assert records(here)["008_built"] == "done"


async def test_one_that_fails_takes_the_deploy_back_and_says_what_stays_in_the_database(here: World) -> None:
    """R-DB-6, R-RB-2, R-RB-3."""
    old = here.server.served_version()
    here.project.add_migration("migrate_009_good", counted("009"))
    here.project.add_migration("migrate_010_bad", "INSERT INTO no_such_table VALUES (1)")
    verdict = await deployed(here)
    assert "rolled back" in verdict.text, verdict.text
    assert "Ran: migrate_009_good.py" in verdict.text
    assert "Failed: migrate_010_bad.py" in verdict.text
    assert "Restore the backup from before" in verdict.labels
    assert here.server.served_version() == old
    assert here.server.is_healthy()
    assert ran(here)[-1] == "009"
    assert records(here)["010_bad"] == "failed"


# --- in trouble ----------------------------------------------------------------------------------

STEPS = ("lock", "backup", "migrate", "health", "unlock")
KILLS = [
    ("lock", "begun"),
    *[
        (step, moment)
        for step in STEPS
        for moment in (("working", "done") if step in {"backup", "migrate"} else ("done",))
    ],
]


async def with_two_that_ran(here: World) -> None:
    """A release with the scripts 005 and 006, both run, and nothing undecided: also where this is the first test."""
    await here.stop_bot()
    here.write_settings()
    await here.revive()
    await here.sim.start(here.anna)
    (here.project.path / "backend/scripts/migrate_010_bad.py").unlink(missing_ok=True)
    first = not records(here)
    if first:
        here.project.add_migration("migrate_001_plans", "CREATE TABLE ran (script text)")
        here.project.add_migration("migrate_005_slow", counted("005"), seconds=SLOW)
        here.project.add_migration("migrate_006_next", counted("006"))
    offered = await deployed(here)
    record(here, "010_bad").unlink(missing_ok=True)
    if first:
        card = await tapped(here, offered, "Run 3 migrations")
        assert "succeeded" in (await here.verdict(await confirmed(here, card))).text


@pytest.mark.matrix
@pytest.mark.parametrize(("step", "moment"), KILLS, ids=["-".join(case) for case in KILLS])
async def test_a_killed_bot_has_run_every_script_exactly_once_and_says_so_once(
    here: World, step: str, moment: str
) -> None:
    """R-DB-6: `kill -9` at each step."""
    if "005_slow" not in records(here) or "010_bad" in records(here):
        await with_two_that_ran(here)
    not_run_yet(here, "005_slow", "006_next")
    await here.arm(f"forward:{step}:{moment}")
    since = await confirmed(here, await told(here, "/migrate", "migrate_005_slow.py"))
    assert await here.wait_for_bot() == -signal.SIGKILL

    await here.revive()
    verdict = await here.verdict(since)
    assert "migration succeeded" in verdict.text, verdict.text
    assert (ran(here).count("005"), ran(here).count("006")) == (1, 1)
    assert {*records(here).values()} <= {"done", "skipped"}
    assert here.lock_is_free()
    assert len(await here.told(since)) == 1
