"""An archive as an SQL script (pg_dump --format=plain, pg_restore --file) and as a list (pg_restore --list)."""

import re
from collections.abc import Iterator

from bot.sandbox.practice.postgres.archive import Archive, Stored, Table, restored
from bot.sandbox.practice.postgres.functions import quote_ident

_SETTINGS = """SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
"""
_NAMES = re.compile(r"('(?:[^']|'')*')|`((?:[^`]|``)*)`")
_CHECKED = re.compile(r" CONSTRAINT pg_(integer|boolean) CHECK \( (typeof \( \S+ \)|\S+) IN \( [^)]* \) \)")
_COUNTED = re.compile(r"\bINTEGER PRIMARY KEY AUTOINCREMENT\b")
_ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\b": r"\b", "\f": r"\f", "\v": r"\v"}


def script(archive: Archive, *, schema: bool = True, data: bool = True, owner: bool = True) -> Iterator[str]:
    """The script, piece by piece."""
    yield (
        f"--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version {archive.version}\n"
        f"-- Dumped by pg_dump version {archive.version}\n\n{_SETTINGS}\n"
    )
    for table in archive.tables if schema else ():
        yield _title(table.name, "TABLE", archive) + f"{definition(table.definition)};\n\n\n"
        if owner:
            yield f"ALTER TABLE public.{quote_ident(table.name)} OWNER TO {quote_ident(archive.owner)};\n\n"
    for table in archive.tables if data else ():
        yield from _copied(table, archive)
        if table.counted is not None:
            sequence = f"public.{table.name}_{table.columns[0]}_seq"
            yield _title(f"{table.name}_{table.columns[0]}_seq", "SEQUENCE SET", archive)
            yield f"SELECT pg_catalog.setval('{sequence}', {table.counted}, true);\n\n\n"
    for extra in archive.extras if schema else ():
        yield _title(extra.name, extra.kind, archive) + f"{definition(extra.definition)};\n\n\n"
    yield "--\n-- PostgreSQL database dump complete\n--\n\n"


def definition(stored: str) -> str:
    """SQL of the storage below, as PostgreSQL reads it."""
    plain = _NAMES.sub(lambda found: found[1] or quote_ident(found[2].replace("``", "`")), stored)
    plain = _COUNTED.sub("serial PRIMARY KEY", _CHECKED.sub("", plain))
    return re.sub(r"^CREATE TABLE (?!public\.)", "CREATE TABLE public.", plain)


def listing(archive: Archive) -> str:
    """The table of contents."""
    entries = list(_entries(archive))
    head = [
        f"Archive created at {archive.created}",
        f"    dbname: {archive.database}",
        f"    TOC Entries: {len(entries) + 4}",
        *("    Compression: -1", "    Dump Version: 1.14-0", "    Format: CUSTOM"),
        *("    Integer: 4 bytes", "    Offset: 8 bytes"),
        f"    Dumped from database version: {archive.version}",
        f"    Dumped by pg_dump version: {archive.version}",
    ]
    lines = [";", *(f"; {line}" for line in head), ";", ";", "; Selected TOC Entries:", ";"]
    lines += [f"{200 + number}; {entry} {archive.owner}" for number, entry in enumerate(entries)]
    return "".join(f"{line}\n" for line in lines)


def _entries(archive: Archive) -> Iterator[str]:
    for table in archive.tables:
        yield f"1259 {table.oid} TABLE public {table.name}"
    for table in archive.tables:
        yield f"0 {table.oid} TABLE DATA public {table.name}"
    for table in archive.tables:
        if table.counted is not None:
            yield f"0 0 SEQUENCE SET public {table.name}_{table.columns[0]}_seq"
    for extra in archive.extras:
        yield f"1259 {extra.oid} {extra.kind} public {extra.name}"


def _title(name: str, kind: str, archive: Archive) -> str:
    return f"--\n-- Name: {name}; Type: {kind}; Schema: public; Owner: {archive.owner}\n--\n\n"


def _copied(table: Table, archive: Archive) -> Iterator[str]:
    columns = ", ".join(quote_ident(name) for name in table.columns)
    title = f"--\n-- Data for Name: {table.name}; Type: TABLE DATA; Schema: public; Owner: {archive.owner}\n--\n\n"
    yield f"{title}COPY public.{quote_ident(table.name)} ({columns}) FROM stdin;\n"
    yield "".join("\t".join(_field(value) for value in row) + "\n" for row in table.rows)
    yield "\\.\n\n\n"


def _field(value: Stored) -> str:
    found = restored(value)
    if found is None:
        return r"\N"
    if isinstance(found, bool):
        return "t" if found else "f"
    if isinstance(found, bytes):
        return rf"\\x{found.hex()}"
    return "".join(_ESCAPES.get(letter, letter) for letter in str(found))
