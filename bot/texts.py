"""The message catalogues of bot/locales: everything a person reads comes from here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
from fluent.runtime import FluentBundle, FluentResource

from bot.logging import redact
from services.phrases import Phrase, Value

log = structlog.get_logger(__name__)

LANGUAGES = ("en", "ru")
LOCALES = Path(__file__).parent / "locales"
_LONGEST = 1000
"""Characters of a value: Fluent puts an error in the place of one with more than 2500, and no message has the room."""
_SIZE_UNITS = ("unit-bytes", "unit-kb", "unit-mb", "unit-gb", "unit-tb")
_TIME_UNITS = (("unit-days", 86_400), ("unit-hours", 3_600), ("unit-minutes", 60), ("unit-seconds", 1))


class MissingText(LookupError):
    """The catalogues do not have this message, or not with these values (raised only by strict texts)."""


def language_of(code: str | None) -> str:
    """The catalogue for a Telegram language code: ru* is Russian, whatever else (also nonsense) is English."""
    return "ru" if (code or "").lower().startswith("ru") else "en"


class Texts:
    """One language. Called with a message id ("id" or "id.attribute") and its values.

    The catalogue's own functions: SIZE($bytes), DURATION($seconds), STEP($name), KIND($name), COMMAND("name").

    `commands`: what stands before the name of a command, where it is read.
    """

    def __init__(
        self, language: str, fallback: Texts | None = None, *, strict: bool = False, commands: str = "/"
    ) -> None:
        self.language = language
        self._commands = commands
        self._fallback = fallback
        self._strict = strict
        functions: dict[str, Any] = {
            "SIZE": self.size,
            "DURATION": self.duration,
            "STEP": self.step,
            "KIND": self.kind,
            "COMMAND": self.command,
        }
        self._bundle = FluentBundle([language], functions=functions, use_isolating=False)
        source = (LOCALES / f"{language}.ftl").read_text(encoding="utf-8")
        self._bundle.add_resource(FluentResource(source))

    def __call__(self, message_id: str, /, **args: Value) -> str:
        return self._format(message_id, args)

    def phrase(self, phrase: Phrase) -> str:
        """What services say. Their errors quote what commands printed, so this is the last net before a chat."""
        said = self._format(phrase.id, phrase.redacted(redact).args)
        return f"{said}\n{self.phrase(phrase.why)}" if phrase.why else said

    def has(self, message_id: str) -> bool:
        return self._pattern(message_id) is not None

    def size(self, count: Any) -> str:
        """Bytes for people, in steps of 1024: 640 B, 1.2 MB."""
        number, unit = float(count), 0
        while number >= 999.5 and unit < len(_SIZE_UNITS) - 1:  # noqa: PLR2004 - at most three digits are shown
            number, unit = number / 1024, unit + 1
        shown: Value = round(number) if unit == 0 or number >= 99.95 else round(number, 1)  # noqa: PLR2004 - 101 MB, but 12.3 MB
        return self(_SIZE_UNITS[unit], n=shown)

    def duration(self, seconds: Any) -> str:
        """Seconds for people, in the two largest units that count: 45 s, 3 min 5 s, 2 d 4 h."""
        left = max(0, round(float(seconds)))
        for place, (unit, length) in enumerate(_TIME_UNITS):
            if left >= length:
                parts = [self(unit, n=left // length)]
                if rest := _TIME_UNITS[place + 1 : place + 2]:
                    small, small_length = rest[0]
                    if number := left % length // small_length:
                        parts.append(self(small, n=number))
                return " ".join(parts)
        return self("unit-seconds", n=0)

    def step(self, name: Any) -> str:
        """What people call a step; one without a text is shown by its code."""
        return self._named("step", name)

    def kind(self, name: Any) -> str:
        """What people call a kind of operation."""
        return self._named("kind", name)

    def command(self, name: Any) -> str:
        """What to type: only for commands that the chat and the terminal both have."""
        return f"{self._commands}{name}"

    def _named(self, family: str, name: Any) -> str:
        message_id = f"{family}-{name}"
        return self(message_id) if self.has(message_id) else str(name)

    def _pattern(self, message_id: str) -> Any:
        name, _, attribute = message_id.partition(".")
        if not self._bundle.has_message(name):
            return None
        message = self._bundle.get_message(name)
        return message.attributes.get(attribute) if attribute else message.value

    def _format(self, message_id: str, args: Mapping[str, Value]) -> str:
        pattern = self._pattern(message_id)
        if pattern is None:
            return self._missing(message_id, args)
        text, errors = self._bundle.format_pattern(pattern, {name: _short(one) for name, one in args.items()})
        if errors:
            if self._strict:
                raise MissingText(f"{self.language}:{message_id}: {errors}")
            log.error(
                "text without a value", id=message_id, language=self.language, errors=[str(e) for e in errors]
            )
        return str(text)

    def _missing(self, message_id: str, args: Mapping[str, Value]) -> str:
        if self._strict:
            raise MissingText(f"{self.language}:{message_id}")
        log.error("no such text", id=message_id, language=self.language)
        return self._fallback._format(message_id, args) if self._fallback else message_id  # noqa: SLF001 - the same class


class Catalogues:
    """Every language, read once. `strict` raises on a missing text: for tests. `commands`: see Texts."""

    def __init__(self, *, strict: bool = False, commands: str = "/") -> None:
        english = Texts("en", strict=strict, commands=commands)
        self._texts = {"en": english, "ru": Texts("ru", english, strict=strict, commands=commands)}

    def __getitem__(self, language: str) -> Texts:
        """The texts of a language; an unknown one is English."""
        return self._texts.get(language, self._texts["en"])


def _short(value: Value) -> Value:
    return f"{value[:_LONGEST]}…" if isinstance(value, str) and len(value) > _LONGEST else value
