"""The plan card: what an operation would do, what was found, and the gate."""

from __future__ import annotations

from dataclasses import replace

from aiogram.utils.formatting import Bold, ExpandableBlockQuote, Text

from bot import keyboards
from bot.texts import Texts
from bot.views import env, estimates, migrations, restore, rollback
from bot.views.bump import bump
from bot.views.changes import asides, changes_of, is_shortened
from bot.views.parts import clean, code, label_of, lines, moment, plan_steps, title
from bot.views.screen import Block, Screen, fit, repeated
from bot.views.strategies import strategies_of
from bot.views.turn import ahead_of
from services.models import Ahead, Finding, Kind, Operation, Pack, Plan, Severity, State

MOST_COMMITS = 7
FINDING_MARKS = {Severity.BLOCKER: "⛔", Severity.WARNING: "⚠️", Severity.INFO: "ℹ️"}


def card(
    operation: Operation, texts: Texts, host: str = "", *, ahead: Ahead | None = None, again: bool = False
) -> Screen:
    """Ages are counted from when the plan was made, so that the card stays the same until its state changes.

    `ahead`: what runs meanwhile; the plan can wait for it then.
    """
    waits = Block(found, keep=8) if (found := ahead_of(operation, ahead, texts)) else None
    shown = fit([*_blocks(operation, texts, host), waits, repeated(texts, again=again)], texts)
    buttons = keyboards.gate(operation, texts, ahead)
    if shown.cut or is_shortened(operation.plan) or _has_unnamed(operation.plan):
        buttons = keyboards.whole_plan(buttons, operation, texts)
    buttons = keyboards.drill_first(buttons, operation, texts)
    return replace(shown, keyboard=keyboards.by_hand(buttons, operation, texts))


def whole(operation: Operation, texts: Texts, host: str = "") -> str:
    """The card as plain text, with all that a message has no room for."""
    blocks = _blocks(operation, texts, host, whole=True)
    return "\n\n".join(block.node.render()[0].strip() for block in blocks if block) + "\n"


def _blocks(operation: Operation, texts: Texts, host: str, *, whole: bool = False) -> list[Block | None]:
    plan = operation.plan
    blockers = [f for f in plan.findings if f.severity is Severity.BLOCKER]
    warnings = [f for f in plan.findings if f.severity is Severity.WARNING]
    return [
        Block(_head(operation, texts, host)),
        Block(_commits(plan.pack, texts, whole=whole), keep=2) if plan.pack and plan.pack.commits else None,
        Block(changed, keep=4) if (changed := changes_of(plan, texts, whole=whole)) else None,
        Block(brought_up, keep=4) if (brought_up := strategies_of(plan, texts)) else None,
        Block(found, keep=2)
        if plan.returning and (found := rollback.commits(plan.returning, texts, whole=whole))
        else None,
        Block(found, keep=6) if plan.restoring and (found := restore.losses(operation, texts)) else None,
        Block(found, keep=6) if (found := migrations.scripts(operation, texts, whole=whole)) else None,
        *(Block(finding(f, texts), keep=7) for f in blockers),
        Block(raised, keep=7) if (raised := bump(operation, texts)) else None,
        *(Block(finding(f, texts), keep=5) for f in warnings),
        Block(_promise(operation, texts), keep=8),
        Block(_details(operation, texts), keep=1),
        Block(_foot(operation, texts)),
    ]


def finding(found: Finding, texts: Texts) -> Text:
    """What was seen, why it matters, the one action that mends it (R-DX-7)."""
    name, args = f"finding-{found.code}", dict(found.args)
    seen = Text(FINDING_MARKS[found.severity], " ", Bold(texts(name, **args)))
    if found.severity is Severity.INFO:
        return Text(FINDING_MARKS[found.severity], " ", texts(name, **args))
    return lines(seen, texts(f"{name}.why", **args), Text("→ ", texts(f"{name}.mend", **args)))


def _head(operation: Operation, texts: Texts, host: str) -> Text:
    plan, pack = operation.plan, operation.plan.pack
    where = texts("card-where", host=host) if host else None
    return lines(
        Text(Bold(title(operation, texts)), _label(operation)),
        where,
        _now(operation, texts) if plan.kind in {Kind.DEPLOY, Kind.ROLLBACK, Kind.MIGRATE} else None,
        *(_pack_lines(pack, operation.ref, texts) if pack else ()),
        restore.about(operation, texts) if plan.restoring else None,
        rollback.about(operation, texts) if plan.returning else None,
        env.about(operation, texts),
    )


def _label(operation: Operation) -> Text | str:
    plan = operation.plan
    if plan.returning:
        return Text(" → ", Bold(label_of(plan.returning.release)))
    return Text(" → ", Bold(clean(plan.pack.label, 40))) if plan.pack else ""


def _now(operation: Operation, texts: Texts) -> Text | str:
    current = operation.plan.current
    if current is None:
        return texts("card-first") if operation.plan.first else texts("card-now-unknown")
    at = current.since or current.at
    if at is None:
        return Text(texts("card-now"), " ", Bold(label_of(current)))
    age = (operation.created_at - at).total_seconds()
    return Text(texts("card-now"), " ", Bold(label_of(current)), ", ", texts("ago", age=max(0.0, age)))


def _pack_lines(pack: Pack, ref: str | None, texts: Texts) -> list[Text | str]:
    found: list[Text | str] = []
    if pack.commit:
        subject = f" {clean(pack.subject, 120)}" if pack.subject else ""
        came_from = f" ({clean(ref, 60)})" if ref else ""
        found.append(Text(texts("card-commit"), " ", code(pack.commit[:12]), came_from, subject))
    if pack.carried is None:
        found.append(texts("card-size", files=pack.files, size=pack.size))
    else:
        found.append(texts("card-carried", files=pack.files, carried=pack.carried, size=pack.size))
    if pack.dirty:
        found.append(texts("card-dirty"))
    return found


def _has_unnamed(plan: Plan) -> bool:
    """Whether there are commits that are known, and that the card only counts."""
    lists = [plan.pack.commits] if plan.pack else []
    if plan.returning:
        lists += [plan.returning.gone or (), plan.returning.come]
    return any(len(commits) > MOST_COMMITS for commits in lists)


def _commits(pack: Pack, texts: Texts, *, whole: bool) -> Text:
    total = len(pack.commits) + pack.more_commits
    most = total if whole else MOST_COMMITS
    shown = [
        f"• {commit.id[:7]} {clean(commit.subject, 80)} — {clean(commit.author, 30)}"
        for commit in pack.commits[:most]
    ]
    hidden = total - len(shown)
    more = texts("card-more-commits", count=hidden) if hidden else None
    return lines(Bold(texts("card-commits", count=total)), *shown, more)


def _promise(operation: Operation, texts: Texts) -> Text:
    plan = operation.plan
    backup = None
    if plan.kind in {Kind.DEPLOY, Kind.ROLLBACK} or (plan.kind in {Kind.MIGRATE, Kind.ENV} and plan.backup):
        backup = texts("card-backup" if plan.backup else "card-no-backup")
    database = texts("card-start-database") if plan.start_database else None
    restored = restore.promise(operation, texts) if plan.restoring else None
    returned = rollback.promise(operation, texts) if plan.returning else None
    time = estimates.time_of(plan, texts)
    migrated = migrations.promise(operation, texts)
    edited = env.promise(operation, texts)
    return lines(
        backup, database, restored, returned, migrated, edited, time, texts("card-risk", risk=plan.risk)
    )


def _details(operation: Operation, texts: Texts) -> Text:
    infos = [finding(f, texts) for f in operation.plan.findings if f.severity is Severity.INFO]
    steps = [f"{number}. {texts.step(name)}" for number, name in enumerate(plan_steps(operation), 1)]
    quiet = [*asides(operation.plan, texts), *estimates.particulars(operation.plan, texts)]
    return ExpandableBlockQuote(lines(Bold(texts("card-steps")), *steps, *quiet, *infos))


def _blocked(plan: Plan) -> str:
    """Whether buttons of the card can do something about what blocks it."""
    if plan.migrating is not None and plan.migrating.apart:
        return "card-blocked-migrations"
    by_tap = plan.bump is not None and plan.bump.way.by_tap
    return "card-blocked-bump" if by_tap else "card-blocked"


def _foot(operation: Operation, texts: Texts) -> Text:
    if operation.state is State.PROPOSED:
        if operation.plan.blocked:
            return Bold(texts(_blocked(operation.plan)))
        if asked := restore.ask_for_name(operation, texts):
            return asked
        return Text(texts("card-valid-until"), " ", moment(operation.expires_at))
    if operation.state is State.EXPIRED:
        return Text(texts("card-expired"))
    if operation.state is State.DISMISSED:
        return Text(_dismissed(operation, texts))
    who = clean((operation.confirmed_by or operation.by).name, 64)
    waits = operation.state is State.WAITING
    return Text("🕓 " if waits else "✔️ ", texts("card-waiting" if waits else "card-confirmed", who=who))


def _dismissed(operation: Operation, texts: Texts) -> str:
    if operation.reason is not None:
        return texts.phrase(operation.reason)
    who = operation.cancelled_by or operation.by
    return texts("card-dismissed", who=clean(who.name, 64))
