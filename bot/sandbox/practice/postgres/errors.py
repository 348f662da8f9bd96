"""What goes wrong, in PostgreSQL's own words.

PostgresError       the server refuses a statement; the message is the one that PostgreSQL gives
    ConnectionEnded     somebody ended this session (pg_terminate_backend, DROP DATABASE ... WITH (FORCE))
ConnectionRefused   no session: no such database or role, a wrong password, no server
CannotDo            a real PostgreSQL may be able to do this; this one cannot, and says so
ToolFailed          a tool gives up, with the text that stands behind its name
    BadArchive          what pg_restore was given is not a whole archive
InitialisationRefused   the container cannot make its cluster
"""


class PostgresError(Exception):
    """A statement failed. `detail` and `hint` are the lines that follow the message; empty without them."""

    severity = "ERROR"

    def __init__(self, message: str, *, detail: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.detail = detail
        self.hint = hint

    def __str__(self) -> str:
        lines = [f"{self.severity}:  {self.args[0]}"]
        lines += [f"DETAIL:  {self.detail}"] if self.detail else []
        lines += [f"HINT:  {self.hint}"] if self.hint else []
        return "\n".join(lines)


class ConnectionEnded(PostgresError):
    severity = "FATAL"

    def __init__(self) -> None:
        super().__init__("terminating connection due to administrator command")


class ConnectionRefused(Exception):
    """The text that every client tool puts behind its own name."""


class CannotDo(Exception):
    """Outside of what the practice PostgreSQL knows."""


class ToolFailed(Exception):
    pass


class BadArchive(ToolFailed):
    pass


class InitialisationRefused(Exception):
    """The text for the container's log; it ends with status 1."""
