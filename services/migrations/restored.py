"""What a restore means for migrations: what ran after the backup has not run in the database that came back (R-DB-6)."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from services.backups.models import Backup
from services.errors import Fenced, HostError, Unreachable
from services.migrations import state
from services.migrations.models import Ran, ScriptState
from services.models import Kind
from services.runs import Run

log = structlog.get_logger(__name__)


async def note(run: Run) -> None:
    """After a restore or its undo: the host's records say again what is so in the live database.

    Trouble is no reason to take a good restore back; then /migrate may say that a script ran which did not.
    Raises Unreachable and Fenced.
    """
    about = run.plan.restoring
    if about is None:
        return
    try:
        known = await state.read(run.remote, run.project)
        if run.operation.kind is Kind.RESTORE and about.backup is not None:
            changed = taken_away(known, about.backup, run.operation.id)
        else:
            changed = given_back(known, about.of)
        for ran in changed:
            await state.write(run.remote, run.project, run.store, ran)
    except (Unreachable, Fenced):
        raise
    except HostError as error:
        log.warning("migrations were not noted", operation=run.operation.id, error=str(error))


def taken_away(known: Mapping[str, Ran], backup: Backup, restore: str) -> list[Ran]:
    """Pure: records of scripts that ran after the backup was made. Of an imported one nobody knows when that was."""
    became = ScriptState.UNSURE if backup.imported else ScriptState.RETURNED
    return [
        one.model_copy(update={"state": became, "returned_by": restore})
        for one in known.values()
        if one.counts_as_run and (backup.imported or one.at > backup.at)
    ]


def given_back(known: Mapping[str, Ran], restore: str) -> list[Ran]:
    """Pure: records that a restore changed, as they were: its undo brings the very database back."""
    return [
        one.model_copy(update={"state": ScriptState.DONE, "returned_by": ""})
        for one in known.values()
        if restore and one.returned_by == restore and one.state in {ScriptState.RETURNED, ScriptState.UNSURE}
    ]
