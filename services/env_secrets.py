"""The secrets of a server's env file, learned so that no log and no chat repeats them."""

from __future__ import annotations

from services import envfile
from services.commands import files
from services.envfile import EnvFile
from services.projects import Project
from services.redaction import Redactor, looks_secret
from services.remote.host import RemoteHost


class EnvSecrets:
    """Feeds the redactor. Values whose names promise no secret (ports, addresses, database names) stay readable."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def learn(self, env: EnvFile) -> None:
        for key, value in env.values.items():
            if looks_secret(key):
                self._redactor.add(value)

    async def read(self, remote: RemoteHost, project: Project) -> None:
        """Reads the env file for its secrets alone: a resumed operation has no facts yet. Raises HostError."""
        if project.env_file is not None:
            done = await remote.run(files.read(project.path / project.env_file), check=False)
            self.learn(envfile.parse(done.stdout))
