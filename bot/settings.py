"""What Opsgate is told: `.env` and the environment for the bot, opsgate.toml for hosts and projects.

Everything is read and checked at once. All that is wrong is reported together, one readable line each,
and no line repeats a secret.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv.parser import parse_stream
from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot import projects_file
from bot.complaints import Complaints, lines, spelled, unknown_key
from services.errors import OpsgateError
from services.projects import Host, Project, S3Target
from services.redaction import Redactor

LogFormat = Literal["console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

# Ids that Telegram shares between people: on the list they would let strangers in.
_SHARED_IDS = {
    1087968824: "is Telegram's anonymous group admin: anybody could hide behind it",
    136817688: "is Telegram's channel sender: anybody could hide behind it",
    777000: "is Telegram itself, not a person",
}
_LARGEST_ID = 2**52
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class SettingsError(OpsgateError):
    """Start-up stops: `lines` are all problems found, ready to print (exit status 2)."""

    code = "error-settings"

    def __init__(self, lines: list[str]) -> None:
        super().__init__(detail="\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Valid settings. Paths are absolute; hosts and projects are keyed by name; `warnings` are lines to log."""

    bot_token: SecretStr
    admin_ids: tuple[int, ...]
    data_dir: Path
    hosts: dict[str, Host]
    projects: dict[str, Project]
    telegram_api_url: str = "https://api.telegram.org"
    projects_file: Path = Path("opsgate.toml")
    log_format: LogFormat = "console"
    log_level: LogLevel = "info"
    warnings: tuple[str, ...] = ()

    def make_data_dir(self) -> None:
        """Creates DATA_DIR, for its owner only. One that exists keeps its mode. Raises SettingsError."""
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            problem = f".env: DATA_DIR: {self.data_dir} cannot be made: {error.strerror}"
            raise SettingsError([problem]) from error


def _token(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"\d{3,}:[A-Za-z0-9_-]{3,}", value):
        raise ValueError("is not a bot token (digits, a colon, letters: copy it whole from @BotFather)")
    return value


def _admin_ids(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    words = [word for word in re.split(r"[,\s]+", value) if word]
    if not words:
        raise ValueError("is empty: nobody could use the bot; write at least one numeric Telegram id")
    wrong = [line for word in words if (line := _not_an_admin(word))]
    if wrong:
        raise Complaints(wrong)
    return tuple(dict.fromkeys(int(word) for word in words))


def _not_an_admin(word: str) -> str | None:
    """Why a word of ADMIN_IDS is refused. Only what cannot be a secret is repeated."""
    if re.fullmatch(r"@?[A-Za-z]\w{0,31}", word, re.ASCII):
        return f'"{word}" is a username; write the numeric id (Opsgate logs the ids of strangers who write to it)'
    if re.fullmatch(r"-\d{1,20}", word, re.ASCII):
        return f"{word} is a group or channel, not a person; write people's own ids"
    if not re.fullmatch(r"\d{1,20}", word, re.ASCII):
        return "an entry is not a number; write ids like 123456789, separated by commas"
    if (number := int(word)) in _SHARED_IDS:
        return f"{word} {_SHARED_IDS[number]}"
    return None if 0 < number < _LARGEST_ID else f"{word} is not an id that Telegram gives to people"


def _api_url(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        url = urlsplit(value)
        known = url.scheme in {"http", "https"} and url.hostname and url.port != 0
    except ValueError:
        known = False
    if not known or url.query or url.fragment or "@" in url.netloc or re.search(r"\s", value):
        raise ValueError("must be a plain http:// or https:// address, such as https://api.telegram.org")
    return value.rstrip("/")


class Environment(BaseSettings):
    """The keys of `.env`. The process's environment wins over the file; an empty value is no value."""

    model_config = SettingsConfigDict(
        case_sensitive=True, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    bot_token: Annotated[SecretStr, BeforeValidator(_token)] = Field(validation_alias="BOT_TOKEN")
    admin_ids: Annotated[tuple[int, ...], NoDecode, BeforeValidator(_admin_ids)] = Field(
        validation_alias="ADMIN_IDS"
    )
    telegram_api_url: Annotated[str, BeforeValidator(_api_url)] = Field(
        default="https://api.telegram.org", validation_alias="TELEGRAM_API_URL"
    )
    data_dir: Path = Field(default=Path("./data"), validation_alias="DATA_DIR")
    projects_file: Path = Field(default=Path("opsgate.toml"), validation_alias="PROJECTS_FILE")
    log_format: LogFormat | None = Field(default=None, validation_alias="LOG_FORMAT")
    log_level: LogLevel = Field(default="info", validation_alias="LOG_LEVEL")


def keys() -> tuple[str, ...]:
    """The keys that `.env` may hold."""
    return tuple(str(field.validation_alias) for field in Environment.model_fields.values())


def load(directory: Path | None = None) -> Settings:
    """Reads `.env` of a folder (the current one by default), the environment, and the projects file.

    Raises SettingsError with a line per problem. Changes nothing: DATA_DIR is only looked at.
    """
    folder = (directory or Path.cwd()).absolute()
    file = folder / ".env"
    problems, written = _read(file)
    environment, wrong = _environment(file)
    problems += wrong
    # Projects are checked in the same run even when the keys of .env could not be taken as a whole.
    anyway = os.environ.get("PROJECTS_FILE") or written.get("PROJECTS_FILE") or "opsgate.toml"
    name = environment.projects_file if environment else Path(anyway)
    projects = projects_file.read(_inside(folder, name))
    problems += [f"{name}: {problem}" for problem in projects.problems]
    if environment:
        data_dir = _inside(folder, environment.data_dir)
        problems += _deeper_problems(environment, data_dir)
    if problems or not environment:
        redactor = Redactor([environment.bot_token] if environment else [], assignments=False)
        raise SettingsError([redactor(" ".join(line.split())) for line in problems])
    return Settings(
        bot_token=environment.bot_token,
        admin_ids=environment.admin_ids,
        telegram_api_url=environment.telegram_api_url,
        data_dir=data_dir,
        projects_file=_inside(folder, name),
        log_format=environment.log_format or ("console" if sys.stderr.isatty() else "json"),
        log_level=environment.log_level,
        hosts=projects.hosts,
        projects=projects.projects,
        warnings=(*_warnings(file, environment, data_dir), *_plain_places(name.name, projects.projects)),
    )


def _inside(folder: Path, path: Path) -> Path:
    return Path(os.path.normpath(folder / os.path.expanduser(path)))  # noqa: PTH111 - leaves an unknown ~name alone


def _where(key: str) -> str:
    return "environment" if os.environ.get(key) else ".env"


def _environment(file: Path) -> tuple[Environment | None, list[str]]:
    logging.getLogger("dotenv.main").setLevel(logging.ERROR)  # bad lines are ours to report
    try:
        return Environment(_env_file=file), []
    except ValidationError as error:
        return None, [
            f"{_where(str(place[0]))}: {spelled(place[:1])}: {text}" for place, text in lines(error)
        ]
    except (UnicodeDecodeError, OSError):
        return None, []  # said by _read


def _read(file: Path) -> tuple[list[str], dict[str, str | None]]:
    """What is wrong with the lines of `.env` as lines, and its values. No line's own text is repeated."""
    try:
        with file.open(encoding="utf-8") as stream:
            bindings = [binding for binding in parse_stream(stream) if binding.key or binding.error]
    except FileNotFoundError:
        return [], {}  # everything may come from the environment
    except UnicodeDecodeError:
        return [".env: is not UTF-8 text"], {}
    except OSError as error:
        return [f".env: cannot be read: {error.strerror}"], {}
    problems: list[str] = []
    seen: dict[str, int] = {}
    for binding in bindings:
        line, key = binding.original.line, binding.key
        if binding.error or key is None or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", key):
            problems.append(f".env: line {line} is not KEY=value")
        elif key not in keys():
            problems.append(f".env: {key}: {unknown_key(key, keys())}")
        elif key in seen:
            problems.append(f".env: {key}: is written twice, in lines {seen[key]} and {line}")
        if key:
            seen[key] = line
    return problems, {binding.key: binding.value for binding in bindings if binding.key}


def _deeper_problems(environment: Environment, data_dir: Path) -> list[str]:
    """What only shows when values are looked at together, or on this machine."""
    problems = []
    own_id = int(environment.bot_token.get_secret_value().partition(":")[0])
    if own_id in environment.admin_ids:
        problems.append(
            f"{_where('ADMIN_IDS')}: ADMIN_IDS: {own_id} is the bot itself; write people's own ids"
        )
    nearest = next(path for path in (data_dir, *data_dir.parents) if path.exists())
    if not nearest.is_dir():
        problems.append(f"{_where('DATA_DIR')}: DATA_DIR: {nearest} is not a folder")
    elif not os.access(nearest, os.W_OK | os.X_OK):
        problems.append(f"{_where('DATA_DIR')}: DATA_DIR: {nearest} cannot be written to by this user")
    return problems


def _plain_places(file: str, projects: Mapping[str, Project]) -> list[str]:
    """Storage to which a dump that is not encrypted would go in the clear."""
    return [
        f"{file}: projects.{name}.backups.offsite.{place}: http:// shows the whole dump to the network;"
        " use https://, or encrypt_to"
        for name, project in projects.items()
        for place, target in project.backups.offsite.items()
        if isinstance(target, S3Target)
        and not project.backups.encrypt_to
        and (url := urlsplit(target.s3)).scheme == "http"
        and url.hostname not in _LOOPBACK
    ]


def _warnings(file: Path, environment: Environment, data_dir: Path) -> list[str]:
    """What works but is unwise."""
    found = []
    if file.exists() and file.stat().st_mode & 0o077:
        found.append(".env: can be read by others; chmod 600 .env")
    if data_dir.exists() and data_dir.stat().st_mode & 0o007:
        found.append(f"DATA_DIR: {data_dir} can be read by others; chmod 700 {data_dir}")
    url = urlsplit(environment.telegram_api_url)
    if url.scheme == "http" and url.hostname not in _LOOPBACK:
        found.append("TELEGRAM_API_URL: http:// sends the bot's token in the clear; use https://")
    return found
