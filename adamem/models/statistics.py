"""What the training corpus looks like to the frozen LLM: scales without which nothing compares and nothing reads.

Features: a few dimensions of a causal LLM's states are hundreds of times larger than the rest; unscaled, they alone
would decide every cosine. Embeddings: those of running text share a common part that has nothing to do with the mean
of the vocabulary (in SmolLM2-135M the two are orthogonal); vectors pooled or learned must be rescaled around it, or the
LLM cannot read them (measured: 9 nats per answer token around the wrong mean, 5.6 around the right one, 5.7
without any memory). Tokens: -log of their share, by which rare words weigh more than common ones.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from adamem.models.tensor_files import load_tensors


@dataclass(frozen=True)
class Statistics:
    """Means and scales over the training corpus, and every token's surprisal in it in nats."""

    feature_mean: Float[Tensor, " D"]
    feature_deviation: Float[Tensor, " D"]
    embedding_mean: Float[Tensor, " D"]
    embedding_rms: Float[Tensor, ""]
    token_information: Float[Tensor, " V"]

    @classmethod
    def neutral(cls, width: int, vocabulary: int, rms: float) -> Statistics:
        """Nothing known: no centre, the embedding size of the whole vocabulary, all tokens alike."""
        return cls(torch.zeros(width), torch.ones(width), torch.zeros(width), torch.tensor(rms), torch.ones(vocabulary))

    @classmethod
    def load(cls, path: str | Path) -> Statistics:
        """Read what the stage `features` has written.

        Raises:
            ValueError: it is missing or not whole.
        """
        return cls(**load_tensors(Path(path), "run `dvc repro features`"))

    def tensors(self) -> dict[str, Tensor]:
        """By name, for a safetensors file."""
        return asdict(self)


@runtime_checkable
class Scaled(Protocol):
    """A method that compares features or makes memory tokens of its own, and needs the scales for it."""

    def set_statistics(self, statistics: Statistics) -> None:
        """Take over the corpus statistics."""
        ...
