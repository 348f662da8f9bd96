from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from services.commands import compose, docker, git, postgres, words
from services.commands.command import Command
from services.commands.compose import ComposeContext
from services.projects import Database

LIVE = ComposeContext(
    "fitnessapp",
    PurePosixPath("/home/me/fitnessapp/docker/docker-compose.prod.yml"),
    PurePosixPath("/home/me/fitnessapp/.env.prod"),
)
HEAD = (
    "docker compose --ansi never -p fitnessapp -f /home/me/fitnessapp/docker/docker-compose.prod.yml"
    " --env-file /home/me/fitnessapp/.env.prod "
)
DB = Database(name="fitnessapp", user="fitnessapp_user")
ID = "fe7dc6a4cd33"
IMAGE = "sha256:" + "9" * 64


def test_up_is_the_hand_command_of_the_runbook_without_the_build() -> None:
    assert compose.up(LIVE).render() == HEAD + "up -d --force-recreate --no-build"


def test_up_of_some_services_names_them() -> None:
    rendered = compose.up(LIVE, ["db", "backend"]).render()
    assert rendered == HEAD + "up -d --force-recreate --no-build -- db backend"


def test_without_an_env_file_none_is_named() -> None:
    assert "--env-file" not in compose.config(ComposeContext("a", PurePosixPath("/srv/a/compose.yaml"))).argv


@pytest.mark.parametrize(
    ("built", "rest"),
    [
        (compose.config(LIVE), "config --quiet"),
        (compose.config_services(LIVE), "config --services"),
        (compose.build(LIVE), "build"),
        (compose.build(LIVE, ["frontend"], no_cache=True), "build --no-cache -- frontend"),
        (compose.ps(LIVE), "ps --all --format json"),
        (compose.stop(LIVE, ["backend"], timeout=10), "stop --timeout 10 -- backend"),
        (compose.start(LIVE, ["db"]), "start -- db"),
        (compose.up_changed(LIVE), "up -d --no-build"),
        (compose.scale(LIVE, "api", 2), "up -d --no-recreate --no-build --scale api=2 -- api"),
        (compose.up_missing(LIVE), "up -d --no-recreate --no-build"),
        (compose.config_hashes(LIVE), "config --hash '*'"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_compose_builders_say_exactly_this(built: Command, rest: str) -> None:
    assert built.render() == HEAD + rest


@pytest.mark.parametrize("name", ["--volumes", "-v", "", "a b", "a;b", "a\n", "../a", "$x"])
def test_a_service_name_that_could_be_read_as_anything_else_is_refused(name: str) -> None:
    """R-DB-1: Compose allows a service called --volumes; here it is not a name."""
    with pytest.raises(ValueError, match="name of a service"):
        compose.up(LIVE, [name])


def test_one_string_is_not_a_list_of_services() -> None:
    with pytest.raises(TypeError):
        compose.up(LIVE, "db")


@pytest.mark.parametrize("seconds", [0, -1, 86_401, True])
def test_seconds_out_of_range_are_refused(seconds: int) -> None:
    with pytest.raises(ValueError, match="seconds"):
        compose.stop(LIVE, timeout=seconds)


@pytest.mark.parametrize(
    ("name", "file", "env"),
    [
        ("Fitness", "/a/c.yml", None),
        ("-v", "/a/c.yml", None),
        ("a", "c.yml", None),
        ("a", "/a/../c.yml", None),
        ("a", "/a/c.yml", ".env"),
    ],
)
def test_a_context_is_validated_when_it_is_made(name: str, file: str, env: str | None) -> None:
    with pytest.raises(ValueError):
        ComposeContext(name, PurePosixPath(file), PurePosixPath(env) if env else None)


def test_names_in_logs_hold_no_arguments() -> None:
    assert compose.up(LIVE).name == "docker compose"


@pytest.mark.parametrize(
    ("built", "line"),
    [
        (docker.tag(IMAGE, "fitnessapp-backend"), f"docker tag -- {IMAGE} fitnessapp-backend"),
        (docker.start_container(ID), f"docker start -- {ID}"),
        (docker.stop_container(ID), f"docker stop -- {ID}"),
        (docker.rename(ID, "app-db-1"), f"docker rename -- {ID} app-db-1"),
        (docker.remove_container(ID), f"docker rm -- {ID}"),
        (docker.logs(ID, 20), f"docker logs --tail 20 -- {ID}"),
        (docker.inspect([ID]), f"docker container inspect -- {ID}"),
        (docker.inspect_images([IMAGE]), f"docker image inspect -- {IMAGE}"),
        (
            docker.container_ids(),
            "docker ps --all --quiet --no-trunc --filter label=com.docker.compose.project",
        ),
        (docker.volumes("app"), "docker volume ls --quiet --filter label=com.docker.compose.project=app"),
        (docker.image_remove("opsgate-keep:a.r.db"), "docker image rm -- opsgate-keep:a.r.db"),
        (docker.server_version(), "docker version --format '{{.Server.Version}}'"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_docker_builders_say_exactly_this(built: Command, line: str) -> None:
    assert built.render() == line


def test_only_our_own_keep_tags_can_be_removed() -> None:
    keep = docker.keep_tag("fitnessapp", "backend", "20260102-030405-0a1b2c3d")
    assert keep == "opsgate-keep:fitnessapp.20260102-030405-0a1b2c3d.backend"
    assert words.image_name(keep) == keep
    with pytest.raises(ValueError, match="Opsgate's own"):
        docker.image_remove("fitnessapp-backend")


@pytest.mark.parametrize("bad", ["fitnessapp-db-1", "-v", "0123", "0" * 65, "ABCDEF012345", ""])
def test_a_container_is_removed_by_id_only(bad: str) -> None:
    """R-DB-1: a flag is not an id."""
    with pytest.raises(ValueError, match="container id"):
        docker.remove_container(bad)


@pytest.mark.parametrize(
    "good", ["db", "localhost:5000/a/b:1", "ghcr.io/me/app_x:v1.2", "a-b", "127.0.0.1:1/x"]
)
def test_usual_image_names_pass(good: str) -> None:
    assert words.image_name(good) == good


@pytest.mark.parametrize("bad", ["-x", "A/b/", "a:", "a b", "a@sha256:1", "x" * 256])
def test_odd_image_names_do_not(bad: str) -> None:
    with pytest.raises(ValueError, match="image name"):
        words.image_name(bad)


def test_a_dump_is_pg_dump_itself_in_custom_format_tagged_with_the_operation() -> None:
    """R-DB-4: no pipe stands between pg_dump and its exit status."""
    assert postgres.dump(ID, DB, "opsgate:op-1").render() == (
        f"docker exec --env PGAPPNAME=opsgate:op-1 -- {ID} pg_dump --format=custom --compress=3 --no-password"
        " --username=fitnessapp_user --dbname=fitnessapp"
    )


def test_a_proof_reads_the_whole_archive_into_nowhere() -> None:
    """R-DB-3: `--list` would pass on an archive cut in half; a full read does not."""
    assert postgres.prove(ID).render() == f"docker exec --interactive -- {ID} pg_restore --file=/dev/null"


def test_sessions_are_ended_by_a_value_that_never_becomes_sql_text() -> None:
    built = postgres.terminate(ID, DB, "opsgate:op-1")
    assert "PGOPTIONS=-c opsgate.target=opsgate:op-1" in built.argv
    assert "op-1" not in built.argv[-1]


@pytest.mark.parametrize("tag", ["psql", "opsgate:", "opsgate:a b", "opsgate:a'", "opsgate:" + "x" * 55])
def test_only_our_own_sessions_can_be_named(tag: str) -> None:
    with pytest.raises(ValueError, match="application name"):
        postgres.terminate(ID, DB, tag)


def test_a_database_that_is_a_connection_string_is_refused() -> None:
    hostile = Database.model_construct(service="db", name="postgresql://evil/x", user="u")
    with pytest.raises(ValueError, match="database or role"):
        postgres.dump(ID, hostile, "opsgate:op-1")


@pytest.mark.parametrize("ref", ["main", "v1.2", "feature/x-1", "0a1b2c3", "ветка", "a@b"])
def test_usual_refs_pass(ref: str) -> None:
    assert git.resolve(Path("/m"), ref).argv[-1] == f"{ref}^{{commit}}"


@pytest.mark.parametrize(
    "ref",
    [
        *(
            "-x",
            "--upload-pack=x",
            "a..b",
            "a b",
            "a^",
            "a~1",
            "HEAD:secret",
            "@",
            "@{-1}",
            "a\\b",
            "a*",
            "a?",
            "a[",
        ),
        *(
            "a//b",
            "/a",
            "a/",
            "a.",
            ".a",
            "a/.b",
            "a.lock",
            "a.lock/b",
            "",
            "x" * 201,
            "a\x00",
            "a\n",
            "a\u200b",
        ),
    ],
)
def test_a_ref_from_chat_that_git_would_not_allow_is_refused(ref: str) -> None:
    with pytest.raises(ValueError, match="git ref"):
        git.resolve(Path("/m"), ref)


def test_commits_are_named_in_full_and_behind_no_option() -> None:
    with pytest.raises(ValueError, match="full commit"):
        git.log(Path("/m"), "main", limit=20)
    built = git.log(Path("/m"), "b" * 40, "a" * 40, limit=20)
    assert built.argv[-2:] == (f"{'a' * 40}..{'b' * 40}", "--")


def test_an_address_that_is_an_option_is_refused() -> None:
    with pytest.raises(ValueError, match="address"):
        git.fetch(Path("/m"), "--upload-pack=touch x")
    with pytest.raises(ValueError, match="address"):
        git.push(Path("/m"), "--receive-pack=touch x", "a" * 40, "main")


def test_a_push_moves_one_branch_forward_and_never_by_force() -> None:
    """R-FE-1."""
    argv = git.push(Path("/m"), "https://example.org/x.git", "a" * 40, "feature/x").argv
    assert argv[-3:] == ("--", "https://example.org/x.git", f"{'a' * 40}:refs/heads/feature/x")
    assert "--no-force" in argv
    assert not {"--force", "-f", "--tags", "--all", "--mirror"}.intersection(argv)


def test_a_plus_before_a_branch_stands_behind_its_folder_where_it_does_not_mean_force() -> None:
    assert git.push(Path("/m"), "x", "a" * 40, "+main").argv[-1] == f"{'a' * 40}:refs/heads/+main"


@pytest.mark.parametrize("branch", ["--all", "a:b", "", "../x"])
def test_a_push_to_what_is_no_branch_is_refused(branch: str) -> None:
    with pytest.raises(ValueError, match="git ref"):
        git.push(Path("/m"), "x", "a" * 40, branch)
