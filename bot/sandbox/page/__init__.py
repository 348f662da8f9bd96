"""The chat page: Telegram as people see it, in a browser on this machine."""

from bot.sandbox.page.routes import routes

__all__ = ["routes"]
