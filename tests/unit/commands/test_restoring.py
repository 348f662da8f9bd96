"""R-DB-5: what may be made, renamed to and dropped beside a live database."""

from __future__ import annotations

import pytest

from services.commands import docker, own_settings, postgres
from services.commands.postgres import aside
from services.commands.shapes import Shape
from services.engines.postgres import Postgres
from services.projects import Database

DB = Database(name="fitnessapp", user="fitnessapp_user")
ID = "fe7dc6a4cd33"
SHAPE = Shape("UTF8", "en_US.utf8", "en_US.utf8")
NEW = "fitnessapp_restore_k3f9"


def test_the_dump_goes_into_the_new_database_and_stops_at_the_first_error() -> None:
    assert postgres.load(ID, DB, "fitnessapp_user", NEW, "opsgate:op-1").render() == (
        f"docker exec --interactive --env PGAPPNAME=opsgate:op-1 --env LC_ALL=C -- {ID} pg_restore --exit-on-error --no-owner"
        f" --role=fitnessapp_user --no-password --username=fitnessapp_user --dbname={NEW}"
    )


def test_a_superuser_gives_everything_back_to_its_own_owner() -> None:
    built = postgres.load(ID, DB, None, NEW, "opsgate:op-1")
    assert not [word for word in built.argv if "owner" in word or "--role" in word]


@pytest.mark.parametrize("name", ["fitnessapp", "postgres", "fitnessapp_drill_k3f9", "fitnessapp_copy_k3f9"])
def test_settings_are_copied_only_into_a_database_that_may_become_the_live_one(name: str) -> None:
    with pytest.raises(ValueError, match="live one"):
        own_settings.copy(ID, DB, name)


def test_settings_are_copied_without_any_name_or_value_in_the_sql() -> None:
    """A search_path can hold SQL: `a;DROP/**/...` passes as a list of names."""
    built = own_settings.copy(ID, DB, NEW)
    sql = built.argv[-1]
    assert "fitnessapp" not in sql
    assert f"PGOPTIONS=-c opsgate.live=fitnessapp -c opsgate.incoming={NEW} -c search_path=" in built.argv
    assert "SET %I FROM CURRENT" in sql
    assert "SET %I TO %L" in sql


@pytest.mark.parametrize("name", ["fitnessapp", "postgres", "other_restore_k3f9", "fitnessapp_copy_k3f9"])
def test_nothing_is_loaded_into_a_database_that_is_not_ours(name: str) -> None:
    with pytest.raises(ValueError, match="keeps beside the live one"):
        postgres.load(ID, DB, "fitnessapp_user", name, "opsgate:op-1")


def test_a_new_database_is_empty_and_stores_text_as_the_live_one_does() -> None:
    assert postgres.create(ID, DB, "fitnessapp_user", NEW, SHAPE).argv[-1] == (
        'CREATE DATABASE "fitnessapp_restore_k3f9" WITH OWNER "fitnessapp_user" TEMPLATE template0'
        " ENCODING 'UTF8' LC_COLLATE 'en_US.utf8' LC_CTYPE 'en_US.utf8'"
    )


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, ""),
        ({"provider": "c"}, " LOCALE_PROVIDER libc"),
        ({"icu": "und-u-ks-level2"}, " LOCALE_PROVIDER icu ICU_LOCALE 'und-u-ks-level2'"),
        (
            {"provider": "i", "icu": "de", "rules": "&a < g\n& '\\u0041'"},
            r" LOCALE_PROVIDER icu ICU_LOCALE 'de' ICU_RULES E'&a < g\n& ''\\u0041'''",
        ),
        ({"provider": "b", "builtin": "C.UTF-8"}, " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"),
        ({"provider": "c", "tablespace": 'fast "ssd'}, ' LOCALE_PROVIDER libc TABLESPACE "fast ""ssd"'),
    ],
)
def test_a_new_database_sorts_and_lies_as_the_live_one_whatever_template0_does(
    told: dict[str, str], said: str
) -> None:
    built = postgres.create(ID, DB, "fitnessapp_user", NEW, Shape("UTF8", "C", "C", **told))
    assert built.argv[-1].endswith(f" LC_COLLATE 'C' LC_CTYPE 'C'{said}")


def test_a_drills_own_server_has_none_of_the_live_ones_tablespaces() -> None:
    shape = {"encoding": "UTF8", "collate": "C", "ctype": "C", "tablespace": "fast"}
    for tablespaces in (True, False):
        built = Postgres(ID, DB, tablespaces=tablespaces).create(NEW, shape)
        assert built is not None
        assert ("TABLESPACE" in built.argv[-1]) is tablespaces


def test_the_server_speaks_english_of_a_load_where_the_worker_may_ask_for_it() -> None:
    english = "PGOPTIONS=-c lc_messages=C"
    for form in ("custom", "plain"):
        for own, tablespaces, may in ((False, True, True), (True, True, False), (True, False, True)):
            built = Postgres(ID, DB, tablespaces=tablespaces).load(NEW, "opsgate:op-1", form, own=own)
            assert "LC_ALL=C" in built.argv
            assert (english in built.argv) is may


def test_names_come_in_utf8_and_a_dump_in_its_databases_encoding() -> None:
    """Not every text of a LATIN1 or WIN1251 database has a place in UTF-8: a dump must not fail for that."""
    assert "PGCLIENTENCODING=UTF8" in postgres.rows(ID, DB, 20).argv
    for built in (postgres.printing(ID, DB), postgres.dump(ID, DB, "opsgate:op-1")):
        assert not any("ENCODING" in word for word in built.argv)


@pytest.mark.parametrize("odd", ["C' x", "C'; DROP DATABASE fitnessapp; --", "", "a" * 64])
def test_a_locale_that_could_end_its_quotes_is_refused(odd: str) -> None:
    with pytest.raises(ValueError, match="locale"):
        postgres.create(ID, DB, "fitnessapp_user", NEW, Shape("UTF8", odd, "C"))


def test_the_swap_is_two_renames_in_one_transaction_behind_the_end_of_all_sessions() -> None:
    built = postgres.swap(ID, DB, incoming=NEW, outgoing="fitnessapp_before_k3f9")
    assert "--single-transaction" in built.argv
    assert "--dbname=postgres" in built.argv
    assert "PGOPTIONS=-c opsgate.live=fitnessapp -c opsgate.incoming=fitnessapp_restore_k3f9" in built.argv
    commands = [built.argv[n + 1] for n, word in enumerate(built.argv) if word == "--command"]
    assert "pg_terminate_backend" in commands[0]
    assert commands[1:] == [
        'ALTER DATABASE "fitnessapp" RENAME TO "fitnessapp_before_k3f9"',
        'ALTER DATABASE "fitnessapp_restore_k3f9" RENAME TO "fitnessapp"',
    ]


@pytest.mark.parametrize(
    "names",
    [
        {"incoming": "other", "outgoing": "fitnessapp_before_k3f9"},
        {"incoming": NEW, "outgoing": "mine"},
        {"incoming": "fitnessapp", "outgoing": "fitnessapp_before_k3f9"},
    ],
)
def test_only_databases_of_ours_change_places_with_the_live_one(names: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="keeps beside the live one"):
        postgres.swap(ID, DB, **names)


def test_a_database_of_ours_can_be_dropped() -> None:
    built = postgres.drop(ID, DB, NEW)
    commands = [built.argv[n + 1] for n, word in enumerate(built.argv) if word == "--command"]
    drop = f'DROP DATABASE IF EXISTS "{NEW}"'
    assert (commands[0], commands[-1]) == (f"{drop} WITH (FORCE)", drop)
    quiet = "-c client_min_messages=warning"
    assert f"PGOPTIONS=-c opsgate.live={NEW} -c opsgate.incoming={NEW} {quiet}" in built.argv
    assert "--set=ON_ERROR_STOP=0" in built.argv


@pytest.mark.parametrize(
    "name",
    [
        "fitnessapp",
        "postgres",
        "template1",
        "another_before_k3f9",
        "fitnessapp_before_",
        'x"; DROP DATABASE fitnessapp',
        "fitnessapp_before_k3f9 ",
        "FITNESSAPP_before_k3f9",
    ],
)
def test_no_database_that_people_made_can_be_dropped(name: str) -> None:
    with pytest.raises(ValueError):
        postgres.drop(ID, DB, name)


def test_a_live_database_that_looks_like_one_of_ours_cannot_be_dropped() -> None:
    with pytest.raises(ValueError):
        postgres.drop(ID, DB.model_copy(update={"name": NEW}), NEW)


def test_names_fit_into_what_postgresql_keeps() -> None:
    longest = "x" * 63
    name = aside(longest, "before", "k3f9")
    assert name == "x" * 51 + "_before_k3f9"
    assert len(name) == 63
    assert postgres.drop(ID, Database(name=longest, user="u"), name)
    assert aside("fitnessapp", "undone", "k3f9") == "fitnessapp_undone_k3f9"


def test_what_is_renamed_is_not_what_one_is_connected_to() -> None:
    assert "--dbname=template1" in postgres.databases(ID, Database(name="postgres", user="u")).argv
    assert "--dbname=postgres" in postgres.databases(ID, DB).argv


def test_counting_rows_ends_by_itself() -> None:
    assert "PGOPTIONS=-c statement_timeout=20s" in postgres.rows(ID, DB, 20).argv


def test_an_archive_is_counted_from_its_data() -> None:
    assert postgres.archive_data(ID).render() == (
        f"docker exec --interactive -- {ID} pg_restore --data-only --file=-"
    )


def test_a_container_is_restarted_by_id() -> None:
    assert docker.restart_container(ID).render() == f"docker restart -- {ID}"
