"""Memory tokens as keys and values in every layer, in the manner of prefix tuning (Li and Liang 2021).

Costs more weights than the soft prefix and saves the LLM the reading: no position passes through its layers.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn
from transformers import DynamicCache

from adamem import config
from adamem.models.host import HostLLM
from adamem.models.interfaces.base import Interface
from adamem.models.records import Memory


class PrefixKV(Interface):
    """One shared layer, then one linear map per decoder layer to its keys and values [B, heads, K, head width]."""

    def __init__(self, settings: config.PrefixKV, host: HostLLM) -> None:
        super().__init__()
        self.dtype = host.dtype
        self.heads, self.head_width = _sizes(host)
        out = 2 * self.heads * self.head_width
        self.share = nn.Sequential(nn.LayerNorm(host.width), nn.Linear(host.width, settings.hidden), nn.GELU())
        self.layers = nn.ModuleList(nn.Linear(settings.hidden, out) for _ in range(len(host.layers)))

    def present(self, memory: Memory) -> tuple[Memory, DynamicCache | None]:
        shared = self.share(memory.tokens)
        cache = DynamicCache()
        for index, layer in enumerate(self.layers):
            pairs = layer(shared).unflatten(-1, (2, self.heads, self.head_width)).to(self.dtype)
            keys, values = pairs.permute(2, 0, 3, 1, 4)
            cache.update(keys, values, index)
        nothing = replace(memory, tokens=memory.tokens[:, :0], mask=memory.mask[:, :0])
        return nothing, cache


def _sizes(host: HostLLM) -> tuple[int, int]:
    """Heads and head width of keys and values, as the LLM itself caches them for one token.

    Raises:
        ValueError: they are not the same for keys and values, and in every layer.
    """
    cache = DynamicCache()
    with torch.no_grad():
        host.read(host.embed(torch.tensor([[host.frame.end]], device=host.device)), cache=cache)
    pairs = [(layer.keys, layer.values) for layer in cache.layers]
    found = {(part.shape[1], part.shape[3]) for pair in pairs for part in pair if part is not None}
    if len(found) != 1 or len(pairs) != len(host.layers):
        raise ValueError(
            f"interface.kind is prefix_kv, but {type(host.model).__name__} caches keys and values of several sizes "
            f"(heads, width: {sorted(found)}); use interface.kind soft_prefix"
        )
    return found.pop()
