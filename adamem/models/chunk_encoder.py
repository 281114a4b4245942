"""Stage A: from a context to its coarse memory, chunk by chunk and without looking at any query.

State s of a chunk pools the chunk's tokens by softmax. Untrained, it is the plain mean over its own window of
P/S tokens; a small chunk transformer then learns, from zero, where else to look and what to add. It pools
twice: a key from the LLM's early features (good to find by) and a value from its token embeddings (what the
LLM can read back).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from adamem import config
from adamem.data.chunking import chunk
from adamem.models.host import HostLLM
from adamem.models.records import TokenBatch
from adamem.models.statistics import Statistics

OUTSIDE_WINDOW = -6.0  # pooling logit of tokens outside a state's own window, against 0 inside


@dataclass(frozen=True)
class States:
    """Keys, values and mask of the summary states, [B, M, D] and [B, M]."""

    keys: Float[Tensor, "B M D"]
    values: Float[Tensor, "B M D"]
    mask: Bool[Tensor, "B M"]


class Standardiser(nn.Module):
    """Features minus the corpus mean, over the corpus deviation, per dimension."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))

    def set(self, statistics: Statistics) -> None:
        """Take over corpus statistics. Raises ValueError if they are of another width."""
        if statistics.feature_mean.shape != self.mean.shape:
            raise ValueError(f"statistics of width {len(statistics.feature_mean)} for an LLM of width {len(self.mean)}")
        self.mean.copy_(statistics.feature_mean)
        self.deviation.copy_(statistics.feature_deviation)

    def forward(self, features: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        return (features - self.mean) / self.deviation.clamp_min(1e-6)


class ChunkEncoder(nn.Module):
    """Context tokens [B, L] to summary states [B, N * S, D]."""

    window_bias: Tensor

    def __init__(self, settings: config.ChunkEncoder, width: int) -> None:
        super().__init__()
        self.settings = settings
        size, states, hidden = settings.chunk_size, settings.summary_states, settings.hidden
        self.standardise = Standardiser(width)
        self.reduce = nn.Linear(width, hidden)
        self.place = nn.Parameter(torch.zeros(size, hidden))
        self.mix = nn.TransformerEncoderLayer(
            hidden, settings.heads, 2 * hidden, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.score = nn.Linear(hidden, states)
        self.key_residual = nn.Linear(hidden, width)
        self.value_residual = nn.Linear(hidden, width)
        self.register_buffer("window_bias", _window_bias(size, states), persistent=False)
        self.init_weights()

    def init_weights(self) -> None:
        """The retrieval start: whatever the transformer says counts for nothing yet."""
        for layer in (self.score, self.key_residual, self.value_residual):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def query_features(self, host: HostLLM, query: TokenBatch) -> Float[Tensor, "B Lq D"]:
        """Standardised features of the query, from the same layers as the keys."""
        return self.standardise(host.features(query.ids, self.settings.feature_layers))

    def forward(self, host: HostLLM, context: TokenBatch) -> States:
        ids, mask = chunk(context.ids, context.mask, self.settings.chunk_size)
        rows, chunks = ids.shape[:2]
        ids, mask = ids.flatten(0, 1), mask.flatten(0, 1)
        features = self.standardise(host.features(ids, self.settings.feature_layers))
        padding = ~mask & mask.any(1, keepdim=True)  # a chunk of padding alone attends to itself: no NaN
        mixed = self.mix(self.reduce(features) + self.place, src_key_padding_mask=padding)
        logits = (self.score(mixed) + self.window_bias).masked_fill(padding[..., None], float("-inf"))
        weights = logits.softmax(1).transpose(1, 2)
        pooled = weights @ mixed
        keys = weights @ features + self.key_residual(pooled)
        values = weights @ host.embed(ids) + self.value_residual(pooled)
        real = mask.unflatten(1, (self.settings.summary_states, -1)).any(2)
        parts = [part.unflatten(0, (rows, chunks)).flatten(1, 2) for part in (keys, values, real)]
        return States(*parts)


def _window_bias(size: int, states: int) -> Float[Tensor, "P S"]:
    own = torch.arange(size)[:, None] // (size // states) == torch.arange(states)
    return torch.where(own, 0.0, OUTSIDE_WINDOW)
