from __future__ import annotations

from pathlib import Path

import pytest

from bot.sandbox.practice.sample import SampleProject
from services import compose_file
from services.checks.tree import Recipe, SourceTree, source_facts
from services.models import Severity
from services.sources import archive, inspection, tree
from tests.unit.sources.conftest import Packer, write

COMPOSE = """services:
  web: {build: {context: .., dockerfile: mobile/Dockerfile}}
  api: {build: ../backend}
  db: {image: postgres}
"""
PROJECT = {
    "docker/compose.yaml": COMPOSE,
    "mobile/app.json": '{"expo": {"version": "1.4.0"}}',
    "mobile/Dockerfile": "FROM nginx",
    "mobile/nginx.conf": "server { location / { try_files $uri =404; } }",
    "mobile/src/api.ts": "fetch('/api/plans')",
    "backend/Dockerfile": "FROM python\nCOPY app.py ./\n",
    "backend/app.py": '@app.get("/api/plans/")\ndef plans(): ...\n',
    "backend/plans.csv": "a,b\n",
    "backend/scripts/seed_plans.py": "import os\nopen(os.path.dirname(os.path.abspath(__file__)) + '/plans.csv')\n",
}


async def test_a_pack_carries_what_its_tree_says(source: Path, packer: Packer) -> None:
    """R-FE-5, R-DX-4, R-DX-5, R-DX-6: found when the source is frozen, so the card can say it."""
    packed = await packer.tree(write(source, PROJECT), compose_file="docker/compose.yaml")
    assert packed.source.frontend_version == "1.4.0"
    assert (packed.source.frontends, packed.source.backends) == (("web",), ("api",))
    assert {finding.code for finding in packed.findings} == {
        *("no-spa-fallback", "data-not-copied", "data-by-abspath", "route-slash")
    }
    assert all(finding.severity is Severity.WARNING for finding in packed.findings)
    assert packed.build_services == ("web", "api")


INCLUDING = "include:\n  - path: [base.yaml, more.yaml]\nservices:\n  db: {image: postgres}\n"
BASE = "services:\n  web: {image: x, volumes: ['./conf:/conf']}\n  api: {image: x, volumes: ['conf:/conf']}\n"


async def test_of_a_service_that_several_files_describe_not_all_is_known(
    source: Path, packer: Packer
) -> None:
    """It is neither spared nor rolled: each file alone says too little."""
    more = "services:\n  web: {environment: {A: b}}\n"
    files = {"compose.yaml": INCLUDING, "base.yaml": BASE, "more.yaml": more}
    packed = await packer.tree(write(source, files), compose_file="compose.yaml")
    assert {name: one.whole for name, one in packed.traits.items()} == {"db": True, "web": False, "api": True}


async def test_where_an_included_file_is_not_shipped_nothing_is_wholly_known(
    source: Path, packer: Packer
) -> None:
    packed = await packer.tree(write(source, {"compose.yaml": INCLUDING, "base.yaml": BASE}))
    assert not any(one.whole for one in packed.traits.values())


async def test_a_volume_may_be_bound_in_another_file(source: Path, packer: Packer) -> None:
    more = "volumes:\n  conf: {driver_opts: {type: none, o: bind, device: /srv/app/conf}}\n"
    files = {"compose.yaml": INCLUDING, "base.yaml": BASE, "more.yaml": more}
    packed = await packer.tree(write(source, files))
    assert not packed.traits["api"].watched


async def test_the_sample_project_is_without_fault(tmp_path: Path, packer: Packer) -> None:
    sample = SampleProject.create(tmp_path / "sample")
    packed = await packer.tree(sample.path, compose_file="docker/docker-compose.prod.yml")
    assert packed.findings == ()
    assert (packed.source.frontends, packed.source.backends) == (("frontend",), ("backend",))
    assert packed.source.frontend_version == sample.app_version


async def test_a_project_of_another_shape_says_nothing(source: Path, packer: Packer) -> None:
    packed = await packer.tree(source)
    assert packed.findings == ()
    assert (packed.source.frontend_version, packed.source.frontends, packed.source.backends) == (None, (), ())


async def test_the_manifest_is_read_back_from_the_pack(source: Path, packer: Packer, tmp_path: Path) -> None:
    packed = await packer.tree(source)
    listed = archive.listing(Path(packed.file))
    assert listed is not None
    assert [line[71:] for line in listed.decode().splitlines()] == ["app.py", "compose.yaml"]
    (tmp_path / "torn.tar.gz").write_bytes(Path(packed.file).read_bytes()[:40])
    assert archive.listing(tmp_path / "torn.tar.gz") is None
    assert archive.listing(tmp_path / "gone.tar.gz") is None


def read(root: Path, *recipes: Recipe) -> SourceTree:
    entries = tree.walk(root, never=frozenset(), gitignore=True)
    return inspection.source_tree(root, entries, recipes)


def test_only_what_checks_read_is_read(tmp_path: Path) -> None:
    wanted = ("mobile/a.tsx", "backend/a.py", "scripts/s.py", "build/Dockerfile")
    others = (
        "mobile/node_modules/x/y.js",
        "mobile/lib.min.js",
        "mobile/logo.svg",
        "backend/tests/t.py",
        "docs/a.py",
    )
    files = dict.fromkeys((*wanted, *others), "") | {"mobile/huge.js": "x" * (inspection.MOST_BYTES + 1)}
    found = read(write(tmp_path, files), Recipe("web", ".", "build/Dockerfile"))
    assert set(found.texts) == set(wanted)
    assert set(files) == found.paths


def test_beyond_all_measure_the_small_named_files_are_read_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "MOST_TOGETHER", 60)
    write(tmp_path, {"backend/a.py": "#" * 50, "mobile/app.json": "{}" * 10, "mobile/z.ts": "x"})
    assert set(read(tmp_path).texts) == {"mobile/app.json"}


@pytest.mark.parametrize(
    ("recipe", "dockerfile", "frontends"),
    [
        (Recipe("frontend", ".", "Dockerfile"), "", ("frontend",)),
        (Recipe("web", "mobile", "mobile/Dockerfile"), "", ("web",)),
        (Recipe("web", ".", "docker/web"), "FROM node\nCOPY mobile ./\n", ("web",)),
        (Recipe("web", "docker", "docker/web"), "COPY ../mobile ./\n", ()),
        (Recipe("web", ".", "docker/web"), "COPY mobiles ./\n", ()),
        (Recipe("frontend", "", ""), "", ("frontend",)),
    ],
)
def test_a_service_is_known_by_where_its_image_comes_from(
    recipe: Recipe, dockerfile: str, frontends: tuple[str, ...]
) -> None:
    """R-FE-3."""
    found = source_facts(SourceTree(frozenset(), {recipe.dockerfile: dockerfile}, (recipe,)))
    assert found.frontends == frontends


def test_what_the_backends_image_gets_is_known_by_paths_of_the_tree() -> None:
    """R-FE-4: of the frontend's and of unknown Dockerfiles nothing counts."""
    recipes = (
        Recipe("api", "backend", "backend/Dockerfile"),
        Recipe("backend", ".", "docker/api"),
        Recipe("web", ".", "mobile/Dockerfile"),
    )
    texts = {
        "backend/Dockerfile": "FROM python\nCOPY *.csv ./data /app/\nCOPY --from=web /x.json ./\n",
        "docker/api": "FROM python\nADD db/init.sql /data/\nCOPY . .\n",
        "mobile/Dockerfile": "FROM node\nCOPY conf.json .\n",
    }
    found = source_facts(SourceTree(frozenset(texts), texts, recipes))
    assert found.backend_copies == ("backend/*.csv", "backend/data", "db/init.sql", ".")


@pytest.mark.parametrize(
    ("build", "recipe"),
    [
        ("../web", ("../web", "Dockerfile")),
        ("{context: ., dockerfile: a/D}", (".", "a/D")),
        ("{dockerfile_inline: FROM x}", ("", "")),
        ("'${WHERE}'", ("", "")),
        ("https://example.org/x.git", ("", "")),
        ("{context: 3}", ("", "")),
        ("[a]", ("", "")),
    ],
)
def test_a_compose_file_says_how_images_are_built(build: str, recipe: tuple[str, str]) -> None:
    found = compose_file.parse(f"services: {{web: {{build: {build}}}, db: {{image: x}}}}".encode())
    assert found.recipes == {"web": recipe}
    assert found.builds == ("web",)


async def test_a_build_that_cannot_be_read_is_still_built_by_the_rules(source: Path, packer: Packer) -> None:
    """R-FE-3: its name says what it is."""
    compose = "services: {frontend: {build: '${WHERE}'}, x: {extends: {service: frontend}}}"
    packed = await packer.tree(write(source, {"compose.yaml": compose, "Dockerfile": "COPY mobile ."}))
    assert packed.source.frontends == ("frontend",)
