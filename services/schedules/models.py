"""How far a schedule was taken up: plain frozen data, kept as JSON in the store."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Job(StrEnum):
    """What a schedule begins."""

    BACKUP = "backup"
    DRILL = "drill"  # after each of its operations that made a backup


class Schedule(BaseModel):
    """`handled`: the newest due time that was taken up; of drills when the newest backup was asked for that has one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    project: str
    job: Job
    handled: datetime
    rule: str = ""  # the expression and the zone that it follows from
    told: dict[
        str, float
    ] = {}  # since then: why it could not begin -> when admins were told so (Unix seconds)
