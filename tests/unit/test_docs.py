"""The examples and the configuration page are held to the settings: neither may know more or less than the code."""

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from bot.settings import Environment, Settings, keys, load
from services.projects import (
    BackupRules,
    Database,
    GitSource,
    HealthProbe,
    Host,
    Keep,
    Project,
    S3Target,
    SftpTarget,
    SqliteDatabase,
    TreeSource,
)

ROOT = Path(__file__).parents[2]
ENV_EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
TOML_EXAMPLE = (ROOT / "opsgate.example.toml").read_text(encoding="utf-8")
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
OTHER_SOURCE = re.compile(r"^# or: (source = .*)$", re.MULTILINE)

SECTIONS: dict[str, type[BaseModel]] = {
    "`.env`": Environment,
    "`[hosts.<name>]`": Host,
    "`[projects.<name>]`": Project,
    "`source = { path = … }`": TreeSource,
    "`source = { git = … }`": GitSource,
    "`database`": Database,
    "`database`: a SQLite file": SqliteDatabase,
    "`backups`": BackupRules,
    "`keep`": Keep,
    "`offsite`: S3-compatible storage": S3Target,
    "`offsite`: SFTP": SftpTarget,
    "`health`": HealthProbe,
}


def options(model: type[BaseModel]) -> dict[str, str]:
    """The keys that a person may write for a model, with their defaults as the page shows them."""
    shown = {}
    for name, field in model.model_fields.items():
        if name == "name" and model in {Host, Project}:
            continue  # the key of the table
        default = field.default
        if default is PydanticUndefined:
            text = "required"
        elif name == "log_format":
            text = "by terminal"
        elif isinstance(default, BaseModel):
            text = "see below"
        else:
            text = "none" if default in (None, (), {}) else f"`{default}`"
        shown[str(field.validation_alias or name)] = text
    return shown


def load_examples(folder: Path, toml: str) -> Settings:
    """Loads the examples as a person would fill them in, with the files they name faked below a folder."""
    here = folder / "opsgate"
    here.mkdir()
    (folder / "fitnessapp").mkdir()
    for name in ("id_ed25519", "known_hosts"):
        (folder / name).touch(mode=0o600)
    toml = toml.replace("~/.ssh/", f"{folder}/")
    if "\nkey_file" not in toml:
        toml = toml.replace(
            "[hosts.home]",
            f'[hosts.home]\nkey_file = "{folder}/id_ed25519"\nknown_hosts = "{folder}/known_hosts"',
            1,
        )
    env = ENV_EXAMPLE.replace("BOT_TOKEN=", "BOT_TOKEN=123456:TEST-token").replace(
        "ADMIN_IDS=", "ADMIN_IDS=11"
    )
    (here / ".env").write_text(env)
    (here / ".env").chmod(0o600)
    (here / "opsgate.toml").write_text(toml)
    return load(here)


def uncommented(toml: str) -> str:
    return re.sub(r"^# ([a-z_]+ = )", r"\1", toml, flags=re.MULTILINE)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in keys():
        monkeypatch.delenv(key, raising=False)


def test_the_env_example_has_every_key_once_each_explained() -> None:
    lines = ENV_EXAMPLE.splitlines()
    assert [line.partition("=")[0] for line in lines if line and not line.startswith("#")] == list(keys())
    for before, line in pairwise(lines):
        assert line.startswith("#") or not line or before.startswith("#"), f"{line} is not explained"


def test_the_env_example_shows_the_defaults() -> None:
    shown = dict(line.split("=", 1) for line in ENV_EXAMPLE.splitlines() if line and not line.startswith("#"))
    for field in Environment.model_fields.values():
        default = field.default
        expected = "" if default is PydanticUndefined or default is None else str(default)
        assert shown[str(field.validation_alias)].removeprefix("./") == expected


def test_the_examples_load_as_they_are(tmp_path: Path) -> None:
    settings = load_examples(tmp_path, TOML_EXAMPLE)
    assert settings.projects["fitnessapp"].database == Database(name="fitnessapp", user="fitnessapp_user")
    assert settings.hosts["home"].user == "matveyrl-1"
    assert settings.warnings == ()


def test_the_examples_load_with_every_commented_option_and_each_shows_its_default(tmp_path: Path) -> None:
    plain = load_examples(tmp_path, uncommented(TOML_EXAMPLE))
    host, project = plain.hosts["home"], plain.projects["fitnessapp"]
    commented = re.findall(r"^# ([a-z_]+) = ", TOML_EXAMPLE, flags=re.MULTILINE)
    for name in commented:
        if name in {"compose_project", "key_file", "known_hosts"}:
            continue  # its default depends on the project, or was faked
        owner: BaseModel = host if name in Host.model_fields else project
        assert getattr(owner, name) == type(owner).model_fields[name].default, name


def test_the_other_kind_of_source_in_the_example_loads_too(tmp_path: Path) -> None:
    (other,) = OTHER_SOURCE.findall(TOML_EXAMPLE)
    toml = re.sub(r"^source = .*$", other, TOML_EXAMPLE, count=1, flags=re.MULTILINE)
    assert isinstance(load_examples(tmp_path, toml).projects["fitnessapp"].source, GitSource)


def test_the_projects_example_has_every_option_explained() -> None:
    host, _, project = TOML_EXAMPLE.partition("[projects.")
    for part, model in ((host, Host), (project, Project)):
        written = re.findall(r"^(?:# )?([a-z_]+) = .*?#? ?.*$", part, flags=re.MULTILINE)
        assert sorted(written) == sorted(options(model))
    for line in uncommented(TOML_EXAMPLE).splitlines():
        assert not re.match(r"[a-z_]+ = ", line) or re.search(r"\s# \S", line), f"{line} is not explained"
    inner = " ".join(re.findall(r"\{[^}]*\}", TOML_EXAMPLE))
    tables: tuple[type[BaseModel], ...] = (TreeSource, GitSource, Database, SqliteDatabase, HealthProbe)
    assert all(re.search(rf"\b{name} = ", inner) for table in tables for name in options(table))


@pytest.mark.parametrize("page", ["README.md", "opsgate.example.toml"])
def test_the_example_of_backups_is_one_that_loads(page: str) -> None:
    text = re.sub(r"^#     ?", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    (block,) = re.findall(
        r"^(\[projects\.fitnessapp\.backups\]$.*?)(?=^```|\Z)", text, re.MULTILINE | re.DOTALL
    )
    key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    lines = "\n".join(line for line in block.replace("age1…", key).splitlines() if line != "#")
    told = tomllib.loads(lines)["projects"]["fitnessapp"]["backups"]
    rules = BackupRules.model_validate(told, context={"folder": ROOT})
    assert rules.encrypt_to == (key,)
    assert {type(one) for one in rules.offsite.values()} == {S3Target, SftpTarget}


@pytest.mark.parametrize("section", SECTIONS)
def test_the_configuration_page_has_every_key_with_its_default(section: str) -> None:
    (body,) = re.findall(
        rf"^##+ {re.escape(section)}$(.*?)(?=^##|\Z)", CONFIGURATION, re.MULTILINE | re.DOTALL
    )
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in body.splitlines()
        if line.startswith("| `")
    ]
    assert {row[0].strip("` |"): row[2] for row in rows} == options(SECTIONS[section])
    assert all(len(row) == 4 and row[1] and row[3].strip("| ") for row in rows)


def test_the_configuration_page_has_no_section_of_unknown_keys() -> None:
    assert re.findall(r"^##+ (.*)$", CONFIGURATION, re.MULTILINE) == list(SECTIONS)


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.md")), ids=lambda page: page.name)
def test_links_of_the_docs_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_changelog_has_a_section_for_what_is_not_released() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
