"""What the eye must be able to rely on; that plots appear at all is tested with the report."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adamem.analysis import plots
from adamem.analysis.methods import STYLES, in_order, style


@given(st.lists(st.floats(0, 1), min_size=1, max_size=14).map(sorted))
def test_names_beside_a_panel_keep_their_order_and_their_distance(heights: list[float]) -> None:
    placed = plots._spread(heights, gap=0.07)
    assert all(0 <= height <= 1 + 1e-9 for height in placed)
    assert all(after - before >= 0.07 - 1e-9 for before, after in pairwise(placed))


def test_names_that_have_room_stay_where_they_are() -> None:
    assert plots._spread([0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9])


def test_no_two_methods_look_alike() -> None:
    looks = {(look.colour, look.marker, look.filled) for look in STYLES.values()}
    assert len(looks) == len(STYLES)


def test_a_method_nobody_listed_comes_last_in_a_neutral_look() -> None:
    assert in_order(["brand_new", "icae", "adamem"]) == ["adamem", "icae", "brand_new"]
    assert style("brand_new").what == ""
