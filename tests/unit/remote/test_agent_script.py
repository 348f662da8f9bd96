"""The agent's text: what must never stand in it."""

from __future__ import annotations

import re
import shlex

import pytest

from services.commands.command import command
from services.remote import agent


def test_the_agent_speaks_to_docker_only_to_ask_its_version() -> None:
    """R-DB-1: nothing in the agent can delete a volume."""
    code = "\n".join(
        line for line in agent.script().decode().splitlines() if not line.lstrip().startswith("#")
    )
    calls = re.findall(r"docker\s+(?:compose\s+)?[a-z]+", code)
    assert set(calls) <= {"docker compose version", "docker version", "docker docker", "docker_error"}
    assert "volume" not in code
    assert "prune -" not in code


def test_the_agent_evaluates_no_text() -> None:
    code = agent.script().decode()
    assert not re.search(r"(^|[^a-z_-])(eval|source)\s", code, re.MULTILINE)
    assert not re.search(r"\b(ba)?sh -c\b", code)


def test_every_verb_counts_its_words() -> None:
    main = agent.script().decode().rpartition('case "$verb" in\n    begin)')[2]
    verbs = [line for line in main.splitlines() if "verb_" in line]
    assert len(verbs) > 10
    assert all(re.search(r"words [a-z-]+ \d+ \d+ \$# &&", line) for line in verbs)


def test_a_verb_on_the_host_is_one_quoted_command() -> None:
    found = agent.on_host(agent.agent_command("write", "/it's"), b"12345")
    assert found.argv[:2] == ("sh", "-c")
    assert found.argv[3:] == ("opsgate", agent.file_name(), "-n", "5", "write", "/it's")
    assert shlex.split(found.render()) == list(found.argv)


def test_other_commands_stay_as_they_are() -> None:
    assert agent.on_host(command("docker", "ps"), b"x") == command("docker", "ps")


def test_the_file_is_named_by_its_content() -> None:
    assert agent.file_name() == f"agent-{agent.digest()[:12]}.sh"
    assert len(agent.digest()) == 64


@pytest.mark.parametrize("bad", ["a\nb", "a\0b"])
def test_line_breaks_are_refused(bad: str) -> None:
    with pytest.raises(ValueError):
        agent.agent_command("write", bad)
