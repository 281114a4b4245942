"""Kept features: the same to the bit, within their limit."""

from __future__ import annotations

import torch

from adamem.models.feature_cache import FeatureCache
from tests import tiny


def test_kept_features_are_those_computed() -> None:
    host = tiny.make_host(dtype=torch.bfloat16)
    ids = torch.tensor([[5, 6, 7], [8, 9, 10], [5, 6, 7]])
    fresh = {layers: host.features(ids, layers) for layers in (1, 2)}
    host.keep_features(1)
    for _ in range(2):
        for layers, expected in fresh.items():
            assert torch.equal(host.features(ids, layers), expected)
    assert len(host.feature_cache) == 4, "two rows at two depths"


def test_what_is_full_keeps_nothing_more_and_answers_all_the_same() -> None:
    asked: list[int] = []

    def compute(ids: torch.Tensor) -> torch.Tensor:
        asked.append(len(ids))
        return ids[..., None].float()

    cache = FeatureCache(limit=2 * 3 * 4)
    rows = torch.arange(12).reshape(4, 3)
    for _ in range(2):
        assert torch.equal(cache.get(1, rows, compute), rows[..., None].float())
    assert asked == [4, 2], "two rows fit"
    assert cache.size == 24


def test_layers_that_train_are_never_kept() -> None:
    host = tiny.make_host()
    host.keep_features(1)
    host.features(torch.tensor([[5, 6]]), 1)
    host.unfreeze(1)
    host.features(torch.tensor([[5, 6]]), 1)
    assert len(host.feature_cache) == 0
