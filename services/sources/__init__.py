"""The source of a project, frozen at plan time: what is shown is what is shipped."""

from services.sources.pack import Commits, commits, pack

__all__ = ["Commits", "commits", "pack"]
