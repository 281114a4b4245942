"""What the eye must be able to rely on; that plots appear at all is tested with the report."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from adamem.analysis import cost_plots, costs, curves, plots
from adamem.analysis.curves import Training
from adamem.analysis.methods import STYLES, in_order, style


@given(st.lists(st.floats(0, 1), min_size=1, max_size=14).map(sorted))
def test_names_beside_a_panel_keep_their_order_and_their_distance(heights: list[float]) -> None:
    placed = plots.spaced(heights, gap=0.07)
    assert all(0 <= height <= 1 + 1e-9 for height in placed)
    assert all(after - before >= 0.07 - 1e-9 for before, after in pairwise(placed))


def test_names_that_have_room_stay_where_they_are() -> None:
    assert plots.spaced([0.1, 0.5, 0.9], gap=0.07) == pytest.approx([0.1, 0.5, 0.9])


def test_no_two_methods_look_alike() -> None:
    looks = {(look.colour, look.marker, look.filled) for look in STYLES.values()}
    assert len(looks) == len(STYLES)


def test_a_method_nobody_listed_comes_last_in_a_neutral_look() -> None:
    assert in_order(["brand_new", "icae", "adamem"]) == ["adamem", "icae", "brand_new"]
    assert style("brand_new").what == ""


COSTS = st.dictionaries(st.text("abc", min_size=1), st.floats(0, 5_000), min_size=1, max_size=14)


@given(COSTS)
def test_every_method_stands_in_one_block_of_like_costs(costs: dict[str, float]) -> None:
    found = plots.blocks(costs)
    assert sorted(name for block in found for name in block) == sorted(costs)
    for block in found:
        assert all(costs[after] <= plots.LIKE * costs[before] for before, after in pairwise(block))
    for block, dearer in pairwise(found):
        assert costs[dearer[0]] > plots.LIKE * costs[block[-1]]


def test_no_position_few_positions_and_the_whole_text_are_no_like_costs() -> None:
    costs = {
        "full_context_tuned": 322.6,
        "no_context": 0.0,
        "adamem": 32.0,
        "full_context": 290.6,
        "longllmlingua": 31.9,
    }
    assert plots.blocks(costs) == [["no_context"], ["longllmlingua", "adamem"], ["full_context", "full_context_tuned"]]


def _training(*points: dict[str, float]) -> Training:
    return Training("phase2", "phase2", points)


def test_no_line_joins_the_losses_of_two_trainings() -> None:
    steps = [
        {"step": 0, "validation_loss": 5.0},
        {"step": 1, "loss": 4.0, "validation_loss": 3.0},
        {"step": 1, "validation_loss": 9.0},
        {"step": 2, "loss": 8.5, "answer_nll": 8.0, "validation_loss": 7.0},
    ]
    first, second = curves.parts(_training(*steps))
    assert first.points + second.points == tuple(steps)
    assert first.curve("validation_loss") == ([0, 1], [5.0, 3.0])
    assert second.curve("validation_loss") == ([1, 2], [9.0, 7.0])
    assert (curves.reading(first), curves.reading(second)) == (([1], [4.0]), ([2], [8.0]))


def test_one_training_is_one_part() -> None:
    whole = _training({"step": 0, "validation_loss": 5.0}, {"step": 1, "loss": 4.0}, {"step": 2, "loss": 3.0})
    assert curves.parts(whole) == [whole]
    assert curves.part_names([whole] * 3) == ("text", "selector", "answers")
    assert curves.part_names([whole] * 2) == ("selector", "answers"), "it has no loss of the answer of its own"
    assert len(curves.part_names([whole])) == 1


@given(st.lists(st.floats(0, 10), max_size=80))
def test_a_smoothed_curve_stays_within_the_raw_one(values: list[float]) -> None:
    smooth = curves.moving_mean(values)
    assert len(smooth) == len(values)
    assert all(min(values) - 1e-9 <= mean <= max(values) + 1e-9 for mean in smooth)


def test_smoothing_takes_out_what_alternates_and_keeps_a_slope() -> None:
    slope = [float(index) for index in range(60)]
    assert curves.moving_mean(slope)[5:-5] == pytest.approx(slope[5:-5])
    assert max(curves.moving_mean([0.0, 1.0] * 30)[5:-5]) < 0.6


def test_names_at_the_ends_of_lines_stand_in_the_order_of_the_lines_on_a_logarithm() -> None:
    panel = Figure().subplots()
    panel.set(yscale="log", ylim=(0.01, 10))
    plots.names_at_ends(panel, [("b", 0.1, "k"), ("a", 0.099, "k"), ("c", 10.0, "k")], gap=0.1)
    places = {text.get_text(): text.xyann[1] for text in panel.texts}  # pyright: ignore[reportAttributeAccessIssue]
    assert places["b"] - places["a"] == pytest.approx(0.1)
    assert (places["a"] + places["b"]) / 2 == pytest.approx(1 / 3, abs=0.01)
    assert places["c"] == pytest.approx(1.0)


def test_many_queries_are_shown_on_a_short_text_and_on_the_longest() -> None:
    assert cost_plots.short_and_long([1024, 512, 8192]) == [512, 8192]
    assert cost_plots.short_and_long([512]) == [512]


def test_only_the_first_query_pays_for_what_is_kept() -> None:
    totals = cost_plots.spent({"cold_seconds": 5.0, "kept_seconds": 0.5}, "cold", "kept")
    assert totals[:3] == [5.0, 5.5, 6.0]
    assert len(totals) == len(cost_plots.QUERIES)


@pytest.mark.parametrize(("cold", "reused"), [(0.9, 0.07), (0.9, 0.051), (0.5, 0.089), (0.05, 0.2), (0.9, 0.1)])
def test_from_which_query_on_kept_keys_and_values_have_taken_less_time_is_counted_right(
    cold: float, reused: float
) -> None:
    row = {"full_cold": cold, "full_reused": reused, "adamem_cold": 0.2, "adamem_cached": 0.1}
    row = {f"{way}_seconds": value for way, value in row.items()}
    ways = [
        [row[f"{first}_seconds"] + count * row[f"{later}_seconds"] for count in range(200)]
        for first, later in (("full_cold", "full_reused"), ("adamem_cold", "adamem_cached"))
    ]
    less = [count for count, (full, ours) in enumerate(zip(*ways, strict=True), 1) if full < ours]
    until = "" if 200 in less else f" to {less[-1]}" if less else ""
    assert costs.overtaken(row) == (f"{less[0]}{until}" if less else "never")
