"""The kept connection against a real sshd: shared, watched, bounded, and only to the pinned host."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from services.commands.command import command
from services.errors import AuthRefused, CommandFailed, HostError, HostKeyChanged, TimedOut, Unreachable
from services.remote.channels import MOST_CHANNELS
from services.remote.host import RemoteHost
from services.remote.hosts import Hosts
from tests.e2e.sshd import Sshd
from tests.integration.remote.conftest import host_of

pytestmark = pytest.mark.sshd

Connect = Callable[..., RemoteHost]


def sh(script: str) -> object:
    return command("sh", "-c", script)


async def test_a_command_gives_bytes_and_its_status(remote: RemoteHost) -> None:
    done = await remote.run(command("sh", "-c", "printf 'a\\377b'; echo err >&2; exit 3"), check=False)
    assert (done.exit_status, done.stdout, done.stderr, done.truncated) == (3, b"a\xffb", b"err\n", False)


async def test_a_failure_is_an_error_that_names_the_program_only(remote: RemoteHost) -> None:
    with pytest.raises(CommandFailed) as caught:
        await remote.run(command("ls", "--", "/nowhere/secret"))
    assert caught.value.exit_status == 2
    assert caught.value.phrase.args["command"] == "ls"


async def test_a_command_ended_by_a_signal_did_not_succeed(remote: RemoteHost) -> None:
    done = await remote.run(command("sh", "-c", "kill -9 $$"), check=False)
    assert done.exit_status == -1


@pytest.mark.parametrize(
    "word", ["", "it's", "$(id)", "`id`", '"', "\\", "a b", "-n", ";", "привет", "*", "~", "!x"]
)
async def test_words_arrive_as_they_are(remote: RemoteHost, word: str) -> None:
    done = await remote.run(command("printf", "%s|", word, "end"))
    assert done.stdout.decode() == f"{word}|end|"


async def test_stdin_is_sent(remote: RemoteHost) -> None:
    data = os.urandom(3_000_000)
    done = await remote.run(command("sha256sum"), stdin=data)
    import hashlib

    assert done.stdout.split()[0].decode() == hashlib.sha256(data).hexdigest()


async def test_one_connection_serves_many_commands(sshd: Sshd, remote: RemoteHost) -> None:
    await asyncio.gather(*(remote.run(command("true")) for _ in range(20)))
    log = sshd.log_file.read_text()
    assert log.count("Accepted publickey") == 1


async def test_a_hundred_commands_at_once_stay_within_the_limit_of_channels(
    remote: RemoteHost, tmp_path: Path
) -> None:
    folder = tmp_path / "at once"
    folder.mkdir()
    script = 'f=$(mktemp "$1/XXXXXX"); ls "$1" | wc -l; sleep 0.02; rm "$f"'
    done = await asyncio.gather(
        *(remote.run(command("sh", "-c", script, "x", str(folder)), timeout=40) for _ in range(100))
    )
    assert 2 <= max(int(one.stdout) for one in done) <= MOST_CHANNELS


async def test_a_server_that_allows_fewer_channels_is_waited_for(tmp_path: Path, connect: Connect) -> None:
    with Sshd(tmp_path / "narrow", options=["MaxSessions 2"]) as narrow:
        remote = connect(narrow)
        done = await asyncio.gather(*(remote.run(command("sleep", "0.05")) for _ in range(12)))
        assert len(done) == 12


async def test_output_beyond_the_limit_is_cut_in_constant_memory(remote: RemoteHost) -> None:
    await remote.run(command("true"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = await remote.run(command("sh", "-c", "yes | head -c 100000000"), limit=65536)
    assert done.truncated
    assert len(done.stdout) == 65536
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 40_000, f"{grown} KiB more"


async def test_a_deadline_ends_the_wait(remote: RemoteHost) -> None:
    began = time.monotonic()
    with pytest.raises(TimedOut):
        await remote.run(command("sleep", "30"), timeout=0.5)
    assert time.monotonic() - began < 3
    assert (await remote.run(command("echo", "on"))).stdout == b"on\n"


async def test_a_cut_during_a_command_is_no_success_and_the_next_call_connects_again(
    sshd: Sshd, remote: RemoteHost
) -> None:
    async def cut() -> None:
        await asyncio.sleep(0.5)
        sshd.cut()

    async with asyncio.TaskGroup() as group:
        group.create_task(cut())
        calls = [
            group.create_task(_outcome(remote.run(command("sleep", "20"), check=check)))
            for check in (True, False, True)
        ]
    assert [type(call.result()) for call in calls] == [Unreachable] * 3
    assert (await remote.run(command("echo", "back"))).stdout == b"back\n"


async def _outcome(call: object) -> object:
    try:
        return await call  # type: ignore[misc]  # a coroutine of ours
    except HostError as error:
        return error


async def test_silence_is_noticed_by_keepalives(sshd: Sshd, connect: Connect) -> None:
    remote = connect(sshd, keepalive_interval=0.3, connect_timeout=1)
    await remote.run(command("true"))
    with sshd.silence():
        began = time.monotonic()
        with pytest.raises(Unreachable):
            await remote.run(command("true"), timeout=30)
        assert time.monotonic() - began < 5


async def test_a_host_that_is_away_is_unreachable_quickly_and_found_again(
    sshd: Sshd, remote: RemoteHost
) -> None:
    sshd.stop()
    for _ in range(3):
        with pytest.raises(Unreachable):
            await remote.run(command("true"))
    sshd.start()
    assert (await remote.run(command("echo", "here"))).stdout == b"here\n"


async def test_many_callers_share_one_attempt_to_connect(connect: Connect, sshd: Sshd) -> None:
    """Nobody is knocked at a hundred times because a hundred coroutines want something."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(100)
        remote = connect(sshd, port=silent.getsockname()[1], connect_timeout=0.5)
        began = time.monotonic()
        outcomes = await asyncio.gather(*(_outcome(remote.run(command("true"))) for _ in range(20)))
        assert {type(outcome) for outcome in outcomes} == {TimedOut}
        assert len({id(outcome) for outcome in outcomes}) == 20
        assert time.monotonic() - began < 3
        silent.setblocking(False)
        knocks = 0
        try:
            while True:
                silent.accept()[0].close()
                knocks += 1
        except BlockingIOError:
            pass
        assert knocks <= 2


async def test_a_changed_host_key_stops_everything(sshd: Sshd, remote: RemoteHost) -> None:
    """R-DX-1."""
    await remote.run(command("true"))
    sshd.change_host_key()
    with pytest.raises(HostKeyChanged) as caught:
        await remote.run(command("true"))
    assert caught.value.phrase.id == "error-host-key-changed"
    sshd.pin()
    os.utime(sshd.known_hosts, (1, 1))
    assert (await remote.run(command("echo", "pinned"))).stdout == b"pinned\n"


async def test_a_host_key_of_another_type_is_a_changed_one(
    sshd: Sshd, connect: Connect, tmp_path: Path
) -> None:
    other = tmp_path / "rsa"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", other], check=True)
    key = other.with_suffix(".pub").read_text().split()[:2]
    known = tmp_path / "known"
    known.write_text(f"[{sshd.address}]:{sshd.port} {' '.join(key)}\n")
    with pytest.raises(HostKeyChanged) as caught:
        await connect(sshd, known_hosts=known).run(command("true"))
    assert caught.value.phrase.id == "error-host-key-changed"


@pytest.mark.parametrize("content", ["", "# nothing pinned\n", None])
async def test_a_host_that_was_never_pinned_is_refused_with_the_way_to_pin_it(
    sshd: Sshd, connect: Connect, tmp_path: Path, content: str | None
) -> None:
    """R-DX-1."""
    known = tmp_path / "known"
    if content is not None:
        known.write_text(content)
    with pytest.raises(HostKeyChanged) as caught:
        await connect(sshd, known_hosts=known).run(command("true"))
    assert caught.value.phrase.id == "error-host-key-unknown"
    assert f"ssh-keyscan -p {sshd.port} {sshd.address}" in str(caught.value.phrase.args["command"])


async def test_a_key_that_the_host_does_not_accept_is_told_as_such(
    sshd: Sshd, connect: Connect, tmp_path: Path
) -> None:
    """R-DX-1."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    with pytest.raises(AuthRefused):
        await connect(sshd, key_file=tmp_path / "key").run(command("true"))


async def test_a_key_with_a_passphrase_or_no_key_is_told_as_such(
    sshd: Sshd, connect: Connect, tmp_path: Path
) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", tmp_path / "key"], check=True)
    (tmp_path / "rubbish").write_text("no key")
    for name in ("key", "rubbish", "nothing"):
        with pytest.raises(AuthRefused) as caught:
            await connect(sshd, key_file=tmp_path / name).run(command("true"))
        assert caught.value.phrase.id == "error-key-unreadable"


async def test_nothing_is_taken_from_the_environment(
    sshd: Sshd, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an agent nor ~/.ssh of whoever runs Opsgate opens a host that is configured with another key."""
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host *\n  User nobody\n  Port 1\n")
    (tmp_path / ".ssh" / "id_ed25519").write_bytes(sshd.key_file.read_bytes())
    monkeypatch.setenv("HOME", str(tmp_path))
    assert (await connect(sshd).run(command("echo", "ok"))).stdout == b"ok\n"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    with pytest.raises(AuthRefused):
        await connect(sshd, key_file=tmp_path / "key").run(command("true"))


async def test_the_agreed_cipher_is_the_fast_one_and_nothing_is_compressed(remote: RemoteHost) -> None:
    ssh = await remote._connection.get()
    assert ssh.get_extra_info("send_cipher") == "aes256-gcm@openssh.com"
    assert ssh.get_extra_info("send_compression") == "none"


async def test_hosts_are_connected_when_used_and_closed_together(sshd: Sshd, tmp_path: Path) -> None:
    hosts = Hosts({"home": host_of(sshd), "unused": host_of(sshd, name="unused")}, tmp_path / "run")
    await hosts.get("home").run(command("true"))
    assert sshd.connection_count() > 0
    await hosts.close()
    until = time.monotonic() + 5
    while sshd.connection_count():
        assert time.monotonic() < until
        await asyncio.sleep(0.02)
    with pytest.raises(KeyError):
        hosts.get("other")
    with pytest.raises(Unreachable):
        await hosts.get("home").run(command("true"))


async def test_a_connection_made_while_closing_is_not_kept(sshd: Sshd, remote: RemoteHost) -> None:
    call = asyncio.gather(_outcome(remote.run(command("true"))))
    await asyncio.sleep(0.02)
    await remote.close()
    (outcome,) = await call
    assert isinstance(outcome, Unreachable)
    until = time.monotonic() + 5
    while sshd.connection_count():
        assert time.monotonic() < until
        await asyncio.sleep(0.02)
