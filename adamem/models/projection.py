"""From resampled vectors to memory tokens at the LLM's width and size."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from adamem import config


class Projection(nn.Module):
    """A map that starts at the identity, then rescaling to the root mean square of the LLM's token embeddings.

    Args:
        settings: `linear`, or `mlp` (a linear map plus a two-layer residual that starts at zero).
        width: D.
        rms: root mean square of the LLM's token embeddings.
    """

    def __init__(self, settings: config.Projection, width: int, rms: float) -> None:
        super().__init__()
        self.rms = rms
        self.linear = nn.Linear(width, width, bias=False)
        nn.init.eye_(self.linear.weight)
        self.residual: nn.Module | None = None
        if isinstance(settings, config.MlpProjection):
            last = nn.Linear(settings.hidden, width)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            self.residual = nn.Sequential(nn.Linear(width, settings.hidden), nn.GELU(), last)

    def forward(self, x: Float[Tensor, "B K D"]) -> Float[Tensor, "B K D"]:
        y = self.linear(x) if self.residual is None else self.linear(x) + self.residual(x)
        return rescale(y, self.rms)


def rescale(x: Float[Tensor, "*B D"], rms: float) -> Float[Tensor, "*B D"]:
    """Every vector at the given root mean square; a zero vector stays zero."""
    return x * (rms * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + (1e-3 * rms) ** 2))
