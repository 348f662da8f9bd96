"""Off-site copies and dumps made by hand, on real parts: PostgreSQL, sshd, OpenStack Swift behind its S3 interface, age."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest

from bot.sandbox.played import SimMessage
from tests.e2e.test_restore import backup, card_of, diary, newest, restore, typed
from tests.e2e.test_terminal import opsgate
from tests.e2e.world import World
from tests.integration.storage.object_store import ObjectStore

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.parametrize(
        "here",
        [pytest.param("real", marks=[pytest.mark.engine, pytest.mark.sshd])],
        indirect=True,
        scope="module",
    ),
]
IDENTITY = pyrage.x25519.Identity.generate()


@pytest.fixture(scope="module")
def swift(here: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """The storage, and a bot that is set up for it."""
    with ObjectStore(tmp_path_factory.mktemp("swift") / "state") as server:
        target = server.target()
        cloud = f'{{ s3 = "{target.s3}", bucket = "{target.bucket}", credentials = "{target.credentials}" }}'
        nas = f'{{ sftp = "home", path = "{here.sshd.home}/volume" }}'
        offsite = f"{{ cloud = {cloud}, nas = {nas} }}"
        here.write_settings(backups=f'{{ encrypt_to = ["{IDENTITY.to_public()}"], offsite = {offsite} }}')
        yield server


async def listed(here: World) -> str:
    status, printed = await opsgate(here, "backups", "list")
    assert status == 0
    return printed


async def test_a_backup_is_off_site_and_only_the_key_opens_it(here: World, swift: ObjectStore) -> None:
    """R-DB-4: what lies there is the proven dump itself, encrypted."""
    await here.start_bot()
    await here.sim.start(here.anna)
    assert "succeeded" in (await here.deploy()).text
    here.server.psql("CREATE TABLE diary (note text); INSERT INTO diary VALUES ('kept')")
    dump = await backup(here)
    volume = here.sshd.home / "volume" / "fitnessapp"
    (sealed,) = volume.glob("*.dump.age")
    assert {file.name for file in volume.iterdir()} == {sealed.name, f"{dump.stem}.json.age"}
    assert sealed.name == f"{dump.name}.age"
    assert pyrage.decrypt(sealed.read_bytes(), [IDENTITY]) == dump.read_bytes()
    assert [line.count("encrypted") for line in (await listed(here)).splitlines() if dump.stem in line] == [3]


async def test_the_file_is_sent_encrypted(here: World, swift: ObjectStore) -> None:
    verdict = (await here.sim.messages(here.anna, by_bot=True))[-1]
    since = await here.sim.mark()
    await here.sim.tap(here.anna, verdict, "Details")
    details = await here.sim.wait_for(here.anna, button="Send me the file", since=since)
    since = await here.sim.mark()
    await here.sim.tap(here.anna, details, "Send me the file")
    sent: SimMessage = await here.sim.wait_for(here.anna, "Encrypted with age", since=since)
    assert sent.raw["document"]["file_name"].endswith(".dump.age")


@pytest.mark.parametrize("form", ["custom", "plain"])
async def test_a_dump_made_by_hand_is_checked_and_restored(
    here: World, swift: ObjectStore, tmp_path: Path, form: str
) -> None:
    """R-DB-5: into a new database, checked, swapped in; what was written since is in the old one."""
    before = diary(here)
    made = here.server.exec("db", "pg_dump", "--username=fitnessapp_user", "--format=plain", "fitnessapp")
    if form == "plain":
        file = tmp_path / "by-hand.sql.gz"
        file.write_bytes(gzip.compress(made.encode()))
    else:
        (newest,) = sorted((here.server.backup_path / "database").glob("*.dump"))[-1:]
        file = tmp_path / "by-hand.dump.age"
        file.write_bytes(pyrage.encrypt(newest.read_bytes(), [IDENTITY.to_public()]))
        (tmp_path / "key.txt").write_text(f"{IDENTITY}\n")
    here.server.psql("INSERT INTO diary VALUES ('later')")
    identity = ["--identity", str(tmp_path / "key.txt")] if form == "custom" else []
    status, printed = await opsgate(
        here, "backups", "import", str(file), "--project", "fitnessapp", *identity
    )
    assert status == 0, printed
    assert re.search(r"db-\d{8}-\d{6}-[0-9a-f]{4}", printed)
    assert "restore succeeded" in (await restore(here)).text
    assert diary(here) == before


async def test_sql_that_would_run_a_program_is_refused(
    here: World, swift: ObjectStore, tmp_path: Path
) -> None:
    """The attack: a dump that somebody sent, with a command for psql in it."""
    file = tmp_path / "evil.sql"
    file.write_text("SET x = 1;\n\\! touch /tmp/owned\n-- PostgreSQL database dump complete\n")
    known = await listed(here)
    status, printed = await opsgate(here, "backups", "import", str(file), "--project", "fitnessapp")
    assert status != 0
    assert "Line 2 of evil.sql" in printed
    assert await listed(here) == known


async def test_a_place_that_fails_is_told_and_the_next_backup_catches_up(
    here: World, swift: ObjectStore
) -> None:
    """The backup itself stays proven and listed."""
    volume = here.sshd.home / "volume"
    kept = volume.with_name("elsewhere")
    volume.rename(kept)
    volume.write_text("not a folder")
    verdict = await here.verdict(await here.confirmed("/backup"))
    assert "backup failed" in verdict.text
    assert "not copied to: nas" in verdict.text
    assert "good and in the list" in verdict.text
    volume.unlink()
    kept.rename(volume)
    await backup(here)
    made = {operation["id"].replace("op-", "db-") for operation in here.operations()[-2:]}
    assert made <= {file.name.removesuffix(".dump.age") for file in (volume / "fitnessapp").iterdir()}


async def test_a_dump_that_is_only_off_site_comes_back_by_itself(here: World, swift: ObjectStore) -> None:
    """R-DB-5: the host's disk died, there is no copy here, and the storage has a plain one."""
    target = swift.target()
    cloud = f'{{ s3 = "{target.s3}", bucket = "{target.bucket}", credentials = "{target.credentials}" }}'
    assert await here.stop_bot() == 0
    here.write_settings(backups=f'{{ copies = ["host"], offsite = {{ cloud = {cloud} }} }}')
    await here.start_bot()
    dump = await backup(here)
    proven, before = dump.read_bytes(), diary(here)
    here.server.psql("INSERT INTO diary VALUES ('after the backup')")
    dump.unlink()
    choice, label = await newest(here, "")
    card = await card_of(here, choice, label)
    assert "lies only in cloud" in card.text
    verdict = await here.verdict(await typed(here, card, "Confirm restore"))
    assert "restore succeeded" in verdict.text
    assert diary(here) == before
    assert dump.read_bytes() == proven
    assert list((here.folder / "data" / "backups" / "fitnessapp").glob("*.bringing")) == []
