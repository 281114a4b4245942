"""Layers that say nothing at the start, and learn to speak at a pace that does not depend on their size."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class SilentLinear(nn.Linear):
    """A linear map that starts at zero, its output scaled by `scale / sqrt(features)`.

    Adam moves every weight by about the learning rate a step, however small the numbers around it are. Beside
    vectors that a frozen LLM can read already, an unscaled layer of some hundred inputs would drown them within
    a step or two (measured: F1 on lookup questions 0.34 untrained, 0.06 after 25 steps).

    Args:
        features: inputs.
        width: outputs.
        scale: typical size of the vectors that the output is added to.
    """

    def __init__(self, features: int, width: int, scale: float = 1.0) -> None:
        super().__init__(features, width)
        self.scale = scale * features**-0.5
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, input: Float[Tensor, "*B F"]) -> Float[Tensor, "*B W"]:  # noqa: A002 - as torch calls it
        return super().forward(input) * self.scale


class Offset(nn.Module):
    """Learned vectors [count, width] to be added to readable ones; they start at zero.

    Vectors that tell a frozen LLM what form an answer has need a learning rate far above that of a network's
    weights (Lester et al. 2021 tune soft prompts at 0.3). These move `pace` times as far a step as other weights do.
    """

    PACE = 64.0

    def __init__(self, count: int, width: int, pace: float = PACE) -> None:
        super().__init__()
        self.pace = pace
        self.vectors = nn.Parameter(torch.zeros(count, width))

    def forward(self) -> Float[Tensor, "n D"]:
        return self.pace * self.vectors


class NearIdentity(nn.Module):
    """x plus a silent linear map of x, without bias."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width, width))

    def forward(self, x: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        return x + F.linear(x, self.weight) * self.weight.shape[0] ** -0.5
