"""How the corpus statistics are measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from adamem import config
from adamem.models.host import HostLLM
from adamem.models.statistics import Statistics

CHUNKS = 1024  # sampled; 65,000 tokens at P = 64 settle a mean and a deviation to under one per cent
BATCH = 32


def of_corpus(host: HostLLM, documents: Sequence[np.ndarray], settings: config.ChunkEncoder, seed: int) -> Statistics:
    """Read chunks drawn from the training documents, by document length.

    Raises:
        ValueError: no document fills one chunk.
    """
    chunks = _draw(documents, settings.chunk_size, seed)
    features, embeddings = _Moments(host), _Moments(host)
    for batch in chunks.split(BATCH):
        ids = batch.to(host.device)
        features.add(host.features(ids, settings.feature_layers))
        embeddings.add(host.embed(ids))
    return Statistics(
        feature_mean=features.mean().float().cpu(),
        feature_deviation=features.variance().sqrt().float().cpu(),
        embedding_mean=embeddings.mean().float().cpu(),
        embedding_rms=embeddings.variance().mean().sqrt().float().cpu(),
        token_information=_information(documents, host.vocabulary),
    )


def _information(documents: Sequence[np.ndarray], vocabulary: int) -> Float[Tensor, " V"]:
    """-log of each token's share of the corpus, every token counted once more than it occurs."""
    counts = np.ones(vocabulary)
    for document in documents:
        counts += np.bincount(document, minlength=vocabulary)
    return torch.from_numpy(-np.log(counts / counts.sum())).float()


class _Moments:
    """Running first and second moments of vectors, in float64."""

    def __init__(self, host: HostLLM) -> None:
        self.count = 0
        self.total = torch.zeros(host.width, dtype=torch.float64, device=host.device)
        self.squares = torch.zeros_like(self.total)

    def add(self, vectors: Float[Tensor, "B L D"]) -> None:
        rows = vectors.flatten(0, 1).double()
        self.count += len(rows)
        self.total += rows.sum(0)
        self.squares += rows.pow(2).sum(0)

    def mean(self) -> Float[Tensor, " D"]:
        return self.total / self.count

    def variance(self) -> Float[Tensor, " D"]:
        return (self.squares / self.count - self.mean().pow(2)).clamp_min(0)


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
