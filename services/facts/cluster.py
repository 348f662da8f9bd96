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
_NAME = r'(?:"(?:[^"]|"")*"|[^\s".(]+)'
_TABLE = re.compile(rf"{_NAME}\.{_NAME}")


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
    own_settings: tuple[str, ...] = ()  # names of what ALTER DATABASE … SET and GRANT … ON DATABASE changed


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the database server and a dump. Without a running database there is no cluster to see."""

    cluster: Cluster | None = None
    worker: str = ""  # the role that may create databases and rename the live one; empty: none may
    databases: frozenset[str] = frozenset()
    rows: dict[str, int] | None = None  # by table; None: unknown
    dump: tuple[int, str] | None = (
        None  # size in bytes and SHA-256; the hash is empty when it was not asked for
    )


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
            icu=_icu(database),
            own_settings=tuple(settings),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise HostError("error-host-answer", detail=f"facts of the database: {error!r}") from error


def _icu(database: Mapping[str, Any]) -> str | None:
    """PostgreSQL 15 calls it daticulocale, 17 datlocale."""
    if database.get("datlocprovider") != "i":
        return None
    locale: str | None = database.get("datlocale") or database.get("daticulocale")
    return locale


def parse_rows(output: bytes) -> dict[str, int]:
    """Rows by table. Raises HostError for an answer that is not one."""
    found = _json(output, "rows")
    if not all(isinstance(count, int) for count in found.values()):
        raise HostError("error-host-answer", detail=f"rows: {output[:200]!r}")
    return dict(sorted(found.items()))


def parse_names(output: bytes) -> set[str]:
    """Names of databases, one per line."""
    return set(output.decode("utf-8", "replace").splitlines()) - {""}


def parse_copied(log: bytes) -> dict[str, int]:
    """Rows by table, from the agent's `copy-rows`; other lines are what pg_restore said besides."""
    counted = {}
    for line in log.decode("utf-8", "replace").splitlines():
        if (found := _COUNTED.fullmatch(line)) and (table := _TABLE.match(found["table"])):
            counted[table[0]] = int(found["rows"])
    return dict(sorted(counted.items()))
