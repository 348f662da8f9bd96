"""The practice PostgreSQL does what Opsgate asks of a real one, keeps what it is given, and says what it cannot."""

import contextlib
import inspect
import io
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.sandbox.practice import postgres as practice
from bot.sandbox.practice.postgres.cluster import Cluster
from bot.sandbox.practice.postgres.connection import Connection, connected
from bot.sandbox.practice.postgres.login import Login
from bot.sandbox.practice.sample.data import ROWS as ROWS_OF_THE_SAMPLE
from bot.sandbox.practice.sample.data import sample_data
from services.backups.plain_sql import check
from services.commands import postgres
from services.commands.command import Command
from services.commands.shapes import Shape
from services.facts.cluster import parse_cluster, parse_rows
from tests.unit.sandbox.practice_cluster import CONTAINER, LIVE, Done, PracticeCluster

ROOT = Path(__file__).parents[3]
SHAPE = Shape("UTF8", "C.UTF-8", "C.UTF-8")
TAG = "opsgate:op-1"
ASIDE = postgres.aside(LIVE.name, "restore", "abcd")
BEFORE = postgres.aside(LIVE.name, "before", "abcd")
SEEDED = {f"public.{table}": count for table, count in sorted(ROWS_OF_THE_SAMPLE.items())}

MAKE_ASIDE = postgres.create(CONTAINER, LIVE, LIVE.user, ASIDE, SHAPE)
DUMP = postgres.dump(CONTAINER, LIVE, TAG)
PROVE = postgres.prove(CONTAINER)
LOAD = postgres.load(CONTAINER, LIVE, LIVE.user, ASIDE, TAG)
LOAD_PLAIN = postgres.load_plain(CONTAINER, LIVE, LIVE.user, ASIDE, TAG)
SWAP = postgres.swap(CONTAINER, LIVE, incoming=ASIDE, outgoing=BEFORE)
ROWS = postgres.rows(CONTAINER, LIVE, 20)
TERMINATE = postgres.terminate(CONTAINER, LIVE, TAG)


@pytest.fixture
def server(tmp_path: Path) -> PracticeCluster:
    return PracticeCluster(tmp_path / "data")


@pytest.fixture
def seeded(tmp_path: Path) -> PracticeCluster:
    cluster = PracticeCluster(tmp_path / "data")
    cluster.answer(sample_data())
    return cluster


@contextlib.contextmanager
def session(server: PracticeCluster, database: str = LIVE.name, name: str = "app") -> Iterator[Connection]:
    """Somebody else who is connected."""
    with connected(Cluster(server.data), Login(database, LIVE.user, name)) as connection:
        yield connection


def archive(server: PracticeCluster) -> bytes:
    done = server.opsgate(DUMP)
    assert (done.status, done.stderr) == (0, "")
    return done.stdout


def plain(server: PracticeCluster) -> bytes:
    """As somebody makes it by hand."""
    done = server.run("pg_dump", "-U", LIVE.user, LIVE.name)
    assert (done.status, done.stderr) == (0, "")
    return done.stdout


# --- everything that Opsgate asks ---------------------------------------------------------------------------------


class Case(NamedTuple):
    """`first`: commands that must have succeeded before. `answer`: the whole answer, where it is always the same."""

    command: Command
    answer: str | None = ""
    first: tuple[Command, ...] = ()
    takes: str = ""  # what it is given: an archive, or SQL


BUILDERS: dict[str, Case] = {
    "dump": Case(DUMP, None),
    "prove": Case(PROVE, takes="archive"),
    "archive_data": Case(postgres.archive_data(CONTAINER), None, takes="archive"),
    "data": Case(postgres.data(CONTAINER, LIVE, TAG), None),
    "extensions": Case(postgres.extensions(CONTAINER, LIVE), None),
    "printing": Case(postgres.printing(CONTAINER, LIVE), None),
    "is_ready": Case(postgres.is_ready(CONTAINER, LIVE)),
    "terminate": Case(TERMINATE, "0"),
    "server_version": Case(postgres.server_version(CONTAINER, LIVE), "15.0 (practice)"),
    "database_exists": Case(postgres.database_exists(CONTAINER, LIVE), "1"),
    "rows": Case(ROWS, json.dumps(SEEDED)),
    "facts": Case(postgres.facts(CONTAINER, LIVE), None),
    "databases": Case(postgres.databases(CONTAINER, LIVE), "fitnessapp\npostgres\ntemplate0\ntemplate1"),
    "create": Case(MAKE_ASIDE),
    "load": Case(LOAD, first=(MAKE_ASIDE,), takes="archive"),
    "load_plain": Case(LOAD_PLAIN, first=(MAKE_ASIDE,), takes="sql"),
    "analyze": Case(postgres.analyze(CONTAINER, LIVE, ASIDE), first=(MAKE_ASIDE,)),
    "swap": Case(SWAP, "0", first=(MAKE_ASIDE,)),
    "drop": Case(postgres.drop(CONTAINER, LIVE, ASIDE), "0", first=(MAKE_ASIDE,)),
}


def builders() -> set[str]:
    """Every public function of services/commands/postgres.py that builds a command."""
    return {
        name
        for name, found in inspect.getmembers(postgres, inspect.isfunction)
        if found.__module__ == postgres.__name__
        and not name.startswith("_")
        and inspect.signature(found, eval_str=True).return_annotation is Command
    }


def test_every_builder_of_opsgate_has_its_case() -> None:
    assert builders() == set(BUILDERS), "what Opsgate asks of PostgreSQL, the practice PostgreSQL must do"


@pytest.mark.parametrize("name", BUILDERS)
def test_it_does_what_opsgate_asks(seeded: PracticeCluster, name: str) -> None:
    case = BUILDERS[name]
    for command in case.first:
        assert seeded.opsgate(command).status == 0
    makes: dict[str, Callable[[PracticeCluster], bytes]] = {"archive": archive, "sql": plain}
    given = makes[case.takes](seeded) if case.takes else b""
    done = seeded.opsgate(case.command, given)
    assert (done.status, done.stderr) == (0, "")
    if case.answer is not None:
        assert done.text == case.answer


def test_plain_sql_gives_the_rows_of_what_it_was_made_of(seeded: PracticeCluster) -> None:
    """And passes what looks at it before it is loaded."""
    said = plain(seeded)
    assert check(io.BytesIO(said), "some.sql").rows == SEEDED
    assert seeded.opsgate(MAKE_ASIDE).status == 0
    assert seeded.opsgate(LOAD_PLAIN, said).text == "", "its answers go to /dev/null"
    aside = postgres.rows(CONTAINER, LIVE.model_copy(update={"name": ASIDE}), 20)
    assert parse_rows(seeded.opsgate(aside).stdout) == SEEDED


def test_a_role_that_is_not_there_is_not_set(seeded: PracticeCluster) -> None:
    done = seeded.run("psql", "-U", LIVE.user, "-d", LIVE.name, "-c", "SET ROLE nobody")
    assert (done.status, done.stderr) == (1, 'ERROR:  role "nobody" does not exist\n')


@pytest.mark.parametrize(("order", "said"), [(("-c", "-f"), "1\n2"), (("-f", "-c"), "2\n1")])
def test_commands_and_scripts_run_in_the_order_in_which_they_are_given(
    server: PracticeCluster, order: tuple[str, str], said: str
) -> None:
    words = {"-c": ("-c", "SELECT 1"), "-f": ("-f", "-")}
    asked = (*words[order[0]], *words[order[1]])
    done = server.run("psql", "-AtqU", LIVE.user, "-d", LIVE.name, *asked, stdin=b"SELECT 2;\n")
    assert (done.status, done.text) == (0, said)


def test_plain_sql_with_an_error_in_it_leaves_nothing(seeded: PracticeCluster) -> None:
    """--single-transaction holds for -c and -f together."""
    assert seeded.opsgate(MAKE_ASIDE).status == 0
    done = seeded.opsgate(LOAD_PLAIN, plain(seeded) + b"SELECT * FROM nowhere;\n")
    assert done.status == 3
    assert "nowhere" in done.stderr
    aside = postgres.rows(CONTAINER, LIVE.model_copy(update={"name": ASIDE}), 20)
    assert parse_rows(seeded.opsgate(aside).stdout) == {}


def test_opsgate_reads_login_rights_and_the_way_of_storing_text_from_the_facts(
    seeded: PracticeCluster,
) -> None:
    cluster = parse_cluster(seeded.opsgate(postgres.facts(CONTAINER, LIVE)).stdout)
    assert (cluster.user, cluster.first_user) == (LIVE.user, LIVE.user)
    assert (cluster.may_all, cluster.may_swap) == (True, True)
    assert (cluster.version, cluster.encoding, cluster.collate, cluster.ctype) == (
        "15.0",
        "UTF8",
        "C.UTF-8",
        "C.UTF-8",
    )
    assert (cluster.icu, cluster.own_settings) == (None, ())
    assert cluster.size > 100_000


def test_the_data_of_an_archive_is_counted_as_the_live_rows_are(seeded: PracticeCluster) -> None:
    printed = seeded.opsgate(postgres.archive_data(CONTAINER), archive(seeded)).stdout.decode()
    blocks = re.findall(r"^COPY (\S+) \(.*?\) FROM stdin;\n(.*?)^\\\.$", printed, re.MULTILINE | re.DOTALL)
    assert {table: len(rows.splitlines()) for table, rows in blocks} == SEEDED
    assert parse_rows(seeded.opsgate(ROWS).stdout) == SEEDED


# --- a dump and its way back --------------------------------------------------------------------------------------


def test_a_dump_of_the_sample_database_is_some_tens_of_kilobytes(seeded: PracticeCluster) -> None:
    dump = archive(seeded)
    assert dump.startswith(b"PGDMP")
    assert len(dump) > 40_000


def test_without_a_seed_the_database_is_empty_as_the_real_image_makes_it(server: PracticeCluster) -> None:
    assert server.opsgate(ROWS).text == "{}"


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.3, 0.999])
def test_a_cut_archive_is_not_proven(seeded: PracticeCluster, kept: float) -> None:
    dump = archive(seeded)
    done = seeded.opsgate(PROVE, dump[: int(len(dump) * kept)])
    assert done.status == 1
    assert done.stderr.startswith("pg_restore: error: ")


def test_an_archive_without_its_last_byte_ends_too_early(seeded: PracticeCluster) -> None:
    done = seeded.opsgate(PROVE, archive(seeded)[:-1])
    assert (done.status, done.stderr) == (
        1,
        "pg_restore: error: could not read from input file: end of file\n",
    )


@pytest.mark.parametrize("place", [0, 4, 5, 9, 10, 18, 19, 50, 51, 1000, -1])
def test_one_flipped_bit_anywhere_is_found(seeded: PracticeCluster, place: int) -> None:
    dump = bytearray(archive(seeded))
    dump[place] ^= 4
    assert seeded.opsgate(PROVE, bytes(dump)).status == 1


def test_a_script_is_not_an_archive(seeded: PracticeCluster) -> None:
    plain = seeded.run("pg_dump", "-U", LIVE.user, LIVE.name).stdout
    assert "Please use psql" in seeded.opsgate(PROVE, plain).stderr
    assert "does not appear to be a valid archive" in seeded.opsgate(PROVE, b"something else").stderr


def test_a_dump_holds_what_was_committed_when_it_began(server: PracticeCluster) -> None:
    server.answer("CREATE TABLE diary (note text); INSERT INTO diary VALUES ('kept')")
    with session(server) as other:
        other.begin()
        other.execute("INSERT INTO diary VALUES ('not yet')")
        dump = archive(server)
    server.opsgate(MAKE_ASIDE)
    server.opsgate(LOAD, dump)
    assert server.answer("SELECT note FROM diary", database=ASIDE) == "kept"


def test_a_restore_swaps_the_old_rows_in_and_keeps_the_new_ones_aside(seeded: PracticeCluster) -> None:
    dump = archive(seeded)
    seeded.answer("DELETE FROM workouts; UPDATE users SET is_active = false; DROP INDEX workouts_user_id")
    for command, stdin in ((MAKE_ASIDE, b""), (LOAD, dump), (SWAP, b"")):
        assert seeded.opsgate(command, stdin).status == 0
    assert json.loads(seeded.opsgate(ROWS).text) == SEEDED
    assert seeded.answer("SELECT count(*) FROM users WHERE is_active") != "0"
    assert seeded.answer("SELECT count(*) FROM workouts", database=BEFORE) == "0"
    assert seeded.answer("SELECT is_active FROM users WHERE id = 9") == "f"


def test_a_restored_table_goes_on_counting_where_it_was(seeded: PracticeCluster) -> None:
    seeded.answer("DELETE FROM plans WHERE id = 4 AND false; INSERT INTO plans (name, weeks) VALUES ('x', 1)")
    seeded.answer("DELETE FROM plans WHERE name = 'x'")
    dump = archive(seeded)
    seeded.opsgate(MAKE_ASIDE)
    seeded.opsgate(LOAD, dump)
    added = "INSERT INTO plans (name, weeks) VALUES ('y', 1) RETURNING id"
    assert seeded.answer(added, database=ASIDE) == seeded.answer(added) == "6"


def test_loading_into_a_database_that_is_not_empty_stops_at_the_first_error(seeded: PracticeCluster) -> None:
    dump = archive(seeded)
    strict = seeded.run("pg_restore", "--exit-on-error", "-U", LIVE.user, "-d", LIVE.name, stdin=dump)
    assert strict.status == 1
    assert strict.stderr.count("pg_restore: error:") == 1
    assert 'could not execute query: ERROR:  relation "users" already exists' in strict.stderr
    lenient = seeded.run("pg_restore", "-U", LIVE.user, "-d", LIVE.name, stdin=dump)
    assert lenient.status == 1
    assert lenient.stderr.endswith("pg_restore: warning: errors ignored on restore: 7\n")
    assert json.loads(seeded.opsgate(ROWS).text) == SEEDED


def test_a_single_transaction_leaves_nothing_of_a_failed_load(seeded: PracticeCluster) -> None:
    seeded.answer("CREATE DATABASE scratch", database="postgres")
    seeded.answer("CREATE TABLE workouts (id int)", database="scratch")
    argv = ("pg_restore", "--single-transaction", "-U", LIVE.user, "-d", "scratch")
    assert seeded.run(*argv, stdin=archive(seeded)).status == 1
    assert seeded.answer("SELECT tablename FROM pg_tables", database="scratch") == "workouts"


def test_a_plain_dump_is_a_script_that_psql_takes(seeded: PracticeCluster) -> None:
    seeded.answer("UPDATE users SET name = E'tab\\there \\\\ \"quoted\"' WHERE id = 1")
    plain = seeded.run("pg_dump", "-U", LIVE.user, LIVE.name).stdout.decode()
    seeded.answer("CREATE DATABASE scratch", database="postgres")
    assert seeded.script(plain, database="scratch").status == 0
    again = seeded.run("pg_dump", "-U", LIVE.user, "scratch").stdout.decode()
    assert again == plain, "what was dumped, was taken and is dumped again is the same"


def test_the_list_names_tables_their_data_and_indexes(seeded: PracticeCluster) -> None:
    listed = seeded.run("pg_restore", "--list", stdin=archive(seeded)).text
    for entry in ("TABLE public users", "TABLE DATA public workouts", "INDEX public workouts_user_id"):
        assert f"{entry} {LIVE.user}\n" in f"{listed}\n"
    assert "Format: CUSTOM" in listed


# --- sessions -----------------------------------------------------------------------------------------------------


class Gate(io.BytesIO):
    """A standard output whose reader does not read until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.is_waited_at, self.open = threading.Event(), threading.Event()

    def write(self, data: object) -> int:
        self.is_waited_at.set()
        assert self.open.wait(20)
        return super().write(data)  # type: ignore[arg-type]  # bytes, as BytesIO itself takes them


def test_a_running_dump_is_found_by_its_name_and_ended(seeded: PracticeCluster) -> None:
    gate, ends = Gate(), list[Done]()
    dump = threading.Thread(target=lambda: ends.append(seeded.opsgate(DUMP, stdout=gate)))
    dump.start()
    assert gate.is_waited_at.wait(20)
    seen = seeded.answer(
        "SELECT application_name, datname FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    )
    assert seen == f"{TAG}|{LIVE.name}"
    assert seeded.opsgate(TERMINATE).text == "1"
    assert seeded.opsgate(TERMINATE).text == "0"
    gate.open.set()
    dump.join(20)
    assert ends[0].status == 1
    assert "terminating connection due to administrator command" in ends[0].stderr
    assert seeded.opsgate(PROVE, gate.getvalue()).status == 1, "half a dump is no dump"


def test_a_session_ends_with_its_program(server: PracticeCluster) -> None:
    with session(server):
        assert server.answer("SELECT count(*) FROM pg_stat_activity") == "2"
    assert server.answer("SELECT count(*) FROM pg_stat_activity") == "1"


def test_the_session_of_a_killed_program_is_gone(server: PracticeCluster) -> None:
    program = f"""
from pathlib import Path
from bot.sandbox.practice.postgres.cluster import Cluster
from bot.sandbox.practice.postgres.connection import connected
from bot.sandbox.practice.postgres.login import Login
with connected(Cluster(Path({str(server.data)!r})), Login({LIVE.name!r}, {LIVE.user!r}, "killed")) as connection:
    print("connected", flush=True)
    input()
"""
    argv = [sys.executable, "-c", program]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"connected\n"
        count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'killed'"
        assert server.answer(count) == "1"
        process.kill()
        process.wait(20)
        assert server.answer(count) == "0"


def test_a_stopped_server_ends_all_sessions(server: PracticeCluster) -> None:
    with session(server) as other:
        practice.stop(server.data)
        with pytest.raises(practice.PostgresError, match="terminating connection"):
            other.execute("SELECT 1")


def test_psql_says_that_its_connection_was_lost(server: PracticeCluster) -> None:
    done = server.command("SELECT pg_terminate_backend(pg_backend_pid())")
    assert done.status == 0
    done = server.script("SELECT pg_terminate_backend(pg_backend_pid());\nSELECT 1;\n")
    assert done.status == 2
    assert done.stderr.endswith("connection to server was lost\n")


def test_a_database_in_use_is_neither_renamed_nor_dropped(server: PracticeCluster) -> None:
    with session(server):
        for sql in ("ALTER DATABASE fitnessapp RENAME TO other", "DROP DATABASE fitnessapp"):
            done = server.command(sql, database="postgres")
            assert done.status == 1
            assert "is being accessed by other users\nDETAIL:  There is 1 other session" in done.stderr
        assert server.command("DROP DATABASE fitnessapp WITH (FORCE)", database="postgres").status == 0


def test_a_swap_ends_sessions_and_is_whole_or_not_at_all(server: PracticeCluster) -> None:
    server.answer("CREATE TABLE diary (note text)")
    with session(server):
        missing = server.opsgate(SWAP)
    assert (missing.status, f'"{ASIDE}" does not exist' in missing.stderr) == (1, True)
    assert server.answer("SELECT to_regclass('diary')") == "diary", "the first rename was taken back"
    server.opsgate(MAKE_ASIDE)
    assert server.opsgate(SWAP).status == 0
    assert server.answer("SELECT to_regclass('diary') IS NULL") == "t"
    assert server.answer("SELECT to_regclass('diary')", database=BEFORE) == "diary"


# --- what psql says -----------------------------------------------------------------------------------------------


def test_a_script_stops_at_an_error_with_3_a_command_with_1(server: PracticeCluster) -> None:
    done = server.script("SELECT 1;\nSELECT * FROM nope;\nSELECT 2;\n")
    assert (done.status, done.text, done.stderr) == (3, "1", 'ERROR:  relation "nope" does not exist\n')
    assert server.command("SELECT * FROM nope").status == 1


def test_several_statements_of_one_command_are_one_transaction(server: PracticeCluster) -> None:
    server.answer("CREATE TABLE diary (note text)")
    assert server.command("INSERT INTO diary VALUES ('x'); SELECT nope").status == 1
    assert server.answer("SELECT count(*) FROM diary") == "0"
    refused = server.command("CREATE DATABASE scratch; SELECT 1")
    assert refused.stderr == "ERROR:  CREATE DATABASE cannot run inside a transaction block\n"


def test_settings_reach_a_statement_through_the_environment(server: PracticeCluster) -> None:
    psql = ("psql", "-XAtq", "-U", LIVE.user, LIVE.name, "-c", "SELECT current_setting('opsgate.target')")
    assert server.run(*psql, environment={"PGOPTIONS": "-c opsgate.target=it"}).text == "it"
    assert server.run(*psql).stderr == 'ERROR:  unrecognized configuration parameter "opsgate.target"\n'


def test_a_statement_is_given_up_after_its_time(server: PracticeCluster) -> None:
    psql = ("psql", "-XAtq", "-U", LIVE.user, LIVE.name, "-c", "SELECT pg_sleep(30)")
    done = server.run(*psql, environment={"PGOPTIONS": "-c statement_timeout=50ms"})
    assert (done.status, done.stderr) == (1, "ERROR:  canceling statement due to statement timeout\n")


def test_variables_of_psql_are_quoted_as_asked(server: PracticeCluster) -> None:
    script = b"SELECT :'who' AS :\"who\", ':who', '10:30'::text;"
    done = server.run("psql", "-XA", "-v", "who=it's", "-U", LIVE.user, LIVE.name, stdin=script)
    assert done.text.splitlines() == ["it's|?column?|text", "it's|:who|10:30", "(1 row)"]


@pytest.mark.parametrize(
    ("login", "message"),
    [
        (("-U", LIVE.user, "-d", "nope"), 'FATAL:  database "nope" does not exist'),
        (("-U", "nobody", "-d", LIVE.name), 'FATAL:  role "nobody" does not exist'),
        (
            ("-U", LIVE.user, "-d", "template0"),
            'FATAL:  database "template0" is not currently accepting connections',
        ),
        (("-U", LIVE.user, "-h", "db", "-w", LIVE.name), "fe_sendauth: no password supplied"),
    ],
)
def test_a_login_is_refused_in_the_words_of_the_real_one(
    server: PracticeCluster, login: tuple[str, ...], message: str
) -> None:
    done = server.run("psql", *login, "-c", "SELECT 1")
    assert done.status == 2
    assert done.stderr.startswith("psql: error: connection to server ")
    assert done.stderr.endswith(f"failed: {message}\n")
    assert server.run("pg_dump", *login).status == 1


def test_over_the_network_the_password_of_the_first_start_counts(server: PracticeCluster) -> None:
    assert practice.refusal(server.data, user=LIVE.user, password="s3cret", database=LIVE.name) is None
    refused = practice.refusal(server.data, user=LIVE.user, password="other", database=LIVE.name)
    assert refused is not None
    assert refused.endswith(f'FATAL:  password authentication failed for user "{LIVE.user}"')


# --- what it keeps, and what it cannot ----------------------------------------------------------------------------


def test_a_second_start_keeps_data_and_password(server: PracticeCluster) -> None:
    server.answer("CREATE TABLE diary (note text); INSERT INTO diary VALUES ('kept')")
    again = PracticeCluster(server.data, {"POSTGRES_PASSWORD": "other"})
    assert again.answer("SELECT note FROM diary") == "kept"
    assert practice.refusal(server.data, user=LIVE.user, password="s3cret", database=LIVE.name) is None


def test_a_first_start_that_was_killed_is_begun_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    Cluster(data).make("somebody", "x")  # and killed before it was sealed
    assert PracticeCluster(data).answer("SELECT current_user") == LIVE.user


def test_without_a_password_there_is_no_first_start(tmp_path: Path) -> None:
    with pytest.raises(practice.InitialisationRefused, match="POSTGRES_PASSWORD is not set"):
        practice.initialise(tmp_path, {"POSTGRES_DB": LIVE.name})


def test_without_a_cluster_nobody_answers(tmp_path: Path) -> None:
    streams = {"stdin": io.BytesIO(), "stdout": io.BytesIO(), "stderr": io.BytesIO()}
    login = ("--username=fitnessapp_user", "--dbname=fitnessapp")
    assert practice.run(["pg_isready", "--quiet", *login], data=tmp_path, environment={}, **streams) == 2
    assert practice.run(["pg_dump", *login], data=tmp_path, environment={}, **streams) == 1
    assert b"No such file or directory" in streams["stderr"].getvalue()


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        (("initdb",), 2),
        (("pg_dump", "--format=directory", "--file=out", LIVE.name), 2),
        (("pg_dump", "--jobs=2", LIVE.name), 2),
        (("pg_restore", "--list", "/backup/yesterday.dump"), 2),
        (("psql", "--no-such-option"), 3),
        (("psql", "-U", LIVE.user, "-d", LIVE.name, "-c", "\\dt"), 3),
        (
            (
                "psql",
                "-U",
                LIVE.user,
                "-d",
                LIVE.name,
                "-c",
                "CREATE FUNCTION f() RETURNS int AS '' LANGUAGE sql",
            ),
            3,
        ),
        (("psql", "-U", LIVE.user, "-d", LIVE.name, "-c", "SELECT no_such_function(1)"), 3),
        (("psql", "-U", LIVE.user, "-d", LIVE.name, "-c", "SELEC 1"), 3),
    ],
)
def test_what_it_cannot_do_it_never_pretends_to_have_done(
    server: PracticeCluster, argv: tuple[str, ...], status: int
) -> None:
    done = server.run(*argv)
    assert (done.status, done.stdout) == (status, b"")
    assert done.stderr.startswith("practice postgres: cannot ")


def test_a_column_takes_only_what_it_is_for(server: PracticeCluster) -> None:
    server.answer("CREATE TABLE t (n int, b boolean)")
    assert server.script("INSERT INTO t (n) VALUES ('abc')").status == 3
    assert server.script("INSERT INTO t (b) VALUES ('perhaps')").status == 3
    assert server.answer("SELECT count(*) FROM t") == "0"


def test_createdb_and_dropdb_say_what_went_wrong(server: PracticeCluster) -> None:
    assert server.run("createdb", "-U", LIVE.user, "scratch").status == 0
    twice = server.run("createdb", "-U", LIVE.user, "scratch")
    assert (
        twice.stderr
        == 'createdb: error: database creation failed: ERROR:  database "scratch" already exists\n'
    )
    assert server.run("dropdb", "-U", LIVE.user, "scratch").status == 0
    assert server.run("dropdb", "-U", LIVE.user, "scratch").status == 1
    assert server.run("dropdb", "--if-exists", "-U", LIVE.user, "scratch").status == 0
