"""The Docker Engine that the end-to-end tests run against; `prepare.sh` (make engine) readies it."""

import subprocess

IMAGES = ("opsgate-practice/postgres:1", "opsgate-practice/flask:1", "opsgate-practice/nginx:1")

_PROBES = (
    (("docker", "version", "--format", "{{.Server.Version}}"), "no Docker Engine answers"),
    (("docker", "compose", "version", "--short"), "no Compose v2"),
    (("docker", "image", "inspect", "--format", "{{.Id}}", *IMAGES), "the practice images are missing"),
)


def why_no_engine() -> str | None:
    """The reason why engine tests cannot run here, or None where they can."""
    for argv, reason in _PROBES:
        try:
            answer = subprocess.run(argv, check=False, capture_output=True, timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            return f"{reason} (make engine)"
        if answer.returncode != 0:
            return f"{reason} (make engine)"
    return None
