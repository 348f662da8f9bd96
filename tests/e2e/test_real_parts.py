"""The real parts hold what the other end-to-end tests take for granted."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.sandbox.practice.sample import BUILD_FAILURE, HEALTH_FAILURE, SampleProject
from tests.e2e import engine
from tests.e2e.sshd import Sshd, why_no_sshd
from tests.e2e.stack.by_hand import deploy_by_hand
from tests.e2e.stack.server import PracticeServer

PREPARE = Path(engine.__file__).parent / "prepare.sh"


def eventually(condition: Callable[[], object], *, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    if reason := why_no_sshd():
        pytest.skip(reason)
    with Sshd(tmp_path / "sshd") as server:
        yield server


@pytest.mark.sshd
class TestSshd:
    def test_a_session_starts_in_the_home_directory_given_to_it(self, sshd: Sshd) -> None:
        answer = sshd.run('echo "$HOME"; echo ~; pwd').stdout.split()
        assert answer == [str(sshd.home)] * 3

    def test_sftp_starts_in_the_same_home_directory(self, sshd: Sshd) -> None:
        argv = [*sshd.client("sftp"), "-b", "-", f"{sshd.user}@{sshd.address}"]
        answer = subprocess.run(argv, input="pwd\n", check=True, capture_output=True, text=True).stdout
        assert str(sshd.home) in answer

    def test_a_shell_started_further_down_stays_in_its_folder(self, sshd: Sshd) -> None:
        assert sshd.run("cd /usr && bash -c pwd").stdout == "/usr\n"

    def test_a_cut_ends_the_client_while_its_silent_command_goes_on(self, sshd: Sshd) -> None:
        command = "touch started; until [ -e go ]; do sleep 0.05; done; touch survived"
        client = subprocess.Popen([*sshd.client(), f"{sshd.user}@{sshd.address}", command])
        assert eventually((sshd.home / "started").exists)
        assert sshd.connection_count() >= 1
        assert sshd.cut() >= 1
        assert client.wait(timeout=5) == 255
        assert not (sshd.home / "survived").exists()
        assert sshd.run("touch go; echo back").stdout == "back\n"
        assert eventually((sshd.home / "survived").exists)

    def test_after_a_cut_it_can_refuse_new_connections_for_a_while(self, sshd: Sshd) -> None:
        sshd.cut(refuse_for=0.7)
        assert sshd.run("true", check=False).returncode == 255
        assert eventually(lambda: sshd.run("true", check=False).returncode == 0)

    def test_a_stopped_server_comes_back_on_the_same_port(self, sshd: Sshd) -> None:
        port = sshd.port
        sshd.stop()
        assert sshd.run("true", check=False).returncode == 255
        sshd.start()
        assert sshd.port == port
        assert sshd.run("echo again").stdout == "again\n"

    def test_a_silent_server_neither_answers_nor_refuses(self, sshd: Sshd) -> None:
        with sshd.silence(), socket.create_connection((sshd.address, sshd.port), timeout=1) as client:
            client.settimeout(0.5)
            with pytest.raises(TimeoutError):
                client.recv(1)
        assert sshd.run("echo back").stdout == "back\n"

    def test_a_changed_host_key_is_refused_until_it_is_pinned(self, sshd: Sshd) -> None:
        sshd.change_host_key()
        refused = sshd.run("true", check=False)
        assert refused.returncode == 255
        assert "Host key verification failed" in refused.stderr
        sshd.pin()
        assert sshd.run("echo known").stdout == "known\n"

    @pytest.mark.parametrize("allowed", [True, False])
    def test_forwarding_of_unix_sockets_can_be_forbidden(self, tmp_path: Path, *, allowed: bool) -> None:
        if reason := why_no_sshd():
            pytest.skip(reason)
        with Sshd(tmp_path / "d", forwarding=allowed) as sshd, socket.socket(socket.AF_UNIX) as target:
            target.bind(str(tmp_path / "target"))
            target.listen()
            target.settimeout(5 if allowed else 0.5)
            with forwarded(sshd, tmp_path / "local", tmp_path / "target"):
                assert accepts(target) is allowed

    def test_closing_ends_what_sessions_left_behind(self, sshd: Sshd) -> None:
        sshd.run("setsid sleep 60 >/dev/null 2>&1 </dev/null &")
        assert eventually(
            lambda: len(sshd.session_processes()) == 1
        )  # the shell that began it goes in a moment
        sshd.close()
        assert eventually(lambda: not sshd.session_processes())


@contextlib.contextmanager
def forwarded(sshd: Sshd, local: Path, remote: Path) -> Iterator[None]:
    """A connection made to `local`, which OpenSSH's client forwards to `remote`."""
    argv = [*sshd.client(), "-N", "-L", f"{local}:{remote}", f"{sshd.user}@{sshd.address}"]
    client = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
    try:
        assert eventually(local.exists)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(local))
            yield
    finally:
        client.kill()
        client.wait()


def accepts(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except TimeoutError:
        return False
    return True


class Deployed:
    """A stack with release v1, deployed by hand over SSH."""

    def __init__(self, folder: Path, sshd: Sshd) -> None:
        self.sshd = sshd
        self.project = SampleProject.create(folder / "source")
        self.server = PracticeServer(sshd.home)
        self.taken: dict[str, float] = {}

    def deploy(self) -> None:
        self.taken = deploy_by_hand(self.project, self.server, self.sshd)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    if reason := why_no_sshd() or engine.why_no_engine():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("deployed")
    with Sshd(folder / "sshd") as sshd:
        stack = Deployed(folder, sshd)
        try:
            stack.deploy()
            yield stack
        finally:
            stack.server.teardown()


@pytest.mark.sshd
@pytest.mark.engine
@pytest.mark.timeout(120)
class TestPracticeStack:
    def test_the_first_release_is_served_with_its_baked_values(self, deployed: Deployed) -> None:
        server = deployed.server
        assert eventually(lambda: server.served_version() == "v1")  # `up` returns before nginx listens
        assert eventually(server.is_healthy)
        page = server.get("/a/page/of/the/app") or ""
        assert re.findall(r'data-(?:api|version)="([^"]*)"', page) == ["/api", "1.0.2"]

    def test_compose_is_found_in_a_session_without_any_setting(self, deployed: Deployed) -> None:
        assert re.match(r"v?[2-9]", deployed.sshd.run("docker compose version --short").stdout)

    def test_migration_and_seed_fill_the_table_that_the_site_then_shows(self, deployed: Deployed) -> None:
        server = deployed.server
        server.exec("backend", "python", "scripts/migrate_001_plans.py")
        server.exec("backend", "python", "scripts/seed_plans.py")
        assert server.psql("SELECT count(*) FROM plans") == "4"
        server.psql("UPDATE plans SET weeks = 10 WHERE name = 'Couch to 5K'")
        assert '"weeks":10' in (server.get("/api/plans") or "")

    def test_the_backend_needs_the_password_while_the_socket_in_the_container_is_trusted(
        self, deployed: Deployed
    ) -> None:
        with pytest.raises(RuntimeError, match="no password supplied"):
            deployed.server.exec("db", "psql", "-w", "-h", "db", "-U", "fitnessapp_user", "fitnessapp")
        assert deployed.server.psql("SELECT 1") == "1"

    def test_a_broken_build_says_so_and_leaves_the_old_release_serving(self, deployed: Deployed) -> None:
        before = deployed.server.containers()
        deployed.project.write_release("broken")
        deployed.project.break_build()
        with pytest.raises(RuntimeError, match=BUILD_FAILURE):
            deployed.deploy()
        assert deployed.server.containers() == before
        assert deployed.server.served_version() == "v1"

    def test_an_unhealthy_backend_is_seen_and_its_log_names_the_reason(self, deployed: Deployed) -> None:
        deployed.project.fix()
        deployed.project.write_release("sick")
        deployed.project.break_health()
        with pytest.raises(RuntimeError, match="unhealthy"):
            deployed.deploy()
        assert deployed.server.container("backend").health == "unhealthy"
        assert HEALTH_FAILURE in deployed.server.logs("backend")

    def test_a_mended_release_is_served_on_the_same_data(self, deployed: Deployed) -> None:
        deployed.project.fix()
        deployed.project.release_commit("v2")
        deployed.deploy()
        assert eventually(lambda: deployed.server.served_version() == "v2")
        assert eventually(deployed.server.is_healthy)
        assert deployed.server.psql("SELECT weeks FROM plans WHERE name = 'Couch to 5K'") == "10"

    def test_teardown_leaves_nothing_of_its_own_and_touches_nobody_else(
        self, deployed: Deployed, tmp_path: Path
    ) -> None:
        other = PracticeServer(tmp_path)
        shutil.copytree(deployed.project.path, other.path, dirs_exist_ok=True)
        subprocess.run(
            other.compose("up", "-d", "--no-deps", "db"), cwd=other.path, check=True, capture_output=True
        )
        subprocess.run(other.compose("build", "frontend"), cwd=other.path, check=True, capture_output=True)
        kinds = [one.split()[0] for one in other.leftovers()]
        assert kinds == ["container", "network", "volume", "image"]
        others = deployed.server.leftovers()
        other.teardown()
        assert other.leftovers() == []
        assert deployed.server.leftovers() == others
        assert deployed.server.served_version() == "v2"


@pytest.mark.engine
def test_preparing_again_finds_everything_there_and_makes_nothing_anew() -> None:
    if reason := why_no_sshd() or engine.why_no_engine():
        pytest.skip(reason)
    identify = ["docker", "image", "inspect", "--format", "{{.Id}}", *engine.IMAGES]
    before = subprocess.run(identify, check=True, capture_output=True).stdout
    again = subprocess.run(
        [PREPARE], check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}
    )
    assert [line[:14] for line in again.stderr.splitlines()] == ["engine: ready:"]
    assert subprocess.run(identify, check=True, capture_output=True).stdout == before
