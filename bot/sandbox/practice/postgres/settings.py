"""The settings of a session: what SHOW, SET and current_setting know."""

import re
import shlex

from bot.sandbox.practice.postgres.cluster import VERSION
from bot.sandbox.practice.postgres.errors import CannotDo, PostgresError

_FIXED = {
    "server_version": VERSION,
    "server_version_num": "150000",
    "server_encoding": "UTF8",
    "max_connections": "100",
    "data_directory": "/var/lib/postgresql/data",
    "port": "5432",
}
# Settings that change nothing here, or what this package honours.
_CHANGEABLE = {
    "application_name": "",
    "bytea_output": "hex",
    "client_encoding": "UTF8",
    "client_min_messages": "notice",
    "check_function_bodies": "on",
    "default_table_access_method": "heap",
    "default_tablespace": "",
    "idle_in_transaction_session_timeout": "0",
    "lc_messages": "C",
    "lc_monetary": "C",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "error",
    "log_statement": "none",
    "lock_timeout": "0",
    "row_security": "on",
    "search_path": '"$user", public',
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "timezone": "Etc/UTC",
    "xmloption": "content",
}
_DURATION = re.compile(r"(\d+)\s*(ms|s|min|h)?")
_MILLISECONDS = {None: 1, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}


class Settings:
    """`options` as in PGOPTIONS: "-c name=value ..."."""

    def __init__(self, options: str, application_name: str) -> None:
        self._values = {**_CHANGEABLE, "application_name": application_name}
        words = shlex.split(options)
        for index, word in enumerate(words):
            if index and words[index - 1] == "-c":
                self.set(*_pair(word))
            elif word.startswith("--"):
                self.set(*_pair(word.removeprefix("--").replace("-", "_")))
            elif word != "-c":
                raise CannotDo(f"do PGOPTIONS with {word}")

    def get(self, name: str, *, missing_ok: bool = False) -> str | None:
        found = {**_FIXED, **self._values}.get(name.lower())
        if found is None and not missing_ok:
            raise PostgresError(f'unrecognized configuration parameter "{name}"')
        return found

    def set(self, name: str, value: str) -> None:
        """A name with a dot is free, as in PostgreSQL."""
        name = name.lower()
        if name in _FIXED:
            raise PostgresError(f'parameter "{name}" cannot be changed')
        if name not in _CHANGEABLE and "." not in name:
            raise PostgresError(f'unrecognized configuration parameter "{name}"')
        self._values[name] = value

    def reset(self, name: str) -> None:
        self.set(name, _CHANGEABLE.get(name.lower(), ""))

    @property
    def statement_seconds(self) -> float | None:
        """statement_timeout; None without one."""
        found = _DURATION.fullmatch(self._values["statement_timeout"])
        if found is None:
            raise PostgresError(
                f'invalid value for parameter "statement_timeout": "{self._values["statement_timeout"]}"'
            )
        return int(found[1]) * _MILLISECONDS[found[2]] / 1000 or None


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise CannotDo(f"do PGOPTIONS with {word}")
    return name, value
