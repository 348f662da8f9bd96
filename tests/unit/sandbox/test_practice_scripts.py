"""The practice engine reads a migration instead of running it: what it does not understand it does not take."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sandbox.practice.engine import scripts
from bot.sandbox.practice.sample import SampleProject
from bot.sandbox.practice.sample.project import TEMPLATE


def test_the_sample_s_own_migration_is_understood() -> None:
    found = scripts.read((TEMPLATE / "backend/scripts/migrate_001_plans.py").read_bytes())
    assert found is not None
    assert [sql.split("(")[0] for sql in found.sql] == ["CREATE TABLE IF NOT EXISTS plans "]
    assert found.printed == ["migrate_001_plans: done"]


def test_one_that_a_practice_project_gets_is_understood(tmp_path: Path) -> None:
    project = SampleProject.create(tmp_path / "source")
    project.add_migration("migrate_002_more", "INSERT INTO t VALUES ('it''s')", seconds=2)
    found = scripts.read((project.path / "backend/scripts/migrate_002_more.py").read_bytes())
    assert found == scripts.Script(["INSERT INTO t VALUES ('it''s')"], 2, ["migrate_002_more: done"])


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess",
        "import os\nos.remove('/etc/passwd')",
        "with open('x') as cursor: cursor.execute('SELECT 1')",
        "cursor.execute(query)",
        "cursor.execute('SELECT %s', (1,))",
        "def f(): pass",
        "not python at all (",
    ],
)
def test_whatever_else_a_script_does_is_not_taken(source: str) -> None:
    assert scripts.read(source.encode()) is None
