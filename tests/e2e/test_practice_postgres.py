"""The practice PostgreSQL against the real one: the same statements, the same answers. Where they differ, it is wrong."""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from services.commands import postgres
from services.commands.command import Command
from tests.e2e import engine
from tests.unit.sandbox.practice_cluster import CONTAINER, LIVE, PracticeCluster, inner

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

IMAGE = "opsgate-practice/postgres:1"
_TOLD = (
    "ERROR",
    "FATAL",
    "NOTICE",
    "WARNING",
    "pg_restore: ",
    "psql: error",
    "createdb: ",
    "dropdb: ",
)


class Answer(NamedTuple):
    """Status, standard output and those lines of standard error that say what went wrong."""

    status: int
    stdout: str
    told: tuple[str, ...]


class RealCluster:
    def __init__(self, container: str) -> None:
        self.container = container

    def run(self, *argv: str, stdin: bytes = b"", environment: dict[str, str] | None = None) -> Answer:
        flags = [word for name, value in (environment or {}).items() for word in ("--env", f"{name}={value}")]
        exec_ = ["docker", "exec", "--interactive", *flags, self.container, *argv]
        done = subprocess.run(exec_, check=False, input=stdin, capture_output=True, timeout=60)
        return answer(done.returncode, done.stdout, done.stderr.decode())


class Practice:
    def __init__(self, cluster: PracticeCluster) -> None:
        self.cluster = cluster

    def run(self, *argv: str, stdin: bytes = b"", environment: dict[str, str] | None = None) -> Answer:
        return answer(*self.cluster.run(*argv, stdin=stdin, environment=environment))


Server = RealCluster | Practice


def answer(status: int, stdout: bytes, stderr: str) -> Answer:
    told = tuple(line for line in stderr.splitlines() if line.startswith(_TOLD) and "hint" not in line)
    return Answer(status, stdout.decode(errors="replace"), told)


@pytest.fixture(scope="module")
def real() -> Iterator[RealCluster]:
    if reason := engine.why_no_engine():
        if os.environ.get("CI"):
            pytest.fail(f"in CI nothing is skipped, but: {reason}")
        pytest.skip(reason)
    image = {"POSTGRES_DB": LIVE.name, "POSTGRES_USER": LIVE.user, "POSTGRES_PASSWORD": "s3cret"}
    flags = [word for name, value in image.items() for word in ("--env", f"{name}={value}")]
    name = f"opsgate-compare-{secrets.token_hex(4)}"
    subprocess.run(
        ["docker", "run", "--detach", "--rm", "--name", name, *flags, IMAGE], check=True, capture_output=True
    )
    try:
        server = RealCluster(name)
        until = time.monotonic() + 60
        while server.run("psql", "-U", LIVE.user, "-d", LIVE.name, "-c", "SELECT 1").status != 0:
            assert time.monotonic() < until, "the real PostgreSQL did not start"
            time.sleep(0.2)
        yield server
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", name], check=False, capture_output=True)


@pytest.fixture
def practice(tmp_path: Path) -> Practice:
    return Practice(PracticeCluster(tmp_path / "data"))


THINGS = """CREATE TABLE things (
  id serial PRIMARY KEY, name text UNIQUE NOT NULL, done boolean NOT NULL DEFAULT false,
  at timestamptz DEFAULT now(), note text
);
INSERT INTO things (name) VALUES ('one'), ('two'), ('it''s');
"""

# By topic: statements that are sent one by one, in one new database. Those that begin with "-c" are sent as an
# argument, those that begin with "%" to a psql without options, all others as a script that stops at errors.
TOPICS: dict[str, tuple[str, ...]] = {
    "values": (
        "SELECT 'a' AS x, NULL AS y, true AS z, 1.5 AS w, false",
        "SELECT 1 = 1, 1 > 2, NOT true, NULL IS NULL, 'a' LIKE 'a%', 'A' LIKE 'a%', 3 IN (1, 2)",
        "SELECT '5'::int + 1, 5::text || 'x', 'abc'::text, CAST('7' AS integer), '1'::boolean, 3.7::int",
        "SELECT 'x'::int",
        "SELECT $$a'b$$, E'a\\nb'",
        "SELECT round(2.5), abs(-1), length('abc'), upper('a'), coalesce(NULL, 'x'), 7 / 2, 7 % 2",
        "SELECT CASE WHEN 1 = 1 THEN 'yes' ELSE 'no' END",
        "SELECT format('%I.%I = %L', 'a', 'B c', 'it''s'), quote_ident('Ab'), split_part('a=b', '=', 2)",
        "SELECT pg_size_pretty(100::bigint), pg_size_pretty(20480::bigint), pg_size_pretty(31457280::bigint)",
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
        "SELECT 'unterminated",
        "",
        "-- only a comment",
    ),
    "tables": (
        THINGS,
        "INSERT INTO things (name, done) VALUES ('four', true) RETURNING id, done",
        "SELECT id, name, done, note FROM things ORDER BY id",
        "SELECT count(*) FILTER (WHERE done), string_agg(name, ',') FROM things WHERE id < 2",
        "UPDATE things SET done = true WHERE id = 2; DELETE FROM things WHERE id = 3; SELECT done FROM things WHERE id = 2",
        "INSERT INTO things (name) SELECT 'row ' || n FROM generate_series(1, 500) AS n; SELECT count(*) FROM things",
        "INSERT INTO things (name) VALUES ('one') ON CONFLICT (name) DO NOTHING; SELECT 1",
        "ALTER TABLE things ADD COLUMN extra integer DEFAULT 5; SELECT extra FROM things WHERE id = 1",
        "ALTER TABLE things RENAME COLUMN extra TO more; SELECT more FROM things WHERE id = 1",
        "CREATE VIEW v AS SELECT id FROM things; SELECT count(*) > 3 FROM v; DROP VIEW v",
        "TRUNCATE things; SELECT count(*) FROM things; VACUUM; ANALYZE",
    ),
    "refusals": (
        THINGS,
        "-cSELECT nope",
        "-cSELECT * FROM nope",
        "SELECT 1;\nSELECT * FROM nope;\nSELECT 2;",
        "INSERT INTO things (id, name) VALUES (1, 'dup')",
        "INSERT INTO things (name) VALUES (NULL)",
        "INSERT INTO things (nope) VALUES (1)",
        "INSERT INTO things (name) VALUES ('a', 'b')",
        "CREATE TABLE things (id int)",
        "CREATE TABLE IF NOT EXISTS things (id int)",
        "DROP TABLE nope",
        "DROP TABLE IF EXISTS nope",
        "CREATE INDEX things_done ON things (done); CREATE INDEX things_done ON things (done)",
        "CREATE TABLE k (code text, n int, PRIMARY KEY (code, n)); INSERT INTO k VALUES ('a', 1)",
        "INSERT INTO k VALUES (NULL, 1)",
        'SELECT name FROM things WHERE name = "one"',
        "COPY k (code, n) FROM stdin;\nx\t1\ny\t2\n\\.\nSELECT * FROM k ORDER BY 1, 2;",
        "COPY nope (code, n) FROM stdin;\nx\t1\n\\.\nSELECT 1;",
        "SHOW nope",
        "-cSELECT current_setting('opsgate.x')",
        "-cSELECT current_setting('opsgate.x', true)",
        "SELECT pg_terminate_backend(99999)",
        "-cSET statement_timeout = '100ms'; SELECT pg_sleep(3)",
    ),
    "transactions": (
        THINGS,
        "BEGIN; INSERT INTO things (name) VALUES ('x'); ROLLBACK; SELECT count(*) FROM things",
        "BEGIN; SELECT nope; SELECT 1; COMMIT",
        "%BEGIN;\nSELECT nope;\nSELECT 1;\nCOMMIT;\nSELECT 5;",
        "-cINSERT INTO things (name) VALUES ('y'); SELECT nope",
        "SELECT count(*) FROM things",
        "COMMIT",
    ),
    "databases": (
        "-cCREATE DATABASE scratch; SELECT 1",
        "-cCREATE DATABASE scratch",
        "-cCREATE DATABASE scratch",
        "-cALTER DATABASE scratch RENAME TO scratch2",
        "-cALTER DATABASE scratch RENAME TO x",
        "-cALTER DATABASE scratch2 RENAME TO postgres",
        "-cALTER DATABASE scratch2 OWNER TO nobody",
        "-cALTER DATABASE scratch2 OWNER TO fitnessapp_user",
        "-cDROP DATABASE scratch2",
        "-cDROP DATABASE scratch2",
        "-cDROP DATABASE IF EXISTS scratch2",
        "-cDROP DATABASE template1",
        "-cCREATE DATABASE a OWNER nobody",
        "-cCREATE DATABASE a TEMPLATE nobody",
    ),
    "catalog": (
        THINGS,
        "SELECT to_regclass('things') IS NOT NULL, to_regclass('nope') IS NULL, to_regclass('public.things')",
        "SELECT current_database(), current_user, current_setting('server_encoding')",
        "SELECT datname, datistemplate, datallowconn, encoding, datdba FROM pg_database WHERE datname LIKE 'template%' ORDER BY 1",
        (
            "SELECT relname, relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE nspname = 'public' AND relkind = 'r' ORDER BY 1"
        ),
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
        "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public'",
        "SELECT extname, extversion FROM pg_extension",
        "SELECT state, query, application_name, backend_type FROM pg_stat_activity WHERE pid = pg_backend_pid()",
    ),
    "json": (
        THINGS,
        "SELECT jsonb_build_object('b', 1, 'aa', true, 'c', NULL, 'd', 'x')",
        "SELECT jsonb_agg(id) FROM things WHERE id < 4",
        "SELECT jsonb_agg(id) FROM things WHERE id < 0",
        "SELECT coalesce(jsonb_object_agg(name, id), '{}') FROM things WHERE id < 3",
        "SELECT to_jsonb(r) FROM pg_roles r WHERE rolname = current_user",
    ),
    "output": (
        THINGS,
        "%SELECT id, name, done FROM things WHERE id < 3",
        "%SELECT 1 AS one; SELECT 'x'",
        "%CREATE TABLE t2 (a int, b text); INSERT INTO t2 VALUES (1,'b'),(20,NULL); TRUNCATE t2; DROP TABLE t2",
        "%SHOW server_encoding",
        "%SELECT count(*) FROM things WHERE false",
        "%SELECT id AS number, name FROM things WHERE id < 0",
    ),
}


def tell(server: Server, statement: str, database: str) -> Answer:
    login = ("-X", "-U", LIVE.user, "-d", database)
    if statement.startswith("%"):
        return server.run("psql", *login, stdin=statement[1:].encode())
    strict = ("psql", *login, "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1")
    if statement.startswith("-c"):
        return server.run(*strict, "-c", statement.removeprefix("-c"))
    return server.run(*strict, stdin=statement.encode())


@pytest.mark.parametrize("topic", TOPICS)
def test_statements_have_the_same_answers(real: RealCluster, practice: Practice, topic: str) -> None:
    servers: tuple[Server, ...] = (real, practice)
    for server in servers:
        assert server.run("createdb", "-U", LIVE.user, topic).status == 0
    for statement in TOPICS[topic]:
        expected, actual = (tell(server, statement, topic) for server in servers)
        assert actual == expected, statement


TOOLS: tuple[tuple[str, ...], ...] = (
    ("pg_isready",),
    ("pg_isready", "--quiet", "-h", "127.0.0.1", "-p", "5433"),
    ("createdb", "-U", LIVE.user, LIVE.name),
    ("dropdb", "-U", LIVE.user, "nope"),
    ("dropdb", "--if-exists", "-U", LIVE.user, "nope"),
    ("psql", "-U", LIVE.user, "nope", "-c", "SELECT 1"),
    ("psql", "-U", "nobody", LIVE.name, "-c", "SELECT 1"),
    ("psql", "-w", "-h", "127.0.0.1", "-U", LIVE.user, LIVE.name, "-c", "SELECT 1"),
    ("psql", "-U", LIVE.user, LIVE.name, "-c", "SELECT nope", "-c", "SELECT 1"),
    ("psql", "-XAtq1", "-U", LIVE.user, LIVE.name, "-c", "SELECT 2", "-c", "SELECT nope"),
    ("pg_dump", "-U", LIVE.user, "-d", "nope", "-Fc"),
    ("pg_restore", "--file=/dev/null"),
    ("pg_restore",),
    ("pg_restore", "--dbname=x", "--file=y"),
)


@pytest.mark.parametrize("argv", TOOLS, ids=" ".join)
def test_tools_end_the_same_way(real: RealCluster, practice: Practice, argv: tuple[str, ...]) -> None:
    expected, actual = (server.run(*argv) for server in (real, practice))
    assert actual._replace(told=()) == expected._replace(told=())
    assert [line.split(", port")[0] for line in actual.told] == [
        line.split(", port")[0] for line in expected.told
    ]


def opsgate(server: Server, command: Command) -> Answer:
    argv, environment = inner(command)
    return server.run(*argv, environment=environment)


def test_what_opsgate_reads_of_a_cluster_looks_the_same(real: RealCluster, practice: Practice) -> None:
    """The numbers are each server's own; the names, the kinds of values and the rights are not."""
    shapes = []
    for server in (real, practice):
        assert tell(server, THINGS, LIVE.name).status == 0
        facts = json.loads(opsgate(server, postgres.facts(CONTAINER, LIVE)).stdout)
        rows = json.loads(opsgate(server, postgres.rows(CONTAINER, LIVE, 20)).stdout)
        own = {name: facts.pop(name) for name in ("size", "version", "for_superusers")}
        own |= {name: facts["database"].pop(name) for name in ("oid", "datfrozenxid", "datminmxid")}
        shapes.append((facts, rows, {name: type(value) for name, value in own.items()}))
    assert shapes[1] == shapes[0]
