"""What a view makes: text with entities that fits into one Telegram message, and a keyboard."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiogram.types import ForceReply, InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity
from aiogram.utils.formatting import Text, sizeof

from bot.texts import Texts

LIMIT = 4096
"""UTF-16 code units of a message, after parsing (Bot API)."""
MOST_ENTITIES = 100
_LEAST_WORTH_SHOWING = 60
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


@dataclass(frozen=True)
class Block:
    """A part of a message. Of too long a message the last part with the lowest `keep` is cut first."""

    node: Text
    keep: int = 9
    cut_front: bool = False  # of a log the end matters, of a list the beginning


@dataclass(frozen=True)
class Screen:
    """A message ready to send or to edit in place."""

    text: str
    entities: tuple[MessageEntity, ...] = ()
    keyboard: InlineKeyboardMarkup | None = None
    asks: ForceReply | None = None  # the next thing that is typed answers this message
    cut: bool = False  # something was left out because a message is not long enough

    def kwargs(self) -> dict[str, Any]:
        """Arguments of sendMessage and editMessageText."""
        return {
            "text": self.text,
            "entities": list(self.entities),
            "parse_mode": None,
            "link_preview_options": NO_PREVIEW,
            "reply_markup": self.keyboard or self.asks,
        }

    def plain(self) -> Screen:
        """The same text without entities and buttons, for the case that Telegram refuses those."""
        return Screen(self.text)

    @property
    def digest(self) -> str:
        """Equal digests are equal messages: there is nothing to edit."""
        keyboard = self.keyboard.model_dump_json() if self.keyboard else ""
        whole = "\0".join((self.text, *(entity.model_dump_json() for entity in self.entities), keyboard))
        return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True)
class _Piece:
    text: str
    entities: tuple[MessageEntity, ...]

    @property
    def size(self) -> int:
        return sizeof(self.text)

    def moved(self, by: int) -> list[MessageEntity]:
        return [entity.model_copy(update={"offset": entity.offset + by}) for entity in self.entities]

    def part(self, start: int, stop: int) -> _Piece:
        """A slice in UTF-16 units, never through the middle of a character, entities clipped to it."""
        raw = self.text.encode("utf-16-le")
        text = raw[start * 2 : stop * 2].decode("utf-16-le", "ignore")
        front = start + 1 if _low_surrogate(raw, start) else start
        return _Piece(text, tuple(_clipped(self.entities, front, front + sizeof(text))))


def _low_surrogate(raw: bytes, unit: int) -> bool:
    return unit * 2 + 1 < len(raw) and 0xDC <= raw[unit * 2 + 1] <= 0xDF  # noqa: PLR2004 - the second half of a pair


def _clipped(entities: Iterable[MessageEntity], start: int, stop: int) -> Iterable[MessageEntity]:
    for entity in entities:
        first, last = max(entity.offset, start), min(entity.offset + entity.length, stop)
        if last > first:
            yield entity.model_copy(update={"offset": first - start, "length": last - first})


def fit(
    blocks: Sequence[Block | None],
    texts: Texts,
    keyboard: InlineKeyboardMarkup | None = None,
    limit: int = LIMIT,
) -> Screen:
    """Joins blocks with empty lines between them; what is too long is cut where it matters least, and says so."""
    wanted = [block for block in blocks if block is not None]
    pieces = [_rendered(block.node) for block in wanted]
    note = texts("cut-note")
    cut = _total(pieces) > limit
    for index in sorted(range(len(wanted)), key=lambda i: (wanted[i].keep, -i)):
        over = _total(pieces) - limit
        if over <= 0:
            break
        pieces[index] = _cut(pieces[index], over, note, front=wanted[index].cut_front)
    return replace(_joined(pieces), keyboard=keyboard, cut=cut)


def repeated(texts: Texts, *, again: bool) -> Block | None:
    """Says that an earlier copy of this message may have arrived; nothing when it is the first."""
    return Block(Text(texts("sent-again"))) if again else None


def screen(node: Text, texts: Texts, keyboard: InlineKeyboardMarkup | None = None) -> Screen:
    """A message of one block."""
    return fit([Block(node)], texts, keyboard)


def _rendered(node: Text) -> _Piece:
    text, entities = node.render()
    whole = _Piece(text, tuple(entities))
    front = sizeof(text) - sizeof(text.lstrip())
    return whole.part(front, front + sizeof(text.strip()))


def _cut(piece: _Piece, over: int, note: str, *, front: bool) -> _Piece:
    room = piece.size - over - sizeof(note) - 1
    if room < _LEAST_WORTH_SHOWING:
        return _Piece(note, ()) if piece.size > sizeof(note) else piece
    if front:
        kept = piece.part(piece.size - room, piece.size)
        text, entities = f"{note}\n{kept.text}", kept.moved(sizeof(note) + 1)
        return _Piece(text, tuple(entities))
    kept = piece.part(0, room)
    return _Piece(f"{kept.text}\n{note}", kept.entities)


def _total(pieces: Sequence[_Piece]) -> int:
    return sum(piece.size for piece in pieces) + 2 * max(0, len(pieces) - 1)


def _joined(pieces: Sequence[_Piece]) -> Screen:
    text, entities, offset = "", [], 0
    for piece in pieces:
        if not piece.text:
            continue
        if text:
            text, offset = f"{text}\n\n", offset + 2
        entities += piece.moved(offset)
        text, offset = text + piece.text, offset + piece.size
    return Screen(text, tuple(entities[:MOST_ENTITIES]))
