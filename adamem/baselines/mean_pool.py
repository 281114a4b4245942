"""Mean pooling: K windows of the context, the mean of each one's token embeddings, mapped by a learned projection.

No query and no mixing of windows. Simple as it is, it is reported to beat causal compression tokens
(Feldman and Artzi 2025, arXiv:2510.20797).
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from adamem import config
from adamem.models.host import HostLLM
from adamem.models.method import Method, refuse_empty
from adamem.models.projection import Projection
from adamem.models.records import Memory, TokenBatch
from adamem.models.silent import Offset
from adamem.models.statistics import Statistics


class MeanPool(Method):
    """One memory token for every K-th of the context; a context of fewer than K tokens has one for each."""

    def __init__(self, host: HostLLM, memory_tokens: int) -> None:
        super().__init__(host)
        self.memory_tokens = memory_tokens
        self.shift = Offset(memory_tokens, host.width)
        self.projection = Projection(config.LinearProjection(kind="linear"), host)
        self.to(host.device)

    def compress(self, context: TokenBatch, query: TokenBatch) -> Memory:
        refuse_empty(context, "context")
        refuse_empty(query, "query")
        shares = self._shares(context)
        tokens = self.projection(shares @ self.host.embed(context.ids) + self.shift())
        return Memory(tokens, shares.any(-1))

    def _shares(self, context: TokenBatch) -> Float[Tensor, "B K L"]:
        """What every token is of the mean of every window; rows of empty windows are zero."""
        length = context.mask.sum(1, keepdim=True)
        place = torch.arange(context.ids.shape[1], device=context.ids.device)
        windows = place * length.clamp_max(self.memory_tokens) // length
        slots = torch.arange(self.memory_tokens, device=context.ids.device)
        inside = ((windows[:, None] == slots[:, None]) & context.mask[:, None]).float()
        return inside / inside.sum(-1, keepdim=True).clamp_min(1)

    def set_statistics(self, statistics: Statistics) -> None:
        """Take over the corpus statistics of the embeddings."""
        self.projection.set(statistics)

    def offline_bytes(self, tokens: int) -> float:
        """K vectors in bfloat16."""
        return 2.0 * self.memory_tokens * self.host.width
