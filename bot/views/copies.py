"""Where copies of a backup lie, and which private key opens those that are encrypted."""

from __future__ import annotations

from bot.texts import Texts
from bot.views.parts import clean
from services.backups.models import Backup, short_key

_OUR_PLACES = {"host": "place-host", "local": "place-local"}


def place(where: str, texts: Texts) -> str:
    """Our two places in words; off-site targets are called what the settings call them."""
    return texts(_OUR_PLACES[where]) if where in _OUR_PLACES else clean(where, 40)


def opened_by(backup: Backup, texts: Texts) -> list[str]:
    """One line for all places whose copies the same keys open, where that is known."""
    places: dict[tuple[str, ...], list[str]] = {}
    for copy in backup.copies:
        if copy.recipients:
            places.setdefault(copy.recipients, []).append(place(copy.where, texts))
    return [
        texts(
            "copies-sealed-to", places=", ".join(where), count=len(keys), keys=", ".join(map(short_key, keys))
        )
        for keys, where in places.items()
    ]
