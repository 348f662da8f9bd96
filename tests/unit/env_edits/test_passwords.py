from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.commands import roles
from services.env_edits.passwords import is_verifier, matches, verifier
from services.projects import Database

# Made by PostgreSQL 15 for the password "pencil" (RFC 7677's example: salt W22ZaJ0SNY7soEsUEjb6gQ==, 4096 rounds).
STORED = (
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)
MD5 = "md5" + "9e107d9d372bb6826bd81d3542a419d6"


def test_a_verifier_opens_for_its_password_alone() -> None:
    assert matches(STORED, SecretStr("pencil"), "user")
    assert not matches(STORED, SecretStr("Pencil"), "user")
    assert not matches("", SecretStr(""), "user")
    assert not matches("nonsense", SecretStr("nonsense"), "user")


@given(st.text("abcXYZ019", min_size=1, max_size=30), st.sampled_from([STORED, MD5]))
def test_what_is_made_is_of_the_kind_that_was_there_and_opens(password: str, like: str) -> None:
    """Clients that could log in before still can."""
    made = verifier(SecretStr(password), "role", like)
    assert made[:3] == like[:3]
    assert is_verifier(made)
    assert matches(made, SecretStr(password), "role")
    assert not matches(made, SecretStr(password + "x"), "role")
    assert password not in roles.store(made).decode() or len(password) < 4


@pytest.mark.parametrize(
    "bad", ["hunter2", "'; DROP ROLE x; --", "md5xyz", "", STORED + "'", STORED + "\n\\! id"]
)
def test_nothing_but_a_verifier_can_be_sent(bad: str) -> None:
    with pytest.raises(ValueError, match="not what PostgreSQL stores"):
        roles.store(bad)


def test_the_command_line_holds_no_secret_and_no_statement() -> None:
    command = roles.script("a" * 12, Database(name="app", user="owner"), "role_x")
    assert "PASSWORD" not in command.render()
    assert "--file=-" in command.argv
    with pytest.raises(ValueError, match="role"):
        roles.script("a" * 12, Database(name="app", user="owner"), 'x"; DROP ROLE y; --')
