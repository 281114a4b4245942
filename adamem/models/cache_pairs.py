"""A KV cache as plain tensors: what is kept, cut or joined outside the LLM."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from transformers import DynamicCache

Pairs = Sequence[Sequence[Tensor]]  # keys and values [B, heads, T, head width] of every layer


def of(cache: DynamicCache) -> list[tuple[Tensor, Tensor]]:
    """The keys and values of every layer of a cache that was filled."""
    pairs = []
    for layer in cache.layers:
        assert layer.keys is not None and layer.values is not None
        pairs.append((layer.keys, layer.values))
    return pairs


def cache(pairs: Pairs) -> DynamicCache:
    """A cache that holds them; the LLM appends to it and leaves the tensors alone."""
    filled = DynamicCache()
    for index, (keys, values) in enumerate(pairs):
        filled.update(keys, values, index)
    return filled
