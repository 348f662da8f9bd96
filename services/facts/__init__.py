"""Facts: what was read from the host. Each is a command and a pure parser."""

from services.facts.containers import parse_containers
from services.facts.read import read_facts

__all__ = ["parse_containers", "read_facts"]
