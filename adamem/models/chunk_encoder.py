"""Stage A: from a context to its coarse memory, chunk by chunk and without looking at any query.

State s of a chunk pools the chunk's tokens by softmax. Untrained, it is the plain mean over its own window of
P/S tokens; a small chunk transformer then learns, from zero, where else to look and what to add. It pools
twice: a key from the LLM's early features (good to find by) and a value from its token embeddings (what the
LLM can read back).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from adamem import config
from adamem.data.chunking import chunk
from adamem.models.host import HostLLM
from adamem.models.memory import States
from adamem.models.records import TokenBatch
from adamem.models.silent import SilentLinear
from adamem.models.statistics import Statistics

OUTSIDE_WINDOW = -6.0  # log of what the tokens outside a state's own window weigh together, against 0 inside


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
    information: Tensor

    def __init__(self, settings: config.ChunkEncoder, host: HostLLM) -> None:
        super().__init__()
        self.settings = settings
        size, states, hidden, width = settings.chunk_size, settings.summary_states, settings.hidden, host.width
        self.standardise = Standardiser(width)
        self.reduce = nn.Linear(width, hidden)
        self.place = nn.Parameter(torch.zeros(size, hidden))
        self.mix = nn.TransformerEncoderLayer(
            hidden, settings.heads, 2 * hidden, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.score = SilentLinear(hidden, states)
        self.key_residual = SilentLinear(hidden, width)
        self.value_residual = SilentLinear(hidden, width, host.embedding_rms)
        self.register_buffer("information", torch.ones(host.vocabulary))
        self.register_buffer("window_bias", _window_bias(size, states), persistent=False)

    def set(self, statistics: Statistics) -> None:
        """Take over corpus statistics. Raises ValueError if they are another LLM's."""
        self.standardise.set(statistics)
        if statistics.token_information.shape != self.information.shape:
            raise ValueError(
                f"statistics of {len(statistics.token_information)} tokens for an LLM with {len(self.information)}"
            )
        self.information.copy_(statistics.token_information)

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
        keys = F.normalize(weights @ features + self.key_residual(pooled), dim=-1)
        values = weights @ host.embed(ids) + self.value_residual(pooled)
        keys, values = (part.unflatten(0, (rows, chunks)).flatten(1, 2) for part in (keys, values))
        return States(keys, values, *self._places(host, context, keys.shape[1]))

    def _places(
        self, host: HostLLM, context: TokenBatch, states: int
    ) -> tuple[Int[Tensor, "B M"], Float[Tensor, "B M"], Bool[Tensor, "B M"]]:
        """Sentence, information and mask of every state."""
        window = self.settings.window
        missing = states * window - context.ids.shape[1]
        windows = [
            F.pad(part, (0, missing)).unflatten(1, (states, window))
            for part in (host.sentences.numbers(context), self.information[context.ids] * context.mask, context.mask)
        ]
        sentences, information, mask = windows
        return sentences[..., 0], information.sum(2) / mask.sum(2).clamp_min(1), mask.any(2)


def _window_bias(size: int, states: int) -> Float[Tensor, "P S"]:
    """Pooling logits: 0 for the window's own tokens; the others share out their small weight, however many they are."""
    window = size // states
    own = torch.arange(size)[:, None] // window == torch.arange(states)
    return torch.where(own, 0.0, OUTSIDE_WINDOW - math.log(max(size - window, 1) / window))
