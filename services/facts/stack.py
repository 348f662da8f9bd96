"""Which Compose project a deployment path belongs to.

The name must never change between releases: Compose would start a second stack, with new, empty volumes, beside the
first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from services import compose_file
from services.commands import words
from services.errors import BadInput
from services.facts.containers import CONFIG_FILES, PROJECT, WORKING_DIR
from services.projects import Project


def compose_file_path(project: Project) -> PurePosixPath:
    return project.path / project.compose_file


def default_name(file: PurePosixPath) -> str:
    """Compose's own default: the folder of the compose file in lower case, without what may not stand in a name."""
    return re.sub(r"[^a-z0-9_-]", "", file.parent.name.lower()).lstrip("_-")


def literal_name(content: bytes) -> str | None:
    """The top-level `name:` of a compose file; None when it has none, or is not one that can be read."""
    try:
        return compose_file.parse(content).name
    except ValueError:
        return None


def _files(labels: Mapping[str, str]) -> set[PurePosixPath]:
    folder = PurePosixPath(labels.get(WORKING_DIR, "/"))
    return {folder / name for name in labels.get(CONFIG_FILES, "").split(",") if name}


def stacks_from_file(labels: Iterable[Mapping[str, str]], project: Project) -> set[str]:
    """Names under which containers exist that came from the project's compose file."""
    file = compose_file_path(project)
    return {one[PROJECT] for one in labels if PROJECT in one and file in _files(one)}


def stacks_under_path(labels: Iterable[Mapping[str, str]], project: Project) -> set[str]:
    """Names of all stacks whose compose file lies in the deployment path."""
    return {
        one[PROJECT]
        for one in labels
        if PROJECT in one and any(file.is_relative_to(project.path) for file in _files(one))
    }


def choose_name(
    project: Project,
    labels: Iterable[Mapping[str, str]],
    *,
    recorded: str = "",
    from_env: str | None = None,
    declared: str | None = None,
) -> str:
    """The setting; else the name that containers of this compose file have; else that of the current release's record.

    Else Compose's own choice: COMPOSE_PROJECT_NAME of the env file, the file's `name:` or its folder, in this order.
    Raises BadInput when several stacks came from the same file: only a person knows which one is meant.
    """
    if project.compose_project:
        return project.compose_project
    running = stacks_from_file(labels, project)
    if len(running) > 1:
        names = ", ".join(sorted(running))
        raise BadInput("error-several-stacks", project=project.name, names=names)
    name = (
        next(iter(running), None)
        or recorded
        or from_env
        or declared
        or default_name(compose_file_path(project))
    )
    try:
        return words.compose_project(name)
    except ValueError:
        raise BadInput("error-no-stack-name", project=project.name) from None
