"""The source of a project, frozen at plan time: what is shown is what is shipped."""

from services.sources.pack import Base, Commits, Kept, commits, pack

__all__ = ["Base", "Commits", "Kept", "commits", "pack"]
