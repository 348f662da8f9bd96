from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from services import envfile
from services.env_edits.writing import edited, quoted, unseen
from services.envfile import BOM
from services.errors import BadInput

VALUES = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")), max_size=40)
LINES = st.sampled_from(
    [
        "A=1", "B='x y' # note", 'export C="q"', "# KEY=no", "", "D:yaml", "E=", "  F = 2  ", 'G="two\nlines"', "й=1",
        "KEY=old", "KEY='o # ld' # note", 'export KEY="o\\"ld"', "KEY=", "KEY=x # c", "KEY: y", "KEY",
    ]
)  # fmt: skip
FILES = st.builds(
    lambda lines, end, bom, last: bom + end.join(lines).encode() + (end.encode() if last else b""),
    st.lists(LINES, max_size=8),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    st.booleans(),
)
NASTY = [
    "$HOME", "${A}", "$$", "a#b", "a #b", "#", "it's", '"', "'", "''", '"a"', "'a'", "a\\", "\\", "\\\\", "\\'", '\\"', "'\\",
    "\\n", "a\\nb'c", "$'", "'$", "'$A\"\\", "`id`", "$(id)", "a b", "  ", " a ", "=", "a=b", "=a", "é", "пароль 1", "日本",
    "!", "&&", "|", ";", "%d", "{}", "[]", "~", "*", "\\$", "\\\\$A", "'\\$A", "'\\\\$A", "'\\\\\"", "x'y\"z$w#v\\u", "export A",
    "true", "null", "- a", ": b", "a: b", "$A's", "'${A:-b}", "'$$A", "'\\", "a\\'", "\\'\\'", "'\\n\\t\\a", "\\101'", "'\\0101",
]  # fmt: skip


def values(content: bytes) -> dict[str, str]:
    return {key: value.get_secret_value() for key, value in envfile.parse(content).values.items()}


@given(FILES, VALUES)
@example(b"KEY='a\\\\'\r\nB=1", "x")
@example(b"KEY=", "")
@example(b"", "it's")
def test_a_value_that_is_set_is_read_back_and_nothing_else_changes(content: bytes, value: str) -> None:
    before = values(content)
    new = edited(content, "KEY", SecretStr(value))
    assert values(new) == {**before, "KEY": value}
    if content.startswith(b"\xef\xbb\xbf"):
        assert new.startswith(b"\xef\xbb\xbf")
    if "KEY" not in before:
        assert new.startswith(content)


@given(FILES)
def test_a_key_that_is_removed_is_gone_with_every_line_of_it(content: bytes) -> None:
    before = values(content)
    if "KEY" not in before:
        with pytest.raises(BadInput):
            edited(content, "KEY", None)
        return
    new = edited(content, "KEY", None)
    assert values(new) == {key: value for key, value in before.items() if key != "KEY"}
    assert set(new.removeprefix(BOM).splitlines()) <= set(content.removeprefix(BOM).splitlines())


@pytest.mark.parametrize(
    ("content", "value", "new"),
    [
        (b"# c\nA=1\nKEY=old # why\nB=2", "new", b"# c\nA=1\nKEY='new' # why\nB=2"),
        (b"A=1\r\nKEY=old\r\nB=2\r\n", "new", b"A=1\r\nKEY=new\r\nB=2\r\n"),
        (b"A=1\r\nKEY=\r\n", "x y", b"A=1\r\nKEY='x y'\r\n"),
        (b"A=1\r\n", "2", b"A=1\r\nKEY=2\r\n"),
        (b"A=1", "2", b"A=1\nKEY=2"),
        (b"", "2", b"KEY=2\n"),
        (b"export KEY = 'a'  # x\n", "b", b"export KEY = 'b'  # x\n"),
        (b"KEY=1\nA=0\nKEY=2\n", "3", b"KEY=1\nA=0\nKEY=3\n"),
        (b'KEY="a" B=1\n', "c d", b"KEY='c d' B=1\n"),
        (b'KEY="two\nlines"\nA=1\n', "one", b"KEY=one\nA=1\n"),
        (b"KEY=a\n", "", b"KEY=\n"),
        (b"KEY=a # c\n", "", b"KEY='' # c\n"),
        (b"\xef\xbb\xbfKEY=a\n\xff\n", "b", b"\xef\xbb\xbfKEY=b\n\xff\n"),
    ],
)
def test_only_the_value_of_the_one_line_changes(content: bytes, value: str, new: bytes) -> None:
    """Comments, order, line ends and a missing last one stay byte for byte; of a key given twice the last is edited."""
    assert edited(content, "KEY", SecretStr(value)) == new


@pytest.mark.parametrize(
    ("content", "new"),
    [
        (b"A=1\nKEY=2\nB=3\n", b"A=1\nB=3\n"),
        (b"A=1\r\nKEY=2 # c\r\nB=3", b"A=1\r\nB=3"),
        (b"KEY=1\nA=1\nKEY=2", b"A=1\n"),
        (b'KEY="two\nlines"\nA=1\n', b"A=1\n"),
    ],
)
def test_a_removed_key_takes_its_lines_and_no_others(content: bytes, new: bytes) -> None:
    assert edited(content, "KEY", None) == new


@pytest.mark.parametrize("content", [b'A="1" KEY=2\n', b'KEY="1" A=2\n'])
def test_a_key_that_shares_its_line_is_not_removed_blindly(content: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        edited(content, "KEY", None)
    assert refused.value.phrase.id == "error-env-line"


@pytest.mark.engine
def test_compose_itself_reads_back_what_was_meant(tmp_path: Path) -> None:
    """Every nasty value through the Compose of this machine, as an --env-file and as a service's env_file."""
    content = b"A=expanded\n"
    for number, value in enumerate(NASTY):
        content = edited(content, f"K{number}", SecretStr(value))
    (tmp_path / "e").write_bytes(content)
    names = ", ".join(f'K{number}: "${{K{number}}}"' for number in range(len(NASTY)))
    services = f"services: {{x: {{image: x, environment: {{{names}}}}}, y: {{image: y, env_file: [./e]}}}}"
    (tmp_path / "c.yml").write_text(services)
    argv = [
        "docker",
        "compose",
        "-p",
        "x",
        "-f",
        str(tmp_path / "c.yml"),
        "--env-file",
        str(tmp_path / "e"),
        "config",
    ]
    done = subprocess.run([*argv, "--format", "json"], capture_output=True, check=True)
    read = json.loads(done.stdout)["services"]
    for service in ("x", "y"):
        found = [
            read[service]["environment"][f"K{number}"].replace("$$", "$") for number in range(len(NASTY))
        ]
        assert found == NASTY


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("a\nb", "U+000A"),
        ("a\u200bb", "U+200B"),
        ("\ufeffa", "U+FEFF"),
        ("a\tb", "U+0009"),
        ("a\0", "U+0000"),
        ("a b é", ""),
    ],
)
def test_what_cannot_be_seen_is_named(value: str, name: str) -> None:
    assert unseen(value) == name


def test_a_plain_value_needs_no_quotes() -> None:
    assert quoted("abc") == "abc"
    assert quoted("https://a.example/x_y-z") == "https://a.example/x_y-z"
