"""What the two parse modes have in common: entities as they are found, and the links among them."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from bot.sandbox.errors import ApiError, Json, bad_request

SPACE = " \t\r\n\0\v"
"""What TDLib's `is_space` takes for white space."""
_SCHEME = re.compile(r"(?:https?|tg|ton)://\S+", re.IGNORECASE)
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:[/?#]\S*)?")
_NUMBER = re.compile(r"[1-9][0-9]*")
_NO_PATH = re.compile(r"(https?://[^/?#]+)(?=[?#]|$)")
_DATE_FORMAT = re.compile(r"[rR]?|[tTdDwW]+")


@dataclass
class Parsed:
    """The text without its markup so far, and the entities that are closed."""

    pieces: list[str] = field(default_factory=list)
    length: int = 0
    entities: list[Json] = field(default_factory=list)

    def write(self, character: str) -> None:
        """Adds one character to the text."""
        self.pieces.append(character)
        self.length += 1 + (character > "\uffff")

    def add(self, kind: str, offset: int, **details: object) -> None:
        """Closes an entity that began at `offset` (in UTF-16 units) and ends here."""
        self.entities.append({"type": kind, "offset": offset, "length": self.length - offset, **details})

    def add_link(self, offset: int, url: str) -> None:
        """A link, unless its address is none: then its words stay as they are."""
        if link := checked_link(url):
            self.add("text_link", offset, url=link)

    def result(self) -> tuple[str, list[Json]]:
        """The text and its entities, the outer ones first."""
        ordered = sorted(self.entities, key=lambda entity: (entity["offset"], -entity["length"]))
        return "".join(self.pieces), ordered


def unparsed(reason: str) -> ApiError:
    """400 in the words with which every error of a parse mode begins."""
    return bad_request(f"can't parse entities: {reason}")


def byte_offset(source: str, position: int) -> int:
    """Where a character stands, as the errors count."""
    return len(source[:position].encode("utf-8", "surrogatepass"))


def checked_link(url: str) -> str:
    """The address of a link with its scheme; empty when it is none."""
    if url.lower().startswith("tg://user?id="):
        raise bad_request("mentions by link are not served by the local Bot API")
    if not _SCHEME.fullmatch(url):
        url = f"http://{url}" if _HOST.fullmatch(url) else ""
    return _NO_PATH.sub(r"\1/", url)


def date_details(unix: str, form: str) -> Json:
    """The fields of a `date_time` entity.

    Raises:
        ApiError: 400 when the form is none.
    """
    if not _DATE_FORMAT.fullmatch(form):
        raise unparsed("Invalid date format used")
    return {"unix_time": int(unix)} | ({"date_time_format": form} if form else {})


def details_of_address(url: str) -> tuple[str, Json]:
    """What `tg://emoji?id=...` or `tg://time?unix=...&format=...` stands for: entity type and its fields.

    Raises:
        ApiError: 400 for any other address.
    """
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    place = f"{parts.scheme}://{parts.netloc}".lower()
    if place == "tg://emoji" and _NUMBER.fullmatch(query.get("id", "")):
        return "custom_emoji", {"custom_emoji_id": query["id"]}
    if place == "tg://time" and _NUMBER.fullmatch(query.get("unix", "")):
        return "date_time", date_details(query["unix"], query.get("format", ""))
    raise unparsed("Invalid tg://emoji or tg://time URL specified")
