"""The practice host as Opsgate's own remote layer and OpenSSH's client see it, on good days and bad."""

from __future__ import annotations

import asyncio
import hashlib
import os
import resource
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import asyncssh
import pytest

from bot.sandbox.client import Sim
from bot.sandbox.errors import Json
from bot.sandbox.practice.errors import PracticeError
from bot.sandbox.practice.host import Practice
from bot.sandbox.practice.processes import of_home
from bot.sandbox.process import LocalBotApi
from services.commands.command import command
from services.errors import AuthRefused, HostKeyChanged, LockHeld, TimedOut, Unreachable
from services.projects import Host
from services.remote.host import RemoteHost
from services.remote.jobs import JobSpec, JobStatus
from tests.e2e.engine import why_no_engine
from tests.integration.remote.conftest import skip

MIB = 1 << 20


@dataclass
class Ground:
    """A practice host with its scripting side, and clients of it."""

    sim: Sim
    told: Json
    folder: Path
    made: list[RemoteHost] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return Path(self.told["home"])

    @property
    def state(self) -> PurePosixPath:
        return PurePosixPath(self.home / "app_opsgate")

    def remote(self, **changes: object) -> RemoteHost:
        """Opsgate's own client."""
        told = {key: self.told[key] for key in ("address", "port", "user", "key_file", "known_hosts")}
        times = {"connect_timeout": 5, "keepalive_interval": 0.5, "command_timeout": 20}
        host = Host.model_validate({"name": "home"} | told | times | changes)
        self.made.append(RemoteHost(host, self.folder / "run"))
        return self.made[-1]

    async def ssh(self, *words: str, stdin: bytes = b"", user: str = "") -> tuple[int, bytes, bytes]:
        """OpenSSH's own client: exit status, stdout, stderr."""
        if shutil.which("ssh") is None:
            skip("ssh is not installed")
        options = ["-F", "none", "-i", self.told["key_file"], "-p", str(self.told["port"])]
        for option in (
            f"UserKnownHostsFile={self.told['known_hosts']}",
            "IdentitiesOnly=yes",
            "BatchMode=yes",
            "LogLevel=ERROR",
        ):
            options += ["-o", option]
        pipe = asyncio.subprocess.PIPE
        argv = [*options, f"{user or self.told['user']}@{self.told['address']}", *words]
        client = await asyncio.create_subprocess_exec("ssh", *argv, stdin=pipe, stdout=pipe, stderr=pipe)
        out, error = await client.communicate(stdin)
        assert client.returncode is not None
        return client.returncode, out, error


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    """The host lives in this very loop, where nothing that it leaves open goes unseen."""
    async with LocalBotApi.in_process(practice=tmp_path / "host") as api:
        assert api.practice is not None
        made = Ground(api.sim, api.practice, tmp_path)
        yield made
        for remote in made.made:
            await remote.close()


async def finished(remote: RemoteHost, state: PurePosixPath, job: str) -> JobStatus:
    async with asyncio.timeout(20):
        while (status := (await remote.jobs.poll(state, job, 0))[0]).state == "running":
            await asyncio.sleep(0.05)
    return status


async def appears(file: Path) -> None:
    await until(file.exists)


async def until(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not check():
            await asyncio.sleep(0.02)


def nothing(_done: int) -> None: ...


# --- what is announced ---


async def test_the_announcement_leads_to_everything_that_an_admin_would_have(ground: Ground) -> None:
    told = ground.told
    assert Path(told["path"]) == ground.home / "fitnessapp"
    env = (ground.home / "fitnessapp" / ".env.prod").read_text().splitlines()
    assert env[1:] == [f"HTTP_PORT={told['http_port']}", "EXPO_PUBLIC_API_URL=/api"]
    assert len(env[0].removeprefix("DB_PASSWORD=")) == 24
    assert told["site"] == f"http://127.0.0.1:{told['http_port']}/"
    assert (Path(told["source"]) / ".git").is_dir()
    assert told["compose_project"] == "fitnessapp"
    for secret in (Path(told["key_file"]), ground.home / "fitnessapp" / ".env.prod"):
        assert secret.stat().st_mode & 0o777 == 0o600
    assert Path(told["key_file"]).parent.stat().st_mode & 0o777 == 0o700


async def test_a_folder_that_will_not_do_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    long = tmp_path / ("x" * 100)
    for folder, says in ((tmp_path / "mine", "not an empty folder"), (long, "too long a path")):
        with pytest.raises(PracticeError, match=says):
            async with Practice.start(folder):
                pass
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    command_line = ["-m", "bot.sandbox.telegram", "--token", "1:A", "--practice", str(tmp_path / "mine")]
    pipe = asyncio.subprocess.PIPE
    program = await asyncio.create_subprocess_exec(sys.executable, *command_line, stdout=pipe, stderr=pipe)
    out, error = await program.communicate()
    assert (program.returncode, out) == (1, b"")
    assert error.decode() == f"local Bot API: {tmp_path}/mine is not an empty folder: name a new one\n"


# --- Opsgate's own remote layer ---


async def test_a_command_gives_bytes_and_its_status_in_the_environment_of_the_host(ground: Ground) -> None:
    remote = ground.remote()
    script = "printf 'a\\377b'; echo err >&2; exit 3"
    done = await remote.run(command("sh", "-c", script), check=False)
    assert (done.exit_status, done.stdout, done.stderr) == (3, b"a\xffb", b"err\n")
    shown = (await remote.run(command("sh", "-c", "pwd; env"))).stdout.decode().splitlines()
    assert shown[0] == str(ground.home)
    names = {line.partition("=")[0] for line in shown[1:]} - {"PWD", "SHLVL", "_", "OLDPWD"}
    assert names == {"HOME", "USER", "LOGNAME", "PATH", "LANG", "OPSGATE_PRACTICE_DAYS"}
    assert f"PATH={ground.home.parent}/bin:/usr/local/sbin:" in "\n".join(shown)
    ended = await (await remote._connection.get()).run("kill -9 $$")
    assert (ended.exit_status, ended.exit_signal and ended.exit_signal[0]) == (-1, "KILL")


async def test_the_agent_jobs_and_the_lock_work(ground: Ground) -> None:
    remote, state = ground.remote(), ground.state
    assert b"load " in await remote.verb("host", PurePosixPath(ground.told["path"]))
    spec = JobSpec(id="job", command=command("sh", "-c", "echo one; exit 5"), state_dir=state)
    await remote.jobs.begin(spec)
    assert await finished(remote, state, "job") == JobStatus("exited", 5, 4)
    assert (await remote.jobs.poll(state, "job", 0))[1] == b"one\n"
    epoch = await remote.lock.claim(state, "op-1", "me@here", 60)
    with pytest.raises(LockHeld):
        await remote.lock.claim(state, "op-2", "you@there", 60)
    await remote.lock.release(state, epoch)
    assert await remote.lock.read(state) is None
    await remote.jobs.begin(JobSpec(id="long", command=command("sleep", "30"), state_dir=state))
    assert (await remote.jobs.cancel(state, "long")).state == "cancelled"


async def test_megabytes_are_sent_and_fetched_whole(ground: Ground, tmp_path: Path) -> None:
    remote = ground.remote()
    source = tmp_path / "source"
    source.write_bytes(os.urandom(30 * MIB + 17))
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    done = await remote.send(command("sha256sum"), source, nothing, 30)
    assert done.stdout.split()[0].decode() == digest
    size, fetched = await remote.fetch(PurePosixPath(source), tmp_path / "got", nothing, 30)
    assert (size, fetched) == (source.stat().st_size, digest)


async def test_a_command_that_reads_nothing_decides_by_its_status(ground: Ground, tmp_path: Path) -> None:
    remote = ground.remote()
    (tmp_path / "big").write_bytes(bytes(20 * MIB))
    done = await remote.send(command("true"), tmp_path / "big", nothing, 30)
    assert done.exit_status == 0


async def test_a_command_that_stalls_holds_the_sender_back(ground: Ground, tmp_path: Path) -> None:
    remote = ground.remote()
    (tmp_path / "big").write_bytes(bytes(32 * MIB))
    sent: list[int] = []
    with pytest.raises(TimedOut):
        await remote.send(command("sleep", "20"), tmp_path / "big", sent.append, 1)
    assert max(sent) < 16 * MIB


async def test_many_commands_at_once_share_one_connection(ground: Ground) -> None:
    remote = ground.remote()
    done = await asyncio.gather(*(remote.run(command("echo", str(number))) for number in range(60)))
    assert [int(one.stdout) for one in done] == list(range(60))


async def test_only_the_one_user_with_the_one_key_comes_in(ground: Ground, tmp_path: Path) -> None:
    with pytest.raises(AuthRefused):
        await ground.remote(user="root").run(command("true"))
    other = tmp_path / "other"
    async with Practice.start(tmp_path / "b") as stranger:
        shutil.copy(stranger.key_file, other)
    with pytest.raises(AuthRefused):
        await ground.remote(key_file=other).run(command("true"))


# --- OpenSSH's own client ---


async def test_openssh_runs_commands_with_stdin_status_and_output(ground: Ground) -> None:
    assert await ground.ssh("cat; echo err >&2; exit 7", stdin=b"in") == (7, b"in", b"err\n")
    data = os.urandom(20 * MIB)
    status, out, _ = await ground.ssh("sha256sum", stdin=data)
    assert (status, out.split()[0].decode()) == (0, hashlib.sha256(data).hexdigest())
    status, out, _ = await ground.ssh("cat", stdin=data)
    assert (status, out == data) == (0, True)
    assert (await ground.ssh("head -c 100 >/dev/null; exit 4", stdin=data))[0] == 4
    assert (await ground.ssh("kill -TERM $$"))[0] == 255


async def test_a_background_process_that_lets_go_of_its_output_does_not_hold_the_client(
    ground: Ground,
) -> None:
    began = time.monotonic()
    assert (await ground.ssh("setsid sleep 20 </dev/null >/dev/null 2>&1 & echo on"))[1] == b"on\n"
    assert time.monotonic() - began < 10
    assert of_home(ground.home)


async def test_what_is_not_offered_is_refused_as_such(ground: Ground) -> None:
    status, out, error = await ground.ssh()
    assert (status, out) == (1, b"")
    assert b"there is no terminal here" in error
    assert (await ground.ssh("-s", "sftp"))[0] != 0
    assert (await ground.ssh("-W", "127.0.0.1:9"))[0] != 0
    status, _, error = await ground.ssh("true", user="root")
    assert (status, b"Permission denied" in error) == (255, True)


# --- bad days ---


async def test_a_drop_in_the_middle_of_a_job_leaves_the_job_running(ground: Ground) -> None:
    remote, state = ground.remote(), ground.state
    script = f"echo one; touch {ground.home}/began; sleep 1; echo two; exit 5"
    await remote.jobs.begin(JobSpec(id="job", command=command("sh", "-c", script), state_dir=state))
    await appears(ground.home / "began")
    await ground.sim.bad_day("ssh-drops")
    assert await finished(remote, state, "job") == JobStatus("exited", 5, 8)


async def test_a_drop_ends_no_command_it_only_closes_its_pipes(ground: Ground) -> None:
    remote = ground.remote()
    silent = f"touch {ground.home}/began; cat >{ground.home}/heard; sleep 2; touch {ground.home}/survived"
    chatty = "while echo on; do sleep 0.05; done"

    async def cut() -> None:
        await appears(ground.home / "began")
        await until(lambda: any(b"while echo on" in line for line in command_lines(ground.home)))
        await ground.sim.bad_day("ssh-drops")

    async with asyncio.TaskGroup() as group:
        calls = [
            group.create_task(lost(remote.run(command("sh", "-c", silent), stdin=b"", check=False))),
            group.create_task(lost(remote.run(command("sh", "-c", chatty), check=False))),
        ]
        group.create_task(cut())
    assert [call.result() for call in calls] == [True, True]
    await appears(ground.home / "survived")
    async with asyncio.timeout(5):  # SIGPIPE ended the one that talks
        while any(b"while echo on" in line for line in command_lines(ground.home)):
            await asyncio.sleep(0.02)


async def lost(call: Awaitable[object]) -> bool:
    with suppress(Unreachable):
        await call
        return False
    return True


def command_lines(home: Path) -> list[bytes]:
    lines = []
    for pid in of_home(home):
        with suppress(OSError):
            lines.append(Path(f"/proc/{pid}/cmdline").read_bytes())
    return lines


async def test_a_drop_in_an_upload_comes_after_the_bytes_it_was_told_and_once(
    ground: Ground, tmp_path: Path
) -> None:
    remote = ground.remote()
    (tmp_path / "big").write_bytes(bytes(8 * MIB))
    store = command("sh", "-c", f"cat >{ground.home}/stored; touch {ground.home}/closed")
    await ground.sim.bad_day("ssh-drops-mid-upload", bytes=1_000_000)
    await remote.run(command("cat"), stdin=bytes(1000))  # too small to be meant
    with pytest.raises(Unreachable):
        await remote.send(store, tmp_path / "big", nothing, 30)
    await appears(ground.home / "closed")
    assert (ground.home / "stored").stat().st_size == 1_000_000
    assert not any(day["active"] for day in await ground.sim.days())
    await remote.send(store, tmp_path / "big", nothing, 30)
    assert (ground.home / "stored").stat().st_size == 8 * MIB


async def test_a_drop_in_an_upload_can_be_called_off(ground: Ground, tmp_path: Path) -> None:
    await ground.sim.bad_day("ssh-drops-mid-upload")
    await ground.sim.good_day("ssh-drops-mid-upload")
    (tmp_path / "big").write_bytes(bytes(MIB))
    await ground.remote().send(command("cat"), tmp_path / "big", nothing, 30)


async def test_an_unreachable_host_is_silent_and_comes_back(ground: Ground) -> None:
    warm, cold = ground.remote(keepalive_interval=0.3), ground.remote(connect_timeout=1)
    await warm.run(command("true"))
    await ground.sim.bad_day("host-unreachable")
    began = time.monotonic()
    with pytest.raises(Unreachable):
        await warm.run(command("true"), timeout=30)
    assert time.monotonic() - began < 8
    with pytest.raises(TimedOut):
        await cold.run(command("true"))
    await ground.sim.good_day("host-unreachable")
    assert (await cold.run(command("echo", "back"))).stdout == b"back\n"


async def test_a_quiet_connection_stays_up_by_its_keepalives(ground: Ground) -> None:
    remote = ground.remote(keepalive_interval=0.1)
    assert (await remote.run(command("sh", "-c", "sleep 1.5; echo on"))).stdout == b"on\n"


async def test_a_changed_host_key_is_refused_and_the_old_one_comes_back(ground: Ground) -> None:
    remote = ground.remote()
    await remote.run(command("true"))
    await ground.sim.bad_day("host-key-changed")
    with pytest.raises(HostKeyChanged) as caught:
        await remote.run(command("true"))
    assert caught.value.phrase.id == "error-host-key-changed"
    status, _, error = await ground.ssh("true")
    assert (status, b"IDENTIFICATION HAS CHANGED" in error) == (255, True)
    await ground.sim.good_day("host-key-changed")
    assert (await remote.run(command("echo", "known"))).stdout == b"known\n"


async def test_a_slow_network_slows_down_what_goes_through_it(ground: Ground) -> None:
    remote = ground.remote()
    await remote.run(command("true"))
    await ground.sim.bad_day("slow-network", latency_ms=100, bytes_per_second=100_000)
    began = time.monotonic()
    await remote.run(command("head", "-c", "60000", "/dev/zero"))
    assert 0.7 < time.monotonic() - began < 10
    await ground.sim.good_day("slow-network")
    began = time.monotonic()
    await remote.run(command("head", "-c", "500000", "/dev/zero"))
    assert time.monotonic() - began < 3  # it took five seconds when it was slow


async def test_a_full_disk_is_what_the_agent_reads(ground: Ground) -> None:
    async def free_kb() -> int:
        answer = (await ground.remote().verb("host", PurePosixPath(ground.told["path"]))).decode()
        return int(answer.split("disk_available_kb ")[1].split()[0])

    assert await free_kb() != 5120
    await ground.sim.bad_day("disk-full")
    assert await free_kb() == 5120
    await ground.sim.good_day("disk-full")
    assert await free_kb() != 5120


# --- Docker's socket ---


async def test_dockers_socket_is_forwarded_to_the_practice_engine_and_nothing_else_is(tmp_path: Path) -> None:
    async with Practice.start(tmp_path / "host") as practice:
        practice.engine_socket.unlink(missing_ok=True)

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"engine got " + await reader.readline())
            writer.close()

        engine = await asyncio.start_unix_server(answer, practice.engine_socket)
        remote = Ground(None, practice.announcement(), tmp_path).remote()  # type: ignore[arg-type]  # days are not meant
        try:
            ssh = await remote._connection.get()
            reader, writer = await ssh.open_unix_connection("/var/run/docker.sock")
            writer.write(b"GET /version\n")
            assert await reader.read() == b"engine got GET /version\n"
            writer.close()
            for other in ("/run/other.sock", str(practice.engine_socket)):
                with pytest.raises(asyncssh.ChannelOpenError, match="Connection refused"):
                    await ssh.open_unix_connection(other)
        finally:
            await remote.close()
            engine.close()


@pytest.mark.engine
async def test_with_docker_the_end_removes_what_its_own_project_left_and_nothing_else(tmp_path: Path) -> None:
    if reason := why_no_engine():
        skip(reason)
    image = await docker("import", "-", stdin=EMPTY_TAR)
    other = await docker("volume", "create", "--label", "com.docker.compose.project=somebody-elses")
    try:
        async with LocalBotApi.start(practice=tmp_path / "host", engine="docker") as api:
            assert api.practice is not None
            project = api.practice["compose_project"]
            assert project.startswith("fitnessapp-")
            label = f"--label com.docker.compose.project={project}"
            remote = Ground(api.sim, api.practice, tmp_path).remote()
            script = (
                f"docker volume create {label} {project}_data && docker network create {label} {project}_net && "
                f"docker create {label} -v {project}_data:/data {image} /nothing"
            )
            await remote.run(command("sh", "-c", script))
            assert [one["State"]["Status"] for one in await remote.containers(project)] == ["created"]
            assert remote.reads_through == "engine-api"
            await remote.close()
        for kind in (["ps", "--all"], ["volume", "ls"], ["network", "ls"]):
            assert (
                await docker(*kind, "--quiet", "--filter", f"label=com.docker.compose.project={project}")
                == ""
            )
        assert await docker("volume", "ls", "--quiet", "--filter", f"name={other}") == other
    finally:
        await docker("volume", "rm", other)
        await docker("image", "rm", image)


EMPTY_TAR = bytes(10240)


async def docker(*words: str, stdin: bytes = b"") -> str:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec("docker", *words, stdin=pipe, stdout=pipe)
    out, _ = await process.communicate(stdin)
    assert process.returncode == 0
    return out.decode().strip()


# --- the end ---


async def test_the_end_leaves_no_process_of_the_host_and_no_port(tmp_path: Path) -> None:
    async with LocalBotApi.start(practice=tmp_path / "host") as api:
        assert api.practice is not None
        ground = Ground(api.sim, api.practice, tmp_path)
        remote = ground.remote()
        spec = JobSpec(id="job", command=command("sleep", "60"), state_dir=ground.state)
        await remote.jobs.begin(spec)
        async with asyncio.TaskGroup() as group:
            call = group.create_task(lost(remote.run(command("sleep", "59"), timeout=60)))
            await until(lambda: {b"sleep\x0059\x00", b"sleep\x0060\x00"} <= {*command_lines(ground.home)})
            await ground.sim.bad_day("ssh-drops")
            assert await call
        await remote.close()
    assert of_home(ground.home) == []
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect((ground.told["address"], ground.told["port"]))


async def test_big_output_takes_constant_memory(tmp_path: Path) -> None:
    """Server and client share this process: both hold only what is on its way."""
    async with Practice.start(tmp_path / "host") as practice:
        remote = Ground(None, practice.announcement(), tmp_path).remote()  # type: ignore[arg-type]  # days are not meant
        await remote.run(command("true"))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        done = await remote.run(command("head", "-c", "100000000", "/dev/zero"), limit=1000)
        assert done.truncated
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000
        await remote.close()
