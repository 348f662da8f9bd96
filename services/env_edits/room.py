"""All that /env has, built once: where typed values lie, who takes them out of updates, who plans, who carries out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

from services.env_edits import steps
from services.env_edits.intake import Sealing
from services.env_edits.proposals import EnvProposals
from services.env_edits.wishes import Wishes
from services.env_secrets import EnvSecrets
from services.facts.models import Facts
from services.packs import ENV
from services.projects import Project
from services.remote.hosts import Hosts
from services.runs import Procedure, StepDef


class EnvEdits:
    """`data` is DATA_DIR, `key` the one of this installation."""

    def __init__(
        self,
        facts: Callable[[Project], Awaitable[Facts]],
        hosts: Hosts,
        data: Path,
        key: bytes,
        secrets: EnvSecrets,
        admins: Callable[[], Collection[int]],
    ) -> None:
        self.wishes = Wishes(data / ENV)
        self.sealing = Sealing(self.wishes, admins)
        self.proposals = EnvProposals(facts, hosts, self.wishes, key, secrets.learn)
        self._room = steps.Room(self.wishes, key, secrets.learn)

    def procedure(self, lock: StepDef) -> Procedure:
        return steps.procedure(lock, self._room)
