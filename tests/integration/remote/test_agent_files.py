"""Single files, facts of the host, and HTTP probes."""

from __future__ import annotations

import http.server
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.facts.host import parse_host
from tests.integration.remote.local_agent import LocalAgent


def test_a_file_is_written_whole_and_for_us_alone(local: LocalAgent, tmp_path: Path) -> None:
    file = local.state / "current"
    content = b"\x00\xff it's $HOME\n"
    local.run("write", file, stdin=content)
    assert file.read_bytes() == content
    assert file.stat().st_mode & 0o777 == 0o600
    assert local.state.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in local.state.iterdir()] == ["current"]


def test_a_sender_that_dies_half_way_changes_nothing(local: LocalAgent) -> None:
    file = local.state / "current"
    local.run("write", file, stdin=b"before")
    with local.start("write", file, stdin=b"a longer content") as process:
        process.communicate(b"a long")
    assert process.returncode == 1
    assert file.read_bytes() == b"before"
    assert [path.name for path in local.state.iterdir()] == ["current"]


def test_an_empty_file_can_be_written(local: LocalAgent) -> None:
    local.run("write", local.state / "first", stdin=b"")
    assert (local.state / "first").read_bytes() == b""


def test_a_link_is_not_written_through(local: LocalAgent, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    assert local.try_("write", tmp_path / "link", stdin=b"y").status == 66
    assert (tmp_path / "target").read_text() == "x"


def test_reading_tells_a_missing_file_and_one_that_is_too_large(local: LocalAgent, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    assert local.run("read", tmp_path / "file", 5) == b"12345"
    assert local.try_("read", tmp_path / "file", 4).status == 65
    assert local.try_("read", tmp_path / "nothing", 5).status == 4
    assert local.try_("read", tmp_path, 5).status == 66


def test_the_facts_of_the_host_are_read_in_one_call(local: LocalAgent, tmp_path: Path) -> None:
    """R-DX-1."""
    facts = parse_host(local.run("host", tmp_path / "not" / "there" / "yet"), time.time())
    assert facts.cpus == os.cpu_count()
    assert facts.memory_total > facts.memory_available > 0
    usage = shutil.disk_usage(tmp_path)
    assert facts.disk_total == pytest.approx(usage.total, rel=0.1)
    assert abs(facts.clock_skew) < 5
    assert facts.uptime > 0
    assert facts.user_home == local.env["HOME"]
    assert facts.http_client == ("wget" if local.shell == "busybox" else facts.http_client)


def test_a_tool_that_is_missing_is_named(local: LocalAgent, tmp_path: Path) -> None:
    """R-DX-1."""
    folder = tmp_path / "few"
    folder.mkdir()
    for tool in ("awk", "sed", "cat", "nproc", "df", "date", "cut", "tail", "timeout", "stat"):
        (folder / tool).symlink_to(shutil.which(tool) or "/nowhere")
    for name in ("dash", "busybox"):
        (folder / name).symlink_to(shutil.which(name) or "/nowhere")
    local.argv = [str(folder / local.shell), *local.argv[1:]]
    said = local.run("host", tmp_path, env={"PATH": str(folder)}).decode()
    missing = next(line for line in said.splitlines() if line.startswith("missing"))
    assert {"flock", "setsid", "tar", "sha256sum"} <= set(missing.split())
    assert "http" not in {line.split()[0] for line in said.splitlines()}


def test_a_broken_docker_is_told_by_its_own_words(local: LocalAgent, tmp_path: Path) -> None:
    """R-DX-1."""
    folder = tmp_path / "fake"
    folder.mkdir()
    (folder / "docker").write_text('#!/bin/sh\necho "Cannot connect to the Docker daemon" >&2\nexit 1\n')
    (folder / "docker").chmod(0o755)
    said = local.run("host", tmp_path, env={"PATH": f"{folder}:{local.env['PATH']}"}).decode().splitlines()
    assert "docker_error Cannot connect to the Docker daemon" in said
    assert not any(line.startswith("docker ") for line in said)


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = int(self.path.strip("/").split("/")[0])
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - its name in the standard library


@pytest.fixture
def site() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def hide_curl(local: LocalAgent, tmp_path: Path) -> None:
    """A PATH with wget instead of curl."""
    folder = tmp_path / "without curl"
    folder.mkdir()
    for source in local.env["PATH"].split(":"):
        for tool in Path(source).glob("*"):
            if tool.name != "curl" and not (folder / tool.name).exists():
                (folder / tool.name).symlink_to(tool)
    if not (folder / "wget").exists():
        (folder / "wget").write_text('#!/bin/sh\nexec busybox wget "$@"\n')
        (folder / "wget").chmod(0o755)
    local.env["PATH"] = str(folder)


@pytest.mark.parametrize("client", ["any", "wget"])
@pytest.mark.parametrize("status", [200, 204, 302, 404, 500, 503])
def test_a_probe_gives_the_status(
    local: LocalAgent, site: str, status: int, client: str, tmp_path: Path
) -> None:
    if client == "wget":
        hide_curl(local, tmp_path)
    assert local.run("probe", f"{site}/{status}", 5).strip() == str(status).encode()


def test_a_probe_without_an_answer_gives_000(local: LocalAgent) -> None:
    assert local.run("probe", "http://127.0.0.1:1/", 2).strip() == b"000"


def test_a_proxy_in_the_environment_is_not_used(local: LocalAgent, site: str) -> None:
    answer = local.run("probe", f"{site}/200", 5, env={"http_proxy": "http://127.0.0.1:1"})
    assert answer.strip() == b"200"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "-o/tmp/x", "gopher://x"])
def test_only_web_addresses_are_probed(local: LocalAgent, url: str) -> None:
    assert local.try_("probe", url, 5).status == 64


def test_an_unknown_verb_is_refused(local: LocalAgent) -> None:
    assert local.try_("volume-rm", "x").status == 64
    assert local.try_("swap", "x").status == 64
