"""Scores of lists: what counts is which names are there, not in which order, nor what stands between them."""

from __future__ import annotations

from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adamem.analysis import names

LISTS = st.lists(st.text("bcdfg", min_size=2, max_size=6), min_size=1, max_size=3, unique=True)


def _references(listed: list[str]) -> list[str]:
    return [names.BETWEEN.join(order) for order in permutations(listed)]


@given(LISTS, st.randoms(use_true_random=False))
def test_all_names_in_any_order_are_a_hit_and_one_less_is_none(listed: list[str], random: Random) -> None:
    said = sorted(listed, key=lambda _: random.random())
    assert names.str_hit(f"It is {' and '.join(said)}!", _references(listed)) == 1
    left = [name for name in listed[1:] if listed[0] not in name]
    if left == listed[1:]:
        assert names.str_hit(" ; ".join(left), _references(listed)) == 0
        assert names.str_em(" ; ".join(left), _references(listed)) == pytest.approx(1 - 1 / len(listed))


@given(LISTS, st.text(max_size=30))
def test_a_hit_is_a_share_of_one(listed: list[str], answer: str) -> None:
    share = names.str_em(answer, _references(listed))
    assert 0 <= share <= 1
    assert names.str_hit(answer, _references(listed)) == (share == 1)


def test_case_articles_and_marks_are_folded_as_by_squad() -> None:
    assert names.str_hit("the kettle of fish - Fort-Bliss", ["FortBliss, A Kettle of Fish!"]) == 1


@pytest.mark.parametrize(
    ("listed", "f1"), [(["lima"], 1.0), (["lima", "oslo"], 2 / 3), (["lima", "oslo", "bern"], 0.5)]
)
def test_what_one_name_alone_is_worth(listed: list[str], f1: float) -> None:
    assert names.f1_of_one(_references(listed)) == pytest.approx(f1)
