"""The learning rate: up in a line, down in a cosine, never nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adamem.training.schedule import scale

steps = st.integers(1, 300)
shares = st.floats(0, 0.99)


@given(steps, shares)
def test_every_step_moves_and_none_moves_more_than_the_peak(count: int, warmup: float) -> None:
    factors = [scale(step, count, warmup) for step in range(1, count + 1)]
    assert all(0 < factor <= 1 for factor in factors)
    assert max(factors) == pytest.approx(1.0)


@given(steps, shares)
def test_it_rises_once_and_falls_once(count: int, warmup: float) -> None:
    factors = [scale(step, count, warmup) for step in range(1, count + 1)]
    top = factors.index(max(factors))
    assert factors[: top + 1] == sorted(factors[: top + 1])
    assert factors[top:] == sorted(factors[top:], reverse=True)


def test_by_hand() -> None:
    assert [scale(step, 10, 0.2) for step in (1, 2, 3)] == [0.5, 1.0, 1.0]
    assert scale(7, 10, 0.2) == pytest.approx(0.5)
    assert scale(1, 10, 0.0) == 1.0
    assert scale(1, 1, 0.9) == 1.0
