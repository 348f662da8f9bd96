"""What a job's spec looks like on the host's disk."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.commands.command import Command, command
from services.remote.jobs import JobSpec

STATE = PurePosixPath("/srv/app_opsgate")


def spec(**fields: object) -> JobSpec:
    values: dict[str, object] = {"id": "job-1", "command": command("true"), "state_dir": STATE}
    return JobSpec(**values | fields)  # type: ignore[arg-type]  # fields of a spec


def test_a_spec_is_one_word_per_line() -> None:
    full = spec(
        command=command("docker", "compose", "it's"),
        env={"B": "2", "A": "1 x"},
        cwd=PurePosixPath("/srv/app"),
        stdin=PurePosixPath("/in"),
        stdout=PurePosixPath("/out"),
        epoch=7,
    )
    assert full.text().decode().splitlines() == [
        "arg docker",
        "arg compose",
        "arg it's",
        "env A=1 x",
        "env B=2",
        "cwd /srv/app",
        "stdin /in",
        "stdout /out",
        "epoch 7",
        "end",
    ]


WORDS = st.lists(st.text(st.characters(exclude_characters="\0\n\r", exclude_categories=["Cs"])), min_size=1)


@given(WORDS)
def test_no_word_can_pretend_to_be_another_line(words: list[str]) -> None:
    text = spec(command=Command(("program", *words))).text().decode()
    assert text.split("\n") == ["arg program", *(f"arg {word}" for word in words), "end", ""]


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b"])
def test_line_breaks_and_nul_are_refused(bad: str) -> None:
    for fields in (
        {"command": Command(("echo", bad))},
        {"env": {"A": bad}},
        {"cwd": PurePosixPath(f"/{bad}")},
        {"stdout": PurePosixPath(f"/{bad}")},
    ):
        with pytest.raises(ValueError):
            spec(**fields).text()


@pytest.mark.parametrize("name", ["", "../x", "-x", ".x", "a/b", "a b", "x" * 201, "a\n"])
def test_an_id_is_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError):
        spec(id=name).text()


@pytest.mark.parametrize("name", ["", "1A", "A B", "A=B", "A-B"])
def test_an_environment_variable_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError):
        spec(env={name: "x"}).text()


@pytest.mark.parametrize("program", ["", "-x"])
def test_a_job_has_a_program(program: str) -> None:
    with pytest.raises(ValueError):
        spec(command=Command((program,))).text()


def test_the_spec_stays_the_same_when_the_agent_changes() -> None:
    """A job that was begun before an update of Opsgate is found again after it."""
    from services.remote import agent

    text = spec(command=agent.agent_command("swap", "/a")).text().decode()
    assert agent.digest()[:12] not in text
    assert text.splitlines()[:3] == ["arg opsgate-agent", "arg swap", "arg /a"]
