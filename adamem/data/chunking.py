"""Cutting contexts into chunks of P tokens."""

from __future__ import annotations

import torch.nn.functional as F
from jaxtyping import Bool, Int
from torch import Tensor


def chunk(
    ids: Int[Tensor, "B L"], mask: Bool[Tensor, "B L"], size: int
) -> tuple[Int[Tensor, "B N P"], Bool[Tensor, "B N P"]]:
    """Fixed-size chunks, the last one padded: N = ceil(L / size)."""
    missing = -ids.shape[1] % size
    ids, mask = F.pad(ids, (0, missing)), F.pad(mask, (0, missing))
    return ids.unflatten(1, (-1, size)), mask.unflatten(1, (-1, size))
