"""A database of a role that may create databases and is no superuser, in an old encoding: backed up, drilled, restored."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import pytest_asyncio

from bot.sandbox.played import SimMessage
from tests.e2e.test_restore import backup, card_of, newest, on_a_real_server, restore, typed
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
    on_a_real_server,
]

# Byte 0x98 is no character of WIN1251, and the server takes it: a dump in UTF-8 would fail for it.
MADE = (
    "CREATE ROLE maker LOGIN CREATEDB",
    "CREATE DATABASE shop OWNER maker TEMPLATE template0 ENCODING 'WIN1251' LC_COLLATE 'C' LC_CTYPE 'C'",
    "ALTER SYSTEM SET autovacuum_naptime = '1s'",
    "ALTER SYSTEM SET autovacuum_vacuum_cost_delay = '100ms'",
    "ALTER SYSTEM SET autovacuum_vacuum_cost_limit = 1",
    "SELECT pg_reload_conf()",
)
FILLED = r"""
SET client_encoding = 'UTF8';
SET ROLE maker;
CREATE TABLE "Заказы" ("Номер" int, "что" text);
INSERT INTO "Заказы" SELECT n, 'товар ' || n FROM generate_series(1, 30) n;
CREATE TABLE "Заказчик" (n int, raw text);
INSERT INTO "Заказчик" VALUES (1, E'\x98');
CREATE TABLE U&"line\000Abreak" (U&"a\000Ab" int);
INSERT INTO U&"line\000Abreak" SELECT generate_series(1, 3);
CREATE TABLE U&"form\000Cfeed" (n int);
INSERT INTO U&"form\000Cfeed" SELECT generate_series(1, 4);
CREATE TABLE large AS SELECT n, repeat('x', 200) AS filling FROM generate_series(1, 150000) n;
DELETE FROM large WHERE n % 2 = 0;
"""
COUNT = r'SELECT count(*) FROM U&"\0417\0430\043A\0430\0437\044B"'
EMPTY = r'DELETE FROM U&"\0417\0430\043A\0430\0437\044B"'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(here: World) -> str:
    """The database's name. Autovacuum is at work in it, and in every database that is made of it."""
    await here.start_bot()
    await here.sim.start(here.anna)
    assert "succeeded" in (await here.deploy()).text
    for sql in MADE:
        here.server.psql(sql, database="postgres")
    here.server.psql(FILLED, database="shop")
    here.write_settings(database='{ service = "db", name = "shop", user = "maker" }')
    await here.stop_bot(signal.SIGTERM)
    await here.start_bot()
    await backup(here)
    return "shop"


def beside(here: World) -> list[str]:
    names = here.server.psql("SELECT datname FROM pg_database", database="postgres").splitlines()
    return sorted(name.rsplit("_", 1)[0] for name in names if name.startswith("shop_"))


def sessions(here: World, application: str) -> int:
    asked = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{application}'"  # noqa: S608 - our own words
    return int(here.server.psql(asked, database="postgres"))


@contextmanager
def somebody(here: World, user: str) -> Iterator[str]:
    """A session on the database that does nothing; the name that it carries."""
    name = f"left by {user}"
    argv = ["docker", "exec", "--env", f"PGAPPNAME={name}", here.server.container("db").id]
    sleep = ["psql", "-U", user, "-d", "shop", "-c", "SELECT pg_sleep(600)"]
    with subprocess.Popen([*argv, *sleep], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 20
            while not sessions(here, name):
                assert time.monotonic() < until, "no session"
                time.sleep(0.1)
            yield name
        finally:
            end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{name}'"  # noqa: S608
            here.server.psql(end, database="postgres")
            process.wait(20)


async def _restored(here: World, within: float = 120) -> SimMessage:
    choice, label = await newest(here, "")
    since = await typed(here, await card_of(here, choice, label), "Confirm restore")
    return await here.verdict(since, within=within)


async def test_a_drill_compares_tables_of_any_name_in_any_encoding(here: World, shop: str) -> None:
    """R-DB-3: none is left out, and the same rows are the same; the scratch database goes beside autovacuum too."""
    verdict = await here.verdict(await here.confirmed("/drill"))
    assert "drill succeeded" in verdict.text, verdict.text
    assert "5 tables" in verdict.text, verdict.text
    assert beside(here) == []
    assert shop


async def test_a_swap_ends_the_roles_own_sessions_and_leaves_autovacuum_to_the_server(
    here: World, shop: str
) -> None:
    """R-DB-5."""
    here.server.psql(f"SET ROLE maker; DROP TABLE large; {EMPTY}", database=shop)
    with somebody(here, "maker") as name:
        verdict = await restore(here)
        assert "restore succeeded" in verdict.text, verdict.text
        assert sessions(here, name) == 0
    assert here.server.psql(COUNT, database=shop) == "30"
    assert beside(here) == ["shop_before"]
    owner = "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'shop'"
    assert here.server.psql(owner, database="postgres") == "maker|WIN1251"


async def test_a_superusers_session_is_waited_for_and_nobodys_session_is_ended_in_vain(
    here: World, shop: str
) -> None:
    """R-DB-5: the live database stays, and the application keeps its connections."""
    here.server.psql(EMPTY, database=shop)
    with somebody(here, "fitnessapp_user") as foreign, somebody(here, "maker") as own:
        verdict = await _restored(here, within=200)
        assert "no free moment" in verdict.text, verdict.text
        assert (sessions(here, foreign), sessions(here, own)) == (1, 1)
    assert here.server.psql(COUNT, database=shop) == "0"
    assert beside(here) == ["shop_before"]


async def test_an_extension_that_the_role_may_not_make_is_left_to_the_superuser(
    here: World, shop: str
) -> None:
    """R-DB-5: said on the card, not found out by a load that fails."""
    here.server.psql("CREATE EXTENSION dblink", database=shop)
    await backup(here)
    choice, label = await newest(here, "")
    card = await card_of(here, choice, label)
    assert "superuser of the service does it: fitnessapp_user" in card.text
    verdict = await here.verdict(await typed(here, card, "Confirm restore"))
    assert "restore succeeded" in verdict.text, verdict.text
    assert (
        here.server.psql("SELECT count(*) FROM pg_extension WHERE extname = 'dblink'", database=shop) == "1"
    )
