"""The source of a project, frozen at plan time: what is shown is what is shipped."""

from services.sources.pack import pack

__all__ = ["pack"]
