"""/backup [project]: a plan card, then the gate."""

from __future__ import annotations

from handlers.proposing import command_router
from services.models import Kind

router = command_router(Kind.BACKUP, takes_ref=False)
