"""Corpus statistics of the features: what makes cosines between early hidden states mean something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from adamem import config
from adamem.models.host import HostLLM

CHUNKS = 1024  # sampled; 65,000 tokens at P = 64 settle a mean and a deviation to under one per cent
BATCH = 32


@dataclass(frozen=True)
class Statistics:
    """Mean and deviation per dimension, and how many chunks they come from."""

    mean: Float[Tensor, " D"]
    deviation: Float[Tensor, " D"]
    chunks: int

    def tensors(self) -> dict[str, Tensor]:
        return {"mean": self.mean, "deviation": self.deviation}


def of_features(
    host: HostLLM, documents: Sequence[np.ndarray], settings: config.ChunkEncoder, seed: int
) -> Statistics:
    """Read chunks drawn from the training documents, by document length.

    Raises:
        ValueError: no document fills one chunk.
    """
    chunks = _draw(documents, settings.chunk_size, seed)
    total = torch.zeros(host.width, dtype=torch.float64, device=host.device)
    squares = torch.zeros_like(total)
    for batch in chunks.split(BATCH):
        features = host.features(batch.to(host.device), settings.feature_layers).flatten(0, 1).double()
        total, squares = total + features.sum(0), squares + features.pow(2).sum(0)
    mean = total / chunks.numel()
    deviation = (squares / chunks.numel() - mean.pow(2)).clamp_min(0).sqrt()
    return Statistics(mean.float(), deviation.float(), len(chunks))


def _draw(documents: Sequence[np.ndarray], size: int, seed: int) -> Tensor:
    room = np.array([max(0, len(document) - size + 1) for document in documents], dtype=np.int64)
    if not room.any():
        raise ValueError(f"chunk_encoder.chunk_size {size}: no training document is that long; choose a smaller one")
    rng = np.random.default_rng(seed)
    rows = []
    for index in rng.choice(len(documents), size=CHUNKS, p=room / room.sum()):
        start = int(rng.integers(0, room[index]))
        rows.append(torch.from_numpy(documents[int(index)][start : start + size].astype(np.int64)))
    return torch.stack(rows)
