"""Memory tokens in the prompt, and learned vectors between all layers beside those that are not picked, as in the deep
prompts of Qin and Eisner (2021); P-Tuning v2 (Liu et al. 2022) has keys and values instead.

A small LLM is hardly steered by vectors at its input alone. Nothing is added at the start, so that it stays as readable
as with the soft prefix, and no position is taken. Where a token stands has no part in what is added to it.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import DynamicCache

from adamem.models.host import HostLLM
from adamem.models.interfaces.base import Interface
from adamem.models.records import Memory
from adamem.models.silent import Offset


class DeepPrompt(Interface):
    """Learned vectors for the last `count` memory tokens in every layer but the first, where the tokens themselves are
    learned; the same for every text and question. Their size is that of what a layer is given. Since what one layer
    gets goes on to all behind it, they move more slowly than vectors at the input.

    Args:
        count: F.
        host: the LLM.
        pace: of learned vectors at its input, see `Offset`.
    """

    SLOWER = 0.125
    sizes: Float[Tensor, " N"]

    def __init__(self, count: int, host: HostLLM, pace: float = Offset.PACE) -> None:
        super().__init__()
        self.offsets = nn.ModuleList(Offset(count, host.width, self.SLOWER * pace) for _ in host.layers[1:])
        self.register_buffer("sizes", _sizes(host, count))
        self.to(host.device)

    def present(self, memory: Memory) -> tuple[Memory, DynamicCache | None]:
        vectors = [size * offset() for size, offset in zip(self.sizes, self.offsets, strict=True)]
        return replace(memory, deep=torch.stack(vectors)), None


@torch.no_grad()
def _sizes(host: HostLLM, count: int) -> Float[Tensor, " N"]:
    """Root mean square of what every layer but the first gets of words in the memory's place."""
    before = host.embed(torch.tensor(host.frame.before, dtype=torch.long, device=host.device))
    words = torch.cat([before, host.instruction(count)])[None].to(host.dtype)
    given = host.model.base_model(inputs_embeds=words, output_hidden_states=True, use_cache=False).hidden_states
    return torch.stack([states[:, -count:].float().square().mean().sqrt() for states in given[1:-1]])
