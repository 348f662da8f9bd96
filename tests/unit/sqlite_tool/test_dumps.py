"""The program that works on SQLite files, on real files: what it dumps, prints, proves and refuses."""

from __future__ import annotations

import contextlib
import gzip
import io
import random
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from services.commands import sqlite
from services.facts.cluster import parse_rows
from services.remote.agent import script
from services.sqlite_tool import contents, verbs
from services.sqlite_tool.contents import BUSY, DAMAGED, MISSING, MISUSED, Refused

NASTY = """
CREATE TABLE plain (id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO plain VALUES (1, 'a	tab, a
line and a \\ and \\N'), (2, NULL), (9223372036854775807, ''), (-9223372036854775808, '\\.');
CREATE TABLE "select ""quoted"", from.stdin;" ("a b" TEXT, "ünï" TEXT);
INSERT INTO "select ""quoted"", from.stdin;" VALUES ('x', 'ß');
CREATE TABLE loose (anything);
INSERT INTO loose VALUES (1), (1.0), ('1'), (x'31'), (NULL), (9e999), (-9e999), (-0.0), (1e-320), (x''), ('');
INSERT INTO loose VALUES (CAST(x'fffe00' AS TEXT)), (x'fffe00'), ('NaN'), (9e999 - 9e999);
CREATE TABLE keyed (k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID;
INSERT INTO keyed VALUES ('b', zeroblob(70000)), ('a', randomblob(3));
CREATE TABLE made (a INTEGER, twice INTEGER GENERATED ALWAYS AS (a * 2) VIRTUAL, b TEXT AS (a || '!') STORED);
INSERT INTO made (a) VALUES (3), (4);
CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, v);
INSERT INTO counted (v) VALUES (1), (2);
DELETE FROM counted WHERE id = 2;
CREATE TABLE empty (x);
CREATE INDEX covering ON plain (body, id);
CREATE VIEW seen AS SELECT * FROM plain;
CREATE TRIGGER t AFTER INSERT ON empty BEGIN DELETE FROM empty; END;
CREATE VIRTUAL TABLE found USING fts5 (words);
INSERT INTO found VALUES ('to be or not'), ('to be');
PRAGMA user_version = 7;
ANALYZE;
"""


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """A database with everything that could go wrong; the table's name with a line break comes apart from SQL."""
    path = tmp_path / "data" / "app.db"
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(NASTY)
        database.execute('CREATE TABLE "li\nne\u2028\\" (v)')
        database.execute('INSERT INTO "li\nne\u2028\\" VALUES (1)')
        database.commit()
    return path


def run(path: Path, verb: str, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """As in a container: one word of program, an interpreter that knows nothing of this project."""
    argv = [sys.executable, "-I", "-c", sqlite.program(), verb, str(path), *words]
    return subprocess.run(argv, input=stdin, capture_output=True, check=False)


def printed(dump: bytes) -> bytes:
    out = io.BytesIO()
    verbs.archive_data(io.BytesIO(dump), out)
    return out.getvalue()


def dumped(path: Path) -> bytes:
    out = io.BytesIO()
    verbs.dump(str(path), out)
    return out.getvalue()


# --- dumps ---------------------------------------------------------------------------------------


def test_what_is_in_a_dump_is_what_is_in_the_live_file(live: Path) -> None:
    """R-DB-4: the same lines come out of both, whatever the names and values."""
    made = run(live, "dump")
    assert (made.returncode, made.stderr) == (0, b"")
    of_dump, of_live = run(live, "archive-data", stdin=made.stdout), run(live, "data", "app.db")
    assert (of_dump.returncode, of_live.returncode) == (0, 0)
    assert of_dump.stdout == of_live.stdout
    assert of_dump.stdout.isascii() or b"\xc3\xbc" in of_dump.stdout  # names as people wrote them


def test_the_agent_counts_and_sums_every_table_of_it(live: Path, tmp_path: Path) -> None:
    """What copy-rows tells of it is what the rows verb tells: names with line breaks and quotes too."""
    from services.facts.cluster import parse_copied

    agent = tmp_path / "agent"
    agent.write_bytes(script())
    dump = tmp_path / "x.dump"
    dump.write_bytes(dumped(live))
    words = ["bash", str(agent), "copy-rows", sys.executable, "-I", "-c", sqlite.program(), "archive-data"]
    with dump.open("rb") as file:
        told = subprocess.run([*words, str(live)], stdin=file, capture_output=True, check=True)
    found = parse_copied(told.stdout)
    assert found.rows == parse_rows(run(live, "rows", "app.db", "20").stdout)
    assert found.sums is not None
    assert set(found.sums) == set(found.rows)
    assert found.rows["main.plain"] == 4
    assert found.rows['main."select ""quoted"", from.stdin;"'] == 1
    assert found.rows['main."li\\u{a}ne\\u{2028}\\u{5c}"'] == 1
    assert found.rows["main.found_content"] == 2
    assert "main.found" not in found.rows
    assert not any("stat1" in name for name in found.rows)


def test_no_two_values_are_written_alike() -> None:
    text, values = contents.Text, [None, 1, 1.0, b"1", b"", 0.0, -0.0, float("inf"), 10**18, b"\\N"]
    values += [
        text(one) for one in (b"1", b"", b"\\N", b"\t", b"\\t", b"\n", b"\\x00", b"\0", b"\xff", b"\\.")
    ]
    written = [contents.written(one) for one in values]
    assert len(set(written)) == len(values)
    assert not any(set(one) & set("\t\n\r") or one == "\\." for one in written)
    assert all(one.isascii() for one in written)


def test_a_dump_is_of_one_moment_while_others_write(live: Path) -> None:
    """Two rows are always written together: no dump has one of them only."""
    with contextlib.closing(sqlite3.connect(live)) as database:
        database.executescript("CREATE TABLE a (v); CREATE TABLE b (v);")
    ended = threading.Event()

    def write() -> None:
        with contextlib.closing(sqlite3.connect(live, timeout=20)) as database:
            while not ended.is_set():
                with database:
                    database.execute("INSERT INTO a VALUES (1)")
                    database.execute("INSERT INTO b VALUES (1)")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(10):
            data = printed(dumped(live)).decode()
            counts = [
                data.partition(f"COPY main.{name} ")[2].partition("\\.\n")[0].count("\n") for name in "ab"
            ]
            assert counts[0] == counts[1] > 0
    finally:
        ended.set()
        writer.join()


def test_nothing_is_left_beside_the_live_file(live: Path) -> None:
    before = sorted(live.parent.iterdir())
    data = run(live, "dump").stdout
    assert run(live, "archive-data", stdin=data).returncode == 0
    assert run(live, "facts").returncode == 0
    assert sorted(live.parent.iterdir()) == before


def test_a_plain_file_is_taken_like_a_packed_one(live: Path) -> None:
    """What people copied by hand is imported as it is."""
    packed = dumped(live)
    assert printed(gzip.decompress(packed)) == printed(packed)


def test_a_hot_journal_of_a_crash_is_rolled_back_before_it_is_read(tmp_path: Path) -> None:
    path, crashed = tmp_path / "app.db", tmp_path / "crashed" / "app.db"
    crashed.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.executescript("CREATE TABLE t (v); INSERT INTO t VALUES ('kept'); PRAGMA cache_size = 1;")
        database.execute("BEGIN")
        database.execute(
            "INSERT INTO t SELECT randomblob(5000) FROM (SELECT 1 UNION SELECT 2 UNION SELECT 3)"
        )
        database.execute("UPDATE t SET v = 'half done' WHERE v = 'kept'")
        for one in tmp_path.glob("app.db*"):
            (crashed.parent / one.name).write_bytes(one.read_bytes())
    assert (crashed.parent / "app.db-journal").exists()
    data = printed(dumped(crashed))
    assert b"tkept\n" in data
    assert b"half done" not in data


def is_damage(error: Exception) -> bool:
    return (error.status if isinstance(error, Refused) else contents.status_of(error)) == DAMAGED


# --- what is refused -----------------------------------------------------------------------------


def test_no_cut_dump_is_taken_for_a_good_one(live: Path) -> None:
    """R-DB-3: wherever it is cut, packed or not."""
    packed = dumped(live)
    plain, chance = gzip.decompress(packed), random.Random(1)  # noqa: S311 - the same cuts each time
    for whole in (packed, plain):
        for end in {0, 1, 100, 2048, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(100))}:
            with pytest.raises((Refused, sqlite3.Error)) as refusal:
                printed(whole[:end])
            assert is_damage(refusal.value)


def test_no_changed_bit_goes_unseen(live: Path) -> None:
    """R-DB-3: gzip's own sum sees what no structure tells. Of a long run of zeros many a bit may change: the data is the same."""
    packed, chance = dumped(live), random.Random(2)  # noqa: S311 - the same bits each time
    whole, refused = printed(packed), 0
    for _ in range(250):
        at, bit = chance.randrange(len(packed)), 1 << chance.randrange(8)
        changed = packed[:at] + bytes([packed[at] ^ bit]) + packed[at + 1 :]
        try:
            assert printed(changed) == whole
        except (Refused, sqlite3.Error) as error:
            refused += is_damage(error)
    assert refused > 150


def test_what_goes_on_behind_its_end_is_refused(live: Path) -> None:
    packed = dumped(live)
    for more in (b"x", packed):
        with pytest.raises(Refused, match="behind its end"):
            printed(packed + more)
    with pytest.raises(Refused, match="cut: "):
        printed(gzip.decompress(packed) + b"x" * 4096)


def test_a_damaged_page_is_found_though_every_byte_arrived(live: Path) -> None:
    """integrity_check, not only lengths and sums: the live file itself was damaged."""
    plain = bytearray(gzip.decompress(dumped(live)))
    page = int.from_bytes(plain[16:18], "big")
    plain[page : 2 * page] = b"\xa5" * page
    with pytest.raises((Refused, sqlite3.DatabaseError)):
        printed(bytes(plain))


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("dump",), MISSING),
        (("facts",), MISSING),
        (("data", "app.db"), MISSING),
        (("drop", "app.db"), MISUSED),
        (("drop", "other.db"), MISUSED),
        (("drop", "app.db.opsgate_before_x/../../y"), MISUSED),
        (("swap", "app.db.opsgate_drill_k3f9", "app.db.opsgate_before_k3f9"), MISUSED),
        (("data", "/etc/passwd"), MISUSED),
    ],
)
def test_what_is_not_there_or_not_ours_is_refused_with_its_own_status(
    tmp_path: Path, words: tuple[str, ...], status: int
) -> None:
    """R-DB-1: nothing that people made can be dropped or renamed."""
    refused = run(tmp_path / "app.db", *words)
    assert refused.returncode == status
    assert refused.stderr.count(b"\n") == 1


def test_a_file_that_is_no_database_is_damage_and_one_that_is_in_use_is_not(
    live: Path, tmp_path: Path
) -> None:
    """Only damage speaks against a backup."""
    (tmp_path / "app.db").write_bytes(b"hello" * 1000)
    assert run(tmp_path / "app.db", "dump").returncode == DAMAGED
    error = sqlite3.OperationalError("database is locked")
    assert contents.status_of(error) == BUSY
    assert contents.status_of(OSError(28, "No space left on device")) == contents.NO_ROOM
    assert contents.status_of(sqlite3.OperationalError("database or disk is full")) == contents.NO_ROOM
    assert contents.status_of(PermissionError(13, "no")) == contents.NOT_ALLOWED


def test_rules_of_the_schema_that_values_break_do_not_make_a_file_damaged(live: Path) -> None:
    with contextlib.closing(sqlite3.connect(live)) as database:
        database.executescript(
            "CREATE TABLE ruled (v CHECK (v > 0)); PRAGMA ignore_check_constraints = 1; INSERT INTO ruled VALUES (-1);"
        )
    assert b"i-1\n" in printed(dumped(live))


def test_counting_is_given_up_in_time(live: Path) -> None:
    with contextlib.closing(sqlite3.connect(live)) as database:
        database.execute("CREATE TABLE more (i)")
    given_up = run(live, "rows", "app.db", "0")
    assert given_up.returncode == BUSY
