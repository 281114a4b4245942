"""The split never moves: what was test yesterday must not be trained on tomorrow."""

from __future__ import annotations

from collections import Counter

from adamem.data.split import position_of, split_of


def test_keys_stay_where_they_were() -> None:
    """Written down once; a change here means that every result so far was split differently."""
    known = {
        "country:Peru": "train",
        "country:Chad": "test",
        "director:Alfred Hitchcock": "train",
        "speech:1862-Lincoln-1": "test",
        "play:hamlet": "test",
        "play:macbeth": "train",
    }
    assert {key: split_of(key) for key in known} == known


def test_shares_are_as_stated() -> None:
    count = Counter(split_of(f"document:{number}") for number in range(20_000))
    assert abs(count["test"] / 20_000 - 0.15) < 0.01
    assert abs(count["validation"] / 20_000 - 0.10) < 0.01


def test_purposes_are_independent() -> None:
    """A second draw among the train documents is not bent by the first one."""
    keys = [key for number in range(20_000) if split_of(key := f"document:{number}") == "train"]
    share = sum(position_of(key, "tokens") < 0.05 for key in keys) / len(keys)
    assert abs(share - 0.05) < 0.006
    assert all(0 <= position_of(key, "tokens") < 1 for key in keys)
