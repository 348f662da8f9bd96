"""/drill with drill_in = "container": a backup restored into a container of its own, and nothing of it left behind.

On the real engine only: the practice server has no `docker run`.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.catalogue import newest, tamper
from tests.e2e.conftest import require_real_parts
from tests.e2e.world import World, world

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
    pytest.mark.engine,
    pytest.mark.sshd,
]
LIMITED = '{ service = "db", name = "fitnessapp", user = "limited" }'
"""A role that owns its tables, and may neither create databases nor roles."""
OBJECTS = """
CREATE ROLE limited LOGIN NOSUPERUSER NOCREATEDB; GRANT pg_read_all_data TO limited;
CREATE ROLE "odd ""one"; CREATE ROLE reader;
CREATE TABLE diary (id int PRIMARY KEY, note text);
INSERT INTO diary SELECT n, 'note ' || n FROM generate_series(1, 500) n;
GRANT SELECT ON diary TO reader, "odd ""one";
CREATE TABLE own (note text); INSERT INTO own VALUES ('mine'); ALTER TABLE own OWNER TO limited;
CREATE POLICY mine ON own TO reader USING (true); ALTER TABLE own ENABLE ROW LEVEL SECURITY;
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    require_real_parts()
    async with world(tmp_path_factory.mktemp("world")) as made:
        yield made
        assert scratch(made) == [], "a scratch container was left behind"


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


def scratch(here: World) -> list[str]:
    """Names of the scratch containers of this world's project, of whatever state."""
    state_dir = here.server.path.with_name("fitnessapp_opsgate")
    label = f"label=opsgate.drill={state_dir}"
    return docker("ps", "--all", "--filter", label, "--format", "{{.Names}}").split()


def inspected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("inspect", name))[0]
    return found


async def is_gone(volume: str) -> bool:
    """Docker removes a volume a moment after its container."""
    for _ in range(50):
        if volume not in docker("volume", "ls", "--quiet").split():
            return True
        await asyncio.sleep(0.1)
    return False


def databases(here: World) -> str:
    return here.server.psql("SELECT string_agg(datname, ' ' ORDER BY 1) FROM pg_database")


async def held(here: World, moment: str) -> tuple[int, str]:
    """Begins a drill and lets it stand still at a moment: the mark of its messages, the name of its container."""
    hold = here.folder / "held"
    hold.unlink(missing_ok=True)
    await here.arm(moment, hold=hold)
    since = await here.confirmed("/drill")
    async with asyncio.timeout(60):
        while not hold.exists():
            await asyncio.sleep(0.05)
    return since, f"opsgate-drill-{here.operations()[-1]['id'].rsplit('-', 1)[1]}"


# --- the story -----------------------------------------------------------------------------------


async def test_a_role_without_createdb_drills_in_a_container_of_the_live_image(here: World) -> None:
    """R-DB-3, R-DB-1: equal rows and sums, without network or anybody's mounts; its volume goes with it, no other does."""
    await here.start_bot()
    await here.sim.start(here.anna)
    await here.sim.start(here.boris)
    assert "succeeded" in (await here.deploy()).text
    here.server.psql(OBJECTS)
    await here.stop_bot()
    here.write_settings(database=LIMITED, backups='{ drill_in = "container" }')
    await here.start_bot()
    assert "succeeded" in (await here.verdict(await here.confirmed("/backup"))).text
    before, volumes = databases(here), inspected(here.server.container("db").id)["Mounts"]

    since, name = await held(here, "forward:compare:begun")
    assert scratch(here) == [name]
    shown = inspected(name)
    (mount,) = shown["Mounts"]
    (here.folder / "held.go").touch()
    verdict = await here.verdict(since)

    assert shown["Image"] == here.server.container("db").image_id
    assert shown["HostConfig"]["NetworkMode"] == "none"
    assert not shown["HostConfig"]["PortBindings"]
    assert mount["Type"] == "volume"
    assert mount["Name"] not in {one["Name"] for one in volumes}
    assert "drill succeeded" in verdict.text, verdict.text
    assert "scratch container" in verdict.text
    assert newest(here)["drilled"]["good"] is True
    assert newest(here)["drilled"]["rows"] >= 501
    assert databases(here) == before
    assert scratch(here) == []
    assert await is_gone(mount["Name"])
    assert inspected(here.server.container("db").id)["Mounts"] == volumes
    assert here.lock_is_free()


async def test_the_card_says_where_and_lists_only_what_will_be_done(here: World) -> None:
    card = await here.card("/drill")
    assert "scratch container" in card.text
    assert "opsgate-drill-" in card.text
    assert "Send the dump" not in card.text
    assert "superuser of the service" not in card.text


async def test_a_container_that_is_taken_away_says_nothing_about_the_backup(here: World) -> None:
    before = newest(here)["drilled"]
    since, name = await held(here, "forward:load:begun")
    docker("stop", "--timeout", "0", name)
    (here.folder / "held.go").touch()
    verdict = await here.verdict(since)
    assert "drill failed" in verdict.text
    assert "is gone" in verdict.text
    assert newest(here)["drilled"] == before
    assert here.lock_is_free()


async def test_a_bot_that_was_killed_while_its_container_began_goes_on_in_it(here: World) -> None:
    await here.arm("forward:create-scratch:working")
    since = await here.confirmed("/drill")
    assert await here.wait_for_bot() == -signal.SIGKILL
    await here.revive()
    verdict = await here.verdict(since)
    assert "drill succeeded" in verdict.text, verdict.text
    assert newest(here)["drilled"]["good"] is True
    assert scratch(here) == []
    assert here.lock_is_free()


async def test_a_difference_is_recorded_and_a_bot_that_was_killed_on_the_way_back_leaves_no_container(
    here: World,
) -> None:
    """R-DB-3: the archive holds other rows than its record says."""
    good = newest(here)["sums"]
    tamper(here, lambda record: record["sums"].update({"public.diary": "0" * 64}))
    await here.arm("rollback:drop-scratch:begun")
    since = await here.confirmed("/drill")
    assert await here.wait_for_bot() == -signal.SIGKILL
    assert len(scratch(here)) == 1
    await here.revive()
    verdict = await here.verdict(since)
    assert "drill failed" in verdict.text
    assert "public.diary" in verdict.text
    assert newest(here)["drilled"]["good"] is False
    assert scratch(here) == []
    assert here.lock_is_free()
    tamper(here, lambda record: record.update(sums=good, drilled=None))


async def test_what_an_earlier_drill_had_to_leave_goes_and_a_stranger_stays(here: World) -> None:
    """Made but never begun, by a drill that nobody remembers; and one that has the label, but not the name."""
    state_dir = here.server.path.with_name("fitnessapp_opsgate")
    image = here.server.container("db").image_id
    create = ("create", "--rm", "--network", "none", "--env", "POSTGRES_PASSWORD=x")
    label = ("--label", f"opsgate.drill={state_dir}")
    docker(*create, *label, "--name", "opsgate-drill-zz99", image)
    stranger = docker(*create, *label, image).strip()
    try:
        assert "drill succeeded" in (await here.verdict(await here.confirmed("/drill"))).text
        assert [inspected(stranger)["Name"].removeprefix("/")] == scratch(here)
    finally:
        docker("rm", "--volumes", stranger)
