"""DESIGN's layout, held by tests: imports point one way, files stay small, every rule that is built is proven."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "handlers", "services")
# A project to deploy: it runs in its own containers only.
SAMPLE = ROOT / "bot/sandbox/practice/sample/template"
PRODUCT = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if SAMPLE not in path.parents)
LONGEST = 350

IMPLEMENTED_RULES = (
    *("R-DX-1", "R-DB-1", "R-DB-2", "R-DB-3", "R-DB-4", "R-DB-5", "R-RB-1", "R-RB-2", "R-RB-3"),
    *("R-FE-1", "R-FE-2", "R-FE-3", "R-FE-4", "R-FE-5", "R-DX-4", "R-DX-5", "R-DX-6"),
    *("R-UX-1", "R-UX-2", "R-UX-3", "R-UX-4"),
)
"""Rules of the runbook that Opsgate carries out today; a rule is added here in the change that builds it."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importers(package: str) -> set[str]:
    return {
        name(path) for path in PRODUCT if any(module.split(".")[0] == package for module in imports(path))
    }


def test_the_contracts_of_import_linter_are_kept() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("package", "rooms"),
    [
        ("asyncssh", ("services/remote/", "bot/sandbox/practice/")),
        ("aiosqlite", ("services/store/",)),
        ("sqlite3", ("services/store/", "services/sqlite_tool/", "bot/sandbox/practice/postgres/")),
        ("aiodocker", ("services/remote/",)),
        ("aiogram", ("bot/", "handlers/")),
    ],
)
def test_a_library_is_imported_in_its_room_only(package: str, rooms: tuple[str, ...]) -> None:
    assert {path for path in importers(package) if not path.startswith(rooms)} == set()


def test_the_local_bot_api_is_an_opinion_independent_of_aiogram() -> None:
    assert {path for path in importers("aiogram") if path.startswith("bot/sandbox/")} == set()


def test_the_sandbox_imports_nothing_else_of_the_bot() -> None:
    reached = {
        (name(path), module)
        for path in PRODUCT
        if name(path).startswith("bot/sandbox/")
        for module in imports(path)
        if module.startswith("bot.") and not module.startswith("bot.sandbox")
    }
    assert reached == set()


def test_only_the_command_line_opens_the_sandbox() -> None:
    opening = {
        name(path)
        for path in PRODUCT
        if not name(path).startswith("bot/sandbox/")
        and any(f"{module}.".startswith("bot.sandbox.") for module in imports(path))
    }
    assert opening <= {"bot/cli.py"}


def test_services_import_neither_bot_nor_handlers() -> None:
    assert {
        path for path in importers("bot") | importers("handlers") if path.startswith("services/")
    } == set()


@pytest.mark.parametrize("path", PRODUCT, ids=name)
def test_a_file_stays_short_enough_to_read(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST, f"{name(path)} has {lines} lines: look for the second thing it does"


def test_no_module_is_named_after_nothing() -> None:
    unwanted = {"utils", "util", "helpers", "helper", "common", "misc", "interfaces", "repositories", "base"}
    assert [
        name(path) for path in PRODUCT if unwanted & {*path.relative_to(ROOT).with_suffix("").parts}
    ] == []


def test_every_folder_of_the_product_is_a_package() -> None:
    assert [name(path) for path in PRODUCT if not (path.parent / "__init__.py").exists()] == []


def test_no_mocks_are_used_in_tests() -> None:
    tests = sorted((ROOT / "tests").rglob("*.py"))
    assert [
        name(path) for path in tests if any("mock" in module.split(".") for module in imports(path))
    ] == []


@pytest.mark.parametrize("rule", IMPLEMENTED_RULES)
def test_every_rule_that_is_built_is_named_where_it_is_proven(rule: str) -> None:
    named = re.compile(rf"{rule}(?!\d)")
    others = [path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    assert any(named.search(path.read_text(encoding="utf-8")) for path in others), f"no test names {rule}"
