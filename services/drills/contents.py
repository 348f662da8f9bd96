"""What a backup holds against what came out of it: rows and sums by table."""

from __future__ import annotations

from services.backups.dumping import application_name
from services.backups.models import Backup
from services.backups.steps import archive_data, live_engine, table_data
from services.errors import StepFailed
from services.facts.cluster import TableData, parse_printing
from services.restores.steps import engine, names
from services.runs import Run
from services.steps import SHORT


async def compared(run: Run, backup: Backup) -> TableData:
    """What the scratch database holds, when it is what the backup should hold, as far as anything tells that.

    Raises StepFailed where it is not.
    """
    if backup.form != "custom":  # SQL made by hand: its COPY data was counted when it was imported
        loaded_rows = await _scratch(run, backup, "scratch")
        if backup.rows is not None:
            same_rows(backup.rows, loaded_rows.rows)
        return loaded_rows
    recorded = TableData(backup.rows or {}, backup.sums)
    expected = recorded
    if backup.rows is None or backup.sums is None:
        expected = await archive_data(run, backup.host_file, "archive")
        known = {table: rows for table, rows in expected.rows.items() if table in recorded.rows}
        same_rows(recorded.rows, known)
    found = await _scratch(run, backup, "scratch")
    same_rows(expected.rows, found.rows)
    if await _other_server(run, backup):
        return TableData(found.rows, None)
    if differing := differing_tables(expected, found):
        await _other_order(run, backup, expected, found, differing)
    return found


async def _other_server(run: Run, backup: Backup) -> bool:
    """Whether another major version made the dump: it may write the same values otherwise, so that no sum is the same."""
    speaking = await engine(run)
    done = await run.remote.run(speaking.facts(), timeout=SHORT)
    now = speaking.parse_facts(done.stdout).version
    return bool(backup.server) and backup.server.split(".")[0] != now.split(".")[0]


async def _scratch(run: Run, backup: Backup, name: str, *, in_order: bool = True) -> TableData:
    """Printed as the dump was: what was set for the live database's login is not set for a scratch database.

    Of older dumps it is not known; then as that login prints today.
    """
    speaking, printing = await engine(run), backup.printing
    if not printing and (asked := (await live_engine(run)).printing()):
        printing = parse_printing((await run.remote.run(asked, timeout=SHORT)).stdout)
    reading = speaking.data(names(run).incoming, application_name(run), printing)
    return await table_data(run, reading, name, in_order=in_order)


async def _other_order(
    run: Run, backup: Backup, expected: TableData, found: TableData, tables: list[str]
) -> None:
    """A restore need not keep the order of rows: sorted they must be the same; and the record must be the archive's."""
    archive = await archive_data(run, backup.host_file, "archive-again")
    if table := next((one for one in tables if _sum(archive, one) != _sum(expected, one)), None):
        raise differs(table, expected, found)
    ordered = await archive_data(run, backup.host_file, "archive-sorted", in_order=False)
    again = await _scratch(run, backup, "scratch-sorted", in_order=False)
    if ordered.sums is None or again.sums is None:  # not compared is no proof, and no reproach either
        raise StepFailed("error-internal", detail=f"{tables[0]} was not summed in order")
    if left := differing_tables(ordered, again):
        raise differs(left[0], ordered, again)


def same_rows(expected: dict[str, int], found: dict[str, int]) -> None:
    """Raises StepFailed with the first table, by name, that has other rows, or is on one side only."""
    for table in sorted({*expected, *found}):
        if expected.get(table, 0) != found.get(table, 0):
            wanted, there = expected.get(table, 0), found.get(table, 0)
            raise StepFailed("error-restore-differs", table=table, expected=wanted, found=there)


def differing_tables(expected: TableData, found: TableData) -> list[str]:
    """Tables whose lines are not the same, as far as both sides were summed."""
    if expected.sums is None or found.sums is None:
        return []
    return [
        table
        for table in sorted({*expected.sums, *found.sums})
        if _sum(expected, table) != _sum(found, table)
    ]


def _sum(data: TableData, table: str) -> str:
    return (data.sums or {}).get(table, "")


def differs(table: str, expected: TableData, found: TableData) -> StepFailed:
    return StepFailed(
        "error-drill-content",
        table=table,
        expected=_sum(expected, table)[:16] or "-",
        found=_sum(found, table)[:16] or "-",
        detail=f"{table}: expected SHA-256 {_sum(expected, table)}, found {_sum(found, table)}",
    )
