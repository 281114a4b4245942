"""From resampled vectors to memory tokens at the LLM's width and size."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from adamem import config
from adamem.models.host import HostLLM
from adamem.models.silent import NearIdentity, SilentLinear
from adamem.models.statistics import Statistics


class Projection(nn.Module):
    """A map that starts at the identity, around the mean of the text's embeddings and rescaled to their size.

    Args:
        settings: `linear`, or `mlp` (a linear map plus a two-layer residual that starts at zero).
        host: the LLM that shall read the tokens.
    """

    mean: Tensor
    rms: Tensor

    def __init__(self, settings: config.Projection, host: HostLLM) -> None:
        super().__init__()
        width = host.width
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("rms", torch.tensor(host.embedding_rms))
        self.linear = NearIdentity(width)
        self.residual: nn.Module | None = None
        if isinstance(settings, config.MlpProjection):
            last = SilentLinear(settings.hidden, width, host.embedding_rms)
            self.residual = nn.Sequential(nn.Linear(width, settings.hidden), nn.GELU(), last)

    def set(self, statistics: Statistics) -> None:
        """Take over corpus statistics."""
        self.mean.copy_(statistics.embedding_mean)
        self.rms.copy_(statistics.embedding_rms)

    def forward(self, x: Float[Tensor, "B K D"]) -> Float[Tensor, "B K D"]:
        x = x - self.mean
        y = self.linear(x) if self.residual is None else self.linear(x) + self.residual(x)
        return rescale(y, self.rms) + self.mean


def rescale(x: Float[Tensor, "*B D"], rms: Float[Tensor, ""]) -> Float[Tensor, "*B D"]:
    """Every vector at about the given root mean square; a vector far below a tenth of it stays small.

    Blowing a nearly empty vector up to full size would blow its gradient up a thousand times, too.
    """
    return x * (rms * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + (0.1 * rms) ** 2))
