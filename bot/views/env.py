"""The server's env file as a chat may see it: names of keys, never a value, nor how it begins or how long it is."""

from __future__ import annotations

from datetime import datetime

from aiogram.types import ForceReply
from aiogram.utils.formatting import Bold, Text

from bot.texts import Texts
from bot.views.parts import clean, code, lines
from bot.views.screen import Block, Screen, fit
from services.changes import Rebuild
from services.env_edits.reading import EnvKey, Listing
from services.models import Operation, State, short_id

MASK = "•••"
PLACEHOLDER = 64
"""Characters of the hint in an empty input field (Bot API)."""


def listing(project: str, found: Listing, texts: Texts, now: datetime) -> Screen:
    """Every key, what is known of it without its value, and what can be done."""
    age = max(0.0, (now - found.changed).total_seconds()) if found.changed else None
    head = lines(
        Bold(texts("env-title", project=project)),
        code(found.file),
        texts("env-changed", age=age) if age is not None else None,
    )
    keys = lines(*(_key(one, texts) for one in found.keys)) if found.keys else Text(texts("env-no-keys"))
    broken = ", ".join(str(number) for number in found.unreadable_lines[:5])
    help_ = lines(
        texts("env-lines-unreadable", lines=broken) if broken else None,
        texts("env-how-set", project=project),
        texts("env-how-unset", project=project),
        texts("env-how-undo", project=project) if found.previous else None,
    )
    return fit([Block(head), Block(keys, keep=3), Block(help_, keep=8)], texts)


def _key(one: EnvKey, texts: Texts) -> Text:
    said = [
        texts("env-empty") if one.empty else MASK,
        *([texts("env-public")] if one.public else []),
        *([texts("env-given", count=one.count)] if one.count > 1 else []),
    ]
    return Text("• ", code(clean(one.name, 128)), " ", ", ".join(said))


def ask(project: str, key: str, texts: Texts) -> Screen:
    """The answer to this message is the value, and does not stay in the chat."""
    reply = ForceReply(force_reply=True, input_field_placeholder=key[:PLACEHOLDER])
    return Screen(texts("env-ask", project=project, key=key), asks=reply)


# --- the card and the verdict --------------------------------------------------------------------


def about(operation: Operation, texts: Texts) -> Text | None:
    """Which keys, who reads them, what is built. None for other kinds."""
    edit = operation.plan.editing
    if edit is None:
        return None
    kinds = (("env-adds", edit.added), ("env-changes", edit.changed), ("env-removes", edit.removed))
    fresh = {one.service for one in operation.plan.no_cache}
    cached = [one for one in edit.built if one not in fresh]
    return lines(
        code(edit.file),
        texts("env-undoes", operation=short_id(edit.undoes)) if edit.undoes else None,
        *(Text(texts(kind), " ", Bold(clean(", ".join(names), 900))) for kind, names in kinds if names),
        texts("env-readers", services=", ".join(edit.readers)) if edit.readers else None,
        *(
            texts("card-no-cache", service=one.service, reasons=_reasons(one, texts))
            for one in operation.plan.no_cache
        ),
        texts("card-with-cache", services=", ".join(cached)) if cached else None,
    )


def _reasons(one: Rebuild, texts: Texts) -> str:
    """Of many keys the first: all of them stand above it already."""
    return clean(", ".join(map(texts.phrase, one.reasons)), 300)


def promise(operation: Operation, texts: Texts) -> Text | None:
    edit = operation.plan.editing
    if edit is None:
        return None
    if operation.plan.first:
        return Text(texts("env-promise-first"))
    return lines(
        texts("env-promise"),
        texts("env-promise-role", role=edit.role) if edit.role else None,
        texts("env-keeps", project=operation.project),
    )


def meaning(operation: Operation, texts: Texts) -> str | None:
    """What the end means for the server. None for other kinds."""
    edit = operation.plan.editing
    if edit is None:
        return None
    match operation.state:
        case State.SUCCEEDED:
            return texts(
                "meaning-env-done",
                project=operation.project,
                names=clean(", ".join(edit.names), 300),
                first=int(operation.plan.first),
            )
        case State.FAILED if operation.rollback_reason is not None:
            return texts("meaning-env-names-moved")
        case State.FAILED:
            return texts("meaning-env-untouched")
        case State.ROLLED_BACK:
            return texts("meaning-env-back", first=int(operation.plan.first))
        case _:
            return texts("meaning-env-needs-human", project=operation.project)
