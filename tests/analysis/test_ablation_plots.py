"""What the plots of the ablations promise the eye: nothing covers anything, the order is that of the numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from adamem.analysis import ablation_plots
from adamem.analysis.ablation_plots import FLOOR, Point
from adamem.analysis.ablations import Row


def _row(name: str, difference: float | None, **fields: object) -> Row:
    known: dict[str, object] = {"experiment": name, "about": "start", "changes": "", "method": "adamem", "group": "A"}
    numbers = {"metric": "f1", "n": 200, "value": 0.3, "low": 0.2, "high": 0.4, "decoder_tokens": 32.0}
    low, high = (None, None) if difference is None else (difference - 0.05, difference + 0.05)
    gap = {"difference": difference, "difference_low": low, "difference_high": high}
    return Row.model_validate(
        {**known, **numbers, **gap, **dict.fromkeys(("device", "commit", "settings", "code"), "c"), **fields}
    )


def _point(positions: float, value: float, reach: float) -> Point:
    return Point(positions, value, value - reach, value + reach)


POINTS = st.builds(_point, st.sampled_from([16.0, 31.96, 32.0, 64.0]), st.floats(0, 1), st.floats(0, 0.2))
CURVES = st.dictionaries(st.sampled_from("abcdef"), st.lists(POINTS, max_size=4), max_size=6)


@given(CURVES)
def test_methods_stand_side_by_side_in_their_order_and_keep_their_scores(curves: dict[str, list[Point]]) -> None:
    placed = ablation_plots.beside(curves)
    moved = [
        [after.positions / before.positions for before, after in zip(points, placed[method], strict=True)]
        for method, points in curves.items()
    ]
    for method, points in curves.items():
        assert [point.value for point in placed[method]] == [point.value for point in points]
    firsts = [shifts[0] for shifts in moved if shifts]
    assert all(shifts == pytest.approx(shifts[:1] * len(shifts)) for shifts in moved), "a curve keeps its form"
    assert firsts == sorted(set(firsts)) and all(0.9 < shift < 1.1 for shift in firsts)


def test_changes_are_ordered_by_what_they_cost_over_the_groups() -> None:
    rows = [
        _row("none", 0.0),
        _row("worse", 0.1),
        _row("worse", -0.6, group="D"),
        _row("better", 0.05),
    ]
    assert list(ablation_plots.by_effect(rows)) == ["worse", "none", "better"]


def test_the_band_of_trainings_holds_the_committed_run_and_our_method_only() -> None:
    seeds = [_row("seed1", -0.03), _row("seed2", -0.08), _row("seed2", -0.5, method="icae"), _row("seed3", None)]
    assert ablation_plots.differences(seeds) == [0.0, -0.03, -0.08]
    assert ablation_plots.differences([]) == [0.0]


def test_a_difference_too_far_out_to_draw_is_written() -> None:
    panel = Figure().subplots()
    ablation_plots._effect(panel, _row("gone", -0.53), 0)
    ablation_plots._effect(panel, _row("small", -0.02), 1)
    assert [text.get_text() for text in panel.texts] == ["-0.53 [-0.58, -0.48]"]
    assert min(panel.dataLim.intervalx) >= FLOOR
