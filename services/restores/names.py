"""Which databases an operation works on: names say whether a swap happened, so they are fixed by the plan alone."""

from __future__ import annotations

from dataclasses import dataclass

from services.engines import aside
from services.models import Kind, Operation, short_id


@dataclass(frozen=True, slots=True)
class Names:
    """The databases of one swap: `incoming` gets the live name, the live one becomes `outgoing`.

    Of a drill there is `incoming` only, and nothing is swapped: no builder takes its name for that.
    """

    live: str
    incoming: str
    outgoing: str
    back: str
    """What `incoming` is called after a swap was taken back."""


def names_of(operation: Operation) -> Names:
    """Of a restore, a drill or an undo. Raises ValueError for other kinds."""
    about = operation.plan.restoring
    if about is None:
        raise ValueError(f"{operation.id} swaps no database")
    live, engine, short = about.database, about.engine, short_id(operation.id)
    undone = aside(engine, live, "undone", short)
    if operation.kind is Kind.DRILL:
        return Names(live, aside(engine, live, "drill", short), "", back="")
    if operation.kind is Kind.RESTORE:
        before = aside(engine, live, "before", short)
        return Names(live, aside(engine, live, "restore", short), before, back=undone)
    return Names(live, about.incoming, undone, back=about.incoming)


def replaced_by(engine: str, live: str, restore: Operation) -> str:
    """The name of the database that a restore replaced."""
    return aside(engine, live, "before", short_id(restore.id))


def kept_by(engine: str, live: str, operation: Operation) -> tuple[str, ...]:
    """The names under which an operation may have kept a database."""
    return replaced_by(engine, live, operation), aside(engine, live, "undone", short_id(operation.id))
