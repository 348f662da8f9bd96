"""psql: commands of the command line, or a script on standard input."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from bot.sandbox.practice.postgres.cluster import Cluster
from bot.sandbox.practice.postgres.connection import Connection, connected
from bot.sandbox.practice.postgres.copying import copy_from, is_copy
from bot.sandbox.practice.postgres.errors import CannotDo, ConnectionEnded, PostgresError
from bot.sandbox.practice.postgres.options import CONNECTION, Options
from bot.sandbox.practice.postgres.printing import Style, printed
from bot.sandbox.practice.postgres.tokens import ends_statement, statements

OPTIONS: Mapping[str, str] = {
    **CONNECTION,
    "c": "command=",
    "f": "file=",
    "o": "output=",
    "X": "no-psqlrc",
    "A": "no-align",
    "t": "tuples-only",
    "q": "quiet",
    "v": "set=",
    "variable": "variable=",
    "1": "single-transaction",
    "F": "field-separator=",
    "csv": "csv",
    "R": "record-separator=",
    "z": "field-separator-zero",
    "0": "record-separator-zero",
}
FAILED, LOST, SCRIPT_FAILED = 1, 2, 3
_LOST = (
    "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n"
    "\tbefore or while processing the request.\n"
)
_VARIABLE = re.compile(r"('(?:[^']|'')*')|(?<![:\w]):(?:'(\w+)'|\"(\w+)\"|(\w+))")
_QUIET = {"restrict", "unrestrict"}


def psql(options: Options, cluster: Cluster, stdin: BinaryIO, stdout: BinaryIO, stderr: BinaryIO) -> int:
    """0; 1 when the last -c failed; 2 when the session was lost; 3 when a script stopped at an error."""
    if any(name not in {"-", "/dev/stdin"} for name in options.all("file")):
        raise CannotDo("read a file of the container: give the script on standard input")
    if options.last("output", "/dev/null") != "/dev/null":
        raise CannotDo("write to a file of the container")
    with connected(cluster, options.login(*options.arguments[:2])) as connection:
        run = _Psql(connection, options, io.BytesIO() if options.has("output") else stdout, stderr)
        try:
            return run.actions(stdin)
        except ConnectionEnded as error:
            run.tell(f"{error}\n{_LOST}connection to server was lost")
            return LOST


@dataclass
class _Psql:
    connection: Connection
    options: Options
    stdout: BinaryIO
    stderr: BinaryIO
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for setting in [*self.options.all("set"), *self.options.all("variable")]:
            name, _, value = setting.partition("=")
            self.variables[name] = value

    @property
    def stops_at_errors(self) -> bool:
        return self.variables.get("ON_ERROR_STOP", "0").lower() in {"1", "on", "true", "yes"}

    @property
    def style(self) -> Style:
        given = self.options
        return Style(
            is_aligned=not given.has("no-align"),
            is_csv=given.has("csv"),
            tuples_only=given.has("tuples-only"),
            is_quiet=given.has("quiet"),
            field_separator="\0" if given.has("field-separator-zero") else given.last("field-separator", "|"),
            record_separator="\0"
            if given.has("record-separator-zero")
            else given.last("record-separator", "\n"),
        )

    # --- -c and -f ---------------------------------------------------------------------------------------------

    def actions(self, stdin: BinaryIO) -> int:
        """In the order in which they are given; each -c is sent as a whole. Without any, standard input is the script."""
        found = [(name, value) for name, value in self.options.given if name in {"command", "file"}]
        is_single = self.options.has("single-transaction") and bool(found)
        if is_single:
            self.connection.begin()
        status = 0
        for name, command in found or [("file", "-")]:
            if name == "command":
                status = 0 if self._command(command) else FAILED
            else:
                status = 0 if self._script(stdin.read().decode()) else SCRIPT_FAILED
            if status and self.stops_at_errors:
                break
        if is_single:
            self._finish_single(succeeded=not status)
        return status

    def _command(self, command: str) -> bool:
        if command.lstrip().startswith("\\"):
            raise CannotDo(f"do {command.split(maxsplit=1)[0]} of psql")
        pieces = list(statements(command))
        opens = len(pieces) > 1 and not self.connection.in_transaction
        self.connection.in_block = len(pieces) > 1
        try:
            if opens:
                self.connection.begin()
            succeeded = all(self._does(piece) for piece in pieces)
        finally:
            self.connection.in_block = False
        if opens and self.connection.in_transaction:
            _ = self.connection.commit() if succeeded else self.connection.roll_back()
        return succeeded

    def _finish_single(self, *, succeeded: bool) -> None:
        if succeeded or not self.stops_at_errors:
            self.connection.commit()
        else:
            self.connection.roll_back()

    # --- scripts ----------------------------------------------------------------------------------------------

    def _script(self, text: str) -> bool:
        """False where it stopped at an error."""
        return self._lines(iter(text.splitlines(keepends=True)))

    def _lines(self, lines: Iterator[str]) -> bool:
        """False where it stopped at an error."""
        waiting = ""
        for line in lines:
            if not waiting.strip() and line.startswith("\\"):
                if not self._meta(line.split()):
                    return True
                continue
            waiting += line
            # Asked only where it can be: else a statement of many lines is read once per line.
            if ";" in line and ends_statement(waiting):
                if not self._statements(waiting, lines):
                    return False
                waiting = ""
        return self._statements(waiting, lines)

    def _statements(self, text: str, lines: Iterator[str]) -> bool:
        for piece in statements(self._with_values(text)):
            succeeded = self._copies(piece, lines) if is_copy(piece) else self._does(piece)
            if not succeeded and self.stops_at_errors:
                return False
        return True

    def _copies(self, statement: str, lines: Iterator[str]) -> bool:
        try:
            tag = copy_from(self.connection, statement, lines)
        except PostgresError as error:
            self.tell(str(error))
            return False
        if not self.options.has("quiet"):
            self.stdout.write(f"{tag}\n".encode())
        return True

    def _meta(self, words: list[str]) -> bool:
        """False for the end of the script."""
        match [words[0].removeprefix("\\"), *words[1:]]:
            case ["q"]:
                return False
            case ["set", name, *values]:
                self.variables[name] = "".join(values).strip("'")
            case ["echo", *values]:
                self.stdout.write(f"{' '.join(values)}\n".encode())
            case [name, *_] if name in _QUIET:
                pass
            case _:
                raise CannotDo(f"do {words[0]} of psql")
        return True

    def _with_values(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            name = found[2] or found[3] or found[4]
            if found[1] or name not in self.variables:
                return found[0]
            plain = self.variables[name]
            if found[2]:
                return "'" + plain.replace("'", "''") + "'"
            return '"' + plain.replace('"', '""') + '"' if found[3] else plain

        return _VARIABLE.sub(value, text)

    # --- one statement ----------------------------------------------------------------------------------------

    def _does(self, statement: str) -> bool:
        try:
            result = self.connection.execute(statement)
        except ConnectionEnded:
            raise
        except PostgresError as error:
            self._tell_notices()
            self.tell(str(error))
            return False
        self._tell_notices()
        self.stdout.write(printed(result, self.style).encode())
        self.stdout.flush()
        return True

    def _tell_notices(self) -> None:
        quiet = self.connection.settings.get("client_min_messages") != "notice"
        for notice in self.connection.notices:
            if quiet and notice.startswith("NOTICE"):
                continue
            self.tell(notice)
        self.connection.notices.clear()

    def tell(self, line: str) -> None:
        self.stderr.write(f"{line}\n".encode())
        self.stderr.flush()
