"""How a database stores text, and where: what CREATE DATABASE is told so that a new one is like the live one."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LITERAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@=-]{0,62}")
"""Encodings and locales: en_US.utf8, de_DE@euro, und-u-ks."""
_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}


@dataclass(frozen=True, slots=True)
class Shape:
    """`icu` is the ICU locale, when that is what it sorts by, `rules` what was added to it.

    `provider` is pg_database's letter, None before 15; `builtin` is the locale of 17's own provider. Without a
    `tablespace` it is the default one.
    """

    encoding: str
    collate: str
    ctype: str
    icu: str | None = None
    provider: str | None = None
    rules: str | None = None
    builtin: str | None = None
    tablespace: str | None = None

    def clauses(self) -> str:
        """Of CREATE DATABASE. Raises ValueError for what is no encoding or locale."""
        said = [
            f"ENCODING {_literal(self.encoding)}",
            f"LC_COLLATE {_literal(self.collate)} LC_CTYPE {_literal(self.ctype)}",
        ]
        # template0 may sort by something else: what is not said would be as there.
        if provider := _PROVIDERS.get(self.provider or ("i" if self.icu else "")):
            said.append(f"LOCALE_PROVIDER {provider}")
        if self.icu:
            said.append(f"ICU_LOCALE {_literal(self.icu)}")
        if self.rules:
            said.append(f"ICU_RULES {_text(self.rules)}")
        if self.builtin:
            said.append(f"BUILTIN_LOCALE {_literal(self.builtin)}")
        if self.tablespace:
            said.append('TABLESPACE "' + self.tablespace.replace('"', '""') + '"')
        return " ".join(said)


def _literal(text: str) -> str:
    if not _LITERAL.fullmatch(text):
        raise ValueError("not an encoding or a locale")
    return f"'{text}'"


def _text(text: str) -> str:
    """Any text of the server's own, in the form that means the same whatever a session is set to; on one line."""
    for plain, escaped in (("\\", "\\\\"), ("'", "''"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(plain, escaped)
    return f"E'{text}'"
