"""The real Docker under the practice stack: whether it is there, and the removal of what the stack left in it."""

import asyncio
import shutil

from bot.sandbox.practice.errors import PracticeError

_LABEL = "com.docker.compose.project"
_REMOVALS = (
    (("ps", "--all"), ("container", "rm", "--force", "--volumes")),
    (("network", "ls"), ("network", "rm")),
    (("volume", "ls"), ("volume", "rm", "--force")),
    (("image", "ls"), ("image", "rm", "--force")),
)


async def require() -> None:
    """Raises PracticeError unless `docker compose` is there and an Engine answers."""
    if shutil.which("docker") is None:
        raise PracticeError("docker is not installed: install it, or use the simulated engine")
    for words in (("compose", "version"), ("version", "--format", "{{.Server.Version}}")):
        status, _, error = await _docker(*words)
        if status != 0:
            raise PracticeError(
                f"docker {words[0]} fails: {error.strip()}; mend it, or use the simulated engine"
            )


async def remove_project(compose_project: str) -> None:
    """Removes the containers, networks, volumes and built images of this very Compose project.

    The volume goes too: it holds practice data, made in this run.
    """
    for listing, removal in _REMOVALS:
        _, found, _ = await _docker(*listing, "--quiet", "--filter", f"label={_LABEL}={compose_project}")
        if ids := sorted(set(found.split())):
            await _docker(*removal, *ids)


async def _docker(*words: str) -> tuple[int, str, str]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec("docker", *words, stdout=pipe, stderr=pipe)
    out, error = await process.communicate()
    return process.returncode or 0, out.decode(errors="replace"), error.decode(errors="replace")
