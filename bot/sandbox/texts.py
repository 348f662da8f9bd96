"""Message texts and their entities, checked and normalised the way Telegram does it.

Lengths and offsets count UTF-16 code units.
"""

import re
from dataclasses import dataclass
from typing import Any

from bot.sandbox.errors import Json, bad_request
from bot.sandbox.formatting_html import parse_html
from bot.sandbox.formatting_markdown import parse_markdown
from bot.sandbox.words import words

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_ENTITIES = 100
_MAX_BYTES = 1 << 15
_MAX_PLACE = 1_000_000

STYLES = words(
    "bold italic underline strikethrough spoiler code pre text_link text_mention custom_emoji blockquote ",
    "expandable_blockquote date_time",
)
DETECTED = words("mention hashtag cashtag bot_command url email phone_number bank_card_number")
"""Types that Telegram finds by itself; when a bot sends them they are dropped without a word."""
LINK_PREVIEW_FIELDS = words("is_disabled url prefer_small_media prefer_large_media show_above_text")
FIELDS = {
    "pre": {"language"},
    "text_link": {"url"},
    "text_mention": {"user"},
    "custom_emoji": {"custom_emoji_id"},
    "date_time": {"unix_time", "date_time_format"},
}
_LINK = re.compile(r"(?:(?:https?|tg|ton)://|mailto:|tel:)\S+")
_FOUND_IN_TEXT = (
    ("bot_command", re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")),
    ("url", re.compile(r"https?://[^\s<>()]+[^\s<>().,;:!?]")),
    ("mention", re.compile(r"(?<![\w@./])@[A-Za-z][A-Za-z0-9_]{3,31}\b")),
    ("hashtag", re.compile(r"(?<![\w#])#[^\W\d]\w*")),
)


@dataclass(frozen=True)
class FormattedText:
    """A text as a message shows it, with its entities in order."""

    text: str
    entities: tuple[Json, ...] = ()

    def fields(self, prefix: str = "") -> Json:
        """As message fields: `text`/`entities`, or `caption`/`caption_entities`."""
        text, entities = ("caption", "caption_entities") if prefix == "caption" else ("text", "entities")
        shown: Json = {text: self.text} if self.text else {}
        return shown | ({entities: list(self.entities)} if self.entities else {})


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def message_text(text: str | None, entities: Any, parse_mode: str | None) -> FormattedText:
    """The text of a message.

    Raises:
        ApiError: 400 when it is empty, too long, or an entity does not fit it.
    """
    if not text:
        raise bad_request("message text is empty")
    formatted = _formatted(text, entities, parse_mode)
    if not formatted.text:
        raise bad_request("text must be non-empty")
    if utf16_length(formatted.text) > MAX_TEXT:
        raise bad_request("message is too long")
    return formatted


def message_caption(caption: str | None, entities: Any, parse_mode: str | None) -> FormattedText:
    """The caption of a document or photo, which may be empty.

    Raises:
        ApiError: 400 when it is too long or an entity does not fit it.
    """
    formatted = _formatted(caption or "", entities, parse_mode)
    if utf16_length(formatted.text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    return formatted


def check_link_preview(options: Any) -> None:
    """Refuses `link_preview_options` of another shape; a local message shows no preview.

    Raises:
        ApiError: 400 when it is no object or has a field that does not exist.
    """
    if options is None:
        return
    if not isinstance(options, dict):
        raise bad_request("object expected as link preview options")
    if extra := sorted(set(options) - LINK_PREVIEW_FIELDS):
        raise bad_request(f'unknown field "{extra[0]}" of LinkPreviewOptions')


def typed_text(text: str) -> FormattedText:
    """What a person typed, with the entities that Telegram finds in it."""
    return FormattedText(text, tuple(_detected(text, ())))


def _formatted(text: str, entities: Any, parse_mode: str | None) -> FormattedText:
    if len(text.encode("utf-8", "surrogatepass")) > _MAX_BYTES:
        raise bad_request("text is too long")
    if parse_mode:
        return _normalised(*_parsed(text, parse_mode))
    parsed = [_entity(entity) for entity in _array(entities)]
    return _normalised(text, [entity for entity in parsed if entity["type"] in STYLES])


def _parsed(text: str, parse_mode: str) -> tuple[str, list[Json]]:
    mode = parse_mode.lower()
    if mode == "html":
        return parse_html(text)
    if mode == "markdownv2":
        return parse_markdown(text)
    if mode == "markdown":
        raise bad_request("the older Markdown is not served by the local Bot API: use MarkdownV2 or HTML")
    raise bad_request("unsupported parse_mode")


def _array(entities: Any) -> list[Any]:
    if entities is None:
        return []
    if not isinstance(entities, list):
        raise bad_request("can't parse entities: expected an Array of MessageEntity")
    return entities


def _entity(entity: Any) -> Json:
    if not isinstance(entity, dict):
        raise _unparsed("expected an Object")
    for field in ("offset", "length"):
        if not isinstance(entity.get(field), int):
            raise _unparsed(f'Can\'t find field "{field}"')
    kind = entity.get("type")
    if kind not in STYLES | DETECTED:
        raise _unparsed("Unsupported type specified")
    wanted = FIELDS.get(kind, set())
    if extra := sorted(set(entity) - wanted - {"type", "offset", "length"}):
        raise _unparsed(f'unknown field "{extra[0]}" of type {kind}')
    _check_details(kind, entity)
    return dict(entity)


def _check_details(kind: str, entity: Json) -> None:
    if kind == "text_link" and not _LINK.fullmatch(str(entity.get("url", ""))):
        raise bad_request(f"entity URL '{entity.get('url', '')}' is invalid: Wrong HTTP URL")
    if kind == "text_mention" and not isinstance(entity.get("user", {}).get("id"), int):
        raise _unparsed('Can\'t find field "user"')
    if kind == "custom_emoji" and not str(entity.get("custom_emoji_id", "")).isdecimal():
        raise _unparsed('Field "custom_emoji_id" must be a valid Number')
    if kind == "date_time":
        if not isinstance(entity.get("unix_time"), int):
            raise _unparsed('Can\'t find field "unix_time"')
        if not re.fullmatch(r"[rR]?|[tTdDwW]+", entity.get("date_time_format") or ""):
            raise _unparsed("Invalid date-time format specified")


def _unparsed(reason: str) -> Exception:
    return bad_request(f"can't parse MessageEntity: {reason}")


def _normalised(text: str, entities: list[Json]) -> FormattedText:
    """Drops carriage returns and outer white space, and moves the entities along."""
    places = _places(text, entities)
    cleaned = "".join(_kept(character) for character in text)
    trimmed = cleaned.strip(" \n\t")
    start = utf16_length(cleaned[: len(cleaned) - len(cleaned.lstrip(" \n\t"))])
    end = utf16_length(trimmed)
    moved = []
    for entity in entities:
        first = max(0, places[entity["offset"]] - start)
        last = min(end, places[entity["offset"] + entity["length"]] - start)
        if last > first:
            moved.append(entity | {"offset": first, "length": last - first})
    moved = moved[:MAX_ENTITIES]
    moved += _detected(trimmed, tuple(moved))
    moved.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    return FormattedText(trimmed, tuple(moved))


def _kept(character: str) -> str:
    if character == "\r":
        return ""
    return " " if character < " " and character != "\n" else character


def _places(text: str, entities: list[Json]) -> dict[int, int]:
    """UTF-16 offset before cleaning → after it; only offsets between characters are present."""
    places, old, new = {0: 0}, 0, 0
    for character in text:
        old += utf16_length(character)
        new += utf16_length(_kept(character))
        places[old] = new
    for entity in entities:
        _check_place(entity, places, old)
    return places


def _check_place(entity: Json, places: dict[int, int], end: int) -> None:
    first, length = entity["offset"], entity["length"]
    if not 0 <= first <= _MAX_PLACE:
        raise bad_request(f"receive an entity with incorrect offset {first}")
    if not 0 <= length <= _MAX_PLACE:
        raise bad_request(f"receive an entity with incorrect length {length}")
    if first > end or (first == end and length):
        raise bad_request(f"entity begins after the end of the text at UTF-16 offset {first}")
    if first + length > end:
        raise bad_request(
            f"entity beginning at UTF-16 offset {first} ends after the end of the text "
            f"at UTF-16 offset {first + length}"
        )
    if first not in places or first + length not in places:
        raise bad_request(f"entity beginning at UTF-16 offset {first} ends in a middle of a UTF-16 symbol")


def _detected(text: str, given: tuple[Json, ...]) -> list[Json]:
    taken = [
        (entity["offset"], entity["offset"] + entity["length"])
        for entity in given
        if entity["type"] in {"code", "pre", "text_link", "text_mention"}
    ]
    found = []
    for kind, pattern in _FOUND_IN_TEXT:
        for match in pattern.finditer(text):
            first = utf16_length(text[: match.start()])
            last = first + utf16_length(match.group())
            if all(last <= low or first >= high for low, high in taken):
                taken.append((first, last))
                found.append({"type": kind, "offset": first, "length": last - first})
    return sorted(found, key=lambda entity: entity["offset"])
