"""How the npm packages come here: pinned, from wherever this machine gets its packages, and never committed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conformance.node import HERE, LOCK


def prepare(path: str, home: Path) -> "subprocess.CompletedProcess[str]":
    """Runs a copy of the script as a machine with this PATH and nothing installed would."""
    for name in ("prepare.sh", "package.json", "package-lock.json"):
        shutil.copy(HERE / name, home)
    command = ["/bin/sh", str(home / "prepare.sh")]
    return subprocess.run(
        command, env={"PATH": path}, capture_output=True, text=True, timeout=30, check=False
    )


def program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """The few programs that the script needs of every system."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("cmp", "cp", "dirname", "rm", "mkdir", "tail"):
        (tools / name).symlink_to(shutil.which(name) or name)
    return tools


def test_the_lock_names_no_place_to_download_from() -> None:
    """A registry is the business of the machine that installs."""
    lock = LOCK.read_text(encoding="utf-8")
    assert "resolved" not in lock
    assert "://" not in lock


def test_every_locked_package_is_pinned_by_its_checksum() -> None:
    packages = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]
    assert [
        name for name, one in packages.items() if name and not one["integrity"].startswith("sha512-")
    ] == []


def test_what_is_installed_is_not_committed() -> None:
    ignored = (HERE.parents[1] / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "node_modules/" in ignored


def test_without_node_and_without_root_it_says_what_is_missing(tools: Path, tmp_path: Path) -> None:
    program(tools, "id", "echo 1000")
    done = prepare(str(tools), tmp_path)
    assert done.returncode == 3
    assert "not possible here: Node.js 18 or newer with npm is missing" in done.stderr


def test_a_package_that_cannot_be_fetched_is_told_and_leaves_no_stamp(tools: Path, tmp_path: Path) -> None:
    program(tools, "node", "exit 0")
    program(tools, "npm", "echo 'npm error network is down' >&2; exit 1")
    done = prepare(str(tools), tmp_path)
    assert done.returncode == 3
    assert "not possible here: npm ci failed (npm error network is down)" in done.stderr
    assert not (tmp_path / "node_modules" / ".installed").exists()


def test_a_second_preparation_asks_npm_for_nothing_until_the_lock_changes(
    tools: Path, tmp_path: Path
) -> None:
    program(tools, "node", "exit 0")
    program(tools, "npm", f"echo asked >> {tmp_path}/asked; mkdir -p node_modules")
    assert [prepare(str(tools), tmp_path).returncode for _ in range(2)] == [0, 0]
    assert (tmp_path / "asked").read_text().count("asked") == 1
    with (tmp_path / "package-lock.json").open("a") as lock:
        lock.write("\n")
    command = ["/bin/sh", str(tmp_path / "prepare.sh")]
    subprocess.run(command, env={"PATH": str(tools)}, timeout=30, check=True)
    assert (tmp_path / "asked").read_text().count("asked") == 2
