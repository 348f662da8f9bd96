"""The PostgreSQL server and its databases, as postgres.facts, postgres.databases and postgres.rows print them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.errors import HostError
from services.facts.models import Model

_COUNTED = re.compile(r"(?P<rows>\d+) COPY (?P<table>.*)")
_SUMMED = re.compile(r"([0-9a-f]{64})  -")
_OBJECTS = re.compile(r"\d+ LARGE OBJECTS")
_NAME = r'(?:"(?:[^"]|"")*"|[^\s".(]+)'
_TABLE = re.compile(rf"{_NAME}\.{_NAME}")

_ENCODED = re.compile(r"SET client_encoding = '([A-Z0-9_]+)';")

BREAK = "\x01"
"""The agent puts it where a name has a line break."""
LARGE_OBJECTS = "large objects"
"""Stands among the tables for all large objects: no table is called so without quotes."""


class Cluster(Model):
    """The PostgreSQL server as one login sees it, and the database that it is connected to. `size` is bytes."""

    user: str
    may_all: bool  # superuser
    may_swap: bool  # may create databases and rename this one
    first_user: str  # who the cluster was made by: a superuser
    version: str
    size: int
    encoding: str
    collate: str
    ctype: str
    icu: str | None = None
    provider: str | None = None  # of locales: c, i or b; None before PostgreSQL 15
    rules: str | None = None  # what was added to the ICU locale
    builtin: str | None = None  # the locale of PostgreSQL's own provider
    tablespace: str | None = None  # unless it is the default one, or this login may not make databases there
    for_superusers: frozenset[str] = frozenset()  # extensions that nobody else may make
    made_by_superusers: bool = False  # event triggers, or a publication of all tables
    own_settings: tuple[str, ...] = ()  # names of what ALTER DATABASE … SET and GRANT … ON DATABASE changed


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the database server and a dump. Without a running database there is no cluster to see."""

    cluster: Cluster | None = None
    worker: str = ""  # the role that may create databases and rename the live one; empty: none may
    beyond: tuple[str, ...] = ()  # extensions of the backup that the worker may not make
    databases: frozenset[str] = frozenset()
    rows: dict[str, int] | None = None  # by table; None: unknown
    dump: tuple[int, str] | None = (
        None  # size in bytes and SHA-256; the hash is empty when it was not asked for
    )
    dump_is_here: bool = False  # the host has none that will do: it is our own copy, to be sent back
    dump_is_damaged: bool = False  # the host has one that is not what was proven; another takes its place
    brought_from: str = (
        ""  # neither the host nor we have one that will do: the off-site place with a plain copy
    )
    docker_room: tuple[str, int] | None = None  # where Docker keeps its data, and the bytes free there


_CODECS = {
    **{f"LATIN{n}": f"iso8859-{part}" for n, part in enumerate((1, 2, 3, 4, 9, 10, 13, 14, 15, 16), 1)},
    **{f"ISO_8859_{n}": f"iso8859-{n}" for n in range(5, 9)},
    **{f"WIN{n}": f"cp{n}" for n in (866, 874, *range(1250, 1259))},
    "KOI8R": "koi8-r",
    "KOI8U": "koi8-u",
    "SJIS": "shift-jis",
    "BIG5": "big5",
    "GBK": "gbk",
    "UHC": "cp949",
    "EUC_JP": "euc-jp",
    "EUC_KR": "euc-kr",
    "EUC_CN": "gb2312",
    "JOHAB": "johab",
    "GB18030": "gb18030",
}
"""What Python calls PostgreSQL's encodings; text in others is taken for UTF-8."""


def _json(output: bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(output)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise HostError("error-host-answer", detail=f"{what}: {output[:200]!r}")
    return found


def parse_cluster(output: bytes) -> Cluster:
    """Raises HostError for an answer that is not one. Column names of pg_database vary with the version."""
    found = _json(output, "facts of the database")
    try:
        database: Mapping[str, Any] = found["database"]
        settings = [*found["settings"], *(["GRANT"] if database["datacl"] else [])]
        if database["datconnlimit"] != -1:
            settings.append("CONNECTION LIMIT")
        return Cluster(
            user=found["user"],
            may_all=found["super"],
            may_swap=found["super"] or (found["createdb"] and found["owns"]),
            first_user=found["first_user"] or "",
            version=found["version"].split(" ", 1)[0],
            size=found["size"],
            encoding=found["encoding"],
            collate=database["datcollate"],
            ctype=database["datctype"],
            **_locale(database),
            tablespace=found["tablespace"],
            for_superusers=frozenset(found["for_superusers"]),
            made_by_superusers=found["made_by_superusers"] > 0,
            own_settings=tuple(settings),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise HostError("error-host-answer", detail=f"facts of the database: {error!r}") from error


def _locale(database: Mapping[str, Any]) -> dict[str, str | None]:
    """PostgreSQL 15 calls it daticulocale, 17 datlocale, whichever provider's it is."""
    provider = database.get("datlocprovider")
    locale = database.get("datlocale") or database.get("daticulocale")
    found: dict[str, str | None] = {"provider": provider}
    if provider == "i":
        found |= {"icu": locale, "rules": database.get("daticurules")}
    elif provider == "b":
        found |= {"builtin": locale}
    return found


def parse_rows(output: bytes) -> dict[str, int]:
    """Rows by table. Raises HostError for an answer that is not one."""
    found = _json(output, "rows")
    if not all(isinstance(count, int) for count in found.values()):
        raise HostError("error-host-answer", detail=f"rows: {output[:200]!r}")
    return dict(sorted(found.items()))


def parse_printing(output: bytes) -> dict[str, str]:
    """Settings by name. Raises HostError for an answer that is not one."""
    return {name: str(value) for name, value in _json(output, "settings").items()}


def parse_names(output: bytes) -> set[str]:
    """Names of databases, one per line."""
    return set(output.decode("utf-8", "backslashreplace").split("\n")) - {""}


@dataclass(frozen=True, slots=True)
class TableData:
    """What COPY blocks hold, by table ("schema.table" as SQL quotes it).

    `sums` are SHA-256 of the lines, also one for all LARGE_OBJECTS; None where not every block was summed.
    """

    rows: dict[str, int]
    sums: dict[str, str] | None


def parse_copied(log: bytes) -> TableData:
    """From the agent's `copy-rows`; other lines are what pg_restore or pg_dump said besides.

    Names come in the encoding of what was printed, which the agent tells first. Bytes that are none of its characters
    are written out: two names are never one.
    """
    rows: dict[str, int] = {}
    sums: dict[str, str | None] = {}
    last = objects = None
    codec = "utf-8"
    for one in log.split(b"\n"):
        line = one.decode(codec, "backslashreplace")
        if told := _ENCODED.fullmatch(line):
            codec = _CODECS.get(told[1], "utf-8")
        elif summed := _SUMMED.fullmatch(line):
            last = summed[1]
        elif (found := _COUNTED.fullmatch(line)) and (
            table := _TABLE.match(found["table"].replace(BREAK, "\n"))
        ):
            rows[table[0]] = int(found["rows"])
            sums[table[0]], last = last, None
        elif _OBJECTS.fullmatch(line):
            objects, last = last, None
    known = {table: each for table, each in sorted(sums.items()) if each}
    if len(known) < len(rows):
        return TableData(dict(sorted(rows.items())), None)
    return TableData(dict(sorted(rows.items())), known | ({LARGE_OBJECTS: objects} if objects else {}))
