from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.redaction import MASK, SHORTEST, Redactor, looks_secret

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
secrets = st.text(min_size=SHORTEST)


@given(known=st.lists(secrets, min_size=1, max_size=4), around=st.lists(st.text(), min_size=5, max_size=5))
def test_no_registered_secret_survives_in_text(known: list[str], around: list[str]) -> None:
    text = "".join(piece + secret for piece, secret in zip(around, known, strict=False))
    clean = Redactor(known)(text)
    assert not [secret for secret in known if secret in clean]


@given(known=secrets, before=st.binary(), after=st.binary())
def test_no_registered_secret_survives_in_bytes(known: str, before: bytes, after: bytes) -> None:
    assert known.encode() not in Redactor([known])(before + known.encode() + after)


@given(known=secrets)
def test_a_secret_is_found_in_reprs_and_in_addresses(known: str) -> None:
    redactor = Redactor([known])
    for spelled in (repr(known)[1:-1], ascii(known)[1:-1], quote(known, safe="")):
        assert spelled not in redactor(f"<{spelled}>")


def test_overlapping_secrets_leave_no_part_behind() -> None:
    assert Redactor(["abcdefgh", "efghijkl"])("x abcdefghijkl y") == f"x {MASK} y"


def test_each_line_of_a_secret_of_several_lines_is_hidden() -> None:
    assert Redactor(["first line\nsecond line"])("log: second line") == f"log: {MASK}"


def test_a_short_secret_does_not_eat_ordinary_words() -> None:
    assert Redactor(["abc"])("the abc of it") == "the abc of it"


def test_a_secret_str_is_registered_by_its_value() -> None:
    assert Redactor([SecretStr("hunter2hunter2")])("is hunter2hunter2") == f"is {MASK}"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"token {TOKEN} refused", "token *** refused"),
        (f"https://api.telegram.org/bot{TOKEN}/getMe", "https://api.telegram.org/bot***/getMe"),
        (f"https://api.telegram.org/file/bot{TOKEN}/a.jpg", "https://api.telegram.org/file/bot***/a.jpg"),
        (f"/bot{TOKEN.replace(':', '%3A')}/getMe", "/bot***/getMe"),
        ("http://127.0.0.1:8081/bot42:TEST/getMe", "http://127.0.0.1:8081/bot***/getMe"),
        ("postgresql://u:simple@db:5432/x", "postgresql://***@db:5432/x"),
        ("postgresql://u:p@ss/w#r:d@db:5432/x", "postgresql://***@db:5432/x"),
        ("https://ghp_abc@github.com/me/app.git", "https://***@github.com/me/app.git"),
        ("DB_PASSWORD=two words\nPORT=80", "DB_PASSWORD=***\nPORT=80"),
        ("export API_KEY='x y'", "export API_KEY=***"),
        ("run -e PGPASSWORD=abc psql", "run -e PGPASSWORD=*** psql"),
        ("args: DB_TOKEN=abc x", "args: DB_TOKEN=*** x"),
        ("a=b=SECRET=c", "a=b=SECRET=***"),
        ('{"password": "a\\"b c", "user": "me"}', '{"password": ***, "user": "me"}'),
        ("POSTGRES_PASSWORD: abc", "POSTGRES_PASSWORD: ***"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\nrest", "***\nrest"),
        ("-----BEGIN RSA PRIVATE KEY-----\ncut off", "***"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, clean: str) -> None:
    assert Redactor()(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:8080/a@b",
        "https://registry.npmjs.org/@scope/pkg",
        "host key: SHA256:abc",
        "key_file=/home/me/.ssh/id",
        "DB_PASSWORD holds characters that break the address",
        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef",
        "Unexpected token: punctuation",
        "monkey=1",
    ],
)
def test_what_people_need_to_read_stays(text: str) -> None:
    assert Redactor()(text) == text


def test_prose_about_a_key_stays_when_assignments_are_not_looked_at() -> None:
    redactor = Redactor(["hunter2hunter2"], assignments=False)
    assert redactor("DB_PASSWORD: letters only, hunter2hunter2") == f"DB_PASSWORD: letters only, {MASK}"


def test_bytes_that_are_not_text_come_back_as_they_were() -> None:
    assert Redactor(["hunter2hunter2"])(b"\xff\x00hunter2hunter2\xfe") == b"\xff\x00***\xfe"


def test_names_that_promise_a_secret_are_told_from_others() -> None:
    assert all(
        map(looks_secret, ["DB_PASSWORD", "bot_token", "api-key", "KEY", "client_secret", "SMTP_PASS"])
    )
    assert not any(map(looks_secret, ["host", "key_file", "keyboard", "passed", "monkey"]))


@pytest.mark.parametrize(
    "piece", ["password", "a://", "a://b:c", "1234567", '"', "KEY=", "a.b-", 'SECRET="', "bearer "]
)
@pytest.mark.timeout(5)
def test_text_made_to_be_slow_is_cleaned_in_time(piece: str) -> None:
    assert Redactor(["hunter2hunter2"])(piece * 20_000)
