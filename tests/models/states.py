"""Random summary states for the tests of Stage B."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from adamem.models.memory import States

WIDTH = 32


def states(rows: int = 1, count: int = 12, real: int | None = None, seed: int = 0, sentence: int = 1) -> States:
    """Random states, `sentence` of them to a sentence."""
    generator = torch.Generator().manual_seed(seed)
    keys, values = (torch.randn(rows, count, WIDTH, generator=generator) for _ in range(2))
    keys = F.normalize(keys, dim=-1)
    sentences = torch.arange(count).div(sentence, rounding_mode="floor").expand(rows, -1)
    mask = torch.arange(count).expand(rows, -1) < (count if real is None else real)
    return States(keys, values, sentences, torch.ones(rows, count), mask)
