"""ICAE (Ge et al. 2024, arXiv:2307.06945): query-free memory slots, segments read independently.

Slots are appended to each segment, their states are the memory, and the segments' memories are joined. It is
pretrained on writing the context out again and on continuing it, then tuned on tasks.
"""

from __future__ import annotations

import torch

from adamem import config
from adamem.baselines import segments
from adamem.models.host import HostLLM
from adamem.models.method import Method, refuse_empty
from adamem.models.projection import Projection
from adamem.models.records import Memory, TokenBatch
from adamem.models.silent import Offset
from adamem.models.statistics import Statistics


class Icae(Method):
    """K / segments slots per segment, each segment on its own."""

    def __init__(self, settings: config.Icae, host: HostLLM, memory_tokens: int, feature_layers: int) -> None:
        super().__init__(host)
        self.shares = [1.0] * settings.segments
        self.slots = segments.per_segment(memory_tokens, settings.segments)
        self.encoder = segments.build(settings.encoder, host, self.slots, feature_layers)
        self.shift = Offset(memory_tokens, host.width)
        self.projection = Projection(config.LinearProjection(kind="linear"), host)
        self.to(host.device)

    def compress(self, context: TokenBatch, query: TokenBatch) -> Memory:
        refuse_empty(context, "context")
        refuse_empty(query, "query")
        parts = [self.encoder(self.host, part) for part in segments.split(context, self.shares)]
        tokens = self.projection(torch.cat(parts, 1) + self.shift())
        return Memory(tokens, torch.ones_like(tokens[..., 0], dtype=torch.bool))

    def set_statistics(self, statistics: Statistics) -> None:
        """Take over the corpus statistics of features and embeddings."""
        self.encoder.set_statistics(statistics)
        self.projection.set(statistics)

    def offline_bytes(self, tokens: int) -> float:
        return segments.memory_bytes(self.slots * len(self.shares), self.host.width)
