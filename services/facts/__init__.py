"""Facts: what was read from the host. Each is a command and a pure parser."""

from services.facts.containers import parse_containers
from services.facts.read import Reading, compose_project_name, read_facts

__all__ = ["Reading", "compose_project_name", "parse_containers", "read_facts"]
