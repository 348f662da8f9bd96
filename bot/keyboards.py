"""Inline keyboards and what their buttons carry back: at most 64 bytes, nothing that must be believed.

g:y:<nonce>, g:n:<nonce>   the gate: confirm, dismiss
g:w:<nonce>                confirm, to wait for what runs; g:r:<nonce>:<short id> in place of the one that waits
i:<operation>              its whole plan as a document
h:<operation>              how to do the same by hand
x:<operation>              cancel a running operation
o:<operation>              details; u:<operation> the same in place; l:<operation> its log as a document
f:<operation>              what was edited on the server, as a document; e:<nonce> keep it, in a new plan
w:<nonce>                  raise the app's version, then a new plan in this one's place
p:<kind>:<project>         propose an operation; p:restore:<page>:<project> another page of its backups, in place
y:<project>                run the migrations that a deploy brought, below its verdict
j:<what><which>:<nonce>    r(un) or n(ote as run) the f(ailed), u(nknown) or c(hanged) migrations, in a new plan
n:<backup>                 send it as a document
q:<backup>                 drill it, below the card of its restore
r:<backup>                 restore it; k:<backup> the same, below a verdict that stays
v:<release>                roll back to it
a:l:<project>              its backups in place; a:r:<project> what retention would drop
b:<operation>              undo a restore; d:<operation> drop the database that it kept
m:<command>                what the command would do
t:<language>               speak this language
s:                         refresh the status in place
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiogram.enums import ButtonStyle
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.texts import Texts
from services.backups.models import Backup, backup_id
from services.facts.models import Release
from services.models import Ahead, Kind, Operation, State, short_id

MOST_BYTES = 64
GATE = r"^g:(?:[ynw]:[A-Za-z0-9_-]{1,60}|r:[A-Za-z0-9_-]{1,40}:[a-z0-9]{1,19})$"
PLAN = r"^i:[A-Za-z0-9_-]{1,60}$"
MANUAL = r"^h:[A-Za-z0-9_-]{1,60}$"
DIFFERENCE = r"^f:[A-Za-z0-9_-]{1,60}$"
KEEP = r"^e:[A-Za-z0-9_-]{1,60}$"
BUMP = r"^w:[A-Za-z0-9_-]{1,60}$"
CANCEL = r"^x:[A-Za-z0-9_-]{1,60}$"
DETAILS = r"^o:[A-Za-z0-9_-]{1,60}$"
DETAILS_AGAIN = r"^u:[A-Za-z0-9_-]{1,60}$"
LOG = r"^l:[A-Za-z0-9_-]{1,60}$"
SEND_BACKUP = r"^n:[A-Za-z0-9_-]{1,60}$"
DRILL = r"^q:[A-Za-z0-9_-]{1,60}$"
BACKUPS_PAGE = rf"^p:{Kind.RESTORE}:[0-9]{{1,4}}:[a-z0-9][a-z0-9_-]{{0,39}}$"
BACKUP = r"^r:[A-Za-z0-9_-]{1,60}$"
MATCHING_BACKUP = r"^k:[A-Za-z0-9_-]{1,60}$"
BACKUPS = r"^a:l:[a-z0-9][a-z0-9_-]{0,39}$"
RETENTION = r"^a:r:[a-z0-9][a-z0-9_-]{0,39}$"
RELEASE = r"^v:[A-Za-z0-9_-]{1,60}$"
AFTER_RESTORE = r"^[bd]:[A-Za-z0-9_-]{1,60}$"
NEW_MIGRATIONS = r"^y:[a-z0-9][a-z0-9_-]{0,39}$"
CHOOSE_MIGRATIONS = r"^j:[rn][fuc]:[A-Za-z0-9_-]{1,58}$"
LANGUAGE = r"^t:(en|ru)$"
REFRESH = r"^s:$"

_RISK_STYLES = {"low": ButtonStyle.SUCCESS, "medium": ButtonStyle.PRIMARY}


def proposing(kind: Kind) -> str:
    """The pattern of buttons that propose this kind for a project."""
    return rf"^p:{kind}:[a-z0-9][a-z0-9_-]{{0,39}}$"


def button(text: str, data: str, style: ButtonStyle | None = None) -> InlineKeyboardButton:
    """Raises ValueError when the data would not fit: Telegram would refuse the whole message."""
    if len(data.encode()) > MOST_BYTES:
        raise ValueError(f"callback data of {len(data.encode())} bytes: {data[:8]}…")
    return InlineKeyboardButton(text=text, callback_data=data, style=style)


def rows(*lines: Sequence[InlineKeyboardButton]) -> InlineKeyboardMarkup | None:
    """A keyboard without its empty rows; None when nothing is left."""
    kept = [list(line) for line in lines if line]
    return InlineKeyboardMarkup(inline_keyboard=kept) if kept else None


def gate(operation: Operation, texts: Texts, ahead: Ahead | None = None) -> InlineKeyboardMarkup | None:
    """Confirm and Cancel of a plan card; none when it can no longer be, or may not be, confirmed.

    While another operation runs, what is confirmed is to wait for it. What waits can be called off.

    What the app's version blocks has the button that raises it, if we may. While somebody is asked to type the name, only Cancel.
    """
    if operation.state is State.WAITING:
        return cancel(operation, texts)
    if operation.state is not State.PROPOSED:
        return None
    if operation.plan.blocked:
        return _migrations(operation, texts) or _bump(operation, texts)
    dismiss = [button(texts("button-dismiss"), f"g:n:{operation.nonce}")]
    if operation.asked is not None:
        return rows(dismiss)
    undecided = _migrations(operation, texts)
    confirm = [_confirm(operation, texts, ahead)]
    return rows(confirm, _drift(operation, texts), *(undecided.inline_keyboard if undecided else ()), dismiss)


def _confirm(operation: Operation, texts: Texts, ahead: Ahead | None) -> InlineKeyboardButton:
    """Each wish has data of its own: a tap counts only for what its button said."""
    style = _RISK_STYLES.get(operation.plan.risk, ButtonStyle.DANGER)
    if ahead is None:
        return button(texts("button-confirm", kind=str(operation.kind)), f"g:y:{operation.nonce}", style)
    if ahead.waiting is None:
        return button(texts("button-queue"), f"g:w:{operation.nonce}", style)
    return button(texts("button-queue-replace"), f"g:r:{operation.nonce}:{short_id(ahead.waiting.id)}", style)


def _drift(operation: Operation, texts: Texts) -> list[InlineKeyboardButton]:
    if operation.plan.drift is None or not operation.plan.drift.files:
        return []
    look = button(texts("button-difference"), f"f:{operation.id}")
    if operation.kind is not Kind.DEPLOY or not any(one.readable for one in operation.plan.drift.files):
        return [look]
    return [look, button(texts("button-keep"), f"e:{operation.nonce}", ButtonStyle.PRIMARY)]


def _migrations(operation: Operation, texts: Texts) -> InlineKeyboardMarkup | None:
    """R-DB-6: for each kind of script about which only a person knows, to run them or to note that they have run."""
    about = operation.plan.migrating if operation.kind is Kind.MIGRATE else None
    if about is None or about.noted:
        return None
    return rows(
        *(
            [
                button(texts(name, which=str(standing), count=len(found)), f"j:{what}{standing[0]}:{nonce}")
                for what, name in (("r", "button-migrate-too"), ("n", "button-migrate-note"))
            ]
            for standing, nonce in (
                (one, operation.nonce) for one in dict.fromkeys(s.standing for s in about.apart)
            )
            if (found := about.of(standing))
        )
    )


def _bump(operation: Operation, texts: Texts) -> InlineKeyboardMarkup | None:
    found = operation.plan.bump
    if found is None or not found.way.by_tap:
        return None
    text = texts("button-bump", version=found.version, to=found.to)
    return rows([button(text, f"w:{operation.nonce}", ButtonStyle.PRIMARY)])


def whole_plan(
    shown: InlineKeyboardMarkup | None, operation: Operation, texts: Texts
) -> InlineKeyboardMarkup | None:
    """The buttons of a card that waits, and below them one for all that the card has no room for."""
    if operation.state is not State.PROPOSED:
        return shown
    details = [button(texts("button-details"), f"i:{operation.id}")]
    return rows(*(shown.inline_keyboard if shown else ()), details)


def by_hand(
    shown: InlineKeyboardMarkup | None, operation: Operation, texts: Texts
) -> InlineKeyboardMarkup | None:
    """The buttons of a card that may be confirmed, and one that says how to do the same without Opsgate."""
    if operation.kind is not Kind.DEPLOY or operation.state is not State.PROPOSED or operation.plan.blocked:
        return shown
    manual = [button(texts("button-manual"), f"h:{operation.id}")]
    return rows(*(shown.inline_keyboard if shown else ()), manual)


def drill_first(
    shown: InlineKeyboardMarkup | None, operation: Operation, texts: Texts
) -> InlineKeyboardMarkup | None:
    """The buttons of a restore's card, and one that proves its backup, where no drill did so yet."""
    about = operation.plan.restoring
    backup = about.backup if about and operation.kind is Kind.RESTORE else None
    proven = backup is None or (backup.drilled is not None and backup.drilled.good)
    if backup is None or proven or operation.state is not State.PROPOSED or operation.asked is not None:
        return shown
    drill = [button(texts("button-drill"), f"q:{backup.id}")]
    return rows(*(shown.inline_keyboard if shown else ()), drill)


def cancel(operation: Operation, texts: Texts) -> InlineKeyboardMarkup | None:
    """Cancel of one that runs or waits; none when it ended, was cancelled already or is on its way back."""
    active = operation.state in {State.WAITING, State.QUEUED, State.RUNNING} and operation.phase == "forward"
    if not active or operation.cancelled_by is not None:
        return None
    return rows([button(texts("button-cancel"), f"x:{operation.id}", ButtonStyle.DANGER)])


def choose_to_cancel(operations: Iterable[Operation], texts: Texts) -> InlineKeyboardMarkup | None:
    """One Cancel per running operation."""
    return rows(
        *(
            [button(texts("button-cancel-one", kind=str(op.kind), project=op.project), f"x:{op.id}")]
            for op in operations
        )
    )


def projects(kind: Kind, names: Iterable[str]) -> InlineKeyboardMarkup | None:
    """One button per project."""
    return rows(*([button(name, f"p:{kind}:{name}")] for name in names))


def details(operation: Operation, texts: Texts, *, has_log: bool) -> InlineKeyboardMarkup | None:
    """Log and, while it runs, Cancel and Refresh; of a finished backup, its file."""
    file = []
    if operation.kind is Kind.BACKUP and operation.state is State.SUCCEEDED:
        file = [button(texts("button-send-backup"), f"n:{backup_id(operation.id)}")]
    log = [button(texts("button-log"), f"l:{operation.id}")] if has_log else []
    again = [] if operation.finished_at else [button(texts("button-refresh"), f"u:{operation.id}")]
    stop = cancel(operation, texts)
    return rows([*log, *again], file, stop.inline_keyboard[0] if stop else [])


def after_verdict(
    operation: Operation, texts: Texts, *, kept: bool = False, migrations: int = 0, backup: str = ""
) -> InlineKeyboardMarkup | None:
    """`kept`: there is an old database, which can be dropped, and come back when a restore replaced it.

    After a rollback: the backup from when that release served. After migrations that did not end well: the `backup` from
    before them; after a deploy that brought some, a button that runs them.
    """
    undoable = kept and operation.kind is Kind.RESTORE and operation.state is State.SUCCEEDED
    return rows(
        [button(texts("button-undo"), f"b:{operation.id}", ButtonStyle.PRIMARY)] if undoable else [],
        [button(texts("button-drop"), f"d:{operation.id}", ButtonStyle.DANGER)] if kept else [],
        _matching_backup(operation, texts),
        [button(texts("button-backup-before"), f"k:{backup}", ButtonStyle.PRIMARY)] if backup else [],
        [button(texts("button-migrate", count=migrations), f"y:{operation.project}", ButtonStyle.PRIMARY)]
        if migrations
        else [],
        [
            button(texts("button-details"), f"o:{operation.id}"),
            button(texts("button-log"), f"l:{operation.id}"),
        ],
    )


def _matching_backup(operation: Operation, texts: Texts) -> list[InlineKeyboardButton]:
    returned = operation.plan.returning if operation.state is State.SUCCEEDED else None
    if returned is None or returned.backup is None:
        return []
    return [button(texts("button-matching-backup"), f"k:{returned.backup.id}")]


def releases(shown: Iterable[tuple[Release, str]]) -> InlineKeyboardMarkup | None:
    """One button per release that can come back."""
    return rows(*([button(text, f"v:{release.id}")] for release, text in shown))


def backups(
    shown: Iterable[tuple[Backup, str]], project: str, texts: Texts, *, page: int = 0, last: int = 0
) -> InlineKeyboardMarkup | None:
    """One button per backup that can be restored; below them the pages beside this one, counted from 0."""
    newer = [button(texts("button-newer"), f"p:{Kind.RESTORE}:{page - 1}:{project}")] if page > 0 else []
    older = [button(texts("button-older"), f"p:{Kind.RESTORE}:{page + 1}:{project}")] if page < last else []
    return rows(*([button(text, f"r:{backup.id}")] for backup, text in shown), [*newer, *older])


def choose_backups(names: Iterable[str]) -> InlineKeyboardMarkup | None:
    """One button per project, to its backups."""
    return rows(*([button(name, f"a:l:{name}")] for name in names))


def backups_of(project: str, texts: Texts) -> InlineKeyboardMarkup | None:
    """Below the list of backups."""
    return rows(
        [button(texts("button-retention"), f"a:r:{project}")],
        [button(texts("button-restore-one"), f"p:{Kind.RESTORE}:{project}")],
    )


def back_to_backups(project: str, texts: Texts) -> InlineKeyboardMarkup | None:
    return rows([button(texts("button-backups"), f"a:l:{project}")])


def operations(shown: Iterable[tuple[Operation, str]]) -> InlineKeyboardMarkup | None:
    """A button to each operation, under its line of the list."""
    return rows(*([button(text, f"o:{operation.id}")] for operation, text in shown))


def refresh(texts: Texts) -> InlineKeyboardMarkup | None:
    return rows([button(texts("button-refresh"), "s:")])


def menu(texts: Texts) -> InlineKeyboardMarkup | None:
    """The main things, and the other language."""
    first = [button(texts(f"button-menu-{name}"), f"m:{name}") for name in ("status", "ops")]
    second = [button(texts(f"button-menu-{name}"), f"m:{name}") for name in ("deploy", "rollback")]
    third = [button(texts(f"button-menu-{name}"), f"m:{name}") for name in ("backup", "restore")]
    return rows(first, second, third, [button(texts("button-language"), f"t:{texts('other-language')}")])
