"""Parse mode MarkdownV2, with TDLib's own rules and error texts."""

import re
from dataclasses import dataclass

from bot.sandbox.errors import Json
from bot.sandbox.formatting import SPACE, Parsed, byte_offset, details_of_address, unparsed

_RESERVED = frozenset("_*[]()~`>#+-=|{}.!\n")
_LAST_ESCAPED = "\x7e"
_LANGUAGE = re.compile(rf"[^{SPACE}`]+(?=[{SPACE}])")
_NEW_LINE = re.compile(r"\r\n|\n\r|\n|\r")
_ESCAPED = re.compile(r"\\([\x01-\x7e])")
_ADDRESS = re.compile(r"\(((?:\\[\x01-\x7e]|\\(?![\x01-\x7e])|[^)\\])*)\)")
# Opening mark, how TDLib's errors name what it opens, the entity's type, and the mark that closes it.
_MARKS = (
    ("```", "Pre", "pre", "```"),
    ("__", "Underline", "underline", "__"),
    ("||", "Spoiler", "spoiler", "||"),
    ("![", "CustomEmoji", "", "]"),
    ("_", "Italic", "italic", "_"),
    ("*", "Bold", "bold", "*"),
    ("~", "Strikethrough", "strikethrough", "~"),
    ("`", "Code", "code", "`"),
    ("[", "TextUrl", "", "]"),
)


@dataclass
class _Open:
    name: str
    kind: str
    closing: str
    offset: int
    at: int
    piece: int
    language: str = ""


def parse_markdown(source: str) -> tuple[str, list[Json]]:
    """The text without its marks, and its entities.

    Raises:
        ApiError: 400 `can't parse entities: ...` in Telegram's words.
    """
    return _Markdown(source).parse()


class _Markdown:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._parsed = Parsed()
        self._open: list[_Open] = []
        self._quoting = False
        self._line_begins = True

    def parse(self) -> tuple[str, list[Json]]:
        while self._at < len(self._source):
            self._step()
        if self._quoting:
            self._end_quote_at_end()
        if self._open:
            raise self._no_end()
        return self._parsed.result()

    def _step(self) -> None:
        here = self._source[self._at]
        escaped = self._source[self._at + 1 : self._at + 2]
        if here == "\\" and escaped and escaped <= _LAST_ESCAPED:
            self._at += 1
            self._write(escaped)
        elif here not in self._reserved():
            self._write(here)
        elif self._quote_ends():
            self._end_quote()
        elif here == "\n":
            self._write(here)
        elif self._closes():
            self._close(self._open.pop())
        else:
            self._begin(here)

    def _reserved(self) -> frozenset[str]:
        in_code = bool(self._open) and self._open[-1].name in {"Code", "Pre", "PreCode"}
        return frozenset("`") if in_code else _RESERVED

    def _write(self, character: str) -> None:
        self._at += 1
        self._parsed.write(character)
        if character != "\r":
            self._line_begins = character == "\n"

    def _closes(self) -> bool:
        if not self._open:
            return False
        closing = self._open[-1].closing
        if closing == "_" and self._source.startswith("__", self._at):
            return False
        return bool(closing) and self._source.startswith(closing, self._at)

    def _begin(self, here: str) -> None:
        if here == ">":
            self._begin_quote()
            return
        for mark, name, kind, closing in _MARKS:
            if self._source.startswith(mark, self._at):
                self._open.append(self._opened(name, kind, closing))
                self._at += len(mark)
                if mark == "```":
                    self._read_language(self._open[-1])
                return
        raise self._reserved_error(here)

    def _opened(self, name: str, kind: str, closing: str) -> _Open:
        return _Open(name, kind, closing, self._parsed.length, self._at, len(self._parsed.pieces))

    def _read_language(self, block: _Open) -> None:
        if found := _LANGUAGE.match(self._source, self._at):
            block.name, block.language, self._at = "PreCode", found.group(), found.end()
        if found := _NEW_LINE.match(self._source, self._at):
            self._at = found.end()

    def _close(self, entity: _Open) -> None:
        self._at += len(entity.closing)
        if entity.name == "TextUrl":
            self._close_link(entity)
        elif entity.name == "CustomEmoji":
            self._close_address(entity)
        elif self._parsed.length > entity.offset:
            language = {"language": entity.language} if entity.language else {}
            self._parsed.add(entity.kind, entity.offset, **language)

    def _close_link(self, link: _Open) -> None:
        words = "".join(self._parsed.pieces[link.piece :])
        url = self._address() if self._source.startswith("(", self._at) else words
        if self._parsed.length > link.offset:
            self._parsed.add_link(link.offset, url)

    def _close_address(self, entity: _Open) -> None:
        if not self._source.startswith("(", self._at):
            raise unparsed("The entity must contain a tg://emoji or tg://time URL")
        kind, details = details_of_address(self._address())
        if self._parsed.length > entity.offset:
            self._parsed.add(kind, entity.offset, **details)

    def _address(self) -> str:
        """What stands in the parentheses that begin here."""
        found = _ADDRESS.match(self._source, self._at)
        if found is None:
            begin = byte_offset(self._source, self._at + 1)
            raise unparsed(f"Can't find end of a URL at byte offset {begin}")
        self._at = found.end()
        return _ESCAPED.sub(r"\1", found.group(1))

    # A quotation ends with the line after which no other begins with ">"; "||" before that makes it expandable.

    def _begin_quote(self) -> None:
        if not self._line_begins:
            raise self._reserved_error(">")
        if not self._quoting:
            self._open.append(self._opened("BlockQuote", "blockquote", ""))
            self._quoting = True
        self._at += 1

    def _quote_ends(self) -> bool:
        ends = self._source[self._at] == "\n" and not self._source.startswith(">", self._at + 1)
        return self._quoting and ends

    def _end_quote(self) -> None:
        kind = self._kind_of_quote()
        quote = self._open.pop()
        self._write("\n")
        self._parsed.add(kind, quote.offset)
        self._quoting = False

    def _end_quote_at_end(self) -> None:
        kind = self._kind_of_quote()
        quote = self._open.pop()
        if self._parsed.length > quote.offset:
            self._parsed.add(kind, quote.offset)

    def _kind_of_quote(self) -> str:
        last = self._open[-1]
        expandable = last.name == "Spoiler" and self._source[last.at : self._at].rstrip("\r") == "||"
        if expandable:
            self._open.pop()
        if self._open[-1].name != "BlockQuote":
            raise self._no_end()
        return "expandable_blockquote" if expandable else "blockquote"

    def _no_end(self) -> Exception:
        last = self._open[-1]
        where = byte_offset(self._source, last.at)
        return unparsed(f"Can't find end of {last.name} entity at byte offset {where}")

    @staticmethod
    def _reserved_error(character: str) -> Exception:
        return unparsed(f"Character '{character}' is reserved and must be escaped with the preceding '\\'")
