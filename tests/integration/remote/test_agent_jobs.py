"""Detached jobs, on this machine's shells and real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import pytest

from services.commands.command import command
from services.remote.jobs import JobSpec
from tests.integration.remote.local_agent import LocalAgent


def job(local: LocalAgent, *words: str, name: str = "job", **fields: object) -> JobSpec:
    return JobSpec(id=name, command=command(*words), state_dir=PurePosixPath(local.state), **fields)  # type: ignore[arg-type]  # fields of a spec


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(path: Path) -> None:
    until = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < until, f"{path} did not appear"
        time.sleep(0.01)


def wait_until_gone(pid: int) -> None:
    until = time.monotonic() + 10
    while alive(pid):
        assert time.monotonic() < until, f"{pid} lives on"
        time.sleep(0.01)


def test_a_job_runs_to_its_end_and_keeps_output_and_status(local: LocalAgent) -> None:
    local.begin(job(local, "sh", "-c", "echo out; echo err >&2; exit 7"))
    assert local.finished("job") == ("exited", "7", b"out\nerr\n")


def test_begin_returns_at_once_and_holds_nothing_of_its_caller_open(local: LocalAgent) -> None:
    began = time.monotonic()
    local.begin(job(local, "sleep", "20"))  # communicate() would wait for an inherited pipe
    assert time.monotonic() - began < 5
    assert local.poll("job")[0] == "running"
    fds = [str(fd.readlink()) for fd in Path(f"/proc/{local.runner('job')}/fd").iterdir() if fd.name in "012"]
    assert set(fds) == {"/dev/null"}


def test_a_job_leads_its_own_session(local: LocalAgent) -> None:
    local.begin(job(local, "sleep", "20"))
    assert os.getsid(local.runner("job")) == local.runner("job")


WORDS = [
    "plain",
    "",
    " ",
    "  two  spaces  ",
    "-n",
    "--",
    "'",
    '"',
    'it\'s "quoted"',
    "$(touch /tmp/opsgate-pwned)",
    "`id`",
    "$HOME",
    "; exit 1",
    "a\\nb\\",
    "tab\there",
    "*",
    "Привет, мир",
    "🙂",
    "arg x",
    "end",
    "#no comment",
    "a=b",
]


def test_words_reach_the_command_exactly_as_they_are(local: LocalAgent) -> None:
    program = 'import sys, os; sys.stdout.buffer.write(b"\\0".join(os.fsencode(a) for a in sys.argv[1:]))'
    local.begin(job(local, sys.executable, "-c", program, *WORDS))
    state, status, out = local.finished("job")
    assert (state, status) == ("exited", "0")
    assert out.decode().split("\0") == WORDS


def test_environment_and_folder_and_files_are_set_up(local: LocalAgent, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("from a file")
    spec = job(
        local,
        "sh",
        "-c",
        'pwd >&2; printf "%s\\n" "$GREETING"; cat; echo words >&2',
        cwd=PurePosixPath(tmp_path),
        env={"GREETING": 'it\'s $HOME; "x"'},
        stdin=PurePosixPath(tmp_path / "in"),
        stdout=PurePosixPath(tmp_path / "made" / "out"),
    )
    local.begin(spec)
    assert local.finished("job") == ("exited", "0", f"{tmp_path}\nwords\n".encode())
    out = tmp_path / "made" / "out"
    assert out.read_text() == 'it\'s $HOME; "x"\nfrom a file'
    assert out.stat().st_mode & 0o777 == 0o600


def test_a_missing_stdin_file_or_folder_or_program_is_a_failure_with_a_reason(local: LocalAgent) -> None:
    nowhere = PurePosixPath("/nowhere/at/all")
    local.begin(job(local, "cat", name="a", stdin=nowhere))
    local.begin(job(local, "pwd", name="b", cwd=nowhere))
    local.begin(job(local, "no-such-program", name="c"))
    for name in "abc":
        state, status, log = local.finished(name)
        assert state == "exited"
        assert int(status) > 0
        assert log


def test_beginning_again_with_the_same_spec_gives_the_present_state(
    local: LocalAgent, tmp_path: Path
) -> None:
    spec = job(local, "sh", "-c", f"echo run >>{tmp_path}/runs")
    local.begin(spec)
    assert local.finished("job")[0] == "exited"
    assert local.begin(spec) == "exited"
    assert (tmp_path / "runs").read_text() == "run\n"


def test_another_spec_under_the_same_id_is_refused(local: LocalAgent) -> None:
    local.begin(job(local, "true"))
    done = local.try_("begin", local.state, "job", stdin=job(local, "false").text())
    assert done.status == 65
    assert "another spec" in done.err


def test_many_begins_at_once_start_one_job(local: LocalAgent, tmp_path: Path) -> None:
    spec = job(local, "sh", "-c", f"echo run >>{tmp_path}/runs; sleep 0.5")
    with ThreadPoolExecutor(6) as pool:
        states = list(pool.map(lambda _: local.begin(spec), range(6)))
    assert set(states) <= {"running", "exited"}
    local.finished("job")
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_spec_that_arrives_in_half_starts_nothing(local: LocalAgent) -> None:
    text = job(local, "true").text()
    with local.start("begin", local.state, "job", stdin=text) as process:
        process.communicate(text[:-8])
    assert process.returncode == 1
    assert local.poll("job")[0] == "missing"


def test_poll_gives_at_most_64_kib_from_the_offset(local: LocalAgent) -> None:
    local.begin(job(local, "sh", "-c", "yes 0123456789abcde | head -c 200000"))
    local.finished("job")
    data, offset = b"", 0
    while piece := local.poll("job", offset)[2]:
        assert len(piece) <= 65536
        data, offset = data + piece, offset + len(piece)
    assert data == (b"0123456789abcde\n" * 12501)[:200000]


def test_ten_megabytes_of_output_arrive_whole(local: LocalAgent) -> None:
    local.begin(job(local, "sh", "-c", "yes 0123456789abcde | head -c 10485760"))
    assert local.finished("job")[:2] == ("exited", "0")
    assert (local.state / "jobs" / "job" / "log").stat().st_size == 10485760


def test_a_log_is_cut_at_its_cap_without_stopping_the_command(local: LocalAgent, tmp_path: Path) -> None:
    local.env["OPSGATE_LOG_CAP"] = "100000"
    local.begin(job(local, "sh", "-c", f"yes 0123456789abcde | head -c 9000000; touch {tmp_path}/reached"))
    state, status, _ = local.finished("job")
    assert (state, status) == ("exited", "0")
    assert (tmp_path / "reached").exists()
    log = (local.state / "jobs" / "job" / "log").read_bytes()
    assert 100_000 <= len(log) < 5_000_000
    assert log.endswith(b"opsgate: the log is cut here\n")


def test_output_is_seen_while_the_job_runs(local: LocalAgent) -> None:
    local.begin(job(local, "sh", "-c", "echo early; sleep 20"))
    until = time.monotonic() + 5
    while local.poll("job")[2] != b"early\n":
        assert time.monotonic() < until
        time.sleep(0.02)
    assert local.poll("job")[0] == "running"


def test_a_poll_may_wait_for_news_and_answers_when_there_are_some(local: LocalAgent, tmp_path: Path) -> None:
    go = tmp_path / "go"
    script = f'echo early; until [ -e "{go}" ]; do sleep 0.05; done; echo late; sleep 0.5'
    local.begin(job(local, "sh", "-c", script))
    wait = ("poll", local.state, "job")
    began = time.monotonic()
    assert local.run(*wait, 0, 20).endswith(b"early\n")
    assert local.run(*wait, 6, 1).startswith(b"running - ")  # nothing new: it answers all the same
    go.touch()
    assert local.run(*wait, 6, 20).endswith(b"late\n")
    assert local.run(*wait, 11, 20).startswith(b"exited 0 ")
    assert time.monotonic() - began < 19
    assert local.run("poll", local.state, "nothing", 0, 20).startswith(b"missing - ")
    assert local.try_("poll", local.state, "job", 0, "x").status == 64


def test_what_a_command_leaves_running_does_not_keep_its_job_open(local: LocalAgent) -> None:
    local.begin(job(local, "sh", "-c", "sleep 30 & echo done; exit 4"))
    assert local.finished("job", deadline=10)[:2] == ("exited", "4")


@pytest.mark.parametrize("victim", ["runner", "everything"])
def test_a_killed_job_is_interrupted(local: LocalAgent, victim: str, tmp_path: Path) -> None:
    local.begin(
        job(
            local,
            "sh",
            "-c",
            f"echo $$ >{tmp_path}/pid.tmp; mv {tmp_path}/pid.tmp {tmp_path}/pid; exec sleep 30",
        )
    )
    wait_for(tmp_path / "pid")
    child, runner = int((tmp_path / "pid").read_text()), local.runner("job")
    os.kill(runner, signal.SIGKILL)
    wait_until_gone(runner)
    if victim == "runner":
        assert (
            local.poll("job")[0] == "running"
        )  # its child still works: not over, whatever became of the runner
    os.kill(child, signal.SIGKILL)
    wait_until_gone(child)
    assert local.finished("job")[:2] == ("interrupted", "-")


def test_an_interrupted_job_is_not_started_again(local: LocalAgent, tmp_path: Path) -> None:
    spec = job(local, "sh", "-c", f"echo run >>{tmp_path}/runs; exec sleep 30")
    local.begin(spec)
    wait_for(tmp_path / "runs")
    local.run("cancel", local.state, "job", 0)
    assert local.begin(spec) == "cancelled"
    assert (tmp_path / "runs").read_text() == "run\n"


@pytest.mark.parametrize("file", ["pid", "rc"])
def test_a_job_of_an_earlier_boot_is_interrupted_or_ended(local: LocalAgent, file: str) -> None:
    local.begin(job(local, "sleep", "30"))
    folder = local.state / "jobs" / "job"
    if file == "pid":
        pid, start, _boot = (folder / "pid").read_text().split()
        (folder / "pid").write_text(f"{pid} {start} another-boot\n")
        assert local.poll("job")[0] == "interrupted"
    else:
        (folder / "rc").write_text("3\n")
        assert local.poll("job")[:2] == ("exited", "3")


def test_a_process_with_the_same_number_is_not_taken_for_the_job(local: LocalAgent) -> None:
    local.begin(job(local, "true"))
    local.finished("job")
    folder = local.state / "jobs" / "job"
    (folder / "rc").unlink()
    boot = (folder / "pid").read_text().split()[2]
    (folder / "pid").write_text(f"{os.getpid()} 1 {boot}\n")
    assert local.poll("job")[0] == "interrupted"


def test_cancel_ends_a_tree_of_processes(local: LocalAgent, tmp_path: Path) -> None:
    script = (
        f"(sleep 40 & echo $! >{tmp_path}/a; wait) & (exec sleep 41) & sleep 42 & echo $! >{tmp_path}/b; wait"
    )
    local.begin(job(local, "sh", "-c", script))
    wait_for(tmp_path / "a")
    wait_for(tmp_path / "b")
    pids = [int((tmp_path / name).read_text()) for name in "ab"]
    began = time.monotonic()
    assert local.run("cancel", local.state, "job", 5).decode().split()[0] == "cancelled"
    assert time.monotonic() - began < 4
    assert not any(alive(pid) for pid in [*pids, local.runner("job")])
    assert local.poll("job")[:2] == ("cancelled", "143")


def test_what_ignores_term_is_killed_after_the_grace(local: LocalAgent, tmp_path: Path) -> None:
    local.begin(job(local, "sh", "-c", f"trap '' TERM; echo $$ >{tmp_path}/pid; while :; do sleep 1; done"))
    wait_for(tmp_path / "pid")
    began = time.monotonic()
    assert local.run("cancel", local.state, "job", 1).decode().split()[:2] == ["cancelled", "137"]
    assert 1 <= time.monotonic() - began < 6
    assert not alive(int((tmp_path / "pid").read_text()))


def test_a_command_may_end_well_on_term(local: LocalAgent, tmp_path: Path) -> None:
    script = f"trap 'echo tidied; exit 0' TERM; touch {tmp_path}/ready; while :; do sleep 0.1; done"
    local.begin(job(local, "sh", "-c", script))
    wait_for(tmp_path / "ready")
    local.run("cancel", local.state, "job", 5)
    state, status, log = local.poll("job")
    assert (state, status) == ("cancelled", "0")
    assert log.endswith(b"tidied\n")


def test_cancelling_a_finished_job_changes_nothing(local: LocalAgent) -> None:
    local.begin(job(local, "false"))
    assert local.finished("job")[:2] == ("exited", "1")
    assert local.run("cancel", local.state, "job", 5).decode().split()[:2] == ["exited", "1"]
    assert local.poll("job")[:2] == ("exited", "1")


def test_cancelling_what_was_never_begun_is_no_mistake(local: LocalAgent) -> None:
    local.run("lock-claim", local.state, "op", "me", 60)
    assert local.run("cancel", local.state, "job", 5) == b"missing - 0\n"


def test_a_cancelled_job_that_had_lost_its_runner_is_gone_too(local: LocalAgent, tmp_path: Path) -> None:
    local.begin(job(local, "sh", "-c", f"echo $$ >{tmp_path}/pid; exec sleep 30"))
    wait_for(tmp_path / "pid")
    os.kill(local.runner("job"), signal.SIGKILL)
    local.run("cancel", local.state, "job", 2)
    assert not alive(int((tmp_path / "pid").read_text() or 0))
    assert local.poll("job")[0] == "cancelled"


def test_a_begin_killed_at_any_moment_runs_its_job_at_most_once(local: LocalAgent, tmp_path: Path) -> None:
    for number, delay in enumerate([0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06]):
        name = f"job-{number}"
        spec = job(local, "sh", "-c", f"echo run >>{tmp_path}/{name}", name=name)
        text = spec.text()
        process = local.start("begin", local.state, name, stdin=text)
        assert process.stdin is not None
        process.stdin.write(text)
        process.stdin.close()
        time.sleep(delay)
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()
        assert local.begin(spec) in {"running", "exited"}
        assert local.finished(name)[:2] == ("exited", "0")
        assert (tmp_path / name).read_text() == "run\n"


def test_a_job_may_be_a_verb_of_the_agent_that_runs_it(local: LocalAgent, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    local.begin(job(local, "opsgate-agent", "read", str(tmp_path / "file"), "100"))
    assert local.finished("job") == ("exited", "0", b"content")


def test_pruning_keeps_the_newest_and_what_runs(local: LocalAgent) -> None:
    local.begin(job(local, "sleep", "30", name="running"))
    for number in range(4):
        local.begin(job(local, "true", name=f"job-{number}"))
        local.finished(f"job-{number}")
        while Path(f"/proc/{local.runner(f'job-{number}')}").exists():  # it tidies up after the last word
            time.sleep(0.01)
        os.utime(local.state / "jobs" / f"job-{number}", (1000 + number, 1000 + number))
    os.utime(local.state / "jobs" / "running", (1, 1))
    local.run("jobs-prune", local.state, 2)
    assert {path.name for path in (local.state / "jobs").iterdir()} == {"job-2", "job-3", "running"}


@pytest.mark.parametrize("name", ["../x", ".hidden", "-x", "a/b", "a b", ""])
def test_an_id_that_could_lead_elsewhere_is_refused(local: LocalAgent, name: str) -> None:
    assert local.try_("poll", local.state, name, 0).status == 64


def test_no_job_file_can_be_read_by_others(local: LocalAgent) -> None:
    local.begin(job(local, "true"))
    local.finished("job")
    for path in [local.state, *local.state.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_shell_finds_no_fault_in_the_script(local: LocalAgent) -> None:
    subprocess.run([*local.argv, "-n", str(local.script)], check=True)
