"""Short messages: help, who you are, errors, questions."""

from __future__ import annotations

from collections.abc import Iterable

from aiogram.types import ForceReply
from aiogram.utils.formatting import Bold, Text

from bot import keyboards
from bot.texts import Texts
from bot.views.parts import clean, code, lines
from bot.views.screen import Block, Screen, fit, repeated, screen
from services.models import Kind, Operation, Person
from services.phrases import Phrase

COMMANDS = (
    "status",
    "deploy",
    "rollback",
    "migrate",
    "backup",
    "backups",
    "restore",
    "env",
    "drill",
    "pack",
    "ops",
    "cancel",
    "lock",
    "unlock",
    "whoami",
    "help",
)
"""In the order of the menu; /start shows the same as /help."""


def help_text(projects: Iterable[str], texts: Texts) -> Screen:
    """What it can do, in a screenful, with buttons for the main things."""
    commands = [Text(f"/{name}", " ", texts(f"help-{name}")) for name in COMMANDS]
    blocks = [
        Block(lines(Bold(texts("help-title")), texts("help-intro"))),
        Block(lines(*commands), keep=5),
        Block(lines(texts("help-projects", names=", ".join(projects)), texts("help-gate"))),
    ]
    return fit(blocks, texts, keyboards.menu(texts))


def who_you_are(person: Person, chat_id: int, texts: Texts) -> Screen:
    node = lines(
        Text(texts("whoami-name"), " ", Bold(clean(person.name, 64))),
        Text(texts("whoami-id"), " ", code(str(person.id))),
        Text(texts("whoami-chat"), " ", code(str(chat_id))) if chat_id != person.id else None,
        texts("whoami-admin"),
    )
    return screen(node, texts)


def phrase(found: Phrase, texts: Texts) -> Screen:
    """What a service says to a person."""
    return screen(Text(texts.phrase(found)), texts)


def phrases(found: Iterable[Phrase], texts: Texts) -> Screen:
    """Several of them, one under the other."""
    return screen(lines(*(texts.phrase(one) for one in found)), texts)


def notice(found: Phrase, texts: Texts, *, again: bool = False) -> Screen:
    """A message that belongs to no operation. `again`: it may have arrived before."""
    return fit([Block(Text(texts.phrase(found))), repeated(texts, again=again)], texts)


def type_the_name(found: Phrase, operation: Operation, texts: Texts) -> Screen:
    """Asks for the project's name as an answer to this message: in groups a bot hears answers only."""
    reply = ForceReply(force_reply=True, input_field_placeholder=operation.project)
    return Screen(texts.phrase(found), asks=reply)


def choose_project(kind: Kind, names: Iterable[str], texts: Texts) -> Screen:
    return fit([Block(Text(texts("choose-project", kind=str(kind))))], texts, keyboards.projects(kind, names))


def choose_to_cancel(running: list[Operation], texts: Texts) -> Screen:
    return fit([Block(Text(texts("choose-to-cancel")))], texts, keyboards.choose_to_cancel(running, texts))
