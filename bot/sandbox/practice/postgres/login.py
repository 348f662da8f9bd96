"""Who is let in: everybody over the socket inside the container, by password over TCP."""

from dataclasses import dataclass

from bot.sandbox.practice.postgres.cluster import Cluster, Database
from bot.sandbox.practice.postgres.errors import ConnectionRefused

_SOCKET = "/var/run/postgresql/.s.PGSQL.5432"


@dataclass(frozen=True)
class Login:
    """Who connects to what. `host` is empty over the socket, which is trusted; over TCP a password is asked for."""

    database: str
    user: str
    application_name: str
    host: str = ""
    port: str = "5432"
    password: str | None = None
    options: str = ""

    @property
    def place(self) -> str:
        if self.host:
            return f'connection to server at "{self.host}", port {self.port} failed'
        return f'connection to server on socket "{_SOCKET.replace("5432", self.port)}" failed'


def admitted(cluster: Cluster, login: Login) -> Database:
    if not cluster.is_initialised or login.port != "5432":
        why = "Connection refused" if login.host else "No such file or directory"
        raise ConnectionRefused(f"{login.place}: {why}\n\tIs the server running{_where(login)}?")
    if login.host and login.password is None:
        raise ConnectionRefused(f"{login.place}: fe_sendauth: no password supplied")
    if login.host and not cluster.accepts_password(login.user, login.password or ""):
        raise ConnectionRefused(
            f'{login.place}: FATAL:  password authentication failed for user "{login.user}"'
        )
    if login.user not in cluster.roles():
        raise ConnectionRefused(f'{login.place}: FATAL:  role "{login.user}" does not exist')
    found = next((one for one in cluster.databases() if one.name == login.database), None)
    if found is None:
        raise ConnectionRefused(f'{login.place}: FATAL:  database "{login.database}" does not exist')
    if not found.allows_connections:
        raise ConnectionRefused(
            f'{login.place}: FATAL:  database "{login.database}" is not currently accepting connections'
        )
    return found


def _where(login: Login) -> str:
    return (
        " on that host and accepting TCP/IP connections"
        if login.host
        else " locally and accepting connections on that socket"
    )
