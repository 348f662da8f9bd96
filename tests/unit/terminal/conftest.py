from __future__ import annotations

import pytest

from tests.unit.services.conftest import stage, store
from tests.unit.services.stage import Stage
from tests.unit.terminal.stage import Desk

__all__ = ["stage", "store"]


@pytest.fixture
def desk(stage: Stage) -> Desk:
    return Desk(stage)
