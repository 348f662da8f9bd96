"""/backups: what there is, where it lies, what retention would drop and why the rest stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from aiogram.utils.formatting import Bold, Text

from bot import keyboards
from bot.texts import Texts
from bot.views import drill
from bot.views.copies import opened_by, place
from bot.views.parts import clean, lines, moment
from bot.views.screen import Block, Screen, fit
from services.backups.models import Backup, copies_of, is_ahead
from services.models import Kind, Step
from services.projects import Project
from services.retention import Judged

MOST_LISTED = 20
MOST_JUDGED = 12
"""Of each place so many that would go, and so many that stay: a message holds a hundred times and bold words."""


def choose_project(names: Iterable[str], texts: Texts) -> Screen:
    return fit([Block(Text(texts("backups-choose")))], texts, keyboards.choose_backups(names))


def listed(
    project: str, found: Sequence[tuple[Backup, str]], following: datetime | None, texts: Texts, now: datetime
) -> Screen:
    """The newest backups. `found`: each with the kind of operation that made it; `following`: the next scheduled one."""
    schedule = Text(texts("backups-next"), " ", moment(following, "dT")) if following else None
    if not found:
        return fit([Block(lines(texts("backups-none", project=project), schedule))], texts)
    older = len(found) - MOST_LISTED
    blocks = [
        Block(lines(Bold(texts("backups-title", project=project)), *_totals(found, texts), schedule)),
        Block(lines(*(_one(one, kind, texts, now) for one, kind in found[:MOST_LISTED])), keep=5),
        Block(Text(texts("backups-older", count=older))) if older > 0 else None,
    ]
    return fit(blocks, texts, keyboards.backups_of(project, texts))


def _totals(found: Sequence[tuple[Backup, str]], texts: Texts) -> list[str]:
    """How much lies where."""
    sizes: dict[str, list[int]] = {}
    for backup, _ in found:
        for copy in copies_of(backup):
            sizes.setdefault(copy.where, []).append(copy.size)
    return [
        texts("backups-total", place=place(where, texts), count=len(all_), size=sum(all_))
        for where, all_ in sizes.items()
    ]


def _one(backup: Backup, kind: str, texts: Texts, now: datetime) -> Text:
    label = clean(backup.label or backup.release or "", 24)
    ahead = texts("backup-ahead") if is_ahead(backup, now) else ""
    where = ", ".join(
        place(copy.where, texts) + (" 🔐" if copy.encrypted else "") for copy in copies_of(backup)
    )
    parts = (
        texts.size(backup.size),
        ahead,
        label,
        _made(backup, kind, texts),
        drill.mark(backup, texts, now),
        where,
        *opened_by(backup, texts),
    )
    return Text("• ", moment(backup.at, "dt"), " · ", " · ".join(part for part in parts if part))


def _made(backup: Backup, kind: str, texts: Texts) -> str:
    """How it came about."""
    if backup.imported:
        return texts("backup-imported")
    if backup.scheduled:
        return texts("backup-scheduled")
    if kind in {"", Kind.BACKUP}:
        return texts("backup-manual")
    return texts("backup-before", kind=kind)


def pruned(steps: Sequence[Step], texts: Texts) -> list[Text | str]:
    """What the end of a backup cleared away, by place, and where something was in the way."""
    found = next(
        (step.result for step in reversed(steps) if step.name == "prune"), {}
    )  # also on the way back
    places = [(where, freed) for where, freed in found.items() if where != "left" and freed["removed"]]
    left = [place(where, texts) for where in found.get("left", ())]
    return [
        *(texts("backup-pruned", place=place(where, texts), **freed) for where, freed in places),
        *([texts("backup-not-pruned", places=", ".join(left))] if left else []),
    ]


# --- what retention would do ---------------------------------------------------------------------


def retention(project: Project, outlook: Mapping[str, Sequence[Judged]], texts: Texts) -> Screen:
    """By place what would go with the next backup, and why the rest stays."""
    shown = {where: judged for where, judged in outlook.items() if judged}
    blocks = [
        Block(lines(Bold(texts("retention-title", project=project.name)), texts("retention-promise"))),
        *(_place(where, judged, texts) for where, judged in shown.items()),
    ]
    return fit(blocks, texts, keyboards.back_to_backups(project.name, texts))


def _place(where: str, judged: Sequence[Judged], texts: Texts) -> Block:
    go, stay = [one for one in judged if not one.stays], [one for one in judged if one.stays]
    size = sum(copy.size for one in go for copy in copies_of(one.backup) if copy.where == where)
    counts = texts("retention-goes", count=len(go), size=size) if go else texts("retention-nothing")
    node = lines(
        Text(Bold(place(where, texts)), ": ", counts),
        *(Text("✗ ", moment(one.backup.at, "dt")) for one in go[:MOST_JUDGED]),
        _more(go, texts),
        *(Text("✓ ", moment(one.backup.at, "dt"), " · ", _why(one, texts)) for one in stay[:MOST_JUDGED]),
        _more(stay, texts),
    )
    return Block(node, keep=5)


def _more(found: Sequence[Judged], texts: Texts) -> str | None:
    hidden = len(found) - MOST_JUDGED
    return texts("retention-more", count=hidden) if hidden > 0 else None


def _why(one: Judged, texts: Texts) -> str:
    return ", ".join(texts(f"kept-{why}") for why in one.why)
