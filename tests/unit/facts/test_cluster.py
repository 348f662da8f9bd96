"""What PostgreSQL says about itself, as recorded from 15.18."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.errors import HostError
from services.facts.cluster import LARGE_OBJECTS, parse_cluster, parse_copied, parse_names, parse_rows

RECORDED: dict[str, Any] = {
    "owns": True, "size": 7658855, "user": "fitnessapp_user", "super": True, "version": "15.18 (Debian 15.18-0+deb12u1)",
    "createdb": True, "encoding": "UTF8", "settings": [], "first_user": "fitnessapp_user", "tablespace": None,
    "for_superusers": ["dblink", "pg_stat_statements"], "made_by_superusers": 0,
    "database": {
        "oid": "13572", "datacl": None, "datdba": "10", "datname": "fitnessapp", "datctype": "C.UTF-8", "encoding": 6,
        "datcollate": "C.UTF-8", "datminmxid": "1", "datallowconn": True, "datconnlimit": -1, "datfrozenxid": "717",
        "daticulocale": None, "datistemplate": False, "dattablespace": "1663", "datcollversion": None,
        "datlocprovider": "c",
    },
}  # fmt: skip


def said(**changes: Any) -> bytes:
    return json.dumps(RECORDED | changes).encode()


def database(**changes: Any) -> dict[str, Any]:
    return {"database": RECORDED["database"] | changes}


def test_a_cluster_is_read_as_the_server_prints_it() -> None:
    cluster = parse_cluster(said())
    assert (cluster.user, cluster.may_all, cluster.may_swap) == ("fitnessapp_user", True, True)
    assert (cluster.version, cluster.size, cluster.encoding) == ("15.18", 7658855, "UTF8")
    assert (cluster.collate, cluster.ctype, cluster.icu) == ("C.UTF-8", "C.UTF-8", None)
    assert cluster.own_settings == ()


@pytest.mark.parametrize(
    ("rights", "may_swap"),
    [
        ({"super": False, "createdb": True, "owns": True}, True),
        ({"super": False, "createdb": True, "owns": False}, False),
        ({"super": False, "createdb": False, "owns": True}, False),
    ],
)
def test_a_database_is_renamed_by_its_owner_who_may_create_some(
    rights: dict[str, bool], *, may_swap: bool
) -> None:
    assert parse_cluster(said(**rights)).may_swap is may_swap


def test_the_provider_of_locales_and_the_tablespace_are_kept() -> None:
    icu = parse_cluster(said(**database(datlocprovider="i", datlocale="de", daticurules="&a < g")))
    assert (icu.provider, icu.icu, icu.rules, icu.builtin) == ("i", "de", "&a < g", None)
    builtin = parse_cluster(said(**database(datlocprovider="b", datlocale="C.UTF-8"), tablespace="fast"))
    assert (builtin.provider, builtin.icu, builtin.builtin) == ("b", None, "C.UTF-8")
    assert builtin.tablespace == "fast"


def test_what_only_a_superuser_may_make_is_told() -> None:
    cluster = parse_cluster(said(made_by_superusers=1))
    assert cluster.for_superusers == {"dblink", "pg_stat_statements"}
    assert cluster.made_by_superusers


@pytest.mark.parametrize("column", ["daticulocale", "datlocale"])
def test_an_icu_locale_is_found_under_the_name_of_either_version(column: str) -> None:
    assert parse_cluster(said(**database(datlocprovider="i", **{column: "de-AT"}))).icu == "de-AT"


def test_what_belongs_to_the_database_itself_is_named() -> None:
    found = parse_cluster(
        said(settings=["timezone"], **database(datconnlimit=20, datacl=["=Tc/fitnessapp_user"]))
    )
    assert found.own_settings == ("timezone", "GRANT", "CONNECTION LIMIT")


@pytest.mark.parametrize("output", [b"", b"[]", b"{}", b"null", b'{"database": 1, "settings": []}'])
def test_another_answer_is_an_error_and_not_a_guess(output: bytes) -> None:
    with pytest.raises(HostError):
        parse_cluster(output)


def test_rows_come_by_table() -> None:
    assert parse_rows(b'{"public.plans": 10, "\\"Odd S\\".\\"T t\\"": 0}\n') == {
        '"Odd S"."T t"': 0,
        "public.plans": 10,
    }


@pytest.mark.parametrize("output", [b"", b"[1]", b'{"a": "x"}'])
def test_rows_that_are_no_numbers_are_refused(output: bytes) -> None:
    with pytest.raises(HostError):
        parse_rows(output)


def test_the_rows_of_an_archive_are_named_as_the_server_names_them() -> None:
    log = (
        b'2 COPY public."a (b" (x, y) FROM stdin;\n0 COPY "Odd S"."T ""t" (a) FROM stdin;\npg_restore: note\n'
        b"7 COPY public.plans FROM stdin;\n"
    )
    found = parse_copied(log)
    assert found.rows == {'"Odd S"."T ""t"': 0, 'public."a (b"': 2, "public.plans": 7}
    assert found.sums is None


def test_a_sum_belongs_to_the_table_that_follows_it() -> None:
    one, two, three = ("1" * 64, "2" * 64, "3" * 64)
    log = f"{one}  -\npg_restore: note\n2 COPY public.b (x) FROM stdin;\n{two}  -\n0 COPY public.a (x) FROM stdin;\n"
    assert parse_copied(log.encode()).sums == {"public.a": two, "public.b": one}
    with_objects = f"{log}{three}  -\n4 LARGE OBJECTS\n".encode()
    assert parse_copied(with_objects).sums == {"public.a": two, "public.b": one, LARGE_OBJECTS: three}
    assert LARGE_OBJECTS not in parse_copied(with_objects).rows


def test_sums_of_some_tables_only_are_no_sums() -> None:
    log = f"{'1' * 64}  -\n2 COPY public.b (x) FROM stdin;\n0 COPY public.a (x) FROM stdin;\n"
    assert parse_copied(log.encode()).sums is None


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\v", "\f", "\r", "\x1c", "\x1d", "\x1e"])
def test_a_character_that_python_takes_for_a_line_break_loses_no_table(odd: str) -> None:
    """R-DB-3: a table that is not counted is not compared, and a drill of it would be green."""
    log = f'{"1" * 64}  -\n3 COPY public."a{odd}b" (x) FROM stdin;\n'.encode()
    found = parse_copied(log)
    assert found.rows == {f'public."a{odd}b"': 3}
    assert found.sums == {f'public."a{odd}b"': "1" * 64}
    assert parse_names(f"a{odd}b\n".encode()) == {f"a{odd}b"}


def test_a_name_with_a_line_break_is_named_as_the_server_names_it() -> None:
    assert parse_copied(b'2 COPY public."a\x01b" (x) FROM stdin;\n').rows == {'public."a\nb"': 2}


@pytest.mark.parametrize(
    ("encoding", "codec", "name"),
    [
        ("LATIN1", "latin-1", "café"),
        ("WIN1251", "cp1251", "Заказы"),
        ("LATIN9", "iso8859-15", "€"),
        ("UTF8", "utf-8", "Ж"),
    ],
)
def test_names_are_read_in_the_encoding_of_the_dump(encoding: str, codec: str, name: str) -> None:
    log = f"SET client_encoding = '{encoding}';\n1 COPY public.\"{name}\" (x) FROM stdin;\n"
    assert parse_copied(log.encode(codec)).rows == {f'public."{name}"': 1}


def test_names_in_no_known_encoding_stay_apart() -> None:
    """SQL_ASCII: the server takes any bytes."""
    log = b'SET client_encoding = \'SQL_ASCII\';\n1 COPY public."\xe9" (x) FROM stdin;\n2 COPY public."\xe8" (x) FROM stdin;\n'
    found = parse_copied(log).rows
    assert sorted(found.values()) == [1, 2]
    assert all(name.isascii() for name in found)


def test_names_come_one_per_line() -> None:
    assert parse_names(b"fitnessapp\npostgres\n\n") == {"fitnessapp", "postgres"}
