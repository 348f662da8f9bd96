"""What a rollback says: the list of kept releases, the card's middle, what it promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiogram.utils.formatting import Bold, Text

from bot import keyboards
from bot.texts import Texts
from bot.views.parts import clean, code, label_of, lines, moment
from bot.views.screen import Block, Screen, fit, screen
from services.facts.models import Release
from services.models import Commit, Operation, Returning
from services.rollbacks.plans import services_that_stop

MOST_RELEASES = 8
MOST_COMMITS = 7


def choose_release(project: str, found: Sequence[Release], texts: Texts, now: datetime) -> Screen:
    """A button per kept release, the one that served last first; where the others are. Without any: why, and what to do."""
    if not found:
        return screen(Text(texts("rollback-none", project=project)), texts)
    shown = found[:MOST_RELEASES]
    listed = [_listed(release, texts, now) for release in shown]
    buttons = [(release, _button(release, texts, now)) for release in shown]
    head = Text(texts("rollback-choose", project=project))
    older = len(found) - len(shown)
    more = Block(Text(texts("rollback-older", count=older, project=project))) if older else None
    return fit([Block(head), Block(lines(*listed), keep=5), more], texts, keyboards.releases(buttons))


def _listed(release: Release, texts: Texts, now: datetime) -> Text:
    parts: list[Text | str] = ["• ", Bold(label_of(release))]
    if release.subject:
        parts.append(f" {clean(release.subject, 60)}")
    if release.at:
        parts.append(f", {texts('ago', age=max(0.0, (now - release.at).total_seconds()))}")
    if release.by:
        parts.append(f", {clean(release.by, 40)}")
    if served := _served(release):
        parts.append(f", {texts('rollback-served', time=served)}")
    return Text(*parts)


def _button(release: Release, texts: Texts, now: datetime) -> str:
    age = texts("ago", age=max(0.0, (now - release.at).total_seconds())) if release.at else ""
    return " · ".join(part for part in (label_of(release), age, clean(release.by, 20)) if part)


def _served(release: Release) -> float | None:
    """Seconds for which it was in use the last time, if that is known."""
    if release.since is None or release.until is None or release.until <= release.since:
        return None
    return (release.until - release.since).total_seconds()


# --- the card ------------------------------------------------------------------------------------


def about(operation: Operation, texts: Texts) -> Text:
    """Which release comes back, and the very images."""
    found = operation.plan.returning
    if found is None:
        return Text()
    release = found.release
    subject = f" {clean(release.subject, 120)}" if release.subject else ""
    commit = Text(texts("card-commit"), " ", code(release.commit[:12]), subject) if release.commit else None
    came = Text(texts("rollback-came"), " ", moment(release.at, "dT")) if release.at else None
    return lines(commit, came, _files(found, texts), Bold(texts("rollback-images")), *_images(found))


def _files(found: Returning, texts: Texts) -> str:
    if found.files is None:
        return texts("rollback-files-unknown")
    numbers = {name: found.files.get(name, 0) for name in ("changed", "added", "removed")}
    return texts("rollback-files", **numbers)


def _images(found: Returning) -> list[Text]:
    return [
        Text("• ", clean(service, 40), " ", code(image.removeprefix("sha256:")[:12]))
        for service, image in sorted(found.release.images.items())
    ]


def commits(found: Returning, texts: Texts, *, whole: bool = False) -> Text | None:
    """What the present release has and the earlier one lacks; the other way round where that one is newer."""
    if found.gone is None:
        return Text(texts("rollback-commits-unknown"))
    parts = [
        *_commits("rollback-gone", found.gone, found.more_gone, texts, whole=whole),
        *_commits("rollback-come", found.come, found.more_come, texts, whole=whole),
    ]
    return lines(*parts) if parts else None


def _commits(
    heading: str, found: tuple[Commit, ...], more: int, texts: Texts, *, whole: bool
) -> list[Text | str]:
    if not found:
        return []
    most = len(found) if whole else MOST_COMMITS
    hidden = len(found) + more - most
    shown = [
        f"• {commit.id[:7]} {clean(commit.subject, 80)} — {clean(commit.author, 30)}"
        for commit in found[:most]
    ]
    rest = [texts("card-more-commits", count=hidden)] if hidden > 0 else []
    return [Bold(texts(heading, count=len(found) + more)), *shown, *rest]


def promise(operation: Operation, texts: Texts) -> Text:
    """Nothing is built; what becomes of the database; what stops."""
    found = operation.plan.returning
    stop = services_that_stop(operation.plan)
    backup: Text | str = texts("rollback-no-matching-backup")
    if found and found.backup:
        backup = Text(texts("rollback-matching-backup"), " ", moment(found.backup.at, "dT"))
    return lines(
        texts("rollback-promise"),
        texts("rollback-stops", names=", ".join(stop)) if stop else None,
        texts("rollback-migrations") if operation.plan.backup else None,
        backup if operation.plan.backup else None,
    )
