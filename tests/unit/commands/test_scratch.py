"""R-DB-1, R-DB-3: the scratch container of a drill: what is said to Docker, and what can be ended by us."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

import pytest

from services.commands import postgres, scratch
from services.commands.scratch import Found
from services.facts.containers import parse_containers
from services.projects import Database

DB = Database(name="fitnessapp", user="fitnessapp_user")
STATE = PurePosixPath("/home/me/fitnessapp_opsgate")
IMAGE = "sha256:" + "9" * 64
ID = "fe7dc6a4cd33" + "0" * 52
NAME = "opsgate-drill-k3f9"


def test_it_is_the_image_that_serves_without_network_port_or_mount_and_docker_removes_it_at_its_end() -> None:
    assert scratch.start(IMAGE, NAME, STATE, DB).render() == (
        "docker run --detach --rm --pull never --network none --shm-size 1g --name opsgate-drill-k3f9"
        " --label opsgate.drill=/home/me/fitnessapp_opsgate --label com.docker.compose.project=opsgate-drill"
        " --label com.docker.compose.oneoff=True --env POSTGRES_HOST_AUTH_METHOD=trust"
        " --env POSTGRES_PASSWORD=unused --env POSTGRES_USER=fitnessapp_user --env POSTGRES_DB=fitnessapp"
        f" -- {IMAGE}"
    )


def test_an_image_that_compose_built_makes_it_no_container_of_the_stack() -> None:
    """Such an image has labels of its own, project and service: a container of it would count as the live database."""
    labels = {"com.docker.compose.project": "fitnessapp", "com.docker.compose.service": "db"}
    words = scratch.start(IMAGE, NAME, STATE, DB).argv
    given = [words[at + 1] for at, word in enumerate(words) if word == "--label"]
    labels |= dict(one.split("=", 1) for one in given)
    assert labels["com.docker.compose.project"] != "fitnessapp"
    seen = {"Id": ID, "Name": f"/{NAME}", "Image": IMAGE, "Config": {"Labels": labels}}
    assert parse_containers([seen]) == ()


@pytest.mark.parametrize(
    "image", ["", "postgres", "postgres:16", "--privileged", "sha256:99", f"-v/:/x {IMAGE}"]
)
def test_only_an_image_id_is_run(image: str) -> None:
    with pytest.raises(ValueError, match="image id"):
        scratch.start(image, NAME, STATE, DB)


@pytest.mark.parametrize(
    "name", ["fitnessapp-db-1", "opsgate-drill-", "opsgate-drill-K", "opsgate-drill-a b", "-v", ""]
)
def test_only_a_name_of_ours_is_given_or_ended(name: str) -> None:
    with pytest.raises(ValueError, match="drill's container"):
        scratch.start(IMAGE, name, STATE, DB)
    with pytest.raises(ValueError, match="drill's container"):
        Found(ID, name, "running")


@pytest.mark.parametrize("user", ["a b", "--privileged", "x\n", "a=b;c", ""])
def test_a_role_that_is_no_name_is_refused(user: str) -> None:
    with pytest.raises(ValueError, match="role"):
        scratch.start(IMAGE, NAME, STATE, Database.model_construct(service="db", name="x", user=user))


def test_what_is_ours_has_both_our_name_and_the_label_of_this_very_project() -> None:
    lines = [
        f"{ID} {NAME} running {STATE}",
        f"{'1' * 64} fitnessapp-db-1 running {STATE}",
        f"{'2' * 64} opsgate-drill-zz99 running /home/other/fitnessapp_opsgate",
        f"{'3' * 64} opsgate-drill-zz98 exited {STATE}",
        f"{'4' * 64} opsgate-drill-zz97 running ",
        f"{'5' * 64} opsgate-drill-zz96,web/db running {STATE}",
        "",
    ]
    found = scratch.parse("\n".join(lines).encode(), STATE)
    assert found == (Found(ID, NAME, "running"), Found("3" * 64, "opsgate-drill-zz98", "exited"))
    assert scratch.stop(found[0]).render() == f"docker stop -t 1 -- {ID}"


def test_a_folder_with_a_blank_is_still_known() -> None:
    odd = PurePosixPath("/home/me/my app_opsgate")
    assert scratch.parse(f"{ID} {NAME} running {odd}\n".encode(), odd) == (Found(ID, NAME, "running"),)


def test_the_lasting_server_is_asked_over_tcp_where_the_first_one_does_not_listen() -> None:
    assert "--host=127.0.0.1" in scratch.is_ready(ID, DB).argv


def test_names_of_roles_never_become_words_of_sql() -> None:
    names = ["reader", "x'; DROP DATABASE fitnessapp; --", 'a "b" c', "роль", "a\nb"]
    built = scratch.make_roles(ID, DB, names)
    (told,) = (word for word in built.argv if word.startswith("PGOPTIONS="))
    assert json.loads(bytes.fromhex(told.removeprefix("PGOPTIONS=-c opsgate.roles="))) == names
    assert built.argv[-1] == scratch.make_roles(ID, DB, []).argv[-1]
    assert "format('CREATE ROLE %I', one)" in built.argv[-1]


def test_tablespaces_of_the_live_cluster_are_left_out_only_where_that_is_said() -> None:
    name = "fitnessapp_drill_k3f9"
    assert "--no-tablespaces" in postgres.load(ID, DB, "x", name, "opsgate:op-1", tablespaces=False).argv
    assert "--no-tablespaces" not in postgres.load(ID, DB, "x", name, "opsgate:op-1").argv
