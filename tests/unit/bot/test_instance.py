"""Two processes on one token would each get a random share of the updates."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.instance import AnotherInstance, only_instance


def test_a_second_instance_on_the_same_data_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with only_instance(tmp_path), pytest.raises(AnotherInstance) as caught, only_instance(tmp_path):
        pass
    assert str(os.getpid()) in str(caught.value)


def test_the_lock_is_free_when_the_first_has_ended(tmp_path: Path) -> None:
    for _ in range(2):
        with only_instance(tmp_path):
            pass


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from bot.instance import only_instance\n"
        "with only_instance(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert ended.returncode == -9
    with only_instance(tmp_path):
        pass


def test_nobody_else_can_read_the_lock_file(tmp_path: Path) -> None:
    with only_instance(tmp_path):
        assert (tmp_path / "opsgate.lock").stat().st_mode & 0o077 == 0
