"""The intervals against theory, by simulation and on known cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamem.evaluation.statistics import (
    holm,
    mean_interval,
    over_trainings,
    paired_bootstrap,
    shared_clusters,
    sign_flip,
)


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_mean_of_a_large_sample_has_the_width_theory_gives() -> None:
    values = _rng().normal(3.0, 2.0, size=400)
    found = mean_interval(values.tolist(), range(400), 10_000, _rng(1))
    half = 1.96 * values.std() / 20
    assert found.mean == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half), abs=0.02)


def test_intervals_over_clusters_cover_the_truth_as_often_as_they_say() -> None:
    """Items of a cluster share half of their variance: ignoring clusters would cover about 80 %."""
    source, covered, naive = _rng(2), 0, 0
    clusters = np.repeat(np.arange(50), 4)
    trials = 200
    for _ in range(trials):
        values = (source.normal(size=50)[clusters] + source.normal(size=200)).tolist()
        right = mean_interval(values, clusters.tolist(), 500, source)
        wrong = mean_interval(values, range(200), 500, source)
        covered += right.low <= 0 <= right.high
        naive += wrong.low <= 0 <= wrong.high
    assert 0.90 <= covered / trials <= 0.98
    assert naive / trials < 0.85


def test_pairing_takes_out_what_both_methods_share() -> None:
    difficulty = _rng(3).normal(size=200) * 10
    found = paired_bootstrap((difficulty + 1).tolist(), difficulty.tolist(), range(200), 10_000, _rng())
    assert (found.difference, found.low, found.high) == pytest.approx((1, 1, 1))


def test_trainings_that_agree_add_no_width_and_those_that_differ_do() -> None:
    items = _rng(3).normal(size=200)
    same = over_trainings([items.tolist()] * 3, range(200), 20_000, _rng(1))
    apart = over_trainings([(items + shift).tolist() for shift in (-1, 0, 1)], range(200), 20_000, _rng(1))
    assert same.difference == pytest.approx(apart.difference)
    half = 1.96 * items.std() / np.sqrt(200)
    assert (same.low, same.high) == pytest.approx((items.mean() - half, items.mean() + half), abs=0.02)
    assert (same.deviation, apart.deviation) == pytest.approx((0, 1))
    assert apart.high - apart.low > 3 * (same.high - same.low)


def test_two_trainings_of_equal_items_are_a_t_test_with_one_degree_of_freedom() -> None:
    found = over_trainings([[0.1] * 20, [0.3] * 20], range(20), 1_000, _rng())
    assert (found.low, found.high) == pytest.approx((0.2 - 12.7062 * 0.1, 0.2 + 12.7062 * 0.1), abs=1e-4)
    assert found.p == pytest.approx(np.arctan(1 / 2) / np.pi)  # Student's t of one degree is Cauchy's


@pytest.mark.parametrize(("count", "least"), [(3, 0.87), (10, 0.90)])
def test_intervals_over_trainings_cover_the_truth_where_those_over_items_do_not(count: int, least: float) -> None:
    """Trainings with effects of their own: what one of them shows of its items says little of the next one."""
    source, covered, naive, below = _rng(9), 0, 0, 0
    trials = 300
    for _ in range(trials):
        rows = 0.2 * source.normal(size=(count, 1)) + source.normal(size=200) / 4 + source.normal(size=(count, 200))
        crossed = over_trainings(rows.tolist(), range(200), 500, source)
        alone = mean_interval(rows[0].tolist(), range(200), 500, source)
        covered += crossed.low <= 0 <= crossed.high
        naive += alone.low <= 0 <= alone.high
        below += crossed.p < 0.05
    assert least <= covered / trials <= 0.995
    assert below / trials < 0.1
    assert naive / trials < 0.75


@given(st.lists(st.lists(st.floats(-1, 1), min_size=4, max_size=4), min_size=2, max_size=4))
def test_an_interval_over_trainings_lies_above_zero_where_its_p_says_so(rows: list[list[float]]) -> None:
    found = over_trainings(rows, range(4), 200, _rng())
    assert found.low <= found.difference <= found.high
    assert (found.low > 0) == (found.p < 0.025) or found.p == pytest.approx(0.025)


def test_swapping_the_methods_mirrors_the_interval() -> None:
    a, b = _rng(4).random(60).tolist(), _rng(5).random(60).tolist()
    forth, back = (paired_bootstrap(x, y, range(60), 2_000, _rng(6)) for x, y in ((a, b), (b, a)))
    assert (back.difference, back.low, back.high) == pytest.approx((-forth.difference, -forth.high, -forth.low))


def test_the_same_generator_state_gives_the_same_interval() -> None:
    values, names = _rng(7).random(30).tolist(), [f"country:{index % 9}" for index in range(30)]
    assert mean_interval(values, names, 3_000, _rng(8)) == mean_interval(values, names, 3_000, _rng(8))


def test_one_cluster_has_no_spread() -> None:
    assert mean_interval([0.0, 1.0], ["x", "x"], 1_000, _rng()).low == 0.5


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_an_interval_lies_within_the_data_and_holds_its_mean_when_all_agree(values: list[float]) -> None:
    found = mean_interval(values, range(len(values)), 1_000, _rng())
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9


def test_a_permutation_test_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 scores against 0"):
        sign_flip([], [], [], 100, _rng())


def test_unequal_or_empty_input_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 values"):
        mean_interval([], [], 1_000, _rng())
    with pytest.raises(ValueError, match="2 scores against 1"):
        paired_bootstrap([1.0, 0.0], [1.0], ["x", "y"], 1_000, _rng())
    with pytest.raises(ValueError, match=r"\[2, 1\] values in 2 groups"):
        over_trainings([[1.0, 0.0], [1.0]], ["x", "y"], 1_000, _rng())
    with pytest.raises(ValueError, match="give each its own"):
        over_trainings([[1.0, 0.0]], ["x", "y"], 1_000, _rng())


def test_the_permutation_test_is_exact_on_a_worked_example() -> None:
    """Four pairs that all differ by 1: of 16 exchanges only one gives as much, so p is 1/16, and 1 the other way."""
    a, b = [2.0, 3.0, 4.0, 5.0], [1.0, 2.0, 3.0, 4.0]
    assert sign_flip(a, b, range(4), 10_000, _rng()) == pytest.approx(1 / 16)
    assert sign_flip(b, a, range(4), 10_000, _rng()) == pytest.approx(1.0)
    assert sign_flip(a, b, [0, 0, 1, 1], 10_000, _rng()) == pytest.approx(1 / 4)


def test_a_permutation_test_of_one_group_has_two_outcomes() -> None:
    assert sign_flip([1.0, 0.0], [0.5, 0.0], ["x", "x"], 100, _rng()) == 0.5
    assert sign_flip([0.5], [1.0], ["x"], 100, _rng()) == sign_flip([1.0], [1.0], ["x"], 100, _rng()) == 1.0


def test_the_permutation_test_is_wrong_as_often_as_it_says() -> None:
    source, trials = _rng(7), 400
    clusters = np.repeat(np.arange(20), 2)
    found = []
    for _ in range(trials):
        shared = source.normal(size=20)[clusters]
        a, b = (shared + source.normal(size=40) for _ in range(2))
        found.append(sign_flip(a.tolist(), b.tolist(), clusters.tolist(), 200, source))
    assert 0.02 <= np.mean(np.array(found) < 0.05) <= 0.085


def test_holm_on_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_items_are_clustered_by_the_entity_most_of_them_share() -> None:
    items = [["Peru", "Chile"], ["Chile"], ["Peru", "Chile", "Togo"], ["Togo"], []]
    assert shared_clusters(items) == ["Chile", "Chile", "Chile", "Togo", "item 4"]
