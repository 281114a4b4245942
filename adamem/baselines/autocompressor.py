"""AutoCompressor (Chevalier et al. 2023, arXiv:2305.14788): summary vectors accumulated segment by segment.

Segment i is read behind the summaries of all earlier ones; its own summary vectors are appended. Training cuts
segments at random lengths and stops gradients every few segments. The original tunes its base model; here the
reader stays frozen, as for every method, and the report says so.
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

SHORTEST = 0.5  # random segments are between this and 1.5 of the even length


class AutoCompressor(Method):
    """K / segments summary vectors per segment, all of them kept."""

    def __init__(self, settings: config.AutoCompressor, host: HostLLM, memory_tokens: int, feature_layers: int) -> None:
        super().__init__(host)
        self.settings = settings
        self.slots = segments.per_segment(memory_tokens, settings.segments)
        self.encoder = segments.build(settings.encoder, host, self.slots, feature_layers, recursive=True)
        self.shift = Offset(memory_tokens, host.width)
        self.projection = Projection(config.LinearProjection(kind="linear"), host)
        self.to(host.device)

    def compress(self, context: TokenBatch, query: TokenBatch) -> Memory:
        refuse_empty(context, "context")
        refuse_empty(query, "query")
        summaries: list[torch.Tensor] = []
        behind: list[torch.Tensor] = []  # the same, as later segments read them
        for number, part in enumerate(segments.split(context, self._shares(context))):
            if number % self.settings.detach_every == 0:
                behind = [summary.detach() for summary in behind]
            summaries.append(self.encoder(self.host, part, torch.cat(behind, 1) if behind else None))
            behind.append(summaries[-1])
        tokens = self.projection(torch.cat(summaries, 1) + self.shift())
        return Memory(tokens, torch.ones_like(tokens[..., 0], dtype=torch.bool))

    def set_statistics(self, statistics: Statistics) -> None:
        """Take over the corpus statistics of features and embeddings."""
        self.encoder.set_statistics(statistics)
        self.projection.set(statistics)

    def offline_bytes(self, tokens: int) -> float:
        return segments.memory_bytes(self.slots * self.settings.segments, self.host.width)

    def _shares(self, context: TokenBatch) -> list[float]:
        """Even segments when answering; in training random ones, drawn from the batch itself so that a repeated
        step cuts as it did before."""
        count = self.settings.segments
        if not self.training:
            return [1.0] * count
        generator = torch.Generator().manual_seed(int(context.ids[context.mask].sum()))
        return (SHORTEST + torch.rand(count, generator=generator)).tolist()
