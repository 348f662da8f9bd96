"""From what was typed to a plan: reads the file, edits it in memory, computes. No value leaves this room."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable

from services import envfile
from services.checks.database import is_first
from services.checks.env_edit import Before, duplicate_findings
from services.env_edits import plans, reading
from services.env_edits.models import EnvEdit
from services.env_edits.reading import Listing
from services.env_edits.wishes import Wish, Wishes
from services.env_edits.writing import differences, edited, unseen
from services.envfile import BOM, EnvFile
from services.errors import BadInput
from services.facts.models import Facts
from services.models import Finding, Plan
from services.projects import Project
from services.remote.hosts import Hosts

UNDO = "undo"
"""As `ref`: the file from before the last edit comes back. Every other ref is the name of a wish."""


def mark(key: bytes, content: bytes) -> str:
    """A keyed hash of a whole file: tells whether it is still the same, useless to whoever lacks the key."""
    return hmac.new(key, content, hashlib.sha256).hexdigest()


class EnvProposals:
    """Makes plans, and makes them again when a tap arrives."""

    def __init__(
        self,
        facts: Callable[[Project], Awaitable[Facts]],
        hosts: Hosts,
        wishes: Wishes,
        key: bytes,
        learn: Callable[[EnvFile], None],
    ) -> None:
        self._facts = facts
        self._hosts = hosts
        self._wishes = wishes
        self._key = key
        self._learn = learn

    async def listing(self, project: Project) -> Listing:
        """The file as it may be shown. Raises BadInput and HostError."""
        return await reading.listing(self._hosts.get(project.host), project, self._learn)

    async def env(self, project: Project, ref: str | None) -> Plan:
        """Raises BadInput where nothing would change or the value cannot be, and HostError."""
        if ref == UNDO:
            undoes = await reading.previous(self._hosts.get(project.host), project)
            if not undoes:
                raise BadInput("error-env-no-previous", project=project.name)
            return await self._undo(project, undoes)
        return await self._edit(project, ref or "")

    async def env_again(self, project: Project, plan: Plan) -> Plan:
        """The same wish on the file as it is now."""
        if plan.editing is None:
            raise BadInput("error-internal")
        if plan.editing.undoes:
            return await self._undo(project, plan.editing.undoes)
        return await self._edit(project, plan.editing.wish)

    async def _edit(self, project: Project, name: str) -> Plan:
        wish = self._wishes.wish(name)
        if wish.project != project.name:
            raise BadInput("error-env-gone")
        if wish.value is not None and (seen := unseen(wish.value.get_secret_value())):
            raise BadInput("error-env-unseen", key=wish.key, character=seen)
        content = await self._content(project)
        new = edited(content, wish.key, wish.value)
        about = EnvEdit(file=str(reading.env_path(project)), wish=name)
        return await self._plan(project, about, content, new, _twice(content, wish))

    async def _undo(self, project: Project, undoes: str) -> Plan:
        remote = self._hosts.get(project.host)
        new = await reading.content_of(remote, reading.env_dir(project) / undoes)
        if new is None:
            raise BadInput("error-env-no-previous", project=project.name)
        about = EnvEdit(file=str(reading.env_path(project)), undoes=undoes)
        return await self._plan(project, about, await self._content(project), new, [])

    async def _content(self, project: Project) -> bytes:
        path = reading.env_path(project)
        content = await reading.content_of(self._hosts.get(project.host), path)
        if content is None:
            raise BadInput("error-env-missing", file=str(path))
        return content

    async def _plan(
        self, project: Project, about: EnvEdit, content: bytes, new: bytes, twice: list[Finding]
    ) -> Plan:
        old_env, new_env = envfile.parse(content), envfile.parse(new)
        self._learn(new_env)
        added, changed, removed = differences(old_env.values, new_env.values)
        if not (added or changed or removed):
            raise BadInput("error-env-same", project=project.name)
        facts = await self._facts(project)
        remote = self._hosts.get(project.host)
        first = is_first(facts)
        about = about.model_copy(
            update={
                "added": added,
                "changed": changed,
                "removed": removed,
                "before": mark(self._key, content),
                "after": mark(self._key, new),
            }
        )
        role = None if first else await reading.role_of(remote, project, facts)
        built = reading.Built() if first else await reading.built_of(remote, project)
        seen = plans.Seen(Before(old_env, new_env, role, first), built, tuple(twice))
        return plans.edit(project, facts, about, seen)


def _twice(content: bytes, wish: Wish) -> list[Finding]:
    text = content.removeprefix(BOM).decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    count = sum(one.key == wish.key for one in envfile.statements(text))
    return duplicate_findings(wish.key, count, removed=wish.value is None)
