"""R-DB-4: a plain dump counts only when it is whole, and holds nothing that psql would obey."""

from __future__ import annotations

import io
import time

import pytest

from services.backups import plain_sql
from services.backups.plain_sql import Seen, check
from services.errors import BadInput

START = b"--\n-- PostgreSQL database dump\n--\n\\restrict 1aB\n\n-- Dumped from database version 15.18 (Debian)\n\nSET standard_conforming_strings = on;\n"
END = b"--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict 1aB\n\n"


def look(body: bytes, end: bytes = END) -> Seen:
    return check(io.BytesIO(START + body + end), "some.sql")


def refusal(body: bytes, end: bytes = END) -> tuple[str, int]:
    """Why, and how many lines below the start."""
    with pytest.raises(BadInput) as caught:
        look(body, end)
    args = caught.value.phrase.args
    return str(args.get("why", caught.value.phrase.id)), int(args.get("line", 0)) - START.count(b"\n")


def test_what_pg_dump_writes_is_taken_and_its_rows_are_counted() -> None:
    """Tables by the names that SQL quotes, the server's version, rows with every escape of pg_dump's."""
    body = (
        b'COPY public.plans (id, "Title") FROM stdin;\n1\tone\\ttwo\\\\\n2\t\\N\n3\t\\b\\f\\n\\r\\v\n\\.\n\n'
        b'COPY "Odd one"."T;1" FROM stdin;\n\\.\n'
        b"SELECT pg_catalog.setval('public.plans_id_seq', 3, true);\n"
    )
    assert look(body) == Seen("15.18", {"public.plans": 3, '"Odd one"."T;1"': 0})


PATH = b"SET search_path = app, pg_catalog;\n"


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"COPY t (a) FROM stdin;\n1\n\\.\n", None),
        (b"COPY public.s (a) FROM stdin;\n1\n\\.\nCOPY t (a) FROM stdin;\n1\n\\.\n", None),
        (PATH + b"COPY t (a) FROM stdin;\n1\n\\.\n", {"app.t": 1}),
        (PATH + b"COPY public.t (a) FROM stdin;\n1\n\\.\n", {"public.t": 1}),
        (PATH + b"SET search_path TO other, app;\nCOPY t (a) FROM stdin;\n1\n\\.\n", None),
        (PATH + b"RESET search_path;\nCOPY t (a) FROM stdin;\n1\n\\.\n", None),
        (
            PATH + b"SELECT pg_catalog.set_config('search_path', '', false);\nCOPY t FROM stdin;\n\\.\n",
            None,
        ),
        (
            PATH + b"CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path TO x AS $$ SELECT 1 $$;\n"
            b"CREATE TABLE t (reset int);\nCOPY t (reset) FROM stdin;\n1\n\\.\n",
            {"app.t": 1},
        ),
        (b"SELECT '\nSET search_path = app;\n';\nCOPY t (a) FROM stdin;\n1\n\\.\n", None),
    ],
)
def test_rows_of_a_table_whose_schema_nobody_tells_are_unknown(
    body: bytes, rows: dict[str, int] | None
) -> None:
    """A restored database tells its tables with their schemas: without one they would never be the same."""
    assert look(body).rows == rows


@pytest.mark.parametrize(
    "body",
    [
        b"CREATE FUNCTION f() RETURNS text AS $_$ SELECT '\\d \\! $$ it''s' $_$ LANGUAGE sql;\n",
        b"CREATE FUNCTION f() RETURNS text AS $a$ BEGIN; \\connect x\nCOMMIT; $a$ LANGUAGE sql;\n",
        b"COMMENT ON TABLE t IS 'a \\! b; DROP ROLE x; ''quoted''';\n",
        b"COMMENT ON TABLE t IS E'two\\\\';\n",
        b'CREATE TABLE "a \\! b" (x integer);\n',
        b"/* \\! /* nested */ \\! */ SET x = 1;\n",
        b"-- \\! in a comment\n",
        b"CREATE USER MAPPING FOR u SERVER s;\n",
        b"SELECT a$$b FROM t$1;\n",
        b"SET client_encoding = 'UTF8';\nSELECT pg_catalog.set_config('search_path', '', false);\n",
        b"CREATE TABLE t (\n    begin date,\n    price numeric DEFAULT 1e-5--small\n);\n",
        b"CREATE FUNCTION f(begin date) RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$;\n",
        "COMMENT ON TABLE t IS 'Б';\n".encode(),
        b'COPY public.t (id, "Odd (one", "x""y") FROM stdin;\n\\.\n',
        b"COPY t (a, b) FROM stdin;\r\n1\t2\r\n\\.\r\n",
        b"COPY t FROM stdin;\n; \t'unbalanced \" ( $$ -- rows are only rows\n\\.\n",
    ],
)
def test_nothing_of_a_good_dump_is_refused(body: bytes) -> None:
    look(body)


@pytest.mark.parametrize(
    "body",
    [
        b"\\! id\n",
        b"\\connect other\n",
        b"\\c other\n",
        b"  \\! id\n",
        b"SELECT 1 \\g |sh\n",
        b"SELECT 1\n\\gexec\n",
        b"\\copy t from program 'id'\n",
        b"\\o |sh\n",
        b"\\i /etc/passwd\n",
        b"\\restrict x\\! id\n",
        b"\\restrict a b\n",
        b"\\.\n",
        b"SET x = 1; \\! id\n",
        b"-- a comment that a carriage return ends\r\\! id\n",
        b"/* ended */ \\! id\n",
        b"SELECT 'closed' \\! id\n",
        b'SELECT "closed" \\! id\n',
        b"SELECT $a$ $b$ $a$ \\! id\n",
        b"SELECT (\n\\restrict x\n);\n",
        b"COPY t (a -- ) FROM stdin;\n\\t `id`\n);\n",  # psql sees a comment, and so no rows in what follows
        b"COPY t (a /* ) FROM stdin;\n*/ \\t `id`\n);\n",
        b'COPY t (a, "b) FROM stdin;\n"\\t `id`\n);\n',
    ],
)
def test_no_command_of_psql_gets_through(body: bytes) -> None:
    """The attack: psql runs programs for whoever writes a backslash outside of quotes."""
    assert refusal(body)[0] == "command"


@pytest.mark.parametrize(
    "body",
    [
        b"SELECT '\\' || ' \\! id';\n",  # standard strings or not: where does the first one end?
        b"SELECT E'\\'' \\! id\n",
        b"SELECT E'\x83\\\\' \\! id';\n",  # in some encodings the first backslash belongs to the letter
    ],
)
def test_a_quote_that_can_be_read_in_two_ways_is_refused(body: bytes) -> None:
    assert refusal(body) == ("quote", 1)


@pytest.mark.parametrize(
    "body",
    [
        b"SELECT 1$$ \\! id $$;\n",
        b"SELECT $1$ x;\n",
        b"SELECT );\n",
        b"SELECT $1a$b$ ' $b$ \\! id ' ;\n",  # from 15 on psql sees $b$ open and close: then a command
        b"SELECT 1a$b$ ' $b$ \\! id ' ;\n",
        b"SELECT 1e5$b$ ' $b$ \\! id ' ;\n",
        b"SELECT 1.e$b$ ' $b$ \\! id ' ;\n",
        b"SELECT 1e--'\n' \\! id '';\n",  # from 15 on psql sees a number cut short, and then a quote
        b"SELECT 0x1e--'\n' \\! id '';\n",
        b"COMMENT ON TABLE t IS 'a\0';\n\\! id\n';\n",  # psql reads no further than the NUL
    ],
)
def test_what_servers_read_differently_is_refused(body: bytes) -> None:
    assert refusal(body)[0] == "odd"


def test_a_nul_beyond_the_beginning_is_refused_among_rows_too() -> None:
    """psql takes the next line for the rest of this one: a `\\.` there would end the rows for us alone."""
    assert refusal(b"COPY t FROM stdin;\n1\0\n\\.\n")[0] == "data"


def test_a_mark_of_unicode_at_the_beginning_is_refused() -> None:
    """psql skips it and sees COPY; we would see a word of another name, and rows would be SQL."""
    attack = b"\xef\xbb\xbfCOPY information_schema.sql_parts FROM stdin;\nx '\n\\.\n\\! id\n';\n"
    with pytest.raises(BadInput):
        check(io.BytesIO(attack + END), "some.sql")


def test_rows_end_only_where_psql_sees_their_end() -> None:
    """Some servers end the rows at `\\.` and a carriage return; psql goes on sending until its own end of rows."""
    assert refusal(b"COPY t FROM stdin;\n\\.\r\r\nSELECT '\n\\.\n\\! id\n';\n")[0] == "data"


@pytest.mark.parametrize("create", [b"CREATE FUNCTION f()", b"create or replace procedure f(begin date)"])
def test_a_body_in_which_semicolons_end_nothing_is_refused(create: bytes) -> None:
    """psql of 14 and later is still inside of the function, and obeys what we would take for rows."""
    body = b" LANGUAGE sql\nBEGIN ATOMIC SELECT 1;\nCOPY t FROM stdin;\n\\t `id`\n\\.\n"
    assert refusal(create + body)[0] == "server"


@pytest.mark.parametrize(
    "body",
    [
        b"SET client_encoding = 'SJIS';\n",  # in it \x81 swallows the quote behind it
        b"SET client_encoding TO big5;\n",
        b"SET \"client_encoding\" = 'GBK';\n",
        b"set names 'SJIS';\n",
        b"SELECT pg_catalog.set_config('client_encoding', 'SJIS', false);\n",
        b"RESET ROLE;\n",
        b"SET ROLE postgres;\n",
        b"SET SESSION AUTHORIZATION postgres;\n",
        b"RESET ALL;\n",
    ],
)
def test_what_changes_who_loads_or_how_letters_are_read_is_refused(body: bytes) -> None:
    """The stack's role loads it, though a superuser logged in."""
    assert refusal(body)[0] == "login"


@pytest.mark.parametrize(
    "rows", [b"\\! id\n", b"1\t\\connect x\n", b"1\n\\g\n", b"\\o |sh\n", b"1 \\\\\\! id\n", b"\\copy x\n"]
)
def test_even_what_looks_like_rows_holds_no_command(rows: bytes) -> None:
    """Should psql ever not take the rows for rows, there is still nothing in them that it would obey."""
    assert refusal(b"COPY t FROM stdin;\n" + rows + b"\\.\n")[0] == "data"


@pytest.mark.parametrize(
    "body",
    [
        b"COPY t FROM PROGRAM 'id';\n",
        b"COPY t TO PROGRAM 'sh';\n",
        b"copy t from '/etc/passwd';\n",
        b"COPY t\nFROM stdin;\n",
        b"COPY t FROM stdin; \n1\n",
        b"COPY (SELECT 1) TO stdout;\n",
    ],
)
def test_copy_is_taken_only_as_pg_dump_writes_it(body: bytes) -> None:
    assert refusal(body)[0] == "copy"


@pytest.mark.parametrize(
    "body",
    [
        b"ALTER ROLE u SUPERUSER;\n",
        b"create /* x */ database d;\n",
        b"DROP\nDATABASE d;\n",
        b"CREATE USER u;\n",
        b"ALTER SYSTEM SET x = 1;\n",
        b"CREATE TABLESPACE x LOCATION '/';\n",
        b"COMMIT;\n",
        b"BEGIN;\n",
        b"rollback;\n",
        b"LOAD '/x.so';\n",
    ],
)
def test_what_is_about_the_whole_server_is_refused(body: bytes) -> None:
    assert refusal(body)[0] == "server"


def test_the_line_is_the_one_that_is_refused() -> None:
    rows = b"".join(b"%d\n" % number for number in range(5000))
    assert refusal(b"SET x = 1;\nCOPY t FROM stdin;\n" + rows + b"\\.\n\n\\! id\n") == ("command", 5005)


def test_a_statement_inside_parentheses_does_not_hide_rows() -> None:
    """psql would not end the statement there, and read the rows as commands."""
    assert refusal(b"SELECT (\nCOPY t FROM stdin;\n1\n\\.\n);\n")[0] == "command"


def test_inserts_leave_the_rows_unknown() -> None:
    assert look(b"INSERT INTO t VALUES (1, 'x;y');\n").rows is None


@pytest.mark.parametrize(
    ("body", "end"),
    [
        (b"SET x = 1;\n", b""),
        (b"SET x = 1;\n", END[:30]),
        (b"COPY t FROM stdin;\n1\n", b""),
        (b"COPY t FROM stdin;\n1\n" + END.replace(b"\\", b""), b""),
        (b"COMMENT ON TABLE t IS 'open\n", END),
        (b"/* open\n", END.replace(b"\\", b"")),
        (b"SELECT 1\n", END.replace(b"\\unrestrict 1aB\n", b"")),
    ],
)
def test_a_dump_that_was_cut_is_refused(body: bytes, end: bytes) -> None:
    """R-DB-4: also where the last words stand inside of something that never ended."""
    assert refusal(body, end)[0] == "error-import-cut"


def test_every_cut_of_a_dump_is_refused() -> None:
    """R-DB-4: byte by byte, until the line that says it is complete."""
    whole = START + b"CREATE TABLE t (x text DEFAULT 'a');\nCOPY public.t FROM stdin;\n1\n2\n\\.\n" + END
    complete = whole.index(b"complete") + len(b"complete")
    for size in range(complete):
        with pytest.raises(BadInput):
            check(io.BytesIO(whole[:size]), "some.sql")
    assert check(io.BytesIO(whole), "some.sql").rows == {"public.t": 2}


def test_a_row_of_any_length_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut between a backslash and its letter too."""
    monkeypatch.setattr(plain_sql, "PIECE", 7)
    assert look(b"COPY public.t FROM stdin;\n" + b"123456\\n" * 50 + b"\n12345\\\\67\n\\.\n").rows == {
        "public.t": 2
    }
    assert refusal(b"COPY t FROM stdin;\n123456\\!\n\\.\n")[0] == "data"


@pytest.mark.parametrize(
    "body",
    [
        b"COMMENT ON TABLE t IS '" + b"\\" * 2_000_000 + b" ';\n",
        b"COMMENT ON TABLE t IS '" + b"\\ '' " * 400_000 + b"';\n",
    ],
)
def test_no_line_takes_long_to_read(body: bytes) -> None:
    """A file that keeps us busy for days would keep the terminal, too."""
    began = time.monotonic()
    look(body)
    assert time.monotonic() - began < 20


def test_a_name_that_never_ends_is_given_up_soon() -> None:
    began = time.monotonic()
    assert refusal(b'COPY "' + b'""a' * 1_000_000 + b'\n";\n')[0] == "copy"
    assert time.monotonic() - began < 20


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_sql, "LONGEST", 100)
    assert refusal(b"SELECT '" + b"x" * 200 + b"';\n")[0] == "long"
