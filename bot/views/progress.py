"""The one edited message of a running operation: its steps, where it stands, how to stop it."""

from __future__ import annotations

from datetime import datetime

from aiogram.utils.formatting import Bold, Text

from bot import keyboards
from bot.texts import Texts
from bot.views.parts import MARKS, STEP_MARKS, clean, elapsed, lines, plan_steps, step_seconds, title
from bot.views.screen import Block, Screen, fit, repeated
from services.models import Operation, Progress, State, Step, StepState

WORTH_TIMING = 1.0
"""Seconds from which on a finished step shows how long it took."""
_BAR = 10


def progress(
    operation: Operation, steps: list[Step], texts: Texts, now: datetime, *, again: bool = False
) -> Screen:
    """While it runs, times run to `now`; of an ended operation the text no longer changes."""
    back = way_back(operation, steps, texts, now)
    blocks = [
        Block(_head(operation, steps, texts, now)),
        Block(step_list(operation, steps, texts, now), keep=5),
        Block(back, keep=6) if back else None,
        repeated(texts, again=again),
    ]
    return fit(blocks, texts, keyboards.cancel(operation, texts))


def _head(operation: Operation, steps: list[Step], texts: Texts, now: datetime) -> Text:
    # How it ended is the verdict's to say, once: this message only stops.
    state = texts(
        "state-ended" if operation.state.is_verdict else f"state-{operation.state.replace('_', '-')}"
    )
    spent = texts.duration(elapsed(operation, now))
    asked = None
    if operation.cancelled_by is not None and operation.finished_at is None:
        finishes = any(one.name == "migrate" and one.state is StepState.RUNNING for one in steps)
        asked = texts(
            "migrate-cancelling" if finishes else "progress-cancelling",
            who=clean(operation.cancelled_by.name, 64),
        )
    return lines(
        Text(MARKS[operation.state], " ", Bold(title(operation, texts)), f" · {state} · {spent}"),
        asked,
        texts.phrase(operation.reason) if operation.state is State.DISMISSED and operation.reason else None,
    )


def step_list(operation: Operation, steps: list[Step], texts: Texts, now: datetime) -> Text:
    """All forward steps, also those to come."""
    known = {step.name: step for step in steps if step.phase == "forward"}
    shown: list[Text | str] = []
    for name in plan_steps(operation):
        step = known.pop(name, None)
        if step is None:
            if operation.finished_at is None and operation.phase == "forward":
                shown.append(f"○ {texts.step(name)}")
        elif step.state is not StepState.SKIPPED:
            shown.append(_line(operation, step, texts, now))
    return lines(*shown, *_walked(operation, list(known.values()), texts, now))


def way_back(operation: Operation, steps: list[Step], texts: Texts, now: datetime) -> Text | None:
    """The steps of a rollback under their own heading; None when it never turned back."""
    back = [step for step in steps if step.phase == "rollback"]
    return lines(Bold(texts("progress-back")), *_walked(operation, back, texts, now)) if back else None


def _walked(operation: Operation, steps: list[Step], texts: Texts, now: datetime) -> list[Text | str]:
    return [_line(operation, step, texts, now) for step in steps if step.state is not StepState.SKIPPED]


def _line(operation: Operation, step: Step, texts: Texts, now: datetime) -> Text | str:
    name = f"{STEP_MARKS[step.state]} {texts.step(step.name)}"
    if step.state is not StepState.RUNNING:
        seconds = step_seconds(step, now)
        return f"{name} · {texts.duration(seconds)}" if seconds >= WORTH_TIMING else name
    if operation.state is not State.RUNNING:
        return name
    at = operation.progress
    counted = _counted(at, texts) if at and (at.step, at.phase) == (step.name, step.phase) else None
    return lines(Bold(f"{name} · {texts.duration(step_seconds(step, now))}"), counted)


def _counted(at: Progress, texts: Texts) -> str | None:
    """Percentage, rate and time left, where there is something to count."""
    if at.unit == "lost":
        return f"    {texts('progress-lost')}"
    if at.done is None:
        return None
    if not at.total:
        return f"    {_amount(at.done, at.unit, texts)}"
    share = min(1.0, at.done / at.total)
    parts = [f"{_bar(share)} {share:.0%}", _amount(at.done, at.unit, texts, at.total)]
    if at.rate and at.unit == "bytes":
        parts.append(texts("progress-rate", rate=at.rate))
    if at.rate and at.done < at.total and (left := (at.total - at.done) / at.rate) >= 1:
        parts.append(texts("progress-left", left=left))
    return "    " + " · ".join(parts)


def _amount(done: int, unit: str, texts: Texts, total: int | None = None) -> str:
    if unit == "bytes":
        return (
            texts.size(done)
            if total is None
            else texts("progress-of", done=texts.size(done), total=texts.size(total))
        )
    return str(done) if total is None else texts("progress-of", done=str(done), total=str(total))


def _bar(share: float) -> str:
    filled = round(share * _BAR)
    return "▓" * filled + "░" * (_BAR - filled)
