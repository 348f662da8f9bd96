"""Parse mode HTML: the tags that Telegram knows, with TDLib's own rules and error texts."""

import re
from dataclasses import dataclass

from bot.sandbox.errors import Json
from bot.sandbox.formatting import SPACE, Parsed, byte_offset, date_details, unparsed

_STYLES = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("tg-spoiler", "span"), "spoiler"),
}
_TAGS = frozenset(_STYLES) | {"a", "pre", "code", "blockquote", "tg-emoji", "tg-time"}
_NAME = re.compile(rf"[^{SPACE}>]*")
_BLANK = re.compile(rf"[{SPACE}]*")
_ATTRIBUTE = re.compile(rf"[^{SPACE}=>/\"']*")
_TOKEN = re.compile(r"[A-Za-z0-9.\-]*")
_ENTITY = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([A-Za-z]+));?")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_LAST_CODE, _LONGEST_NUMBER = 0x10FFFE, 9


@dataclass
class _Open:
    tag: str
    attributes: dict[str, str]
    offset: int
    piece: int


def parse_html(source: str) -> tuple[str, list[Json]]:
    """The text without its tags, and its entities.

    Raises:
        ApiError: 400 `can't parse entities: ...` in Telegram's words.
    """
    return _Html(source).parse()


class _Html:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._parsed = Parsed()
        self._open: list[_Open] = []

    def parse(self) -> tuple[str, list[Json]]:
        while self._at < len(self._source):
            if self._source[self._at] != "<":
                self._parsed.write(self._character())
            elif self._source.startswith("</", self._at):
                self._end_tag()
            else:
                self._start_tag()
        if self._open:
            raise unparsed(f'Can\'t find end tag corresponding to start tag "{self._open[-1].tag}"')
        for entity in self._parsed.entities:
            if entity["type"] == "code":
                entity.pop("language", None)
        return self._parsed.result()

    def _character(self) -> str:
        """The next character, decoded."""
        found = _ENTITY.match(self._source, self._at)
        decoded = _decoded(found) if found else ""
        self._at = found.end() if found and decoded else self._at + 1
        return decoded or self._source[self._at - 1]

    def _matched(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._source, self._at)
        text = found.group() if found else ""
        self._at += len(text)
        return text

    def _here(self) -> str:
        """The next character; empty at the end."""
        return self._source[self._at : self._at + 1]

    def _start_tag(self) -> None:
        begin = byte_offset(self._source, self._at)
        self._at += 1
        tag = self._matched(_NAME).lower()
        if not self._here():
            raise unparsed(f"Unclosed start tag at byte offset {begin}")
        if tag not in _TAGS:
            raise unparsed(f'Unsupported start tag "{tag}" at byte offset {begin}')
        attributes = self._attributes(tag, begin)
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise unparsed(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        self._open.append(_Open(tag, attributes, self._parsed.length, len(self._parsed.pieces)))

    def _attributes(self, tag: str, begin: int) -> dict[str, str]:
        attributes: dict[str, str] = {}
        self._matched(_BLANK)
        while self._here() != ">":
            name = self._matched(_ATTRIBUTE)
            if not name:
                raise unparsed(f'Empty attribute name in the tag "{tag}" at byte offset {begin}')
            self._matched(_BLANK)
            attributes[name] = self._value(tag, begin) if self._here() == "=" else ""
            if not self._here():
                raise unparsed(f'Unclosed start tag "{tag}" at byte offset {begin}')
            self._matched(_BLANK)
        self._at += 1
        return attributes

    def _value(self, tag: str, begin: int) -> str:
        self._at += 1
        self._matched(_BLANK)
        if not self._here():
            raise unparsed(f'Unclosed start tag "{tag}" at byte offset {begin}')
        value = self._quoted() if self._here() in "'\"" else self._token()
        if not self._here():
            raise unparsed(f"Unclosed start tag at byte offset {begin}")
        return value

    def _quoted(self) -> str:
        quote = self._here()
        self._at += 1
        value = []
        while self._here() not in {"", quote}:
            value.append(self._character())
        self._at += 1
        return "".join(value)

    def _token(self) -> str:
        begin = byte_offset(self._source, self._at)
        value = self._matched(_TOKEN).lower()
        if self._here() not in {*SPACE, ">", ""}:
            raise unparsed(f"Unexpected end of name token at byte offset {begin}")
        return value

    def _end_tag(self) -> None:
        begin = byte_offset(self._source, self._at)
        if not self._open:
            raise unparsed(f"Unexpected end tag at byte offset {begin}")
        self._at += 2
        tag = self._matched(_NAME).lower()
        self._matched(_BLANK)
        if self._here() != ">":
            raise unparsed(f"Unclosed end tag at byte offset {begin}")
        self._at += 1
        opened = self._open.pop()
        if tag not in {"", opened.tag}:
            raise unparsed(
                f'Unmatched end tag at byte offset {begin}, expected "</{opened.tag}>", found "</{tag}>"'
            )
        if self._parsed.length > opened.offset:
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        add, given = self._parsed.add, opened.attributes
        if opened.tag in _STYLES:
            add(_STYLES[opened.tag], opened.offset)
        elif opened.tag == "a":
            words = "".join(self._parsed.pieces[opened.piece :])
            self._parsed.add_link(opened.offset, given.get("href") or words)
        elif opened.tag == "blockquote":
            add("expandable_blockquote" if "expandable" in given else "blockquote", opened.offset)
        elif opened.tag == "tg-emoji":
            if not given.get("emoji-id", "").isdecimal():
                raise unparsed("Invalid custom emoji identifier specified")
            add("custom_emoji", opened.offset, custom_emoji_id=given["emoji-id"])
        elif opened.tag == "tg-time":
            if given.get("unix", "").isdecimal() and int(given["unix"]):
                add("date_time", opened.offset, **date_details(given["unix"], given.get("format", "")))
        else:
            self._close_code(opened)

    def _close_code(self, opened: _Open) -> None:
        """`<pre><code class="language-...">` is one entity, whichever stands outside."""
        name = opened.attributes.get("class", "") if opened.tag == "code" else ""
        language = {"language": name[9:]} if name.startswith("language-") and name[9:] else {}
        self._parsed.add(opened.tag, opened.offset, **language)
        here = self._parsed.entities[-1]
        inner = self._parsed.entities[-2] if len(self._parsed.entities) > 1 else {}
        same = all(inner.get(name) == here[name] for name in ("offset", "length"))
        if same and {inner["type"], opened.tag} == {"pre", "code"} and (inner.get("language") or language):
            self._parsed.entities[-2:] = [{**inner, **here, "type": "pre"}]


def _decoded(found: re.Match[str]) -> str:
    """The character of `&lt;`, `&#60;` or `&#x3c;`; empty for what Telegram leaves as it stands."""
    hexadecimal, decimal, name = found.groups()
    if name:
        return _NAMED.get(name, "")
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    too_long = len(found.group().rstrip(";")) > _LONGEST_NUMBER
    return chr(code) if 0 < code <= _LAST_CODE and not too_long else ""
