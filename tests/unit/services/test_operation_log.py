from __future__ import annotations

from pathlib import Path

from services.operation_log import OperationLogs


def test_a_log_that_is_being_sent_stays_whole_when_it_is_asked_for_again(tmp_path: Path) -> None:
    """Two taps on Log, or a tap while a failure brings its log along."""
    logs = OperationLogs(tmp_path, lambda text: text)
    logs.note("op-1", "forward", 0, "build", "first")
    asked = logs.joined("op-1")
    assert asked is not None
    with asked.open(encoding="utf-8") as sending:
        logs.note("op-1", "forward", 0, "build", "another")
        logs.note("op-1", "forward", 1, "up", "second")
        again = logs.joined("op-1")
        assert sending.read() == "=== build\nfirst\n"
    assert again == asked
    assert again.read_text(encoding="utf-8") == "=== build\nanother\n=== up\nsecond\n"
    assert again.stat().st_mode & 0o077 == 0
    assert len(list(asked.parent.iterdir())) == 3, "two steps and the whole, nothing half made"
