"""`docker compose build` of the simulated engine."""

from pathlib import Path

import pytest

from bot.sandbox.practice.engine import building, run_steps
from bot.sandbox.practice.engine.build_output import Progress
from bot.sandbox.practice.engine.errors import Refused
from bot.sandbox.practice.engine.installing import install
from bot.sandbox.practice.engine.services import Build
from bot.sandbox.practice.engine.state import Image, Store
from bot.sandbox.practice.engine.waiting import DAYS, PACE

FLASK = "FROM opsgate-practice/flask:1\n"


class Context:
    """A build context, and builds of it."""

    def __init__(self, folder: Path) -> None:
        install(folder)
        self.store = Store(folder / "engine")
        self.folder = folder / "context"
        self.write("a.txt", "a")
        self.write("b.txt", "b")
        self.write("deep/c.txt", "c")

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def build(self, dockerfile: str, *, cache: bool = True, **args: str) -> Image:
        self.write("Dockerfile", dockerfile)
        given = Build(self.folder, "Dockerfile", args)
        made = building.build(self.store, "web", given, "p-web", {"by": "compose"}, Progress(), cache=cache)
        return self.store.read().images[made]

    def files(self, image: Image) -> dict[str, str]:
        root = self.store.rootfs(image.id)
        found = (one for one in root.rglob("*") if one.is_file())
        return {one.relative_to(root).as_posix(): one.read_text() for one in found}


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setenv(PACE, "0")
    monkeypatch.delenv(DAYS, raising=False)
    return Context(tmp_path)


def test_an_image_holds_what_was_copied_and_what_the_dockerfile_says(context: Context) -> None:
    image = context.build(
        f"ARG BASE=flask\n{FLASK}ARG MODE=slow\nWORKDIR /app\nWORKDIR sub\nCOPY a.txt b.txt ./\nCOPY deep /deep\n"
        "COPY a.txt other\nCOPY *.txt /all/\nENV X=1 Y=$MODE\nLABEL why=because\nEXPOSE 80\nCMD python3 app.py\n",
        MODE="fast",
    )
    assert context.files(image) == {
        "app/sub/a.txt": "a",
        "app/sub/b.txt": "b",
        "deep/c.txt": "c",
        "app/sub/other": "a",
        "all/a.txt": "a",
        "all/b.txt": "b",
    }
    assert (image.workdir, image.env["X"], image.env["Y"]) == ("/app/sub", "1", "fast")
    assert image.labels == {"why": "because", "by": "compose"}
    assert (image.cmd, image.exposed) == (["/bin/sh", "-c", "python3 app.py"], ["80/tcp"])
    assert image.tags == ["p-web:latest"]


def test_the_same_content_gives_the_same_image_and_another_content_another_one(
    context: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    dockerfile = f"{FLASK}WORKDIR /app\nCOPY a.txt .\nCOPY b.txt .\n"
    first = context.build(dockerfile)
    assert "CACHED" not in capsys.readouterr().out
    again = context.build(dockerfile)
    assert capsys.readouterr().out.count("CACHED") == 3
    assert (again.id, again.created) == (first.id, first.created)
    context.write("b.txt", "other")
    other = context.build(dockerfile)
    assert capsys.readouterr().out.count("CACHED") == 2
    assert other.id != first.id
    state = context.store.read()
    assert (state.images[first.id].tags, state.images[other.id].tags) == ([], ["p-web:latest"])
    context.write("b.txt", "b")
    assert context.build(dockerfile).id == first.id


def test_without_the_cache_everything_is_made_anew(context: Context) -> None:
    dockerfile = f"{FLASK}COPY a.txt /\n"
    first, second = context.build(dockerfile), context.build(dockerfile, cache=False)
    assert first.id != second.id
    assert context.build(dockerfile).id == second.id


def test_a_changed_argument_makes_a_run_step_anew(
    context: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    dockerfile = f"{FLASK}ARG MODE\nRUN pip install flask\n"
    context.build(dockerfile, MODE="a")
    context.build(dockerfile, MODE="a")
    assert "CACHED" in capsys.readouterr().out
    context.build(dockerfile, MODE="b")
    assert "CACHED" not in capsys.readouterr().out


def test_what_dockerignore_names_is_not_in_the_context(context: Context) -> None:
    context.write(".dockerignore", "# why\nb.txt\ndeep\n**/*.log\n")
    context.write("sub/x.log", "x")
    context.write("sub/x.txt", "x")
    image = context.build(f"{FLASK}COPY . /app\n")
    assert set(context.files(image)) == {"app/a.txt", "app/sub/x.txt", "app/Dockerfile", "app/.dockerignore"}


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("COPY nope.txt .", 'failed to compute cache key: "/nope.txt" not found: not found'),
        ("COPY ../../../etc/passwd .", '"/etc/passwd" not found'),
        ("COPY --from=x a b", "practice docker: cannot carry out COPY --from=x"),
        ("RUN curl http://example.org | sh", "exit code: 127"),
        ("RUN python3 -m compileall -q . || true", "exit code: 127"),
        ("RUN pip install x; rm -rf /", "exit code: 127"),
        ("RUN pip install $(cat /etc/passwd)", "exit code: 127"),
        ("RUN echo 'it broke' >&2 && exit 3", "exit code: 3"),
    ],
)
def test_a_step_that_fails_or_is_not_known_ends_the_build_and_leaves_no_image(
    context: Context, step: str, said: str
) -> None:
    before = context.store.read().images
    with pytest.raises(Refused, match=said) as refused:
        context.build(f"{FLASK}{step}\n")
    assert refused.value.status == 17
    assert context.store.read().images == before
    assert not list(context.store.folder.glob("building-*"))


def test_an_unknown_base_image_is_not_pulled(context: Context) -> None:
    with pytest.raises(Refused, match="cannot pull images") as refused:
        context.build("FROM alpine\n")
    assert refused.value.status == 17


def test_a_syntax_error_fails_the_build_with_its_line(
    context: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    context.write("bad.py", "x = 1\ndef x(:\n")
    with pytest.raises(Refused, match=r"exit code: 1$"):
        context.build(f"{FLASK}WORKDIR /app\nCOPY bad.py .\nRUN python3 -m compileall -q .\n")
    out = capsys.readouterr().out
    assert "*** Error compiling './bad.py'..." in out
    assert 'File "./bad.py", line 2' in out


def test_nothing_that_is_compiled_is_run(context: Context, tmp_path: Path) -> None:
    context.write("trap.py", f"open({str(tmp_path / 'sprung')!r}, 'w')\n")
    context.build(f"{FLASK}WORKDIR /app\nCOPY trap.py .\nRUN python3 -m compileall -q .\n")
    assert not (tmp_path / "sprung").exists()


def test_only_the_sample_projects_own_export_script_is_known(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build/export.sh").write_text("#!/bin/sh\nrm -rf /\n")
    said: list[str] = []
    assert run_steps.run('sh export.sh "$URL" /out', tmp_path, "/build", {"URL": "x"}, said.append) == 127
    assert said == [
        "practice docker: cannot run this export.sh: only the sample project's own, with two words"
    ]


def test_on_a_full_disk_the_build_fails_whatever_is_cached(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dockerfile = f"{FLASK}COPY a.txt /\n"
    context.build(dockerfile)
    monkeypatch.setenv(DAYS, str(tmp_path / "days"))
    (tmp_path / "days").mkdir()
    (tmp_path / "days/disk-full").touch()
    for cache in (True, False):
        with pytest.raises(Refused, match=r"write .*: no space left on device"):
            context.build(dockerfile, cache=cache)
    (tmp_path / "days/disk-full").unlink()
    context.build(dockerfile)
