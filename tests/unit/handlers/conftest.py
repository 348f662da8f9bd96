from tests.unit.bot.conftest import stage, store

__all__ = ["stage", "store"]
