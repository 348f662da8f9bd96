"""Dumps on the host: summed table by table, proven while they are made, taken back whole."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.remote.conftest import skip
from tests.integration.remote.local_agent import LocalAgent

COPIED = b"""SET x = 1;
COPY public."a (b" (x) FROM stdin;
2
\\.x
1\xff
\\.

COPY s.t (y) FROM stdin;
\\.
SELECT 1;
"""
HEADS = ('3 COPY public."a (b" (x) FROM stdin;', "0 COPY s.t (y) FROM stdin;")
OBJECTS = b"""BEGIN;
SELECT pg_catalog.lo_open('7', 131072);
%s
SELECT pg_catalog.lo_close(0);
COMMIT;
"""
READS = ("sh", "-c", 'cat; exit "$1"', "reads")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def summed(local: LocalAgent, verb: str, data: bytes, folder: Path) -> list[str]:
    (folder / "data").write_bytes(data)
    return local.run(verb, "cat", folder / "data").decode().splitlines()


def test_each_block_is_summed_and_counted_on_the_host(local: LocalAgent, tmp_path: Path) -> None:
    """R-DB-5: nothing of an archive's rows leaves the host."""
    sums = [f"{sha256(block)}  -" for block in (b"2\n\\.x\n1\xff\n", b"")]
    assert summed(local, "copy-rows", COPIED, tmp_path) == [sums[0], HEADS[0], sums[1], HEADS[1]]


def test_a_line_break_in_a_name_hides_no_table(local: LocalAgent, tmp_path: Path) -> None:
    """R-DB-3: of a table or of a column; what is not summed is not compared."""
    heads = ('COPY public."a\nCOPY x FROM stdin;\n""b" (x)', 'COPY s.t ("1\n2", y)')
    data = "SET client_encoding = 'LATIN1';\n" + "".join(f"{head} FROM stdin;\n7\n\\.\n" for head in heads)
    (tmp_path / "data").write_bytes(data.encode())
    found = local.run("copy-rows", "cat", tmp_path / "data").decode().split("\n")
    summed_row = sha256(b"7\n")
    told = [f"1 {head} FROM stdin;".replace("\n", "\x01") for head in heads]
    assert found == [
        "SET client_encoding = 'LATIN1';",
        *(one for head in told for one in (f"{summed_row}  -", head)),
        "",
    ]


@pytest.mark.parametrize("head", ['COPY s."t (x) FROM stdin;', "COPY s.t (x)"])
def test_a_block_whose_beginning_is_not_understood_is_not_passed_over(
    local: LocalAgent, tmp_path: Path, head: str
) -> None:
    (tmp_path / "data").write_text(f"{head}\n1\n\\.\n")
    assert local.try_("copy-rows", "cat", tmp_path / "data").status == 1


@pytest.mark.parametrize("kind", ["COMMENT", "SECURITY LABEL FOR selinux"])
@pytest.mark.parametrize("text", ["'of the \"passport'", "E'it''s\nCOPY of \"it'', said he\n'"])
def test_what_people_wrote_of_a_large_object_hides_no_table(
    local: LocalAgent, tmp_path: Path, kind: str, text: str
) -> None:
    """R-DB-3: pg_restore prints it as it is, in as many lines as it has."""
    said = f"{kind} ON LARGE OBJECT 4242 IS {text};\n\n".encode()
    for data in (said + COPIED, COPIED + said):
        assert summed(local, "copy-rows", data, tmp_path)[1::2] == list(HEADS)
    (tmp_path / "data").write_bytes(COPIED + said.removesuffix(b"';\n\n"))
    assert local.try_("copy-rows", "cat", tmp_path / "data").status == 1, "it never ended"


def test_sorted_the_order_of_rows_does_not_matter(local: LocalAgent, tmp_path: Path) -> None:
    other = COPIED.replace(b"2\n\\.x\n", b"\\.x\n2\n")
    assert summed(local, "copy-rows", other, tmp_path) != summed(local, "copy-rows", COPIED, tmp_path)
    assert summed(local, "copy-sorted", other, tmp_path) == summed(local, "copy-sorted", COPIED, tmp_path)
    changed = other.replace(b"\n2\n", b"\n3\n")
    assert summed(local, "copy-sorted", changed, tmp_path) != summed(local, "copy-sorted", COPIED, tmp_path)


def test_a_large_object_is_the_same_in_whatever_pieces_it_is_written(
    local: LocalAgent, tmp_path: Path
) -> None:
    write = b"SELECT pg_catalog.lowrite(0, '\\x%s');"
    whole = summed(local, "copy-rows", OBJECTS % (write % b"c0ffee"), tmp_path)
    pieces = summed(local, "copy-rows", OBJECTS % b"\n".join((write % b"c0", write % b"ffee")), tmp_path)
    other = summed(local, "copy-rows", OBJECTS % (write % b"c0ffef"), tmp_path)
    assert whole[1] == "1 LARGE OBJECTS"
    assert whole == pieces
    assert whole != other


def test_lines_of_megabytes_are_summed(local: LocalAgent, tmp_path: Path) -> None:
    line = b"0123456789abcdef" * 200_000 + b"\n"
    found = summed(local, "copy-rows", b"COPY a.b (c) FROM stdin;\n" + line * 2 + b"\\.\n", tmp_path)
    assert found == [f"{sha256(line * 2)}  -", "2 COPY a.b (c) FROM stdin;"]


def test_summing_ends_as_the_command_ends(local: LocalAgent, tmp_path: Path) -> None:
    """A pipe would hide the status of what stands before it."""
    (tmp_path / "data").write_bytes(COPIED)
    (tmp_path / "fails").write_text('cat "$1"; exit 7')
    for verb in ("copy-rows", "copy-sorted"):
        assert local.try_(verb, "sh", tmp_path / "fails", tmp_path / "data").status == 7


def test_a_table_that_cannot_be_sorted_is_no_sum(local: LocalAgent, tmp_path: Path) -> None:
    """Where the disk is full sort prints nothing, and two nothings would look like the same rows."""
    (tmp_path / "data").write_bytes(COPIED)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/sort").write_text("#!/bin/sh\ncat >/dev/null\necho 'sort: write failed' >&2\nexit 2\n")
    (tmp_path / "tools/sort").chmod(0o755)
    path = f"{tmp_path / 'tools'}:{local.env['PATH']}"
    done = local.try_("copy-sorted", "cat", tmp_path / "data", env={"PATH": path})
    assert done.status == 74
    assert "disk full" in done.err


def test_a_block_without_its_end_is_no_count(local: LocalAgent, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(COPIED[:48])
    done = local.try_("copy-rows", "cat", tmp_path / "data")
    assert done.status == 1
    assert b"COPY" not in done.out


def test_what_is_dumped_is_written_hashed_and_read_back_at_once(local: LocalAgent, tmp_path: Path) -> None:
    """R-DB-4."""
    (tmp_path / "data").write_bytes(COPIED)
    file = tmp_path / "x.dump.part"
    said = local.run("dump", file, 2, "cat", tmp_path / "data", *READS, 0).decode().splitlines()
    assert file.read_bytes() == COPIED
    assert file.stat().st_mode & 0o777 == 0o600
    assert said[1::2][:2] == list(HEADS)
    assert said[-1] == f"dumped {len(COPIED)} {sha256(COPIED)}"


@pytest.mark.parametrize(
    ("dumps", "reads", "status"),
    [
        ('cat "$1"; exit 9', 0, 9),
        ('cat "$1"; kill -9 $$', 0, 137),
        ('cat "$1"', 5, 70),
        ('head -c 48 "$1"', 0, 70),  # in the middle of a block
        ("exit 1", 5, 1),
    ],
)
def test_a_dump_counts_only_when_it_and_its_reader_end_well(
    local: LocalAgent, tmp_path: Path, dumps: str, reads: int, status: int
) -> None:
    """R-DB-4: the dump's own exit status, and a reader that met its end."""
    (tmp_path / "data").write_bytes(COPIED)
    command = ("sh", "-c", dumps, "dumps", tmp_path / "data")
    done = local.try_("dump", tmp_path / "x.dump.part", len(command), *command, *READS, reads)
    assert (done.status, b"dumped" in done.out) == (status, False)


def test_a_reader_that_stops_early_does_not_cut_the_dump(local: LocalAgent, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "data").write_bytes(data)
    local.run(
        "dump", tmp_path / "x.dump.part", 2, "cat", tmp_path / "data", "sh", "-c", "head -c 5 >/dev/null"
    )
    assert (tmp_path / "x.dump.part").read_bytes() == data


@pytest.mark.parametrize("words", [(0, "cat", "x"), (2, "cat", "x"), (9, "cat", "x"), ("x", "cat", "x")])
def test_both_commands_must_be_there(local: LocalAgent, tmp_path: Path, words: tuple[object, ...]) -> None:
    assert local.try_("dump", tmp_path / "x.dump.part", *words).status == 64
    assert not (tmp_path / "x.dump.part").exists()


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[Path]:
    """A folder for dumps on a disk of 256 KiB."""
    folder = tmp_path / "small/database"
    folder.mkdir(parents=True)
    small = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", str(folder)]
    if subprocess.run(small, capture_output=True, check=False).returncode != 0:
        skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_dump_that_does_not_fit_is_told_as_that(local: LocalAgent, cramped: Path, tmp_path: Path) -> None:
    """R-DB-4."""
    (tmp_path / "data").write_bytes(os.urandom(1_000_000))
    done = local.try_("dump", cramped / "x.dump.part", 2, "cat", tmp_path / "data", *READS, 0)
    assert (done.status, b"dumped" in done.out) == (74, False)
    taken = local.try_("take-dump", cramped / "y.dump", 1_000_000, "ab" * 32, stdin=os.urandom(1_000_000))
    assert taken.status == 74
    assert not (cramped / "y.dump.part").exists()


def test_a_dump_comes_back_whole_or_not_at_all(local: LocalAgent, tmp_path: Path) -> None:
    folder = tmp_path / "database"
    folder.mkdir()
    file, data = folder / "x.dump", os.urandom(100_000)
    words = (file, len(data), sha256(data))
    assert local.try_("take-dump", *words, stdin=data[:-1]).status == 1
    assert local.try_("take-dump", *words, stdin=data[:-1] + bytes([data[-1] ^ 1])).status == 1
    assert list(folder.iterdir()) == []
    local.run("take-dump", *words, stdin=data)
    assert file.read_bytes() == data
    assert file.stat().st_mode & 0o777 == 0o600
    assert local.try_("take-dump", *words, stdin=data).status == 65


def test_a_dump_is_taken_only_where_dumps_lie(local: LocalAgent, tmp_path: Path) -> None:
    for name in ("x.dump", "database/x.txt", "database/-x.dump", "database/.x.dump"):
        assert local.try_("take-dump", tmp_path / name, 1, sha256(b"x"), stdin=b"x").status == 66
    assert not (tmp_path / "x.dump").exists()


def test_dumps_on_a_disk_of_their_own_have_their_own_room(
    local: LocalAgent, cramped: Path, tmp_path: Path
) -> None:
    """R-DX-1."""
    assert b"dumps_available_kb 256\n" in local.run("host", tmp_path / "app", cramped)
    assert b"dumps_available_kb" not in local.run("host", tmp_path / "app", tmp_path / "app_backup/database")
