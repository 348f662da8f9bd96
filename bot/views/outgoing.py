"""An outbox row as a message."""

from __future__ import annotations

from datetime import datetime

import structlog

from bot.texts import Texts
from bot.views.card import card
from bot.views.progress import progress
from bot.views.screen import Screen
from bot.views.talk import notice
from bot.views.verdict import headline, verdict
from services.models import Ahead, Operation, Step
from services.phrases import Phrase
from services.store.outbox import Outgoing

log = structlog.get_logger(__name__)


def render(
    row: Outgoing,
    operation: Operation | None,
    steps: list[Step],
    texts: Texts,
    now: datetime,
    host: str,
    ahead: Ahead | None = None,
) -> Screen:
    """What the chat is to show. A defect in a view must not keep a result from people: they get its first line."""
    try:
        return _render(row, operation, steps, texts, now, host, ahead)
    except Exception:
        log.exception("a view failed", row=row.id, kind=row.kind, operation=row.operation_id)
        if operation is not None and row.kind == "verdict":
            return Screen(headline(operation, texts))
        return Screen(texts("error-internal"))


def _render(
    row: Outgoing,
    operation: Operation | None,
    steps: list[Step],
    texts: Texts,
    now: datetime,
    host: str,
    ahead: Ahead | None,
) -> Screen:
    again = row.uncertain and row.message_id is None
    if operation is None:
        return notice(row.phrase or Phrase(id="error-internal"), texts, again=again)
    if row.kind == "card":
        return card(operation, texts, host, ahead=ahead, again=again)
    if row.kind == "progress":
        return progress(operation, steps, texts, now, again=again)
    if row.kind == "verdict":
        return verdict(operation, steps, texts, now, again=again)
    return notice(row.phrase or Phrase(id="error-internal"), texts, again=again)
