"""What a restore means for migrations: what ran after the backup has not run in the database that came back (R-DB-6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from services.backups.models import Backup
from services.errors import Fenced, HostError, Unreachable
from services.migrations import state
from services.migrations.models import Ran, ScriptState
from services.models import Kind
from services.runs import Run

log = structlog.get_logger(__name__)

BEFORE, UNWRITTEN = "records-before", "records-unwritten"
"""In the results of the steps that swap, or follow a swap."""


async def note(run: Run) -> dict[str, Any]:
    """After a restore or its undo: the host's records say again what is so in the live database.

    Kept in the journal before the first is written: BEFORE, the records as they were, for the way back. UNWRITTEN where
    they could not be written: that is no reason to take a good restore back, but people must know.
    Raises Unreachable and Fenced.
    """
    try:
        before = await _before(run)
    except (Unreachable, Fenced):
        raise
    except HostError as error:
        return _unwritten(run, error)
    return _noted(before) | await _write(run, _changed(run, before))


async def take_back(run: Run) -> dict[str, Any]:
    """On the way back, once the database before is live again: the records as they were. UNWRITTEN as above.

    Raises Unreachable and Fenced.
    """
    journal = await run.store.operations.steps(run.operation.id)
    noted = next((step.result[BEFORE] for step in journal if BEFORE in step.result), ())
    return await _write(run, [Ran.model_validate(one) for one in noted])


async def _before(run: Run) -> list[Ran]:
    """The records that change, as they were. Walked again after a crash, some have changed already: the journal knows."""
    noted = run.results.get(run.step_name, {}).get(BEFORE)
    if noted is not None:
        return [Ran.model_validate(one) for one in noted]
    known = await state.read(run.remote, run.project)
    before = [known[one.script] for one in _changed(run, known.values())]
    await run.note(_noted(before))
    return before


def _noted(before: Iterable[Ran]) -> dict[str, Any]:
    return {BEFORE: [one.model_dump(mode="json") for one in before]}


def _changed(run: Run, known: Iterable[Ran]) -> list[Ran]:
    about, by_name = run.plan.restoring, {one.script: one for one in known}
    if about is None:
        return []
    if run.operation.kind is Kind.RESTORE and about.backup is not None:
        return taken_away(by_name, about.backup, run.operation.id)
    return given_back(by_name, about.of)


async def _write(run: Run, records: Iterable[Ran]) -> dict[str, Any]:
    try:
        for ran in records:
            await state.write(run.remote, run.project, run.store, ran)
    except (Unreachable, Fenced):
        raise
    except HostError as error:
        return _unwritten(run, error)
    return {}


def _unwritten(run: Run, error: HostError) -> dict[str, Any]:
    log.warning("migrations were not noted", operation=run.operation.id, error=str(error))
    return {UNWRITTEN: True}


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
