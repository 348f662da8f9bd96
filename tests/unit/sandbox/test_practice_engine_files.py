"""What the simulated engine reads: compose files, env files, Dockerfiles, command lines, formats."""

from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.practice.engine import compose_files, dockerfiles, env_files, formats
from bot.sandbox.practice.engine.errors import Refused
from bot.sandbox.practice.engine.interpolation import Values
from bot.sandbox.practice.engine.shown import duration, size
from bot.sandbox.practice.engine.words import Words

KNOWN = {"A": "a", "EMPTY": "", "B": "b"}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("$A and ${B}", "a and b"),
        ("$$A", "$A"),
        ("${NOT:-x}", "x"),
        ("${EMPTY:-x}", "x"),
        ("${EMPTY-x}", ""),
        ("${NOT-x}", "x"),
        ("${A:-x}", "a"),
        ("${NOT:-${B}}", "b"),
        ("${NOT:-${ALSO:-deep}}", "deep"),
        ("${A:+there}", "there"),
        ("${EMPTY:+there}", ""),
        ("${EMPTY+there}", "there"),
        ("${A?why}", "a"),
        ("${NOT}", ""),
        ("no variable", "no variable"),
    ],
)
def test_variables_are_put_in_as_compose_does(template: str, value: str) -> None:
    assert Values(KNOWN).text(template, "here") == value


@pytest.mark.parametrize("template", ["${A", "$", "$ A", "${}", "${A!x}", "$9"])
def test_a_form_that_is_none_is_refused_and_says_how_to_mend_it(template: str) -> None:
    with pytest.raises(Refused, match=r"invalid interpolation format for services\.a\.image"):
        Values(KNOWN).text(template, "services.a.image")


def test_a_required_variable_is_named_with_its_reason() -> None:
    with pytest.raises(Refused, match="required variable NOT is missing a value: set it") as refused:
        Values(KNOWN).text("${NOT:?set it}", "services.a.image")
    assert refused.value.status == 15


def test_only_variables_without_a_default_are_called_missing() -> None:
    missing: list[str] = []
    Values(KNOWN, missing.append).tree({"a": ["$NOT", "${ALSO:-x}", "${A}"], "$KEY": 1})
    assert missing == ["NOT"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("X=1", "1"),
        ("export X=1", "1"),
        ("X = 1 # why", "1"),
        ("X=a#b", "a#b"),
        ("X='$A #b'", "$A #b"),
        ('X="$A\\n#b"', "a\n#b"),
        ('X="two\nlines"', "two\nlines"),
        ("X=${A}b", "ab"),
        ("X=", ""),
        ("# X=0\n\nX=p@ss:/w", "p@ss:/w"),
    ],
)
def test_an_env_file_is_read_as_compose_reads_it(tmp_path: Path, text: str, value: str) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{text}\nLAST=l\n")
    assert env_files.read(file, {"A": "a"}) == {"X": value, "LAST": "l"}


def load(tmp_path: Path, text: str, **variables: str) -> compose_files.Project:
    (tmp_path / "compose.yml").write_text(text)
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    return compose_files.load(name="p", files=[str(tmp_path / "compose.yml")], env_paths=[])


def test_a_service_is_resolved(tmp_path: Path) -> None:
    text = """
services:
  web:
    build: {context: ., args: [RELEASE, MODE=fast]}
    command: python3 "app.py"
    environment: [A=$X, "B"]
    restart: on-failure:3
    ports: ["127.0.0.1:8080:80", {target: 90, published: "9090"}]
    volumes: ["data:/data:ro"]
    stop_grace_period: 1m30s
    healthcheck: {test: [CMD, "true"], interval: 1.5s, start_period: 250ms, retries: 7}
    depends_on: {db: {condition: service_healthy}}
  db: {image: "db:1"}
volumes: {data: }
"""
    project = load(tmp_path, text, X="x", RELEASE="v1")
    web = project.services["web"]
    assert list(project.services) == ["db", "web"]
    assert web.build is not None
    assert (web.build.context, web.build.dockerfile) == (tmp_path, "Dockerfile")
    assert web.build.args == {"RELEASE": "v1", "MODE": "fast"}
    assert (web.command, web.environment) == (["python3", "app.py"], {"A": "x"})
    assert [(port.host, port.published, port.target) for port in web.ports] == [
        ("127.0.0.1", 8080, 80),
        ("0.0.0.0", 9090, 90),  # noqa: S104 - as docker writes it
    ]
    assert (web.volumes, project.volumes) == ([("data", "/data", True)], {"data": "p_data"})
    assert (web.stop_grace, web.restart) == (90, "on-failure:3")
    assert web.check is not None
    assert (web.check.interval, web.check.start_period, web.check.retries) == (1.5, 0.25, 7)


def test_a_changed_service_has_another_hash_and_a_changed_comment_has_not(tmp_path: Path) -> None:
    one = load(tmp_path, "services: {a: {image: x}}")
    same = load(tmp_path, "# why\nservices: {a: {image: x}}")
    other = load(tmp_path, "services: {a: {image: x, environment: [A=1]}}")
    hashes = [project.services["a"].hash for project in (one, same, other)]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services: {a: {image: x, deploy: {replicas: 2}}}", r"cannot carry out services\.a\.deploy"),
        (
            "services: {a: {image: x, volumes: ['./here:/there']}}",
            "cannot mount ./here, a folder of the host",
        ),
        ("services: {a: {image: x, ports: ['80:80/udp']}}", "cannot publish .*: only tcp"),
        ("services: {a: {build: {context: ., target: x}}}", r"cannot build with services\.a\.build\.target"),
        ("services: {a: {image: x}}\nsecrets: {s: {file: x}}", "cannot carry out secrets:"),
        ("services: {a: {image: x}}\nnetworks: {inner: {}}", "cannot make networks"),
        (
            "services: {a: {image: x}}\nvolumes: {v: {driver_opts: {a: b}}}",
            "cannot make volume v with driver_opts",
        ),
    ],
)
def test_what_compose_can_and_this_engine_cannot_is_refused_by_name(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(Refused, match=f"practice docker: {said}") as refused:
        load(tmp_path, text)
    assert refused.value.status != 0


def test_a_dockerfile_is_read_with_its_continued_lines_and_comments(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text('# syntax\nARG V=1\nfrom base:${V}\n\nRUN a && \\\n    # why\n    b\nCMD ["x", "y z"]\n')
    found = dockerfiles.read(file, "Dockerfile")
    assert [(one.line, one.name) for one in found] == [(2, "ARG"), (3, "FROM"), (5, "RUN"), (8, "CMD")]
    assert found[2].rest == "a && b"
    assert found[3].command() == ["x", "y z"]
    assert dockerfiles.expand("${V} $N ${M:-m} \\$V", {"V": "1"}) == "1  m $V"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM a\nCOPPY x y", "dockerfile parse error line 2: unknown instruction: COPPY"),
        ("FROM a\nADD x y", "practice docker: cannot carry out ADD of the Dockerfile, line 2"),
        ("FROM a\nFROM b", "practice docker: cannot build Dockerfile: it has several stages"),
        ("RUN x", "no build stage in current context"),
        ("FROM a\nWORKDIR", "dockerfile parse error line 2: WORKDIR requires arguments"),
    ],
)
def test_a_dockerfile_that_cannot_be_built_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text(text)
    with pytest.raises(Refused, match=said) as refused:
        dockerfiles.read(file, "Dockerfile")
    assert refused.value.status == 17


# --- command lines --------------------------------------------------------------------------------------------


def words(*argv: str, ends_at_word: bool = False) -> Words:
    return Words("verb", argv, ("all a", "filter f =", "quiet q"), ends_at_word=ends_at_word)


def test_flags_are_read_in_every_way_docker_reads_them() -> None:
    found = words("-aq", "--filter", "x", "-f=y", "--filter=z", "-fw", "name", "--quiet=false", "--", "--all")
    assert "all" in found
    assert "quiet" not in found
    assert found.all("filter") == ["x", "y", "z", "w"]
    assert found.rest == ["name", "--all"]


def test_behind_the_first_word_of_exec_nothing_is_a_flag() -> None:
    assert words("-a", "name", "ls", "-x", ends_at_word=True).rest == ["name", "ls", "-x"]
    assert words("--", "name", "-x", ends_at_word=True).rest == ["name", "-x"]


@pytest.mark.parametrize("argv", [["--frob"], ["-x"], ["--filter"], ["--all=perhaps"], ["-ax"]])
def test_an_unknown_flag_is_refused(argv: list[str]) -> None:
    with pytest.raises(Refused, match=r"^practice docker: cannot") as refused:
        words(*argv)
    assert refused.value.status == 125


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{.A.B}}", "1"),
        ("x{{.A.B}}-{{ .S }}", "x1-s"),
        ("{{json .}}", '{"A":{"B":1},"S":"s","T":true,"N":null}'),
        ("json", '{"A":{"B":1},"S":"s","T":true,"N":null}'),
        ('{{index .A "B"}}', "1"),
        ('{{index .A "C"}}', ""),
        ("{{.T}}", "true"),
    ],
)
def test_the_known_formats(template: str, text: str) -> None:
    value: dict[str, Any] = {"A": {"B": 1}, "S": "s", "T": True, "N": None}
    assert formats.render(template, value) == text


@pytest.mark.parametrize("template", ["{{range .A}}x{{end}}", "{{.Nope}}", "{{len .A}}"])
def test_other_formats_are_refused(template: str) -> None:
    with pytest.raises(Refused, match=r"^practice docker: cannot format"):
        formats.render(template, {"A": {}})


def test_times_and_sizes_are_told_as_docker_tells_them() -> None:
    told = [duration(seconds) for seconds in (0.4, 1, 59, 61, 600, 3700, 90_000, 200_000, 2_000_000)]
    wanted = ["Less than a second", "1 second", "59 seconds", "About a minute", "10 minutes", "About an hour"]
    assert told == [*wanted, "25 hours", "2 days", "3 weeks"]
    assert [size(count) for count in (0, 1500, 93_600_000)] == ["0B", "1.5kB", "93.6MB"]
