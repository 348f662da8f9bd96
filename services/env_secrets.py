"""The secrets of a server's env file, learned so that no log and no chat repeats them."""

from __future__ import annotations

import re

from services import envfile
from services.commands import files
from services.envfile import EnvFile
from services.projects import Project
from services.redaction import Redactor, looks_secret
from services.remote.host import RemoteHost

_BEFORE_VALUE = re.compile(r"(?:export\s+)?[^=:\s]*\s*[=:]?\s*")
"""Its name and the sign, or the first word of a line that has no sign."""


class EnvSecrets:
    """Feeds the redactor. Values whose names promise no secret (ports, addresses, database names) stay readable."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def hide(self, content: bytes) -> bytes:
        """Without what is known, or looks, to be secret."""
        return self._redactor(content)

    def learn(self, env: EnvFile) -> None:
        for key, value in env.values.items():
            if looks_secret(key):
                self._redactor.add(value)
        for line in env.unreadable:
            self._learn_line(line.get_secret_value())

    def _learn_line(self, line: str) -> None:
        """What cannot be read has no name that could tell a port from a password: all of it is hidden."""
        value = line[before.end() :] if (before := _BEFORE_VALUE.match(line)) else line
        for part in (line, value, value.strip("\"'")):
            self._redactor.add(part)

    async def read(self, remote: RemoteHost, project: Project) -> None:
        """Reads the env files for their secrets alone: a resumed operation has no facts yet. Raises HostError."""
        for file in project.env_files:
            done = await remote.run(files.read(project.path / file), check=False)
            self.learn(envfile.parse(done.stdout))
