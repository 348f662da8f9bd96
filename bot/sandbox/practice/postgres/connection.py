"""A session: connects, carries statements out one by one, and says what went wrong as PostgreSQL says it."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bot.sandbox.practice.postgres import (
    administration,
    catalog,
    definitions,
    functions,
    json_functions,
    sessions,
)
from bot.sandbox.practice.postgres.cluster import Cluster, Database, opened
from bot.sandbox.practice.postgres.described import Item, describe
from bot.sandbox.practice.postgres.errors import CannotDo, PostgresError
from bot.sandbox.practice.postgres.login import Login, admitted
from bot.sandbox.practice.postgres.sessions import Session
from bot.sandbox.practice.postgres.settings import Settings
from bot.sandbox.practice.postgres.sqlite_errors import explained
from bot.sandbox.practice.postgres.tokens import Token, split, text, tokens
from bot.sandbox.practice.postgres.translation import query

# SQLite asks after that many of its own instructions whether to go on.
_INSTRUCTIONS = 20_000
_ENDS = {"COMMIT", "END", "ROLLBACK", "ABORT"}

# Columns declared with these types: truth values come back as such, moments as the text that was stored. Only
# connections that ask for declared types see this, and in this program only those of this module do.
for _name, _converter in (("boolean", lambda raw: raw == b"1"), ("bool", lambda raw: raw == b"1")):
    sqlite3.register_converter(_name, _converter)
for _name in ("date", "timestamp"):
    sqlite3.register_converter(_name, bytes.decode)


@dataclass(frozen=True)
class Result:
    """`tag` as psql shows it. Rows hold the texts that psql shows; None is null."""

    tag: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str | None]] = ()
    has_rows: bool = False


@dataclass
class Connection:
    cluster: Cluster
    database: Database
    user: str
    session: Session
    settings: Settings
    sqlite: sqlite3.Connection
    in_transaction: bool = False
    in_block: bool = False
    """Several statements are sent as one: some statements refuse that."""
    has_failed: bool = False
    failure: Exception | None = None
    notices: list[str] = field(default_factory=list)
    _deadline: float | None = None

    def execute(self, sql: str) -> Result:
        """One statement. PostgresError if it is refused, CannotDo if it is not known here."""
        limit = self.settings.statement_seconds
        self._deadline = time.monotonic() + limit if limit else None
        with self.statement(sql):
            return self._carry_out(tokens(sql))

    @contextlib.contextmanager
    def statement(self, sql: str) -> Iterator[None]:
        """What surrounds every statement: the session shows it, and an error spoils the transaction."""
        self.check()
        self.session.begin(sql)
        try:
            if self.has_failed and tokens(sql)[0].word not in _ENDS:
                raise PostgresError(
                    "current transaction is aborted, commands ignored until end of transaction block"
                )
            yield
        except PostgresError:
            self.has_failed = self.in_transaction
            raise
        finally:
            self._deadline = None
            self.session.rest(in_transaction=self.in_transaction)

    def nested(self, sql: str) -> Result:
        """A query inside of a query, in the same snapshot."""
        return self._query(tokens(sql), fill=False)

    def check(self) -> None:
        """Raises once the session is ended or the statement's time is over."""
        self.session.check()
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise PostgresError("canceling statement due to statement timeout")

    # --- transactions -----------------------------------------------------------------------------------------

    def begin(self) -> Result:
        if self.in_transaction:
            self.notices.append("WARNING:  there is already a transaction in progress")
        else:
            self.sqlite.execute("BEGIN")
            self.cluster.begin()
            self.in_transaction = True
        return Result("BEGIN")

    def commit(self) -> Result:
        if self.has_failed:
            return self.roll_back()
        if not self.in_transaction:
            self.notices.append("WARNING:  there is no transaction in progress")
        else:
            self.sqlite.execute("COMMIT")
            self.cluster.commit()
            self.in_transaction = False
        return Result("COMMIT")

    def roll_back(self) -> Result:
        if self.in_transaction:
            if self.sqlite.in_transaction:
                self.sqlite.execute("ROLLBACK")
            self.cluster.roll_back()
        self.in_transaction = self.has_failed = False
        return Result("ROLLBACK")

    # --- statements -------------------------------------------------------------------------------------------

    def _carry_out(self, parts: list[Token]) -> Result:
        if parts[1:] and parts[1].word == "DATABASE" and parts[0].word in {"CREATE", "ALTER", "DROP"}:
            return Result(administration.carry_out(self, parts))
        return self._verbs().get(parts[0].word, self._unknown)(parts)

    def _verbs(self) -> dict[str, Callable[[list[Token]], Result]]:
        return {
            **dict.fromkeys(("SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE"), self._query),
            **dict.fromkeys(("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"), self._transaction),
            **dict.fromkeys(("SHOW", "SET", "RESET"), self._setting),
            **dict.fromkeys(("ANALYZE", "VACUUM", "CHECKPOINT"), self._upkeep),
            "CREATE": self._create,
            "DROP": self._drop,
            "ALTER": self._alter,
            "TRUNCATE": self._truncate,
        }

    def _unknown(self, parts: list[Token]) -> Result:
        raise CannotDo(f"do {' '.join(one.text for one in parts[:2])}")

    def _transaction(self, parts: list[Token]) -> Result:
        if len(parts) > 2 or (parts[1:] and parts[1].word not in {"TRANSACTION", "WORK"}):  # noqa: PLR2004  (at most two words)
            raise CannotDo(f"do {text(parts)}")
        steps = {
            **dict.fromkeys(("BEGIN", "START"), self.begin),
            **dict.fromkeys(("COMMIT", "END"), self.commit),
        }
        return steps.get(parts[0].word, self.roll_back)()

    def _upkeep(self, parts: list[Token]) -> Result:
        """Statistics, dead rows and the log are SQLite's own business."""
        return Result(parts[0].word) if len(parts) == 1 else self._unknown(parts)

    def _create(self, parts: list[Token]) -> Result:
        match [one.word for one in parts]:
            case ["CREATE", "TABLE", *_]:
                return self._create_table(parts)
            case ["CREATE", "INDEX", *_] | ["CREATE", "UNIQUE", "INDEX", *_]:
                return self._plain(definitions.create_index(parts), "CREATE INDEX")
            case ["CREATE", "VIEW", *_]:
                return self._plain(query(parts), "CREATE VIEW")
        return self._unknown(parts)

    def _truncate(self, parts: list[Token]) -> Result:
        for name in split([one for one in parts[1:] if one.word not in {"TABLE", "ONLY"}]):
            self._plain([*tokens("DELETE FROM"), *query(name)], "")
        return Result("TRUNCATE TABLE")

    def _query(self, parts: list[Token], *, fill: bool = True) -> Result:
        translated = query(parts)
        if fill and any(one.name.startswith("pg_") or one.name == "information_schema" for one in translated):
            catalog.fill(self.sqlite, self.cluster, self.database)
        items = describe(translated)
        with self._told():
            cursor = self.sqlite.execute(text(json_functions.rewrite(translated)))
            rows = cursor.fetchall()
        first = next((one.word for one in parts if one.word in {"INSERT", "UPDATE", "DELETE"}), "SELECT")
        if parts[0].word in {"SELECT", "VALUES"}:
            first = "SELECT"
        changed = {"SELECT": f"SELECT {len(rows)}", "INSERT": f"INSERT 0 {max(cursor.rowcount, 0)}"}
        tag = changed.get(first, f"{first} {max(cursor.rowcount, 0)}")
        if cursor.description is None:
            return Result(tag)
        names = [one[0] for one in cursor.description]
        if items is None or len(items) != len(names):
            items = [Item(name, "") for name in names]
        shown = [[_shown(value, item) for value, item in zip(row, items, strict=True)] for row in rows]
        return Result(tag, [item.name for item in items], shown, has_rows=True)

    def _plain(self, parts: list[Token], tag: str) -> Result:
        with self._told():
            self.sqlite.execute(text(parts))
        return Result(tag)

    def _create_table(self, parts: list[Token]) -> Result:
        words = [one.word for one in parts[:5]]
        present = {name for _, name, _, _ in catalog.relations(self.sqlite)}
        name = next(iter(parts[5:6]), Token("mark", "")).name if words[2:] == ["IF", "NOT", "EXISTS"] else ""
        if name in present:
            self.notices.append(f'NOTICE:  relation "{name}" already exists, skipping')
            return Result("CREATE TABLE")
        return self._plain(definitions.create_table(parts), "CREATE TABLE")

    def _drop(self, parts: list[Token]) -> Result:
        kind = parts[1].word if parts[1:] else ""
        if kind not in {"TABLE", "INDEX", "VIEW"}:
            return self._unknown(parts)
        rest = [one for one in parts[2:] if one.word not in {"CASCADE", "RESTRICT"}]
        if_exists = [one.word for one in rest[:2]] == ["IF", "EXISTS"]
        present = {name for _, name, found, _ in catalog.relations(self.sqlite) if found == kind.lower()}
        for piece in split(rest[2:] if if_exists else rest):
            name = piece[-1].name
            if name in present:
                self._plain([*tokens(f"DROP {kind}"), *query(piece)], "")
            elif if_exists:
                self.notices.append(f'NOTICE:  {kind.lower()} "{name}" does not exist, skipping')
            else:
                raise PostgresError(f'{kind.lower()} "{name}" does not exist')
        return Result(f"DROP {kind}")

    def _alter(self, parts: list[Token]) -> Result:
        if [one.word for one in parts[1:2]] in (["ROLE"], ["USER"]):
            return self._alter_role(parts)
        if [one.word for one in parts[1:2]] != ["TABLE"]:
            return self._unknown(parts)
        parts = [one for one in parts if one.word != "ONLY"]
        told = [one.word for one in parts]
        if "OWNER" in told:
            administration.role(self.cluster, parts[-1].name)
            return Result("ALTER TABLE")
        if "RENAME" not in told and not ("COLUMN" in told and {"ADD", "DROP"} & {*told}):
            raise CannotDo(f"do {' '.join(one.text for one in parts)}")
        if "ADD" in told:
            at = told.index("COLUMN") + 1
            parts = [*parts[:at], *definitions.column(parts[at:])]
        return self._plain(query(parts), "ALTER TABLE")

    def _alter_role(self, parts: list[Token]) -> Result:
        """Its password, and nothing else of it."""
        left = [one for one in parts[3:] if one.word != "WITH"]
        if len(left) != 2 or left[0].word != "PASSWORD":  # noqa: PLR2004 - the word and the password
            return self._unknown(parts)
        self.cluster.give_password(administration.role(self.cluster, parts[2].name), left[1].value)
        return Result("ALTER ROLE")

    def _setting(self, parts: list[Token]) -> Result:
        match [one.word for one in parts]:
            case ["SHOW", _, *_]:
                name = "".join(one.text for one in parts[1:])
                return Result("SHOW", [name.lower()], [[self.settings.get(name)]], has_rows=True)
            case ["RESET", _]:
                self.settings.reset(parts[1].text)
                return Result("RESET")
            case [
                "SET",
                "ROLE",
                _,
            ]:  # who owns what a session makes is not kept here: only the login's own role
                if administration.role(self.cluster, parts[2].name) == self.user:
                    return Result("SET")
            case ["SET", *_]:
                rest = parts[2:] if parts[1].word in {"SESSION", "LOCAL"} else parts[1:]
                at = next((i for i, one in enumerate(rest) if one.text == "=" or one.word == "TO"), None)
                if at is not None:
                    value = "".join(one.value for one in rest[at + 1 :])
                    self.settings.set("".join(one.text for one in rest[:at]), value)
                    return Result("SET")
        raise CannotDo(f"do {text(parts)}")

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """SQLite's errors in PostgreSQL's words; a function's own error as it was raised."""
        self.failure = None
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise self.failure or explained(error) from error


@contextlib.contextmanager
def connected(cluster: Cluster, login: Login) -> Iterator[Connection]:
    """ConnectionRefused with the text that a client shows."""
    database = admitted(cluster, login)
    settings = Settings(login.options, login.application_name)
    with (
        sessions.opened(
            cluster, database=database.oid, user=login.user, application_name=login.application_name
        ) as session,
        contextlib.closing(_opened(cluster, database)) as sqlite,
    ):
        connection = Connection(cluster, database, login.user, session, settings, sqlite)
        catalog.attach(sqlite)
        functions.register(connection)
        sqlite.set_progress_handler(functions.interrupt(connection), _INSTRUCTIONS)
        try:
            yield connection
        finally:
            connection.roll_back()


def _opened(cluster: Cluster, database: Database) -> sqlite3.Connection:
    sqlite = opened(cluster.file(database))
    sqlite.execute("PRAGMA foreign_keys = ON")
    sqlite.execute("PRAGMA case_sensitive_like = ON")
    return sqlite


def _shown(value: object, item: Item) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or (item.kind == "boolean" and value in (0, 1)):
        return "t" if value else "f"
    if item.kind == "jsonb" and isinstance(value, str):
        return json.dumps(_sorted(json.loads(value)), ensure_ascii=False)
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def _sorted(value: object) -> object:
    """Jsonb keeps keys by their length, then by their bytes."""
    if isinstance(value, dict):
        return {
            key: _sorted(value[key])
            for key in sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        }
    return [_sorted(one) for one in value] if isinstance(value, list) else value
