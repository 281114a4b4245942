"""Pretraining windows: whole stretches of one document, drawn by length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adamem import config
from adamem.data import windows
from adamem.data.windows import Window

SETTINGS = config.Teacher(kind="cached", windows=8, context_tokens=20, prefix_tokens=3, continuation_tokens=4, top_k=4)
lengths = st.lists(st.integers(0, 60), min_size=1, max_size=6).filter(lambda found: max(found) > 8)


def documents(counts: list[int]) -> list[np.ndarray]:
    """Document d holds the numbers 1000 d, 1000 d + 1, ..."""
    return [np.arange(1000 * number, 1000 * number + count) for number, count in enumerate(counts)]


@given(lengths, st.integers(0, 3))
def test_a_window_is_a_stretch_of_one_document(counts: list[int], seed: int) -> None:
    for window in windows.sample(documents(counts), 12, SETTINGS, seed):
        stretch = window.context + window.prefix + window.continuation
        number = stretch[0] // 1000
        assert stretch == list(range(stretch[0], stretch[0] + len(stretch)))
        assert stretch[-1] < 1000 * number + counts[number]
        assert (len(window.prefix), len(window.continuation)) == (3, 4)
        assert len(window.context) == min(20, counts[number] - 7) >= 2


def test_drawing_is_a_function_of_the_seed() -> None:
    drawn = [list(windows.sample(documents([50, 40]), 12, SETTINGS, seed)) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_windows_of_a_seed_stay_the_same() -> None:
    """Kept answers of the teacher and published results rest on them."""
    drawn = windows.sample(documents([50, 9, 28, 40]), 6, SETTINGS, 0)
    assert [(window.context[0], len(window.context)) for window in drawn] == [
        (2001, 20),
        (14, 20),
        (23, 20),
        (17, 20),
        (3008, 20),
        (3007, 20),
    ]


def test_only_places_are_held() -> None:
    """Ids are read anew at each request, so what is held does not grow with the length of a window."""
    texts = documents([50, 40])
    drawn = windows.sample(texts, 5, SETTINGS, 0)
    assert [len(drawn), len(drawn[1:4]), len(list(drawn))] == [5, 3, 5]
    assert drawn[1:4] == list(drawn)[1:4] and drawn[-1] == list(drawn)[-1]
    before = drawn[0].context[0]
    for text in texts:
        text += 7
    assert drawn[0].context[0] == before + 7
    with pytest.raises(IndexError):
        drawn[5]


def test_long_documents_are_drawn_more_often() -> None:
    drawn = windows.sample(documents([10, 500]), 200, SETTINGS, 0)
    assert sum(window.context[0] >= 1000 for window in drawn) > 180


def test_documents_too_short_for_any_window() -> None:
    with pytest.raises(
        ValueError, match="prefix and continuation take 7 tokens, and no document of the corpus is longer"
    ):
        windows.sample(documents([3, 7]), 2, SETTINGS, 0)


@given(st.integers(1, 30), st.floats(0, 0.999))
def test_a_stretch_of_the_context_is_written_out_again(count: int, start: float) -> None:
    window = Window(list(range(100, 100 + count)), [1, 2, 3], [4, 5, 6, 7])
    found = windows.within(window, start)
    stretch = found.prefix + found.continuation
    assert found.context == window.context
    assert stretch == list(range(stretch[0], stretch[0] + len(stretch)))
    assert stretch[0] >= 100
    assert stretch[-1] < 100 + count
    assert len(stretch) == min(7, count)
    assert found.continuation
    assert len(found.prefix) == (3 if count >= 7 else min(3, count // 2))
