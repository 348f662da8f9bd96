"""What a failing command prints may hold a secret: it reaches neither the store, nor a chat, nor a log."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.logging import redactor
from bot.texts import Catalogues
from services import envfile
from services.env_secrets import EnvSecrets
from services.errors import CommandFailed, last_words
from services.models import State
from services.phrases import Phrase
from services.redaction import Redactor
from services.store import Store
from tests.unit.services.stage import ANNA, proposal

SECRET = "s3cr3tWord"
REFUSED = f'failed to read .env.prod: line 1: unterminated quoted value "{SECRET}'


@pytest.mark.parametrize(
    "line",
    [
        f'DB_PASSWORD="{SECRET}',
        f"export DB_PASSWORD='{SECRET}",
        f"DB_PASSWORD {SECRET}",
        f"DB_PASSWORD = '{SECRET}",
    ],
)
def test_the_text_of_a_line_that_cannot_be_read_is_a_secret(line: str) -> None:
    """Compose quotes such a line in its error, with or without its quote."""
    known = Redactor()
    EnvSecrets(known).learn(envfile.parse(f"PORT=80\n{line}\nHOST=db\n".encode()))
    assert SECRET not in known(f"line 2: {line}")
    assert SECRET not in known(f"unexpected {SECRET}")
    assert "db" in known("db")


@pytest.fixture
async def rows(store: Store, tmp_path: Path) -> str:
    """Everything that the store keeps after an operation that failed with a secret in its error."""
    guarded = Store(store._database, Redactor([SECRET]))
    operation = await guarded.operations.propose(proposal())
    await guarded.operations.confirm(operation.nonce, ANNA, ANNA.id, 1, datetime.now(UTC))
    reason = CommandFailed("docker compose", 15, REFUSED).phrase
    now = datetime.now(UTC)
    await guarded.operations.fail_step(operation.id, "config", now, reason=reason, log_tail=REFUSED)
    await guarded.operations.change(operation.id, rollback_reason=reason)
    await guarded.outbox.notice(reason, [ANNA.id], 1.0)
    await guarded.operations.finish(operation.id, State.FAILED, now, [ANNA.id], reason=reason)
    found = await store._database.all("SELECT body AS text FROM operations UNION SELECT phrase FROM outbox")
    return "\n".join(row["text"] or "" for row in found)


def test_no_reason_brings_a_secret_into_the_store(rows: str) -> None:
    """R-UX-4: the reason is told, without the secret in it."""
    assert "unterminated quoted value" in rows
    assert SECRET not in rows


def test_a_reason_that_goes_straight_to_a_chat_is_cleaned_too() -> None:
    redactor.add(SECRET)
    texts = Catalogues(strict=True)["en"]
    said = texts.phrase(CommandFailed("docker compose", 15, REFUSED).phrase)
    assert "status 15" in said
    assert SECRET not in said
    assert texts.phrase(Phrase(id="error-no-ref", args={"ref": "main"})) == texts("error-no-ref", ref="main")


def test_the_end_of_a_long_error_never_begins_inside_a_word() -> None:
    """Half a secret is not recognised any more."""
    error = CommandFailed("docker compose", 1, f"{SECRET * 40} is refused")
    assert error.phrase.args["tail"] == "is refused"
    assert last_words(f"{SECRET}\n{'x' * 5}\n{'y' * 4}", 12) == f"{'x' * 5}\n{'y' * 4}"
    assert last_words("x" * 20, 12) == ""
    assert last_words("short", 12) == "short"
