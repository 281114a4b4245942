"""Memory tokens in the prompt, and prompts in every layer beside the learned ones, as in P-Tuning v2 (Liu et al. 2022).

A small LLM is hardly steered by vectors at its input alone. Here each layer reads the tokens as it always does, and
learned vectors are added to the keys and values that it keeps of the last of them: none at the start, so that the
start stays as readable as with the soft prefix. No further position is taken.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from transformers import DynamicCache

from adamem.models import cache_pairs
from adamem.models.host import HostLLM
from adamem.models.interfaces.base import Interface
from adamem.models.records import Memory
from adamem.models.silent import Offset


class DeepPrefix(Interface):
    """Learned keys and values for the last `count` memory tokens, the same for every text and question.

    They move in steps of the size that a layer's own keys and values have.

    Args:
        count: F.
        host: the LLM.
        pace: of the learned keys and values, see `Offset`.
    """

    sizes: Tensor

    def __init__(self, count: int, host: HostLLM, pace: float = Offset.PACE) -> None:
        super().__init__()
        parts = [part for pair in _of_words(host, count) for part in pair]
        self.heads = [part.shape[1] for part in parts]
        self.offsets = nn.ModuleList(Offset(count, part.shape[1] * part.shape[3], pace) for part in parts)
        self.register_buffer("sizes", torch.stack([part.float().square().mean().sqrt() for part in parts]))
        self.to(host.device)

    def present(self, memory: Memory) -> tuple[Memory, DynamicCache | None]:
        added = [
            (size * offset()).unflatten(-1, (heads, -1)).transpose(0, 1)
            for size, offset, heads in zip(self.sizes, self.offsets, self.heads, strict=True)
        ]
        return replace(memory, added=list(zip(added[::2], added[1::2], strict=True))), None


@torch.no_grad()
def _of_words(host: HostLLM, count: int) -> list[tuple[Tensor, Tensor]]:
    """What every layer keeps of words in the memory's place: keys and values [1, heads, count, head width]."""
    before = host.embed(torch.tensor(host.frame.before, dtype=torch.long, device=host.device))
    cache = DynamicCache()
    host.read(torch.cat([before, host.instruction(count)])[None], cache=cache)
    return [(keys[:, :, -count:], values[:, :, -count:]) for keys, values in cache_pairs.of(cache)]
