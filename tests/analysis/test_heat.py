"""The needle's plots can be read: numbers on every shade, and how far a mean is to be trusted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adamem.analysis import heat


def _contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@given(st.floats(0, 1))
def test_the_number_of_a_cell_can_be_read_on_every_shade(value: float) -> None:
    shade = heat.MAP(value)
    written = 0.0 if heat.ink(shade) == "black" else 1.0
    assert _contrast(heat.luminance(shade), written) >= 4.5


def test_white_is_bright_and_black_is_dark() -> None:
    assert (heat.luminance((1, 1, 1)), heat.luminance((0, 0, 0))) == (pytest.approx(1.0), 0.0)
    assert (heat.ink((1, 1, 1)), heat.ink((0, 0, 0))) == ("black", "white")


def test_the_interval_of_a_mean_is_students_and_stays_where_scores_can_be() -> None:
    assert heat.interval([0.5, 0.6]) == pytest.approx((0.0, 1.0)), "12.706 times 0.05 to either side"
    assert heat.interval([0.4, 0.4, 0.4]) is None, "nothing is known of how far they differ"
    assert heat.interval([0.7]) is None
    assert heat.interval([0.0, 1.0] * 50) == pytest.approx((0.5 - 0.0997, 0.5 + 0.0997), abs=1e-3)
