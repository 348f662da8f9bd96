from __future__ import annotations

import asyncio
import base64
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.commands.command import command
from services.errors import BadInput, SourceError
from services.facts.models import Release
from services.sources import git as git_source
from tests.unit.sources.conftest import Packer, commit, git, write


def names(file: str) -> list[str]:
    with tarfile.open(file) as tar:
        return [member.name.removeprefix("tree/") for member in tar][1:]


async def test_a_branch_is_resolved_to_its_commit_and_packed(repository: Path, packer: Packer) -> None:
    head = git(repository, "rev-parse", "HEAD")
    write(repository, {"not-committed.txt": ""})
    packed = await packer.git(str(repository))
    assert (packed.commit, packed.label, packed.subject, packed.dirty) == (head, head[:7], "First", False)
    assert names(packed.file) == ["app.py", "compose.yaml"]
    left = {one.name for one in packer.mirrors.iterdir()}
    assert left == {"app.git", "app.git.lock"}, "the checkout is gone again"


async def test_branch_tag_and_commit_can_be_asked_for(repository: Path, packer: Packer) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "-a", "v1", "-m", "v1")
    write(repository, {"app.py": "print(2)\n"})
    second = commit(repository, "Second")
    git(repository, "branch", "feature/x", first)
    for ref, expected in [
        ("v1", first),
        ("feature/x", first),
        (first, first),
        (first[:7], first),
        ("main", second),
    ]:
        assert (await packer.git(str(repository), ref)).commit == expected


async def test_a_second_look_sees_new_commits_moved_and_deleted_branches(
    repository: Path, packer: Packer
) -> None:
    await packer.git(str(repository))
    git(repository, "branch", "gone")
    assert (await packer.git(str(repository), "gone")).label
    git(repository, "branch", "-D", "gone")
    git(repository, "commit", "-q", "--amend", "-m", "Rewritten")
    assert (await packer.git(str(repository))).subject == "Rewritten"
    with pytest.raises(BadInput) as raised:
        await packer.git(str(repository), "gone")
    assert raised.value.phrase.id == "error-no-ref"


async def test_the_commits_since_the_deployed_one_are_told_newest_first(
    repository: Path, packer: Packer
) -> None:
    deployed = Release(id="r", project="app", commit=git(repository, "rev-parse", "HEAD"))
    for number in range(23):
        git(repository, "commit", "-q", "--allow-empty", "-m", f"Step {number}")
    packed = await packer.git(str(repository), deployed=deployed)
    assert [one.subject for one in packed.commits] == [f"Step {n}" for n in range(22, 2, -1)]
    assert packed.more_commits == 3
    again = await packer.git(str(repository), deployed=Release(id="r", project="app", commit=packed.commit))
    assert (again.commits, again.more_commits) == ((), 0)


async def test_a_deployed_commit_that_the_repository_forgot_is_no_error(
    repository: Path, packer: Packer
) -> None:
    packed = await packer.git(str(repository), deployed=Release(id="r", project="app", commit="d" * 40))
    assert packed.commits == ()


@pytest.mark.parametrize("ref", ["--output=/tmp/x", "main..x", "HEAD:app.py", "-x", "a b", "x\ny", ":/First"])
async def test_a_ref_that_is_none_is_refused_before_git_sees_it(
    repository: Path, packer: Packer, ref: str
) -> None:
    with pytest.raises(BadInput) as raised:
        await packer.git(str(repository), ref)
    assert raised.value.phrase.id == "error-bad-ref"
    assert not packer.mirrors.exists()


@pytest.mark.parametrize("ref", ["nope", "abc", "0" * 40, "HEAD"])
async def test_a_ref_that_does_not_exist_is_told_so(repository: Path, packer: Packer, ref: str) -> None:
    with pytest.raises(BadInput) as raised:
        await packer.git(str(repository), ref)
    assert raised.value.phrase.id == "error-no-ref"


async def test_files_in_git_are_shipped_whatever_gitignore_says_but_not_what_deployignore_says(
    repository: Path, packer: Packer
) -> None:
    write(repository, {"forced.log": "", "docs/a.md": "", ".env.prod": "A=1\n", ".deployignore": "docs/\n"})
    commit(repository, "More")
    write(repository, {".gitignore": "*.log\n", ".gitattributes": "app.py export-ignore\n"})
    commit(repository, "Rules")
    packed = await packer.git(str(repository), env_file=".env.prod")
    assert set(names(packed.file)) == {
        *(".deployignore", ".gitattributes", ".gitignore", "app.py", "compose.yaml", "forced.log"),
    }


async def test_tree_and_git_of_the_same_files_give_the_same_manifest(
    repository: Path, packer: Packer
) -> None:
    (repository / "app.py").chmod(0o755)
    commit(repository, "Executable")
    from_git = await packer.git(str(repository))
    assert from_git.manifest_sha256 == (await packer.tree(repository)).manifest_sha256


async def test_submodules_are_refused_by_name(repository: Path, packer: Packer) -> None:
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{'a' * 40},vendor/lib")
    git(repository, "commit", "-q", "-m", "Module")
    with pytest.raises(SourceError) as raised:
        await packer.git(str(repository))
    assert raised.value.phrase.id == "error-git-submodules"
    assert raised.value.phrase.args["paths"] == "vendor/lib"


async def test_links_in_a_repository_are_refused_like_those_of_a_folder(
    repository: Path, packer: Packer
) -> None:
    (repository / "link").symlink_to("/etc/passwd")
    commit(repository, "Link")
    with pytest.raises(SourceError) as raised:
        await packer.git(str(repository))
    assert raised.value.phrase.id == "error-source-links"


async def test_a_repository_that_does_not_answer_is_named_without_its_login(packer: Packer) -> None:
    with pytest.raises(SourceError) as raised:
        await packer.git("http://ada:hunter2secret@127.0.0.1:9/app.git")
    assert raised.value.phrase.id == "error-git-fetch"
    assert raised.value.phrase.args["repository"] == "http://127.0.0.1:9/app.git"
    assert "hunter2secret" not in str(raised.value) + repr(raised.value)


async def test_a_login_reaches_git_beside_the_command_line_and_the_mirror() -> None:
    """A password must not stand in `ps`, nor on the disk."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    clean, env = git_source.split_login(f"http://ada:p%40ss@127.0.0.1:{port}/app.git")
    assert clean == f"http://127.0.0.1:{port}/app.git"
    ended = await git_source.run(command("git", "ls-remote", "--", clean), env=env)
    server.close()
    assert ended.exit_status != 0
    assert f"Basic {base64.b64encode(b'ada:p@ss').decode()}" in asked[0]


@pytest.mark.parametrize(
    "url", ["git@github.com:me/app.git", "ssh://git@host/app.git", "/srv/app.git", "https://h/a"]
)
def test_addresses_without_a_password_stay_as_they_are(url: str) -> None:
    assert git_source.split_login(url) == (url, {})


def test_logins_are_taken_out_of_what_git_says() -> None:
    assert (
        git_source.without_logins("fatal: https://me:tok@h/x and http://h/y")
        == "fatal: https://***@h/x and http://h/y"
    )


async def test_git_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    began = time.monotonic()
    slow = command("git", "-c", "alias.wait=!sleep 20", "wait")
    with pytest.raises(SourceError) as raised:
        await git_source.run(slow, within=0.3)
    assert raised.value.phrase.id == "error-git-timeout"
    assert time.monotonic() - began < 5


async def test_a_missing_repository_is_an_error_and_asks_nobody(packer: Packer, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as raised:
        await packer.git(str(tmp_path / "nowhere"))
    assert re.search("nowhere", str(raised.value.phrase.args["repository"]))


@pytest.mark.parametrize("lock", ["packed-refs.lock", "refs/heads/main.lock"])
async def test_a_lock_that_a_killed_git_left_does_not_stop_deploys_for_good(
    repository: Path, packer: Packer, lock: str
) -> None:
    git(repository, "branch", "gone")
    await packer.git(str(repository))
    git(packer.mirrors / "app.git", "pack-refs", "--all")
    (packer.mirrors / "app.git" / lock).touch()
    git(repository, "branch", "-D", "gone")
    git(repository, "tag", "v9")
    write(repository, {"app.py": "print(9)\n"})
    new = commit(repository, "After the kill")
    assert (await packer.git(str(repository))).commit == new
    assert (await packer.git(str(repository), "v9")).commit


async def test_a_mirror_that_is_no_repository_any_more_is_made_anew(repository: Path, packer: Packer) -> None:
    await packer.git(str(repository))
    (packer.mirrors / "app.git" / "HEAD").write_bytes(b"")
    write(repository, {"app.py": "print(9)\n"})
    new = commit(repository, "After the power cut")
    assert (await packer.git(str(repository))).commit == new


async def test_a_repository_that_does_not_answer_costs_no_mirror(repository: Path, packer: Packer) -> None:
    await packer.git(str(repository))
    (packer.mirrors / "app.git" / "kept").touch()
    with pytest.raises(SourceError):
        await packer.git(str(repository.parent / "nowhere"))
    assert (packer.mirrors / "app.git" / "kept").exists()


async def test_two_deploys_of_a_project_at_once_do_not_meet_in_its_mirror(
    repository: Path, packer: Packer
) -> None:
    for number in range(3):
        git(repository, "branch", f"b{number}")
    async with asyncio.TaskGroup() as group:
        packs = [group.create_task(packer.git(str(repository), f"b{number}")) for number in range(3)]
    assert len({pack.result().commit for pack in packs}) == 1


async def test_a_mirror_is_used_by_one_at_a_time(tmp_path: Path) -> None:
    inside = 0

    async def use() -> None:
        nonlocal inside
        async with git_source.alone_in(tmp_path / "app.git"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.01)
            inside -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(use())


@pytest.fixture
def another(packer: Packer) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that uses the mirror until its input ends, or it is killed."""
    packer.mirrors.mkdir(parents=True)
    hold = (
        "import fcntl, sys; file = open(sys.argv[1], 'w'); fcntl.flock(file, fcntl.LOCK_EX);"
        " print('held', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", hold, str(packer.mirrors / "app.git.lock")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


async def test_a_mirror_that_another_process_uses_is_not_touched(
    repository: Path, packer: Packer, another: subprocess.Popen[bytes]
) -> None:
    """Its half done work looks broken, and what is broken would be removed."""
    mirror = packer.mirrors / "app.git"
    with pytest.raises(SourceError) as refused:
        async with git_source.alone_in(mirror, within=0.2):
            raise AssertionError
    assert (refused.value.phrase.id, refused.value.phrase.args) == ("error-git-busy", {"project": "app"})
    async with asyncio.TaskGroup() as group:
        packing = group.create_task(packer.git(str(repository)))
        await asyncio.sleep(0.3)
        assert not packing.done()
        assert not mirror.exists()
        another.kill()  # whoever dies lets it go
    assert packing.result().commit == git(repository, "rev-parse", "HEAD")
