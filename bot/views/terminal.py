"""What a terminal shows: the texts of the chat without their markup, and one line per step."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.texts import Texts
from bot.views.parts import STEP_MARKS, clean, label_of, step_seconds
from bot.views.progress import WORTH_TIMING
from services.facts.models import Release
from services.models import Operation, Plan, Step, StepState
from services.strategies import Choice

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Without what a terminal would obey: a commit's subject or a log line may hold escape sequences."""
    return _CONTROL.sub("", text)


def news(
    operation: Operation, steps: Sequence[Step], texts: Texts, now: datetime
) -> Iterator[tuple[str, str]]:
    """A line per step that began or ended, each with a key under which it was shown once."""
    for step in steps:
        if step.state is StepState.SKIPPED:
            continue
        ended = step.state is not StepState.RUNNING
        seconds = step_seconds(step, now)
        took = f" · {texts.duration(seconds)}" if ended and seconds >= WORTH_TIMING else ""
        yield f"{step.phase} {step.name} {ended}", f"{STEP_MARKS[step.state]} {texts.step(step.name)}{took}"
    at = operation.progress
    if at is not None and at.unit == "lost":
        yield f"lost {at.phase} {at.step}", f"  {texts('progress-lost')}"


def plan_digest(plan: Plan) -> str:
    """Equal for plans that would do the same to the same: the files, the facts, the warnings. Times do not count."""
    basis = {
        "kind": plan.kind,
        "project": plan.project,
        "facts": plan.digest,
        "steps": plan.steps,
        "files": plan.pack.manifest_sha256 if plan.pack else None,
        "release": plan.returning.release.id if plan.returning else None,
        "findings": sorted((found.severity, found.code) for found in plan.findings),
        "no-cache": sorted(one.service for one in plan.no_cache),
        "backup": plan.backup,
        "strategies": [_brought_up(one) for one in plan.strategies],
    }
    return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()[:16]


def _brought_up(choice: Choice) -> tuple[object, ...]:
    """Which way, why not the one that was asked for, and whether it may stay as it is."""
    reason = choice.reason.id if choice.reason else None
    return choice.service, choice.rolling, choice.wished, reason, choice.spared


def releases(found: Sequence[Release], texts: Texts, now: datetime) -> str:
    """One per line: the id to type, what people call it, how long ago it served."""
    return "\n".join(f"  {one.id}  {_release(one, texts, now)}" for one in found)


def _release(release: Release, texts: Texts, now: datetime) -> str:
    at = release.since or release.at
    age = texts("ago", age=max(0.0, (now - at).total_seconds())) if at else ""
    return " · ".join(part for part in (label_of(release), clean(release.subject or "", 60), age) if part)
