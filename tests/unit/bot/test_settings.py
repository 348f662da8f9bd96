from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import Settings, SettingsError, keys, load
from services.projects import GitSource, Host, Project, TreeSource

TOKEN = "123456:TEST-token-for-tests"

ENV = {"BOT_TOKEN": TOKEN, "ADMIN_IDS": "11,22"}
HOST = """
[hosts.home]
address = "192.168.28.90"
user = "me"
key_file = "keys/id"
known_hosts = "keys/known_hosts"
"""
PROJECT = """
[projects.fitnessapp]
host = "home"
path = "/home/me/fitnessapp"
source = { path = "tree" }
"""

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in keys():
        monkeypatch.delenv(key, raising=False)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A folder that is set up right, except for what a test changes."""

    def write(toml: str = HOST + PROJECT, **env: str) -> Path:
        (tmp_path / "keys").mkdir(mode=0o700, exist_ok=True)
        (tmp_path / "tree").mkdir(exist_ok=True)
        key = tmp_path / "keys" / "id"
        key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
        key.chmod(0o600)
        (tmp_path / "keys" / "known_hosts").touch()
        lines = [f"{name}={value}" for name, value in (ENV | env).items()]
        (tmp_path / ".env").write_text("\n".join(lines))
        (tmp_path / ".env").chmod(0o600)
        (tmp_path / "opsgate.toml").write_text(toml)
        return tmp_path

    return write


def problems(folder: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(folder)
    assert all("\n" not in line for line in caught.value.lines)
    return caught.value.lines


def test_valid_settings_load_with_absolute_paths_and_defaults(write: Write) -> None:
    folder = write()
    settings = load(folder)
    assert settings.bot_token.get_secret_value() == TOKEN
    assert settings.admin_ids == (11, 22)
    assert settings.telegram_api_url == "https://api.telegram.org"
    assert settings.data_dir == folder / "data"
    assert settings.hosts["home"].key_file == folder / "keys" / "id"
    assert settings.projects["fitnessapp"].source == TreeSource(path=folder / "tree")
    assert settings.warnings == ()


def test_loading_creates_nothing_and_the_data_folder_is_made_for_its_owner_only(write: Write) -> None:
    settings = load(write())
    assert not settings.data_dir.exists()
    settings.make_data_dir()
    assert settings.data_dir.stat().st_mode & 0o777 == 0o700


def test_the_token_is_in_no_representation_of_the_settings(write: Write) -> None:
    assert TOKEN not in repr(load(write()))


def test_the_environment_wins_over_the_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_IDS", "33")
    assert load(write()).admin_ids == (33,)


def test_everything_may_come_from_the_environment(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write()
    (folder / ".env").unlink()
    for key, value in ENV.items():
        monkeypatch.setenv(key, value)
    assert load(folder).admin_ids == (11, 22)


def test_an_unknown_variable_of_the_environment_is_nobodys_business(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_ID", "33")
    assert load(write())


def test_a_problem_names_the_environment_when_it_comes_from_there(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_FORMAT", "xml")
    assert problems(write()) == ["environment: LOG_FORMAT: must be 'console' or 'json'"]


def test_all_that_is_wrong_is_said_at_once(write: Write) -> None:
    folder = write(
        '[hosts.home]\nadress = "x"\nuser = "me"\n[projects.app]\nhost = "hom"\npath = "app"\nsource = { path = "no" }',
        BOT_TOKEN="nonsense",
        ADMIN_IDS="alice",
        LOG_FROMAT="json",
    )
    assert problems(folder) == [
        ".env: LOG_FROMAT: unknown key; did you mean LOG_FORMAT?",
        ".env: BOT_TOKEN: is not a bot token (digits, a colon, letters: copy it whole from @BotFather)",
        '.env: ADMIN_IDS: "alice" is a username; write the numeric id (Opsgate logs the ids of strangers who write to it)',
        "opsgate.toml: hosts.home.address: is missing",
        "opsgate.toml: hosts.home.adress: unknown key; did you mean address?",
        "opsgate.toml: projects.app.host: no [hosts.hom]; there is: home",
        "opsgate.toml: projects.app.path: must be an absolute path on the host, such as /home/me/app, not 'app'",
    ]


def test_an_empty_folder_says_what_is_missing(tmp_path: Path) -> None:
    assert problems(tmp_path) == [
        ".env: BOT_TOKEN: is missing",
        ".env: ADMIN_IDS: is missing",
        "opsgate.toml: does not exist; start from opsgate.example.toml",
    ]


@pytest.mark.parametrize(
    ("ids", "says"),
    [
        ("", "is missing"),
        (",", "nobody could use the bot"),
        ("@alice", "is a username"),
        ("11,bob", '"bob" is a username'),
        ("-1001234567890", "is a group or channel"),
        ("1087968824", "anonymous group admin"),
        ("136817688", "channel sender"),
        ("777000", "is Telegram itself"),
        ("0", "is not an id"),
        ("9999999999999999999", "is not an id"),
        ("12.5", "an entry is not a number"),
        ("١٢٣", "an entry is not a number"),
        ("123456", "is the bot itself"),
    ],
)
def test_an_admin_who_is_not_a_person_by_number_is_refused(write: Write, ids: str, says: str) -> None:
    (line,) = problems(write(ADMIN_IDS=ids))
    assert line.startswith(".env: ADMIN_IDS: ")
    assert says in line


def test_each_wrong_admin_has_a_line(write: Write) -> None:
    assert len(problems(write(ADMIN_IDS="alice, -5, 11, 777000"))) == 3


def test_admins_may_be_spaced_and_repeated(write: Write) -> None:
    assert load(write(ADMIN_IDS=" 22, 11 ,22,")).admin_ids == (22, 11)


@given(ids=st.lists(st.integers(min_value=1, max_value=2**52 - 1), min_size=1))
def test_a_list_of_people_is_read_back_as_written(ids: list[int]) -> None:
    from bot.settings import _SHARED_IDS, _admin_ids

    people = [number for number in ids if number not in _SHARED_IDS] or [1]
    assert _admin_ids(",".join(map(str, people))) == tuple(dict.fromkeys(people))


@pytest.mark.parametrize("value", ["nonsense", "12:abcdef", "123456789", "123456:a b c", "x123456:abcdefgh"])
def test_a_wrong_token_is_refused_without_repeating_it(write: Write, value: str) -> None:
    (line,) = problems(write(BOT_TOKEN=value))
    assert line.startswith(".env: BOT_TOKEN: is not a bot token")
    assert value not in line


def test_a_token_pasted_in_the_wrong_place_is_not_repeated(write: Write) -> None:
    real = "987654321:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
    toml = HOST.replace('"192.168.28.90"', f'"{real} "') + PROJECT
    text = "\n".join(
        problems(write(toml, ADMIN_IDS=real, TELEGRAM_API_URL=f"ftp://x/bot{real}", LOG_LEVEL=real))
    )
    assert text.count("\n") == 3
    assert real not in text


def test_a_password_in_the_address_of_a_repository_is_not_repeated(write: Write) -> None:
    toml = HOST + PROJECT.replace('{ path = "tree" }', '{ git = "https://me:hunter2 x@git.example/app" }')
    (line,) = problems(write(toml))
    assert line == "opsgate.toml: projects.fitnessapp.source.git: must not start with '-' or contain spaces"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x",
        "api.telegram.org",
        "https://",
        "https://u:p@x",
        "https://x/?a=b",
        "https://x:99999",
        "http://[",
    ],
)
def test_an_api_address_that_is_no_plain_http_is_refused(write: Write, url: str) -> None:
    (line,) = problems(write(TELEGRAM_API_URL=url))
    assert line.startswith(".env: TELEGRAM_API_URL: must be a plain http:// or https:// address")


def test_a_local_api_address_is_taken_without_its_last_slash(write: Write) -> None:
    settings = load(write(TELEGRAM_API_URL="http://127.0.0.1:8081/"))
    assert settings.telegram_api_url == "http://127.0.0.1:8081"
    assert settings.warnings == ()


def test_plain_http_to_another_machine_and_a_readable_env_file_are_warned_about(write: Write) -> None:
    folder = write(TELEGRAM_API_URL="http://192.168.1.5:8081")
    (folder / ".env").chmod(0o644)
    assert [warning.split(":")[0] for warning in load(folder).warnings] == [".env", "TELEGRAM_API_URL"]


@pytest.mark.parametrize(
    ("address", "encrypted", "warned"),
    [
        ("http://192.168.1.9:9000", False, True),
        ("http://192.168.1.9:9000", True, False),
        ("http://127.0.0.1:9000", False, False),
        ("https://s3.example.org", False, False),
    ],
)
def test_a_dump_that_would_cross_the_network_in_the_clear_is_warned_about(
    write: Write, tmp_path: Path, address: str, *, encrypted: bool, warned: bool
) -> None:
    keys = tmp_path / "s3"
    keys.write_text("[default]\naws_access_key_id = a\naws_secret_access_key = b\n")
    keys.chmod(0o600)
    key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    cloud = f'{{ s3 = "{address}", bucket = "backups", credentials = "{keys}" }}'
    rules = f"backups = {{ encrypt_to = {[key] if encrypted else []}, offsite = {{ cloud = {cloud} }} }}\n"
    warnings = load(write(HOST + PROJECT + rules)).warnings
    assert [one.split(": ")[1] for one in warnings] == ["projects.fitnessapp.backups.offsite.cloud"] * warned


def test_lines_that_assign_nothing_and_keys_written_twice_are_named_by_line(write: Write) -> None:
    folder = write()
    with (folder / ".env").open("a") as file:
        file.write("\nwhat is this\nADMIN_IDS=1\n999999:secret-pasted-alone\n")
    assert problems(folder) == [
        ".env: line 3 is not KEY=value",
        ".env: ADMIN_IDS: is written twice, in lines 2 and 4",
        ".env: line 5 is not KEY=value",
    ]


def test_files_that_are_not_text_are_refused_in_words(write: Write) -> None:
    folder = write()
    (folder / ".env").write_bytes(b"\xff\xfe")
    (folder / "opsgate.toml").write_bytes(b"\xff\xfe")
    assert problems(folder) == [
        ".env: is not UTF-8 text",
        "opsgate.toml: cannot be read: it is not UTF-8 text",
    ]


def test_a_data_folder_below_a_file_is_refused(write: Write) -> None:
    folder = write(DATA_DIR="opsgate.toml/data")
    assert problems(folder) == [f".env: DATA_DIR: {folder}/opsgate.toml is not a folder"]


def test_projects_are_read_from_where_the_settings_say_even_if_these_are_wrong(write: Write) -> None:
    lines = problems(write(PROJECTS_FILE="other.toml", ADMIN_IDS="alice"))
    assert lines[1:] == ["other.toml: does not exist; start from opsgate.example.toml"]


@pytest.mark.parametrize(
    ("toml", "line"),
    [
        ("x = [", "is not valid TOML: "),
        ("", "hosts: write at least one [hosts.<name>] table"),
        ("[hots.a]\n" + HOST + PROJECT, "hots: unknown key; did you mean hosts?"),
        (HOST, "projects: write at least one [projects.<name>] table"),
        (HOST + "[projects]\nx = 1", "projects.x: must be a table: [projects.x]"),
        (HOST.replace("home", "Home") + PROJECT, "hosts.Home: a name is lowercase letters"),
        (
            HOST + 'name = "x"' + PROJECT,
            "hosts.home.name: unknown key; the name is the one in the table's header",
        ),
        (HOST + "port = 0" + PROJECT, "hosts.home.port: must be at least 1"),
        (HOST + 'port = "ssh"' + PROJECT, "hosts.home.port: must be a whole number"),
        (HOST + "connect_timeout = 0" + PROJECT, "hosts.home.connect_timeout: must be greater than 0"),
        (HOST + "connect_timeout = nan" + PROJECT, "hosts.home.connect_timeout: must be "),
        (HOST.replace('"me"', '"-l root"') + PROJECT, "hosts.home.user: must not start with '-'"),
        (HOST.replace('"me"', '""') + PROJECT, "hosts.home.user: must not be empty"),
        (HOST.replace('"me"', "5") + PROJECT, "hosts.home.user: must be text in quotes"),
        (HOST.replace('"keys/id"', "5") + PROJECT, "hosts.home"),
        (HOST.replace('"keys/id"', '"~nobody-here/id"') + PROJECT, "hosts.home"),
        (HOST + PROJECT + 'compose_file = "../x"', "projects.fitnessapp.compose_file: must be a path inside"),
        (HOST + PROJECT + 'env_file = "/etc/env"', "projects.fitnessapp.env_file: must be a path inside"),
        (HOST + PROJECT + "healt = []", "projects.fitnessapp.healt: unknown key; did you mean health?"),
        (HOST + PROJECT + "health = [{}]", "projects.fitnessapp.health[0].url: is missing"),
        (HOST + PROJECT + "health = 5", "projects.fitnessapp.health: must be a list"),
        (
            HOST + PROJECT + 'health = [{ url = "http://u:p@h/" }]',
            "projects.fitnessapp.health[0].url: must be an http",
        ),
        (HOST + PROJECT + "database = 5", "projects.fitnessapp.database: must be a table"),
        (
            HOST + PROJECT + 'database = { engine = "mysql" }',
            'projects.fitnessapp.database: give { service = "…"',
        ),
        (
            HOST
            + PROJECT
            + 'database = { engine = "sqlite", service = "b", file = "/data/a.db", user = "u" }',
            "projects.fitnessapp.database.user: unknown key",
        ),
        (
            HOST + PROJECT + 'database = { name = "a", user = "u", file = "/data/a.db" }',
            "projects.fitnessapp.database.file: unknown key",
        ),
        (
            HOST + PROJECT + 'database = { engine = "sqlite", service = "b", file = "data/a.db" }',
            "projects.fitnessapp.database.file: must be an absolute path",
        ),
        (
            HOST + PROJECT + 'database = { engine = "sqlite", service = "b", file = "/a.db" }',
            "projects.fitnessapp.database.file: must be the file's absolute path inside the service's container",
        ),
        (
            HOST
            + PROJECT
            + 'database = { engine = "sqlite", service = "b", file = "/data/a.db" }\nbackups = { drill_in = "container" }',
            'projects.fitnessapp: drill_in = "container" in backups is for PostgreSQL',
        ),
        (
            HOST + PROJECT + 'database = { name = "a b", user = "u" }',
            "projects.fitnessapp.database.name: must be a PostgreSQL name",
        ),
        (
            HOST + PROJECT + 'strategy = { backend = "blue-green" }',
            "projects.fitnessapp.strategy.backend: must be 'recreate', 'rolling' or 'auto'",
        ),
        (
            HOST + PROJECT + 'strategy = { "--volumes" = "rolling" }',
            "projects.fitnessapp.strategy.--volumes: must be the name of a Compose service",
        ),
        (HOST + PROJECT + 'strategy = "rolling"', "projects.fitnessapp.strategy: must be a table"),
        (HOST + PROJECT + "rolling_drain = 0", "projects.fitnessapp.rolling_drain: must be at least 1"),
        (HOST + PROJECT + "keep_releases = 1", "projects.fitnessapp.keep_releases: must be at least 2"),
        (HOST + PROJECT.replace('path = "tree"', ""), "projects.fitnessapp.source: give { path"),
        (HOST + PROJECT.replace('{ path = "tree" }', '"tree"'), "projects.fitnessapp.source: give { path"),
        (
            HOST + PROJECT.replace('"tree"', '"tree", git = "x"'),
            'projects.fitnessapp.source: give { path = "…" }',
        ),
        (
            HOST + PROJECT.replace('"tree"', '"tree", branch = "x"'),
            "projects.fitnessapp.source.branch: unknown key",
        ),
        (HOST + PROJECT.replace('"tree"', '"no/tree"'), "projects.fitnessapp.source.path: "),
        (HOST + PROJECT.replace('path = "tree"', 'git = "./repo"'), "projects.fitnessapp.source.git: "),
        (
            HOST + PROJECT.replace('path = "tree"', 'git = "tree", bump = "force"'),
            "projects.fitnessapp.source.bump: must be 'ask' or 'push'",
        ),
        (
            HOST + PROJECT.replace('path = "tree"', 'git = "tree", bump_author = "Ada"'),
            "projects.fitnessapp.source.bump_author: must be as git writes it: Name <address>",
        ),
        (
            HOST + PROJECT + 'backups = { schedule = "@daily" }',
            "projects.fitnessapp.backups.schedule: must be a cron expression of five fields, such as 0 3 * * *",
        ),
        (
            HOST + PROJECT + 'backups = { schedule = "61 3 * * *" }',
            "projects.fitnessapp.backups.schedule: must be a cron expression of five fields, such as 0 3 * * * (",
        ),
        (
            HOST + PROJECT + "backups = { schedule = 3 }",
            "projects.fitnessapp.backups.schedule: must be text in",
        ),
        (
            HOST + PROJECT + 'backups = { schedule = "0 3 * * *" }',
            "projects.fitnessapp.backups.schedule: there is no database to back up",
        ),
        (
            HOST + PROJECT + 'backups = { time_zone = "Mars/Phobos" }',
            "projects.fitnessapp.backups.time_zone: must be the name of a time zone, such as Europe/Berlin",
        ),
        (
            HOST + PROJECT + "backups = { jitter = -1 }",
            "projects.fitnessapp.backups.jitter: must be at least 0",
        ),
        (
            HOST + PROJECT + "backups = { schedul = 1 }",
            "projects.fitnessapp.backups.schedul: unknown key; did you mean schedule?",
        ),
        (
            HOST + PROJECT + "backups = { keep = { last = 0 } }",
            "projects.fitnessapp.backups.keep.last: must be at least 1",
        ),
        (
            HOST + PROJECT + "backups = { keep = { dayly = 1 } }",
            "projects.fitnessapp.backups.keep.dayly: unknown key; did you mean daily?",
        ),
    ],
)
def test_each_mistake_in_the_projects_file_is_one_readable_line(write: Write, toml: str, line: str) -> None:
    lines = [found for found in problems(write(toml)) if found.startswith(f"opsgate.toml: {line}")]
    assert len(lines) == 1
    assert "pydantic" not in lines[0]


@pytest.mark.parametrize("table", ["[hosts.home]", "[projects.fitnessapp]"])
def test_no_value_of_any_option_makes_reading_fall_over(write: Write, table: str) -> None:
    options = [
        *Host.model_fields,
        *Project.model_fields,
        "source.path",
        "source.git",
        "database.name",
        "health",
    ]
    odd = [
        "5",
        "-1",
        "1.5",
        "true",
        "inf",
        '""',
        '"~nobody-here/x"',
        '"\\u0000"',
        '"a\\nb"',
        "[]",
        "[5]",
        "{}",
        "{ x = 1 }",
    ]
    for option in options:
        for value in odd:
            folder = write(f"{table}\n{option} = {value}")
            assert problems(folder)


def test_a_git_source_is_a_url_or_a_folder_counted_from_the_file(write: Write) -> None:
    def source(git: str) -> object:
        return (
            load(write(HOST + PROJECT.replace('path = "tree"', f'git = "{git}"')))
            .projects["fitnessapp"]
            .source
        )

    folder = write()
    assert source("tree") == GitSource(git=str(folder / "tree"))
    for url in ("https://git.example/app.git", "git@git.example:me/app.git", "ssh://git@git.example/app"):
        assert source(url) == GitSource(git=url)
    told = 'tree", branch = "release", bump = "push", bump_author = "Ada <ada@example.org>'
    assert source(told) == GitSource(
        git=str(folder / "tree"), branch="release", bump="push", bump_author="Ada <ada@example.org>"
    )


def test_a_key_file_must_exist_be_private_and_be_ones_own(write: Write) -> None:
    folder = write()
    key = folder / "keys" / "id"
    key.chmod(0o640)
    assert problems(folder) == [
        f"opsgate.toml: hosts.home.key_file: {key} can be read by others (mode 640); chmod 600 {key}"
    ]
    key.chmod(0o600)
    key.write_text("ssh-ed25519 AAAA me@here\n")
    assert problems(folder) == [
        f"opsgate.toml: hosts.home.key_file: {key} is a public key; name the private one"
    ]
    key.unlink()
    (line,) = problems(folder)
    assert line.startswith(
        f"opsgate.toml: hosts.home.key_file: {key} does not exist; make one with: ssh-keygen"
    )


def test_a_missing_known_hosts_file_says_how_to_pin_the_key(write: Write) -> None:
    folder = write(HOST + "port = 2222" + PROJECT)
    known = folder / "keys" / "known_hosts"
    known.unlink()
    (line,) = problems(folder)
    assert f"ssh-keyscan -p 2222 192.168.28.90 >> {known}" in line
    assert "compare its fingerprint" in line


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ("/home/me/fitnessapp", "is the same place on the same host as projects.fitnessapp"),
        ("/home/me/fitnessapp_backup", "overlaps with the folders of projects.fitnessapp"),
        ("/home/me/fitnessapp/sub", "overlaps with the folders of projects.fitnessapp"),
        ("/home/me", "overlaps with the folders of projects.fitnessapp"),
    ],
)
def test_two_projects_must_keep_apart_on_one_machine(write: Write, other: str, says: str) -> None:
    second = PROJECT.replace("fitnessapp]", "second]").replace("/home/me/fitnessapp", other)
    alias = HOST.replace("hosts.home", "hosts.alias")
    for toml in (HOST + PROJECT + second, HOST + alias + PROJECT + second.replace('"home"', '"alias"')):
        (line,) = problems(write(toml))
        assert line.startswith(f"opsgate.toml: projects.second.path: {says}")


def test_neighbours_and_the_same_path_on_other_machines_are_fine(write: Write) -> None:
    second = PROJECT.replace("fitnessapp]", "second]")
    other_host = HOST.replace("hosts.home", "hosts.other").replace("28.90", "28.91")
    assert isinstance(
        load(write(HOST + PROJECT + second.replace("/home/me/fitnessapp", "/home/me/fit"))), Settings
    )
    assert load(write(HOST + other_host + PROJECT + second.replace('"home"', '"other"')))
