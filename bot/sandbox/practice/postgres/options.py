"""Command lines of the tools, read by GNU's rules: in any order, long names cut short, values after = or a blank."""

import getopt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.sandbox.practice.postgres.errors import CannotDo
from bot.sandbox.practice.postgres.login import Login

# Long name by short name; those that take a value end with "=".
CONNECTION = {"h": "host=", "p": "port=", "U": "username=", "w": "no-password", "d": "dbname="}


@dataclass(frozen=True)
class Options:
    """`given` holds every option in its order by its long name; flags have an empty value."""

    tool: str
    given: Sequence[tuple[str, str]]
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)

    def has(self, name: str) -> bool:
        return any(given == name for given, _ in self.given)

    def last(self, name: str, default: str = "") -> str:
        return next((value for given, value in reversed(self.given) if given == name), default)

    def all(self, name: str) -> list[str]:
        return [value for given, value in self.given if given == name]

    def login(self, database: str = "", user: str = "") -> Login:
        """Who connects to what. `database` and `user` are what stood behind the options."""
        settings = self.environment
        user = self.last("username") or user or settings.get("PGUSER", "") or "root"
        database = self.last("dbname") or database or settings.get("PGDATABASE", "") or user
        if "=" in database or "://" in database:
            raise CannotDo("connect by a connection string")
        host = self.last("host") or settings.get("PGHOST", "")
        return Login(
            database=database,
            user=user,
            application_name=settings.get("PGAPPNAME") or self.tool,
            host="" if host.startswith("/") else host,
            port=self.last("port") or settings.get("PGPORT", "") or "5432",
            password=settings.get("PGPASSWORD"),
            options=settings.get("PGOPTIONS", ""),
        )


def read(argv: Sequence[str], known: Mapping[str, str], environment: Mapping[str, str]) -> Options:
    """CannotDo for an option that is not among the `known` (and those of every connection)."""
    tool = argv[0].rpartition("/")[2]
    long = {key if len(key) > 1 else "": name for key, name in known.items()}
    short = {key: name for key, name in known.items() if len(key) == 1}
    letters = "".join(key + (":" if name.endswith("=") else "") for key, name in short.items())
    names = [*long.values(), *short.values()]
    try:
        found, arguments = getopt.gnu_getopt(list(argv[1:]), letters, sorted({*names, "version"}))
    except getopt.GetoptError as error:
        raise CannotDo(f"do {tool} with these options: {error.msg}") from None
    by_letter = {f"-{key}": name.rstrip("=") for key, name in short.items()}
    given = [(by_letter.get(name) or name.removeprefix("--"), value) for name, value in found]
    return Options(tool, given, arguments, environment)
