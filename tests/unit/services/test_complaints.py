"""R-SEC-4: of what PostgreSQL says while a dump is loaded, the errors stay and the values of rows go."""

from __future__ import annotations

import pytest

from services.engines.complaints import TAIL, Errors, Everything


def heard(said: str) -> str:
    hearing = Errors()
    hearing.feed(said.encode())
    return hearing.said


@pytest.mark.parametrize(
    "said",
    [
        "DETAIL:  Failing row contains (1, secret).",
        "DETAIL:  Failing row contains (1, first\nsecret second line, x).\nsecret third",
        "Command was: INSERT INTO users VALUES (1, 'secret')",
        "Command was: INSERT INTO users VALUES (1, 'x\nsecret');\n\n\n",
        "ПОДРОБНОСТИ:  Ошибочная строка содержит (1, secret).",
        'КОНТЕКСТ:  COPY users, строка 1, столбец age: "secret"',
        "DÉTAIL : La clé « (mail)=(secret) » existe déjà.",
        "Zusammenhang:  COPY users, Zeile 1: »secret«",
        'CONTEXT:  COPY users, line 1, column age: "secret"',
        "LINE 1: INSERT INTO users VALUES ('secret')",
        "HINT:  secret",
        "psql:<stdin>:7: NOTICE:  secret",
        "psql:<stdin>:7: ПОДРОБНОСТИ:  secret",
        "psql:<stdin>:7: LINE 1: INSERT INTO users VALUES ('secret')",
        "pg_restore: detail: Query was: SELECT 'secret'",
        "pg_restore: подробности: Запрос: secret",
        " setval \n--------\n secret\n",
        "secret",
    ],
)
def test_what_quotes_rows_is_left_out(said: str) -> None:
    assert heard(said) == ""


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            'pg_restore: error: COPY failed for table "users": ERROR:  invalid input syntax for type integer: "secret"',
            'pg_restore: error: COPY failed for table "users": ERROR:  invalid input syntax for type integer: …',
        ),
        (
            'psql:<stdin>:12: ERROR:  duplicate key value violates unique constraint "users_mail"',
            'psql:<stdin>:12: ERROR:  duplicate key value violates unique constraint "users_mail"',
        ),
        (
            'psql:<stdin>:12: ОШИБКА:  неверный синтаксис для типа integer: "secret"',
            "psql:<stdin>:12: ОШИБКА:  неверный синтаксис для типа integer: …",
        ),
        (
            "pg_restore: ошибка: не удалось выполнить запрос: ОШИБКА:  значение «secret» вне диапазона",
            "pg_restore: ошибка: не удалось выполнить запрос: ОШИБКА:  значение …",
        ),
        ("FEHLER:  ungültige Eingabe: »secret«", "FEHLER:  ungültige Eingabe: …"),
        (
            'ERROR:  value "secret" is out of range for type integer',
            "ERROR:  value … is out of range for type integer",
        ),
        ('ERROR:  invalid input: "it\'s "secret" b', "ERROR:  invalid input: …"),
        ("ERROR:  invalid input: \"it's secret", "ERROR:  invalid input: …"),
        (
            'ERROR:  column "age" of relation "users" is "secret"',
            'ERROR:  column "age" of relation "users" is …',
        ),
        (
            'ERROR:  could not create directory "base/5": No space left on device',
            'ERROR:  could not create directory "base/5": No space left on device',
        ),
        ("ERROR:  duplicate key (mail)=(secret) exists", "ERROR:  duplicate key (mail)=(…) exists"),
        ("psql:<stdin>:9: error: invalid command \\secret", "psql:<stdin>:9: error: invalid command …"),
        ("pg_restore: error: query failed: Command was: SELECT secret", "pg_restore: error: query failed: "),
        (
            "pg_restore: [archiver (db)] could not execute query: ERROR:  out of memory",
            "pg_restore: [archiver (db)] could not execute query: ERROR:  out of memory",
        ),
        (
            "pg_restore: from TOC entry 3456; 0 16390 TABLE DATA users app",
            "pg_restore: from TOC entry 3456; 0 16390 TABLE DATA users app",
        ),
        (
            "Error response from daemon: container fe7d is not running",
            "Error response from daemon: container fe7d is not running",
        ),
        (
            'psql: error: connection to server on socket "/run/.s.PGSQL.5432" failed: FATAL:  the server doesn\'t answer',
            'psql: error: connection to server on socket "/run/.s.PGSQL.5432" failed: FATAL:  the server doesn\'t answer',
        ),
    ],
)
def test_errors_stay_without_the_values_that_they_quote(said: str, kept: str) -> None:
    assert heard(said) == kept.rstrip()
    assert "secret" not in kept


@pytest.mark.parametrize(
    "row",
    [
        "DETAIL:  Failing row contains (job failed\n{}, null).\n",
        'CONTEXT:  COPY log, line 1, column n: "job failed\n{}"\n',
        "Command was: INSERT INTO log VALUES ('job failed\n{}');\n",
    ],
)
@pytest.mark.parametrize(
    "value",
    [
        "ERROR: secret",
        "env: secret",
        "pg_restore: error: secret",
        "psql:<stdin>:1: ERROR:  secret",
        "Error response from daemon: secret",
        "pg_restore: while secret",
    ],
)
def test_a_value_with_a_line_break_cannot_look_like_an_error(row: str, value: str) -> None:
    error = 'pg_restore: error: COPY failed for table "log": ERROR:  null value in column "n"'
    before = "pg_restore: while PROCESSING TOC:\npg_restore: from TOC entry 3; 1 2 TABLE DATA log\n"
    assert heard(before + error + "\n" + row.format(value)) == before + error


@pytest.mark.parametrize(
    "first", ["NOTICE:  bad row", "WARNING:  bad row", "psql:<stdin>:3: WARNING:  bad row"]
)
@pytest.mark.parametrize("value", ["ERROR:  secret", "sh: secret", "connection to server secret"])
def test_what_a_notice_says_in_its_second_line_is_no_error_either(first: str, value: str) -> None:
    real = "psql:<stdin>:9: ERROR:  out of memory"
    assert heard(f"{first}\n{value}\n{real}\n") == real


@pytest.mark.parametrize(
    "context",
    [
        "CONTEXT:  PL/pgSQL function whole(text) line 3 at RAISE",
        "КОНТЕКСТ:  функция PL/pgSQL whole(text), строка 3, оператор RAISE",
        'CONTEXT:  PL/Python function "whole"',
    ],
)
def test_what_a_function_of_the_database_raises_has_a_text_of_its_own(context: str) -> None:
    error = 'pg_restore: error: COPY failed for table "log": ERROR:  '
    assert heard(f"{error}bad message: secret\n{context}\nCOPY log, line 1\n") == error + "…"


def test_old_and_foreign_programs_are_heard_up_to_their_error() -> None:
    old = (
        "pg_restore: [archiver (db)] Error while PROCESSING TOC:\n"
        "pg_restore: [archiver (db)] could not execute query: ERROR:  out of memory"
    )
    russian = "pg_restore: при обработке оглавления:\npg_restore: ошибка: не удалось выполнить запрос: ОШИБКА:  нет места"
    assert heard(f"{old}\n    Command was: secret\n") == old
    assert heard(f"{russian}\nПОДРОБНОСТИ:  secret\n") == russian


def test_an_error_is_heard_however_it_comes_and_however_much_follows() -> None:
    hearing = Errors()
    for piece in (
        b"pg_restore: err",
        b"or: it broke\nCommand ",
        b"was: secret\n",
        b"secret\n" * TAIL,
        b"ERROR:  x",
    ):
        hearing.feed(piece)
    assert hearing.said == "pg_restore: error: it broke"
    long = Errors()
    long.feed(b"pg_restore: error: it broke " + b"x" * 10 * TAIL)
    assert long.said.startswith("pg_restore: error: it broke xxx")
    assert len(long.said) == TAIL


def test_of_a_program_that_never_speaks_of_rows_the_last_is_heard() -> None:
    hearing = Everything()
    hearing.feed(b"first\n" + b"x" * 10 * TAIL)
    hearing.feed(b"\nlast\n")
    assert hearing.said.endswith("x\nlast")
    assert len(hearing.said) == TAIL - 1
