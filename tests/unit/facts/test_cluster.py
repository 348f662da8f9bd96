"""What PostgreSQL says about itself, as recorded from 15.18."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.errors import HostError
from services.facts.cluster import LARGE_OBJECTS, parse_cluster, parse_copied, parse_names, parse_rows

RECORDED: dict[str, Any] = {
    "owns": True, "size": 7658855, "user": "fitnessapp_user", "super": True, "version": "15.18 (Debian 15.18-0+deb12u1)",
    "createdb": True, "encoding": "UTF8", "settings": [], "first_user": "fitnessapp_user",
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


def test_names_come_one_per_line() -> None:
    assert parse_names(b"fitnessapp\npostgres\n\n") == {"fitnessapp", "postgres"}
