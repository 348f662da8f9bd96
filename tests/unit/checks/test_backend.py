from __future__ import annotations

import pytest

from services.checks.backend import data_findings
from services.checks.tree import Recipe, SourceTree
from services.models import Severity
from tests.unit.checks.test_findings import found, the

SEED = 'from pathlib import Path\nsource = Path(__file__).parent.parent / "plans.csv"\n'


def tree(dockerfile: str, context: str = ".", script: str = SEED, **files: str) -> SourceTree:
    texts = {"backend/Dockerfile": dockerfile, "backend/scripts/seed_plans.py": script}
    paths = {*texts, "backend/plans.csv", "backend/unused.json", *files}
    return SourceTree(frozenset(paths), texts | files, (Recipe("backend", context, "backend/Dockerfile"),))


@pytest.mark.parametrize(
    ("dockerfile", "context"),
    [
        ("COPY *.csv .", "backend"),
        ("COPY *.csv *.json ./", "backend"),
        ("COPY . .", "backend"),
        ("copy ./plans.csv /app/", "backend"),
        ('COPY ["plans.csv", "/app/"]', "backend"),
        ("COPY --chown=app:app \\\n  requirements.txt \\\n  # data\n  plans.csv ./", "backend"),
        ("ADD backend /app", "."),
        ("COPY backend/*.csv ./", "."),
        ("COPY /backend/plan?.csv ./", "."),
        ("COPY b*/[a-p]*.csv ./", "."),
    ],
)
def test_data_that_a_dockerfile_copies_in_whatever_way_is_fine(dockerfile: str, context: str) -> None:
    """R-FE-5: patterns count."""
    assert data_findings(tree(f"FROM python\n{dockerfile}\n", context)) == []


@pytest.mark.parametrize(
    ("dockerfile", "context", "line"),
    [
        ("COPY app.py ./", "backend", "COPY plans.csv ./"),
        ("COPY *.csv .", ".", "COPY backend/plans.csv ./"),
        ("COPY *.json scripts ./", "backend", "COPY plans.csv ./"),
        ("# COPY . .", "backend", "COPY plans.csv ./"),
        ("COPY --from=build . .", "backend", "COPY plans.csv ./"),
        ("COPY <<EOF plans.csv\nx\nEOF", "backend", "COPY plans.csv ./"),
        ("COPY other/ plans.csv", "backend", "COPY plans.csv ./"),
    ],
)
def test_data_that_scripts_name_and_no_line_copies_is_named_with_the_line_that_does(
    dockerfile: str, context: str, line: str
) -> None:
    """R-FE-5."""
    (finding,) = data_findings(tree(f"FROM python\n{dockerfile}\n", context))
    assert (finding.code, finding.severity) == ("data-not-copied", Severity.WARNING)
    assert (finding.args["files"], finding.args["more"]) == ("backend/plans.csv", 0)
    assert (finding.args["dockerfile"], finding.args["line"]) == ("backend/Dockerfile", line)


def test_what_no_script_names_or_what_is_not_shipped_is_not_asked_for() -> None:
    """R-FE-5: a name that is no file of the source may be one that a script writes."""
    assert data_findings(tree("FROM python", script='open("report.csv", "w")')) == []
    assert data_findings(tree("FROM python", script="")) == []


def test_data_outside_of_the_context_cannot_be_copied_at_all() -> None:
    """R-FE-5."""
    (finding,) = data_findings(
        tree("COPY . .", "backend", script='open("list.sql")', **{"scripts/list.sql": ""})
    )
    assert finding.args["files"] == "scripts/list.sql"


def test_many_files_are_counted_not_listed() -> None:
    names = [f"backend/d{number}.csv" for number in range(9)]
    script = "\n".join(f"open('{name}')" for name in names)
    (finding,) = data_findings(tree("FROM x", script=script, **dict.fromkeys(names, "")))
    assert finding.args["more"] == 4


ABSPATH = """import os
BASE = os.path.dirname(os.path.abspath(__file__))
open(os.path.join(BASE, "plans.csv"))
"""


def script(text: str, path: str = "backend/scripts/seed_plans.py") -> SourceTree:
    return SourceTree(frozenset({path}), {path: text})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (ABSPATH, 2),
        (ABSPATH.replace("os.path.abspath", "abspath"), 2),
        ("import os\n\n\nopen(os.path.abspath(os.path.dirname(__file__)) + '/plans.csv')", 4),
    ],
)
def test_a_script_that_finds_data_through_abspath_is_named_with_its_line(text: str, line: int) -> None:
    """R-DX-5."""
    (finding,) = data_findings(script(text))
    assert (finding.code, finding.severity) == ("data-by-abspath", Severity.WARNING)
    assert finding.args == {"scripts": f"backend/scripts/seed_plans.py:{line}", "more": 0}


@pytest.mark.parametrize(
    "text",
    [
        SEED,
        'import os, sys\nsys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))\nopen("plans.csv")',
        "import os\nprint(os.path.abspath(__file__))",
        'import os\nopen(os.path.abspath("plans.csv"))',
        "print 'no Python of today'",
        "# os.path.abspath(__file__) 'plans.csv'",
    ],
)
def test_other_ways_to_find_data_are_fine(text: str) -> None:
    """R-DX-5: Path(__file__) is the accepted form; sys.path is about modules."""
    assert data_findings(script(text)) == []


@pytest.mark.parametrize("depth", [300, 100_000])
def test_a_script_that_nests_endlessly_stops_nothing(depth: int) -> None:
    """What this Python cannot read is left alone; the other scripts are judged all the same."""
    deep = tree("FROM python", **{"backend/scripts/deep.py": f"x{'.a()' * depth}\nopen('a.csv')"})
    assert found(data_findings(deep)) == {"data-not-copied": Severity.WARNING}


def test_only_scripts_are_looked_at() -> None:
    """R-DX-5."""
    assert data_findings(script(ABSPATH, "backend/config.py")) == []
    assert data_findings(script(ABSPATH, "backend/tools/migrate_3.py")) != []
    assert data_findings(script(ABSPATH, "scripts/load.py")) != []


def test_a_project_without_a_backend_is_left_alone() -> None:
    assert data_findings(SourceTree(frozenset({"a.csv"}), {}, (Recipe("web", ".", "Dockerfile"),))) == []


def test_both_rules_speak_for_themselves() -> None:
    both = tree("FROM python", script=ABSPATH)
    assert found(data_findings(both)) == dict.fromkeys(
        ("data-not-copied", "data-by-abspath"), Severity.WARNING
    )
    assert the(data_findings(both), "data-by-abspath").args["more"] == 0
