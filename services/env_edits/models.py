"""What an edit of the env file is about, as a plan keeps it: names and keyed hashes, never a value; and the database's role."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


class EnvEdit(BaseModel):
    """`before` and `after` are keyed hashes of the whole file: useless without our key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str  # on the host
    wish: str = ""  # what was typed, by its name below DATA_DIR/env; empty for an undo
    undoes: str = ""  # the operation whose previous file comes back
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    readers: tuple[str, ...] = ()  # services that the compose file gives one of these variables
    built: tuple[str, ...] = ()  # services that are built anew
    role: str = ""  # of the database, whose password changes with the file
    worker: str = ""  # the role that changes it

    @property
    def names(self) -> tuple[str, ...]:
        """Every key that is not what it was."""
        return (*self.added, *self.changed, *self.removed)


@dataclass(frozen=True, slots=True)
class Role:
    """The database's role. `stored`: what the server keeps of its password; empty where nobody may tell us."""

    name: str
    worker: str = ""
    stored: str = ""
