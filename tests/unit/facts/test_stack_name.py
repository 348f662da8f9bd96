from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

from services.errors import BadInput
from services.facts.stack import choose_name, default_name, literal_name, stacks_under_path
from services.projects import Project

FILE = "/home/me/fitnessapp/docker/docker-compose.prod.yml"


def project(**settings: Any) -> Project:
    base = {
        "name": "fitnessapp",
        "host": "home",
        "path": "/home/me/fitnessapp",
        "compose_file": "docker/docker-compose.prod.yml",
        "source": {"path": "/src"},
    }
    return Project.model_validate(base | settings)


def labels(name: str, files: str = FILE, folder: str = "/home/me/fitnessapp/docker") -> dict[str, str]:
    return {
        "com.docker.compose.project": name,
        "com.docker.compose.project.config_files": files,
        "com.docker.compose.project.working_dir": folder,
    }


def test_the_setting_wins_over_everything() -> None:
    assert (
        choose_name(project(compose_project="set"), [labels("was")], from_env="env", declared="lit") == "set"
    )


def test_running_containers_keep_their_name_whatever_a_new_file_says() -> None:
    """R-DB-1: another name would mean new, empty volumes."""
    found = [labels("old"), labels("old"), labels("stranger", "/srv/other/compose.yml")]
    assert choose_name(project(), found, from_env="env", declared="lit") == "old"


def test_two_stacks_of_one_file_are_a_question_for_a_person() -> None:
    with pytest.raises(BadInput) as raised:
        choose_name(project(), [labels("b"), labels("a")])
    assert raised.value.phrase.id == "error-several-stacks"
    assert raised.value.phrase.args["names"] == "a, b"


def test_a_new_stack_is_named_as_compose_would_name_it() -> None:
    assert choose_name(project(), [], from_env="env", declared="lit") == "env"
    assert choose_name(project(), [], declared="lit") == "lit"
    assert choose_name(project(), []) == "docker"


def test_a_stack_of_several_files_is_found_by_one_of_them() -> None:
    assert choose_name(project(), [labels("multi", f"/x/base.yml,{FILE}")]) == "multi"


def test_relative_files_of_old_compose_are_read_from_their_folder() -> None:
    assert choose_name(project(), [labels("v1", "docker-compose.prod.yml")]) == "v1"


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("/srv/My App", "myapp"),
        ("/srv/_-web", "web"),
        ("/srv/Fit.ness", "fitness"),
        ("/srv/a_b-c1", "a_b-c1"),
    ],
)
def test_a_folders_name_is_normalised_as_compose_does(folder: str, name: str) -> None:
    assert default_name(PurePosixPath(folder) / "compose.yaml") == name


def test_a_folder_without_any_usable_letter_needs_the_setting() -> None:
    with pytest.raises(BadInput) as raised:
        choose_name(project(path="/srv/приложение", compose_file="compose.yaml"), [])
    assert raised.value.phrase.id == "error-no-stack-name"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("name: shop\nservices: {}", "shop"),
        ("services: {}", None),
        ("name: ${STACK}", None),
        ("name: Shop", None),
        ("name: [a]", None),
        ("- a", None),
        (": {", None),
        ("name: shop\nservices:\n  a: !reset null\n", "shop"),
    ],
)
def test_only_a_literal_name_counts(text: str, name: str | None) -> None:
    assert literal_name(text.encode()) == name


def test_neighbours_are_stacks_whose_file_lies_in_the_deployment_path() -> None:
    found = [
        labels("a"),
        labels("dev", "/home/me/fitnessapp/dev.yml"),
        labels("z", "/home/me/fitnessapp2/c.yml"),
    ]
    assert stacks_under_path(found, project()) == {"a", "dev"}
