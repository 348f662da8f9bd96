"""The `docker` client, as typed builders. Containers are named by id, and removing one never touches a volume (R-DB-1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from services.commands import words
from services.commands.command import Command, Word, command

KEEP = "opsgate-keep"
_KEEP_TAG = re.compile(rf"{KEEP}:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}}")
_ENV_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_AWAY = re.compile(
    r"cannot connect to the docker daemon|failed to connect to the docker api|error during connect",
    re.IGNORECASE,
)


def is_away(said: str) -> bool:
    """Whether the client says that no Docker answers it: it is being started, or does not run."""
    return bool(_AWAY.search(said))


def keep_tag(stack: str, service: str, release: str) -> str:
    """The image name that keeps a release's image from being cleaned away: opsgate-keep:<stack>.<release>.<service>."""
    return _keep_tag(f"{KEEP}:{stack}.{release}.{words.service(service)}")


def _keep_tag(name: str) -> str:
    if not isinstance(name, str) or not _KEEP_TAG.fullmatch(name):
        raise ValueError("not a tag of Opsgate's own")
    return name


def tag(image_id: str, name: str) -> Command:
    """Gives an image (by id) a name; the image that had it before keeps its id."""
    return command("docker", "tag", "--", words.image_id(image_id), words.image_name(name))


def keep_tags(stack: str) -> Command:
    """All keep-tags of a Compose stack (`keep_tag`), one per line."""
    only = _keep_tag(f"{KEEP}:{stack}.x").removesuffix("x") + "*"
    return command(
        "docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter", f"reference={only}"
    )


def image_remove(keep: str) -> Command:
    """Drops one of our own keep-tags (`keep_tag`); an image that has other names stays."""
    return command("docker", "image", "rm", "--", _keep_tag(keep))


def start_container(container: str) -> Command:
    return command("docker", "start", "--", words.container_id(container))


def stop_container(container: str, within: int | None = None) -> Command:
    """Stops it and keeps it: TERM, after `within` seconds (else its own stop time) KILL."""
    if within is not None and (isinstance(within, bool) or not 0 < within <= 86_400):  # noqa: PLR2004 - a day
        raise ValueError("seconds are a whole number between 1 and 86400")
    limit: tuple[Word, ...] = () if within is None else ("-t", within)  # spelled alike by every version
    return command("docker", "stop", *limit, "--", words.container_id(container))


def restart_container(container: str) -> Command:
    return command("docker", "restart", "--", words.container_id(container))


def rename(container: str, new_name: str) -> Command:
    return command("docker", "rename", "--", words.container_id(container), words.container_name(new_name))


def remove_container(container: str) -> Command:
    """Removes a container that does not run (the Engine refuses a running one). Its volumes stay, anonymous ones too."""
    return command("docker", "rm", "--", words.container_id(container))


def logs(container: str, tail: int) -> Command:
    """The last `tail` lines, stdout and stderr."""
    if isinstance(tail, bool) or not isinstance(tail, int) or not 0 < tail <= 10_000:  # noqa: PLR2004 - a screen, not a dump
        raise ValueError("tail is a number of lines between 1 and 10000")
    return command("docker", "logs", "--tail", tail, "--", words.container_id(container))


def inspect(containers: Sequence[str]) -> Command:
    """A JSON array of the containers; exit status 1 if one is missing, with the others printed."""
    return command("docker", "container", "inspect", "--", *_ids(containers, words.container_id))


def inspect_images(images: Sequence[str]) -> Command:
    """A JSON array of the images, by id; exit status 1 if one is missing, with the others printed."""
    return command("docker", "image", "inspect", "--", *_ids(images, words.image_id))


def inspect_image(name: str) -> Command:
    """A JSON array with the image that has this name now; exit status 1 if there is none."""
    return command("docker", "image", "inspect", "--", words.image_name(name))


def _ids(ids: Sequence[str], check: words.Check) -> tuple[str, ...]:
    if isinstance(ids, str) or not ids:
        raise ValueError("a list of ids, at least one")
    return tuple(check(one) for one in ids)


def container_ids(compose_project: str | None = None) -> Command:
    """Ids of all containers of one Compose project, or of every one, also stopped; one per line."""
    return command("docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", _label(compose_project))


def volumes(compose_project: str) -> Command:
    """Names of the volumes that carry the project's label, one per line."""
    return command("docker", "volume", "ls", "--quiet", "--filter", _label(compose_project))


def _label(compose_project: str | None) -> str:
    label = "label=com.docker.compose.project"
    return label if compose_project is None else f"{label}={words.compose_project(compose_project)}"


def server_version() -> Command:
    return command("docker", "version", "--format", "{{.Server.Version}}")


def exec_(
    container: str, argv: Sequence[Word], *, env: Mapping[str, str] | None = None, interactive: bool = False
) -> Command:
    """Runs argv inside a container. `env` is not for secrets: it stands on the host's command line.

    Everything behind the container's id belongs to the inner program; what that may be is the calling builder's
    business, and no builder takes it from chat.
    """
    flags: list[Word] = ["--interactive"] if interactive else []
    for name, value in (env or {}).items():
        if not _ENV_NAME.fullmatch(name):
            raise ValueError("not the name of an environment variable")
        flags += ["--env", f"{name}={value}"]
    if not argv or str(argv[0]).startswith("-"):
        raise ValueError("exec needs a program")
    return command("docker", "exec", *flags, "--", words.container_id(container), *argv)
