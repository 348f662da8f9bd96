"""Small pieces that several views share: names, marks, times, log tails."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from aiogram.utils.formatting import Code, DateTime, ExpandableBlockQuote, Text, as_list

from bot.texts import Texts
from services.facts.models import Release
from services.models import Operation, State, Step, StepState

TAIL_LINES = 15
_LINE_LENGTH = 300
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

MARKS = {
    State.PROPOSED: "❔",
    State.WAITING: "🕓",
    State.QUEUED: "⏳",
    State.RUNNING: "⏳",
    State.SUCCEEDED: "✅",
    State.FAILED: "❌",
    State.ROLLED_BACK: "↩️",
    State.NEEDS_HUMAN: "🆘",
    State.DISMISSED: "➖",
    State.EXPIRED: "➖",
}
STEP_MARKS = {
    StepState.RUNNING: "▸",
    StepState.DONE: "✓",
    StepState.SKIPPED: "–",
    StepState.FAILED: "✗",
}


def clean(text: str, longest: int = 200) -> str:
    """One line of somebody else's text: no control or direction characters, no lone surrogates, not endless."""
    line = _CONTROL.sub("", " ".join(text.split()))
    line = line.encode("utf-16-le", "replace").decode("utf-16-le", "replace")
    return line if len(line) <= longest else line[: longest - 1] + "…"


def label_of(release: Release) -> str:
    """What people call a release: its label, else its short commit, else its id."""
    return clean(release.label or (release.commit or "")[:7] or release.id, 40)


def moment(at: datetime, style: str = "t") -> Text:
    """A time that Telegram shows in the reader's own zone; clients that cannot show UTC."""
    plain = at.astimezone(UTC).strftime("%H:%M UTC" if style == "t" else "%Y-%m-%d %H:%M UTC")
    return DateTime(plain, unix_time=at, date_time_format=style)


def title(operation: Operation, texts: Texts) -> str:
    """Such as "Deploy fitnessapp"."""
    return texts("operation-title", kind=str(operation.kind), project=operation.project)


def elapsed(operation: Operation, now: datetime) -> float:
    """Seconds that it ran, or has been running."""
    begun = operation.started_at or operation.created_at
    return ((operation.finished_at or now) - begun).total_seconds()


def step_seconds(step: Step, now: datetime) -> float:
    return ((step.finished_at or now) - step.started_at).total_seconds()


def tail(text: str, lines: int = TAIL_LINES) -> ExpandableBlockQuote | None:
    """The last lines of a log, folded; None when there is nothing to show."""
    kept = [_CONTROL.sub("", line.rstrip())[:_LINE_LENGTH] for line in text.splitlines() if line.strip()]
    if not kept:
        return None
    whole = "\n".join(kept[-lines:]).encode("utf-16-le", "replace").decode("utf-16-le", "replace")
    return ExpandableBlockQuote(whole)


def lines(*nodes: Text | str | None) -> Text:
    """Nodes one under the other; None is left out."""
    shown = [node for node in nodes if node is not None]
    return as_list(*shown, sep="\n") if shown else Text()


def code(text: str) -> Text:
    return Code(clean(text))


def plan_steps(operation: Operation) -> tuple[str, ...]:
    """The forward steps that this plan will really take: what does not apply is not shown."""
    plan = operation.plan
    left_out = set()
    if not plan.first:
        left_out.add("mark-first")
    if plan.start_database is None:
        left_out.add("start-database")
    if not plan.backup:
        left_out.add("backup")
    if not plan.old_images:
        left_out.add("keep-images")
    if plan.pack is not None and not plan.pack.build_services:
        left_out.add("build")
    return tuple(step for step in plan.steps if step not in left_out)
