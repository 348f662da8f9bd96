"""Of a matrix' many cases some run each time: of each kind at least one, on the real engine others than in practice."""

from __future__ import annotations

import pytest

from tests.e2e.test_deploy_matrix import BACK, FORWARD
from tests.e2e.thinning import thinned


@pytest.mark.parametrize("trouble", ["kill", "cut"])
@pytest.mark.parametrize("direction", ["forward", "rollback"])
def test_each_kind_of_trouble_meets_a_deploy_and_its_way_back_every_time(
    trouble: str, direction: str
) -> None:
    found = [case for case in FORWARD + BACK if case[:2] == (trouble, direction)]
    practice, real = (
        {one.replace(ground, "") for one in thinned([f"{ground}-{'-'.join(case)}" for case in found], ground)}
        for ground in ("practice", "real")
    )
    assert len(found) >= 5
    assert 1 <= len(real) <= len(practice) <= len(found) / 3
    assert practice.isdisjoint(real)


def test_of_few_cases_one_is_left() -> None:
    assert thinned(["x[real-a]"], "real") == {"x[real-a]"}
    assert len(thinned(["x[real-a]", "x[real-b]"], "real")) == 1
