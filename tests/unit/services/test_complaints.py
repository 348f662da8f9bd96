"""R-SEC-4: of what PostgreSQL says while a dump is loaded, the errors stay and the values of rows go."""

from __future__ import annotations

import pytest

from services.engines.complaints import TAIL, Heard, without_values


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
    assert without_values(said) == ""


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
    assert without_values(said) == kept + "\n"
    assert "secret" not in kept


def test_an_error_is_heard_however_it_comes_and_however_much_follows() -> None:
    heard = Heard(without_values)
    for piece in (
        b"pg_restore: err",
        b"or: it broke\nCommand ",
        b"was: secret\n",
        b"secret\n" * TAIL,
        b"ERROR:  last",
    ):
        heard.feed(piece)
    assert heard.said == "pg_restore: error: it broke\nERROR:  last"
