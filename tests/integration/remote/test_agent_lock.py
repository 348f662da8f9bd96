"""The project's lock: fencing, leases, and what is left after SIGKILL."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from services.commands.command import command
from services.remote.jobs import JobSpec
from tests.integration.remote.local_agent import LocalAgent


def fenced(local: LocalAgent, epoch: int, *words: str, name: str = "job") -> JobSpec:
    return JobSpec(id=name, command=command(*words), state_dir=PurePosixPath(local.state), epoch=epoch)


def test_each_claim_raises_the_epoch(local: LocalAgent) -> None:
    assert [local.claim(), local.claim(), local.claim()] == [1, 2, 3]


def test_a_living_lease_keeps_others_out_and_says_who_holds_it(local: LocalAgent) -> None:
    local.claim("op-1", "one")
    for operation in ("op-1", "op-2"):
        done = local.try_("lock-claim", local.state, operation, "two", 60)
        assert done.status == 75
        assert done.out.split()[:2] == [b"op-1", b"one"]


def test_an_owner_may_leave_its_older_operation_behind_unless_a_job_of_it_runs(local: LocalAgent) -> None:
    """What a lost connection left behind does not keep its own owner out."""
    epoch = local.claim("op-1", "one")
    local.begin(fenced(local, epoch, "sleep", "30"))
    assert local.try_("lock-claim", local.state, "op-2", "one", 60).status == 75
    local.run("cancel", local.state, "job", 1)
    assert local.claim("op-2", "one") == epoch + 1
    assert local.try_("lock-renew", local.state, epoch, 60).status == 73


def test_a_released_lock_is_free_for_everybody(local: LocalAgent) -> None:
    epoch = local.claim("op-1", "one")
    local.run("lock-release", local.state, epoch)
    local.run("lock-release", local.state, epoch)
    assert local.run("lock-read", local.state) == b""
    assert local.claim("op-2", "two") == epoch + 1


def test_an_expired_lease_frees_the_lock(local: LocalAgent) -> None:
    local.claim("op-1", "one", 0)
    assert local.run("lock-read", local.state) == b""
    assert local.claim("op-2", "two") == 2


def test_a_lease_of_an_earlier_boot_is_over(local: LocalAgent) -> None:
    local.claim("op-1", "one", 600)
    holder = local.state / "lock" / "holder"
    fields = holder.read_text().split()
    fields[4] = "another-boot"
    holder.write_text(" ".join(fields) + "\n")
    assert local.claim("op-2", "two") == 2


def test_renewing_prolongs_the_lease_of_the_present_claim_only(local: LocalAgent) -> None:
    local.claim("op-1", "one", 1)
    local.run("lock-renew", local.state, 1, 600)
    left = int(local.run("lock-read", local.state).split()[4])
    assert left > 500
    local.claim("op-1", "one", 600)
    assert local.try_("lock-renew", local.state, 1, 600).status == 73
    assert local.try_("lock-release", local.state, 1).status == 73


def test_of_many_claims_at_once_one_wins(local: LocalAgent) -> None:
    def claim(number: int) -> int:
        return local.try_("lock-claim", local.state, f"op-{number}", f"owner-{number}", 60).status

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(claim, range(6)))
    assert statuses == [0, 75, 75, 75, 75, 75]


def test_a_job_of_an_older_epoch_is_refused(local: LocalAgent) -> None:
    old = local.claim()
    new = local.claim()
    done = local.try_("begin", local.state, "job", stdin=fenced(local, old, "true").text())
    assert done.status == 73
    assert local.poll("job")[0] == "missing"
    local.begin(fenced(local, new, "true"))
    assert local.finished("job")[:2] == ("exited", "0")


def test_after_the_release_no_new_job_begins(local: LocalAgent) -> None:
    epoch = local.claim()
    local.run("lock-release", local.state, epoch)
    assert local.try_("begin", local.state, "job", stdin=fenced(local, epoch, "true").text()).status == 73


def test_a_job_waiting_for_its_turn_is_fenced_off_when_the_epoch_rises_meanwhile(
    local: LocalAgent, tmp_path: Path
) -> None:
    epoch = local.claim()
    local.begin(fenced(local, epoch, "sleep", "30", name="first"))
    second = fenced(local, epoch, "touch", str(tmp_path / "ran"), name="second")
    assert local.begin(second) == "running"
    local.claim()
    local.run("cancel", local.state, "first", 1)
    until = time.monotonic() + 10
    while local.poll("second")[0] == "running":
        assert time.monotonic() < until
        time.sleep(0.05)
    assert local.poll("second")[0] == "fenced"
    assert not (tmp_path / "ran").exists()


def test_a_running_job_keeps_the_lock_when_the_lease_is_over(local: LocalAgent) -> None:
    epoch = local.claim("op-1", "one", 60)
    local.begin(fenced(local, epoch, "sleep", "30"))
    local.run("lock-renew", local.state, epoch, 0)
    assert local.try_("lock-claim", local.state, "op-2", "two", 60).status == 75
    assert local.run("lock-read", local.state).split()[4:] == [b"0", b"1"]
    assert local.claim("op-1", "one", 0) == epoch + 1  # its own operation may come back at any time
    local.run("cancel", local.state, "job", 1)
    assert local.claim("op-2", "two") == epoch + 2


def test_a_child_of_a_killed_runner_keeps_the_lock_until_it_ends(local: LocalAgent, tmp_path: Path) -> None:
    epoch = local.claim("op-1", "one", 0)
    local.begin(fenced(local, epoch, "sh", "-c", f"echo $$ >{tmp_path}/pid; exec sleep 30"))
    until = time.monotonic() + 5
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < until
        time.sleep(0.01)
    os.kill(local.runner("job"), signal.SIGKILL)
    assert local.try_("lock-claim", local.state, "op-2", "two", 60).status == 75
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    until = time.monotonic() + 5
    while local.try_("lock-claim", local.state, "op-2", "two", 60).status != 0:
        assert time.monotonic() < until, "the lock stayed behind"
        time.sleep(0.05)


def test_a_claim_killed_half_way_blocks_nobody(local: LocalAgent) -> None:
    for delay in (0.0, 0.003, 0.006, 0.01, 0.02):
        process = local.start("lock-claim", local.state, "op-1", "one", 60)
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    epochs = [local.claim("op-1", "one"), local.claim("op-1", "one")]
    assert epochs[1] == epochs[0] + 1


def test_a_broken_epoch_stops_claims_instead_of_starting_over(local: LocalAgent) -> None:
    local.claim("op-1", "one", 0)
    (local.state / "lock" / "epoch").write_text("")
    assert local.try_("lock-claim", local.state, "op-2", "two", 60).status != 0
