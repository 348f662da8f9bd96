"""/status: each project's containers, host, release, last backup and running operation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from aiogram.utils.formatting import Bold, Text

from bot import keyboards
from bot.admins import Admin
from bot.texts import Texts
from bot.views import drill
from bot.views.parts import clean, elapsed, label_of, lines, moment
from bot.views.screen import Block, Screen, fit
from services.backups.models import Backup
from services.facts.models import Container, Facts, HostFacts
from services.models import Freeze, Operation
from services.status import ProjectStatus

_WELL = {"healthy", None}


def status(
    found: Sequence[ProjectStatus], unreachable: Iterable[Admin], texts: Texts, now: datetime
) -> Screen:
    """Projects one under the other. Those that did not answer are shown too, with the reason."""
    names = ", ".join(clean(admin.name, 40) or str(admin.user_id) for admin in unreachable)
    blocks = [
        *(Block(_project(one, texts, now), keep=5) for one in found),
        Block(Text("⚠️ ", texts("status-unreachable-admins", names=names))) if names else None,
        Block(Text(texts("status-read-at"), " ", moment(now, "T"))),
    ]
    return fit(blocks, texts, keyboards.refresh(texts))


def _project(one: ProjectStatus, texts: Texts, now: datetime) -> Text:
    return lines(
        Text(_light(one), " ", Bold(one.project), " ", texts("status-on-host", host=one.host)),
        clean(texts.phrase(one.error), 600) if one.error else None,
        *(_facts(one.facts, texts) if one.facts else ()),
        _backup(one.last_backup, texts, now),
        _drilled(one, texts, now),
        Text(texts("backups-next"), " ", moment(one.next_backup, "dT")) if one.next_backup else None,
        _running(one.running, texts, now) if one.running else None,
        _waiting(one.waiting, texts) if one.waiting else None,
        _frozen(one.freeze, texts, now) if one.freeze else None,
    )


def _light(one: ProjectStatus) -> str:
    if one.facts is None:
        return "🔴"
    if not one.facts.containers:
        return "⚪"
    return "🟢" if all(is_well(container) for container in one.facts.containers) else "🔴"


def is_well(container: Container) -> bool:
    """Running and healthy, or a job that ran to its end."""
    ended_well = (
        container.state == "exited" and container.exit_code == 0 and container.restart_policy in {"no", ""}
    )
    return ended_well or (container.state == "running" and container.health in _WELL)


def _facts(facts: Facts, texts: Texts) -> list[Text | str | None]:
    containers = [_container(c, facts.at, texts) for c in sorted(facts.containers, key=lambda c: c.service)]
    return [
        _release(facts, texts),
        *(containers or [texts("status-no-containers")]),
        *_host(facts.host, texts),
        texts("status-locked", holder=texts.phrase(facts.lock)) if facts.lock else None,
    ]


def _release(facts: Facts, texts: Texts) -> str | Text:
    release = facts.current
    if release is None:
        return texts("status-no-release")
    parts = [texts("status-release"), " ", Bold(label_of(release))]
    if release.subject:
        parts += [" ", clean(release.subject, 80)]
    if since := release.since or release.at:
        parts += [", ", texts("ago", age=_seconds(since, facts.at))]
    if release.by:
        parts += [", ", clean(release.by, 40)]
    return Text(*parts)


def _container(container: Container, at: datetime, texts: Texts) -> str:
    parts = [texts("container-state", state=container.state, status=str(container.exit_code))]
    if container.health:
        parts.append(texts("container-health", health=container.health))
    if container.state == "running" and container.started_at:
        parts.append(texts("container-up", age=_seconds(container.started_at, at)))
    if container.restarts:
        parts.append(texts("container-restarts", count=container.restarts))
    if container.image_created:
        parts.append(texts("container-image", age=_seconds(container.image_created, at)))
    mark = "✓" if is_well(container) else "✗"
    return f"{mark} {clean(container.service, 40)}: {', '.join(parts)}"


def _host(host: HostFacts, texts: Texts) -> list[str]:
    return [
        texts("status-load", load=f"{host.load[0]:.2f}", cpus=host.cpus),
        texts(
            "status-memory",
            free=host.memory_available,
            total=host.memory_total,
            percent=str(_percent(host.memory_total - host.memory_available, host.memory_total)),
        ),
        texts(
            "status-disk",
            free=host.disk_available,
            total=host.disk_total,
            percent=str(_percent(host.disk_total - host.disk_available, host.disk_total)),
        ),
    ]


def _backup(backup: Backup | None, texts: Texts, now: datetime) -> str:
    if backup is None:
        return texts("status-no-backup")
    return texts("status-backup", age=_seconds(backup.at, now), size=backup.size)


def _drilled(one: ProjectStatus, texts: Texts, now: datetime) -> str | None:
    """What the newest backup's drill said; where it had none, of an older one's too."""
    if one.last_backup is None:
        return None
    said = f"    {drill.mark(one.last_backup, texts, now)}"
    if one.last_backup.drilled is not None or one.last_drilled is None:
        return said
    return f"{said}; {texts('status-drilled', mark=drill.mark(one.last_drilled, texts, now))}"


def _running(operation: Operation, texts: Texts, now: datetime) -> Text:
    step = f" · {texts.step(operation.progress.step)}" if operation.progress else ""
    kind = texts("status-running", kind=str(operation.kind), age=elapsed(operation, now))
    return Text("⏳ ", Bold(kind), step)


def _waiting(operation: Operation, texts: Texts) -> Text:
    who = operation.confirmed_by or operation.by
    return Text("🕓 ", texts("status-waiting", kind=str(operation.kind), who=clean(who.name, 64)))


def _frozen(freeze: Freeze, texts: Texts, now: datetime) -> Text:
    who, reason = clean(freeze.by.name, 64), clean(freeze.reason)
    return Text("🔒 ", Bold(texts("status-frozen", who=who, age=_seconds(freeze.at, now), reason=reason)))


def _seconds(then: datetime, now: datetime) -> float:
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max(0.0, (now - then).total_seconds())


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0
