"""What the plots of the ablations promise the eye: nothing covers anything, the order is that of the numbers."""

from __future__ import annotations

from itertools import combinations

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
def test_no_interval_is_drawn_over_another_and_points_move_only_to_the_right(curves: dict[str, list[Point]]) -> None:
    placed = ablation_plots.apart(curves)
    drawn = [point for points in placed.values() for point in points]
    assert not any(one.covers(other) for one, other in combinations(drawn, 2))
    for method, points in curves.items():
        for before, after in zip(points, placed[method], strict=True):
            assert after.positions >= before.positions
            assert (after.value, after.low, after.high) == (before.value, before.low, before.high)


def test_points_that_have_room_stay_at_their_positions() -> None:
    curves = {"adamem": [_point(32, 0.5, 0.05)], "icae": [_point(32, 0.1, 0.05)], "full": [_point(320, 0.5, 0.05)]}
    assert ablation_plots.apart(curves) == curves


def test_changes_are_ordered_by_what_they_cost_over_both_groups() -> None:
    rows = [
        _row("none", 0.0),
        _row("worse", 0.1),
        _row("worse", -0.6, group="D"),
        _row("better", 0.05),
    ]
    assert list(ablation_plots.by_effect(rows)) == ["worse", "none", "better"]


def test_the_band_of_seeds_holds_the_committed_run_and_our_method_only() -> None:
    seeds = [_row("seed1", -0.03), _row("seed2", -0.08), _row("seed2", -0.5, method="icae"), _row("seed3", None)]
    assert ablation_plots.seed_differences(seeds) == [0.0, -0.03, -0.08]
    assert ablation_plots.seed_differences([]) == [0.0]


def test_a_difference_too_far_out_to_draw_is_written() -> None:
    panel = Figure().subplots()
    ablation_plots._effect(panel, _row("gone", -0.53), 0)
    ablation_plots._effect(panel, _row("small", -0.02), 1)
    assert [text.get_text() for text in panel.texts] == ["-0.53 [-0.58, -0.48]"]
    assert min(panel.dataLim.intervalx) >= FLOOR
