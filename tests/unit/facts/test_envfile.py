from __future__ import annotations

import json
import subprocess
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services import envfile
from services.envfile import EnvFile

# Each was given to Compose 2.26 as an env file; these are the values it printed.
AS_COMPOSE_READS: list[tuple[bytes, dict[str, str]]] = [
    (b"\xef\xbb\xbf# c\nA=1 # c\n", {"A": "1"}),
    (b"B= # c\n", {"B": "# c"}),
    (b'C="x y" # c\n', {"C": "x y"}),
    (b"export  D=3\nE:yaml\n", {"D": "3", "E": "yaml"}),
    (b"F\nG=a#b\nH=  sp  \r\nP=\n", {"G": "a#b", "H": "sp", "P": ""}),
    (b'I="a\\nb\\"q"\nJ="multi\nline"\nL="q"tail\nM.x=1\nN-1=2\n',
     {"I": 'a\nb"q', "J": "multi\nline", "L": "q", "M.x": "1", "N-1": "2"}),
    (b"O=a'b\n Q =3\nR=\"unter#x\"\n", {"O": "a'b", "Q": "3", "R": "unter#x"}),
    (b"A='it\\'s'\nB='x\n' y\n", {"A": "it's", "B": "x\n"}),
    (b'A="x" y=3\nB=4', {"A": "x", "y": "3", "B": "4"}),
    (b"A=\"x\\\\y\"\nB=\"x\\qy\"\nC='x\\ny\\\\z'\nE=a\\nb\n", {"A": "x\\y", "B": "x\\qy", "C": "x\\ny\\\\z", "E": "a\\nb"}),
    (b'D="a\\$b"\nG="\\t|\\r|"\nH="a\\\\"\nk[0]=3\n', {"D": "a$b", "G": "\t|\r|", "H": "a\\", "k[0]": "3"}),
    (b'A = 1\nB\t=2\nD=x#y #z\nE=x\t# tab\nF=\xd0\xb9\nK=a"b"c\n',
     {"A": "1", "B": "2", "D": "x#y", "E": "x\t# tab", "F": "й", "K": 'a"b"c'}),
    (b'G="x" # c\nH="x"# c\nI="x" J=1\n', {"G": "x", "H": "x", "I": "x", "J": "1"}),
    (b"A=x\rB=y\nC=1", {"A": "x\rB=y", "C": "1"}),
    (b"A=1\nA=2\n", {"A": "2"}),
    (b"A='abc\\\\'\nB='x\\\\\\'y'\n", {"A": "abc\\\\", "B": "x\\\\'y"}),
]  # fmt: skip


def values(content: bytes) -> dict[str, str]:
    return {key: value.get_secret_value() for key, value in envfile.parse(content).values.items()}


@pytest.mark.parametrize(("content", "expected"), AS_COMPOSE_READS)
def test_values_are_those_that_compose_reads(content: bytes, expected: dict[str, str]) -> None:
    assert values(content) == expected
    assert envfile.parse(content).unreadable_lines == ()


@pytest.mark.engine
@pytest.mark.parametrize(("content", "expected"), AS_COMPOSE_READS)
def test_the_compose_on_this_machine_agrees(content: bytes, expected: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "e").write_bytes(content)
    (tmp_path / "c.yml").write_text("services: {x: {image: x, env_file: [./e]}}")
    argv = ["docker", "compose", "-p", "x", "-f", str(tmp_path / "c.yml"), "config", "--format", "json"]
    done = subprocess.run(argv, capture_output=True, check=True)
    read = json.loads(done.stdout)["services"]["x"]["environment"]
    # an interpolated file shows a dollar sign doubled
    assert {key: (value or "").replace("$$", "$") for key, value in read.items()} == expected


@pytest.mark.parametrize(
    ("content", "lines", "rest"),
    [
        (b"A=1\nB C=2\nD=3\n", (2,), {"A": "1", "D": "3"}),
        (b"A=1\n\nB*=2\nC=2\n", (3,), {"A": "1", "C": "2"}),
        (b'A=1\nB="open\nC=2\n', (2,), {"A": "1", "C": "2"}),
        (b"A=1\n=5\n", (2,), {"A": "1"}),
    ],
)
def test_lines_that_compose_refuses_are_named_by_number(
    content: bytes, lines: tuple[int, ...], rest: dict[str, str]
) -> None:
    assert envfile.parse(content).unreadable_lines == lines
    assert values(content) == rest


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(content: bytes) -> None:
    envfile.parse(content).facts(b"key")


@pytest.mark.parametrize(
    ("line", "ok"),
    [
        ("DB_PASSWORD=abcXYZ019", True),
        ('DB_PASSWORD="abc123"  # note', True),
        ("DB_PASSWORD='abc'\r", True),
        ("DB_PASSWORD=p@ss", False),
        ("DB_PASSWORD=a#b", False),
        ("DB_PASSWORD=a:b", False),
        ("DB_PASSWORD=a/b", False),
        ("DB_PASSWORD=", False),
        ('DB_PASSWORD=""', False),
        ("DB_PASSWORD=пароль", False),
        ("DB_PASSWORD=abc١٢٣", False),
        ("DB_PASSWORD=a b", False),
        ("DB_PASSWORD=${OTHER}", False),
        ('DB_PASSWORD="abc\n"', False),
        ("OTHER=1", None),
        ("#DB_PASSWORD=p@ss", None),
        ("DB_PASSWORD=p@ss\nDB_PASSWORD=good1", True),
    ],
)
def test_a_database_password_is_ascii_letters_and_digits_only(line: str, ok: bool | None) -> None:
    """R-DB-2: everything else breaks the connection URL."""
    assert envfile.parse(line.encode()).password_ok is ok


def test_no_value_is_shown_by_anything() -> None:
    """R-DB-2: the value is never shown."""
    env = envfile.parse(b"DB_PASSWORD=hunter2sWord\nTOKEN='zzsecretzz'\nA B=brokensecret\n")
    facts = env.facts(b"key", "600")
    shown = repr(env) + str(env) + repr(env.values) + facts.model_dump_json() + repr(facts)
    for secret in ("hunter2sWord", "zzsecretzz", "brokensecret"):
        assert secret not in shown
    try:
        env["NO_SUCH_KEY"]
    except KeyError:
        assert "hunter2" not in traceback.format_exc()


def test_a_fingerprint_changes_with_key_value_and_instance_only() -> None:
    def of(text: bytes, key: bytes = b"k") -> dict[str, str]:
        return envfile.parse(text).fingerprints(key)

    assert of(b"A=1\nB=1") == of(b"# other\nB=1\nA=1\n")
    assert of(b"A=1")["A"] != of(b"A=2")["A"]
    assert of(b"A=1\nB=1")["A"] != of(b"A=1\nB=1")["B"]
    assert of(b"A=1", b"k")["A"] != of(b"A=1", b"other")["A"]
    assert len(of(b"A=1")["A"]) == 16


def test_facts_hold_keys_mode_and_lines() -> None:
    facts = envfile.parse(b"A=1\nB C=1\n").facts(b"k", "640")
    assert (facts.exists, facts.mode, facts.keys, facts.unreadable_lines) == (True, "640", ("A",), (2,))
    assert isinstance(EnvFile({"A": SecretStr("x")})["A"], SecretStr)
