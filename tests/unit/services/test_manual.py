"""RUNBOOK's hand procedure as text: a shell must read it as it was meant, and no secret is in it."""

from __future__ import annotations

import re
import shlex
import subprocess
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from services.manual import Act, Place, acts
from services.projects import Database, GitSource, HealthProbe, Host, Project, TreeSource

HOST = Host(name="home", address="192.168.28.90", user="matveyrl-1")
FORBIDDEN = re.compile(
    r"\bdown\b|--volumes|volume (rm|prune)|system prune|renew-anon|\bup\b.* -V\b|\brm -v\b|DROP "
)


def project(**changes: Any) -> Project:
    values: dict[str, Any] = {
        "name": "fitnessapp",
        "host": "home",
        "path": PurePosixPath("/home/matveyrl-1/fitnessapp"),
        "compose_file": PurePosixPath("docker/docker-compose.prod.yml"),
        "env_file": PurePosixPath(".env.prod"),
        "source": GitSource(git="https://github.com/me/fitnessapp.git"),
        "database": Database(name="fitnessapp", user="fitnessapp_user"),
        "health": (HealthProbe(url="http://127.0.0.1:8080/"),),
    }
    return Project(**values | changes)


def zipped_into(home: Path, files: dict[str, str]) -> None:
    """A deploy.zip that was copied to the host."""
    with zipfile.ZipFile(home / "deploy.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def by_name(found: tuple[Act, ...]) -> dict[str, Act]:
    return {act.name: act for act in found}


def whole(found: tuple[Act, ...]) -> str:
    return "\n".join(line for act in found for line in act.commands)


def test_the_procedure_is_that_of_the_runbook_in_its_order() -> None:
    """R-DB-3, R-RB-1: dump and safety copy stand before what changes the server."""
    found = acts(project(), HOST)
    assert [act.name for act in found] == [
        *(
            "pack",
            "copy",
            "ssh",
            "lock",
            "dump",
            "safety-copy",
            "unzip",
            "up",
            "look",
            "back-files",
            "back-database",
        ),
    ]
    assert [act.name for act in found if act.place is Place.HERE] == ["pack", "copy", "ssh"]
    assert [act.name for act in found if act.back] == ["back-files", "back-database"]
    said = by_name(found)
    assert said["pack"].commands[0] == "rm -f -- deploy.zip &&\n  opsgate pack fitnessapp -o deploy.zip"
    assert said["copy"].commands == ("scp -P 22 deploy.zip matveyrl-1@192.168.28.90:deploy.zip",)
    assert said["unzip"].commands == ("unzip -o ~/deploy.zip -d /home/matveyrl-1/fitnessapp",)
    assert said["up"].commands[0].split(" &&\n  ") == [
        "cd -- /home/matveyrl-1/fitnessapp",
        "docker compose -f docker/docker-compose.prod.yml --env-file .env.prod up -d --build --force-recreate",
    ]
    assert said["look"].commands[1].endswith("http://127.0.0.1:8080/")


def test_a_dump_counts_only_after_pg_dump_and_the_whole_archive_were_well(tmp_path: Path) -> None:
    """R-DB-4: run by a real shell with a docker that fails where it is told, the checksum comes only at the end."""
    (tmp_path / "app").mkdir()
    fake = tmp_path / "docker"
    fake.write_text('#!/bin/sh\ncase "$*" in *"$FAILS"*) echo half; exit 1;; *) echo whole;; esac\n')
    fake.chmod(0o755)
    dump = by_name(acts(project(path=PurePosixPath(tmp_path / "app")), HOST))["dump"]
    for fails, proven in (("pg_dump", False), ("pg_restore", False), ("nothing", True)):
        done = subprocess.run(
            ["sh", "-c", "\n".join(dump.commands)],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin", "FAILS": fails},
            capture_output=True,
            text=True,
            check=False,
        )
        dumps = [*(tmp_path / "app_backup" / "database").glob("*.dump")]
        assert (done.returncode == 0, bool(re.search(r"[0-9a-f]{64}  /", done.stdout)), bool(dumps)) == (
            *(proven, proven, proven),
        ), fails


ODD = [
    "/srv/my app",
    "/srv/it's",
    "/srv/$(reboot)",
    "/srv/a;b&&c",
    "/srv/- odd",
    "/srv/Ünïcode",
    '/srv/"q"`id`',
]


@pytest.mark.parametrize("path", ODD)
def test_odd_paths_stay_one_word_for_the_shell(path: str) -> None:
    for act in acts(project(path=PurePosixPath(path), env_file=PurePosixPath("-x y")), HOST):
        for line in act.commands:
            if line.startswith("#"):
                continue
            words = shlex.split(line, posix=True)
            assert not {"$(reboot)", "b&&c", "reboot"} & set(words)
            named = [word for word in words if PurePosixPath(path).name in word]
            assert all(re.sub("^(DUMP|NEW|OLD)=", "", word).startswith(path) for word in named), line


def test_a_shell_expands_nothing_of_an_odd_path(tmp_path: Path) -> None:
    path = PurePosixPath(tmp_path / "$(touch owned) `touch owned`;touch owned")
    Path(path).mkdir()
    zipped_into(tmp_path, {"a": "new"})
    for act in acts(project(path=path), HOST):
        if act.place is Place.HOST and act.name in {"lock", "safety-copy"}:
            subprocess.run(
                ["sh", "-c", "\n".join(act.commands)],
                cwd=tmp_path,
                env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
                check=False,
                capture_output=True,
            )
    assert not [*tmp_path.rglob("owned")]
    assert (tmp_path / f"{path.name}_backup" / "by-hand" / "files").is_dir()


def test_a_login_in_the_address_of_the_source_is_not_shown() -> None:
    found = whole(acts(project(source=GitSource(git="https://me:t0ps3cret@example.org/a.git")), HOST))
    assert "https://example.org/a.git" in found
    assert "t0ps3cret" not in found
    assert "me:" not in found


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ssh://git:t0ps3cret@example.org/x.git", "ssh://git@example.org/x.git"),
        ("git+ssh://git:t0ps3cret@example.org:22/x.git", "git+ssh://git@example.org:22/x.git"),
        ("SSH://git:t0p@s3cret@example.org/x.git", "SSH://git@example.org/x.git"),
        ("ssh://:t0ps3cret@example.org/x.git", "ssh://@example.org/x.git"),
        ("ftp://me:t0ps3cret@example.org/x.git", "ftp://***@example.org/x.git"),
        ("ssh://git@example.org/@scope/x.git", "ssh://git@example.org/@scope/x.git"),
        ("git@example.org:x.git", "git@example.org:x.git"),
    ],
)
def test_a_password_of_any_scheme_is_not_shown_and_the_user_of_ssh_stays(address: str, shown: str) -> None:
    pack = by_name(acts(project(source=GitSource(git=address)), HOST))["pack"].commands[1]
    assert shown in shlex.split(pack.removeprefix("# "))
    assert not re.search("t0p|s3cret", pack)


@pytest.mark.parametrize("source", [GitSource(git="ssh://x/y"), TreeSource(path=Path("/src/my app"))])
def test_nothing_in_it_deletes_a_volume_or_a_database(source: GitSource | TreeSource) -> None:
    """R-DB-1: not even the fallback knows how. R-DB-5: the way back of the data renames, and drops nothing."""
    found = whole(acts(project(source=source), HOST, compose_project="app"))
    assert not FORBIDDEN.search(found)
    assert "password" not in found.replace("--no-password", "").lower()


def test_ref_and_stack_of_a_plan_are_those_of_the_commands() -> None:
    found = by_name(acts(project(), HOST, compose_project="fit", ref="feature/x"))
    assert found["pack"].commands[0].endswith("\n  opsgate pack fitnessapp feature/x -o deploy.zip")
    assert "--branch feature/x" in found["pack"].commands[1]
    assert "docker compose -p fit -f" in found["up"].commands[0]
    configured = by_name(acts(project(compose_project="mine"), HOST, compose_project="fit"))
    assert "docker compose -p mine -f" in configured["up"].commands[0]


def test_a_host_that_is_not_the_usual_one_keeps_its_pinned_key() -> None:
    host = Host(
        name="home",
        address="fe80::1",
        port=2222,
        user="me",
        key_file=Path("/k/my key"),
        known_hosts=Path("/k/hosts"),
    )
    found = by_name(acts(project(), host))
    options = "-i '/k/my key' -o 'UserKnownHostsFile=\"/k/hosts\"'"
    assert found["ssh"].commands == (f"ssh -p 2222 {options} me@fe80::1",)
    assert found["copy"].commands == (f"scp -P 2222 {options} deploy.zip 'me@[fe80::1]:deploy.zip'",)


def test_without_a_database_there_is_no_dump() -> None:
    names = [act.name for act in acts(project(database=None), HOST)]
    assert "dump" not in names
    assert "back-database" not in names


def test_what_stands_behind_a_command_is_never_swallowed_by_it() -> None:
    """`docker compose exec -T` reads its input: pasted lines would vanish in it."""
    for act in acts(project(), HOST):
        for line in act.commands:
            for part in line.split(" &&\n"):
                assert " exec -T " not in part or " < " in part, part
