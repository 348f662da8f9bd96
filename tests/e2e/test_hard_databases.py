"""A database that is hard to bring back, and one that is written to all the time: real PostgreSQL, real application."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import pytest_asyncio

from bot.sandbox.played import SimMessage
from tests.e2e.test_restore import backup, databases, on_a_real_server, restore, undo
from tests.e2e.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    on_a_real_server,
]

ROLES = """
CREATE ROLE plain_app LOGIN NOSUPERUSER NOCREATEDB;
CREATE ROLE "Report ""Reader"" №1" NOLOGIN;
GRANT pg_read_all_data TO plain_app;
ALTER DATABASE fitnessapp OWNER TO plain_app;
ALTER DATABASE fitnessapp SET search_path = "Odd ""one"" ünïcødé", public;
ALTER DATABASE fitnessapp SET timezone = 'Asia/Kathmandu';
ALTER DATABASE fitnessapp SET app.tenant = 'it''s "ours"';
ALTER DATABASE fitnessapp CONNECTION LIMIT 90;
ALTER ROLE plain_app IN DATABASE fitnessapp SET statement_timeout = '10min';
REVOKE CONNECT ON DATABASE fitnessapp FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE fitnessapp TO "Report ""Reader"" №1" WITH GRANT OPTION;
"""
BY_THE_SUPERUSER = """
CREATE EXTENSION dblink;
COMMENT ON EXTENSION dblink IS 'not a trusted one: the stack''s role may not make it';
CREATE TABLE ticks (n int);
CREATE SCHEMA reports AUTHORIZATION "Report ""Reader"" №1";
CREATE TABLE reports.weekly (n int, note text);
ALTER TABLE reports.weekly OWNER TO "Report ""Reader"" №1";
INSERT INTO reports.weekly SELECT n, 'week ' || n FROM generate_series(1, 40) n;
ALTER DEFAULT PRIVILEGES FOR ROLE "Report ""Reader"" №1" IN SCHEMA reports GRANT SELECT ON TABLES TO plain_app;
CREATE FUNCTION public.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION public.watch();
CREATE PUBLICATION everything FOR ALL TABLES;
"""
BY_THE_ROLE = r"""
SET ROLE plain_app;
CREATE EXTENSION pgcrypto;
CREATE EXTENSION hstore;
CREATE SCHEMA "Odd ""one"" ünïcødé";
SET search_path = "Odd ""one"" ünïcødé", public;
CREATE TYPE "Mood's" AS ENUM ('so so', 'ça va', '"quoted"');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE "A table, (b"" of'all" (
    "Id" bigint GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 7) PRIMARY KEY,
    "some text" text COLLATE "C" NOT NULL DEFAULT '', mood "Mood's", tags hstore, raw bytea, many text[], j jsonb,
    twice int GENERATED ALWAYS AS (length("some text") * 2) STORED, at timestamptz DEFAULT '2026-01-01 00:00:00+00',
    x double precision
);
INSERT INTO "A table, (b"" of'all" ("some text", mood, tags, raw, many, j, x)
    SELECT E'line\n\ttab \\ \\. \\N ' || repeat('ж', n % 9), 'ça va', hstore('k"', n::text), digest(n::text, 'sha256'),
    ARRAY[n::text, NULL, '{"}'], jsonb_build_object('n', n), CASE n % 3 WHEN 0 THEN 'NaN' WHEN 1 THEN 1 / 3e0 ELSE '-Infinity' END
    FROM generate_series(1, 500) n;
CREATE TABLE parent (id positive PRIMARY KEY, up int REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
BEGIN; INSERT INTO parent VALUES (1, 2), (2, 1); COMMIT;
CREATE TABLE parts (n int, PRIMARY KEY (n)) PARTITION BY RANGE (n);
CREATE TABLE "Part 1" PARTITION OF parts FOR VALUES FROM (0) TO (100);
CREATE TABLE part_rest PARTITION OF parts DEFAULT;
INSERT INTO parts SELECT generate_series(0, 150);
CREATE TABLE base (n int); CREATE TABLE heir (m int) INHERITS (base);
INSERT INTO base VALUES (1); INSERT INTO heir VALUES (2, 3);
CREATE TABLE no_columns (); INSERT INTO no_columns DEFAULT VALUES;
CREATE TABLE log (what text);
CREATE FUNCTION "Note it"() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO "Odd ""one"" ünïcødé".log VALUES (TG_OP); RETURN NEW; END $f$;
CREATE TRIGGER "on change" AFTER INSERT ON base FOR EACH ROW EXECUTE FUNCTION "Note it"();
INSERT INTO base VALUES (4);
ALTER TABLE base DISABLE TRIGGER "on change";
CREATE VIEW "Seen" AS SELECT "Id", mood FROM "A table, (b"" of'all" WHERE twice > 20;
CREATE MATERIALIZED VIEW summed AS SELECT mood, count(*) AS n FROM "Seen" GROUP BY mood;
CREATE UNIQUE INDEX ON summed (mood);
CREATE INDEX "by hash" ON "A table, (b"" of'all" (md5("some text")) WHERE mood IS NOT NULL;
CREATE TABLE guarded (who text); INSERT INTO guarded VALUES ('plain_app'), ('somebody');
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON guarded USING (who = current_user);
GRANT SELECT ("Id") ON "A table, (b"" of'all" TO "Report ""Reader"" №1";
COMMENT ON TABLE parts IS 'it''s in "parts"';
SELECT lo_from_bytea(4711, decode(repeat('00ff5c', 9000), 'hex')), lo_from_bytea(4712, '');
COMMENT ON LARGE OBJECT 4711 IS 'large';
GRANT SELECT ON LARGE OBJECT 4711 TO "Report ""Reader"" №1";
"""
DAMAGE = r"""
DROP SCHEMA "Odd ""one"" ünïcødé" CASCADE; DROP SCHEMA reports CASCADE; DROP PUBLICATION everything;
DROP EXTENSION pgcrypto; SELECT lo_unlink(4711); DROP EVENT TRIGGER watching; DROP FUNCTION public.watch();
"""


@dataclass(frozen=True)
class Print:
    """Of a database: its whole definition, rows and md5 of every table and view, sequences, large objects."""

    definition: str
    contents: str


def printed(here: World, database: str = "fitnessapp") -> Print:
    """Without the rows of `ticks`, which are being written."""
    login = ("-U", "fitnessapp_user")
    dumped = here.server.exec("db", "pg_dump", "--schema-only", "--create", *login, database)
    settled = re.sub(r"^(\\(un)?restrict .*|-- Dumped .*)$", "", dumped, flags=re.MULTILINE)
    asked = here.server.psql(_CONTENTS, database=database)
    return Print(settled, here.server.psql(asked, database=database))


_CONTENTS = r"""
SET search_path = pg_catalog;
SELECT string_agg(one, ' UNION ALL ' ORDER BY one) || ' ORDER BY 1' FROM (
    SELECT format('SELECT %L AS what, count(*)::text AS n, coalesce(md5(string_agg(md5(t::text), '''' ORDER BY t::text COLLATE "C")), '''')'
        ' AS sum FROM ONLY %I.%I t', format('%I.%I', n.nspname, c.relname), n.nspname, c.relname) AS one
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_t'
        AND c.relname <> 'ticks'
    UNION ALL
    SELECT format('SELECT %L, last_value::text, is_called::text FROM %I.%I', 'sequence ' || sequencename, schemaname, sequencename)
    FROM pg_sequences
    UNION ALL
    SELECT format('SELECT %L, length(lo_get(%s))::text, md5(lo_get(%s))', 'large object ' || oid, oid, oid) FROM pg_largeobject_metadata
) every
"""


@asynccontextmanager
async def writing(here: World) -> AsyncIterator[list[int]]:
    """An application that writes a row every few milliseconds, each over a connection of its own.

    Yields the numbers that were written so far.
    """
    written: list[int] = []
    backend = here.server.container("backend").id
    process = await asyncio.create_subprocess_exec(
        "docker", "exec", backend, "python3", "-c", _WRITER, stdout=asyncio.subprocess.PIPE
    )

    async def read() -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            written.append(-1 if line == b"lost\n" else int(line))

    async with asyncio.TaskGroup() as group:
        group.create_task(read())
        try:
            yield written
        finally:
            here.server.exec("backend", "python3", "-c", _STOP_WRITER)
            await process.wait()


_WRITER = """
import os, psycopg2, time
n = 0
while True:
    n += 1
    try:
        connection = psycopg2.connect(os.environ["DATABASE_URL"])
        with connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO ticks VALUES (%s)", (n,))
        connection.close()
        print(n, flush=True)
    except psycopg2.Error:
        print("lost", flush=True)
    time.sleep(0.005)
"""
_STOP_WRITER = """
import os, pathlib, signal
for process in pathlib.Path("/proc").glob("[0-9]*"):
    mine = int(process.name) == os.getpid()
    if b"INSERT INTO ticks" in (process / "cmdline").read_bytes() and not mine:
        os.kill(int(process.name), signal.SIGTERM)
"""


def ticks(here: World, database: str) -> set[int]:
    return {int(n) for n in here.server.psql("SELECT n FROM ticks", database=database).split()}


def kept(here: World, role: str) -> str:
    """The one database that is kept in this role."""
    names = here.server.psql("SELECT datname FROM pg_database", database="postgres").split()
    (name,) = (name for name in names if name.startswith(f"fitnessapp_{role}_"))
    return name


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hard(here: World) -> Print:
    """The stack's role is no superuser; the database has all that is hard, belongs to three roles, and is backed up."""
    await here.start_bot()
    await here.sim.start(here.anna)
    assert "succeeded" in (await here.deploy()).text
    for sql in (ROLES, BY_THE_SUPERUSER, BY_THE_ROLE):
        here.server.psql(sql)
    here.write_settings(database='{ service = "db", name = "fitnessapp", user = "plain_app" }')
    await here.stop_bot(signal.SIGTERM)
    await here.start_bot()
    await backup(here)
    return printed(here)


async def _more(written: list[int], count: int = 20) -> None:
    until = len(written) + count
    while len(written) < until:
        await asyncio.sleep(0.02)


def _restores(verdict: SimMessage) -> None:
    assert "restore succeeded" in verdict.text, verdict.text


async def test_everything_comes_back_while_the_application_writes_and_nothing_it_wrote_is_lost(
    here: World, hard: Print
) -> None:
    """R-DB-5: definitions, owners, grants, settings, rows, checksums; and every row ever confirmed is in one of the two."""
    here.server.psql(DAMAGE)
    damaged = printed(here)
    assert damaged != hard
    async with writing(here) as written:
        await _more(written)
        verdict = await restore(here)
        _restores(verdict)
        await _more(written)
        restored = printed(here)
        assert restored.definition == hard.definition
        assert restored.contents == hard.contents
        before = kept(here, "before")
        assert printed(here, before).contents == damaged.contents
        at_swap, first_new = ticks(here, before), min(ticks(here, "fitnessapp"))
        undone = await undo(here, verdict)
        assert "undo succeeded" in undone.text, undone.text
        await _more(written)
    now = printed(here)
    assert now == damaged
    old, new = ticks(here, "fitnessapp"), ticks(here, kept(here, "undone"))
    confirmed = {n for n in written if n > 0}
    assert len(confirmed) > 60
    assert confirmed <= old | new, "a row that was confirmed is in neither database"
    assert not old & new
    assert at_swap <= old
    assert max(at_swap) < first_new  # one moment: before it everything went there, after it here
    assert databases(here) == ["undone"]


async def test_the_stacks_role_works_on_in_the_restored_database(here: World, hard: Print) -> None:
    """Once more without a writer: definitions and contents are those of the safety copy, which is the newest backup."""
    _restores(await restore(here))
    here.server.psql("SET ROLE plain_app; CREATE TABLE later (n int); INSERT INTO later VALUES (777)")
    assert here.server.psql("SELECT tableowner FROM pg_tables WHERE tablename = 'later'") == "plain_app"
    assert here.server.psql("SHOW timezone") == "Asia/Kathmandu"
    assert (
        printed(here).definition != hard.definition
    )  # the newest backup is the damaged database's safety copy
