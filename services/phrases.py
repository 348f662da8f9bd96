"""What services say to people, without a language: the id of a catalogue message and its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import BaseModel, ConfigDict, Field

Value = str | int | float


class Phrase(BaseModel):
    """A message of the catalogues in bot/locales, by id, with its values. Never holds a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    args: Mapping[str, Value] = Field(default_factory=dict)
    why: Phrase | None = None  # said after it: the reason of what it says

    def redacted(self, redact: Callable[[str], str]) -> Phrase:
        """The same with its values cleaned: they may quote what a command printed."""
        clean = {key: redact(value) if isinstance(value, str) else value for key, value in self.args.items()}
        why = self.why.redacted(redact) if self.why else None
        return self.model_copy(update={"args": clean, "why": why})
