"""Sequence packing: the rows of a batch as few sequences without padding, each row seeing itself and a common lead.

A training batch of short answers and long summaries is a third padding, and the chat frame before the memory is the
same in every row: it is read once a sequence.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from adamem.models.host import HostLLM

NOBODY, EVERYBODY = -1, -2  # whose padding is, and the lead
ROOM = 512  # positions of a sequence: more would spend on attention between rows what is saved on padding


def read(
    host: HostLLM, lead: Float[Tensor, "H D"], embeds: Float[Tensor, "B T D"], mask: Bool[Tensor, "B T"]
) -> Float[Tensor, "B T D"]:
    """Last hidden states of every row behind `lead`, zero where `mask` is false.

    Equal to reading every row alone: positions count from the lead's start, and no row sees another.
    """
    rows, columns = mask.nonzero(as_tuple=True)
    sequence, start = _arrange(mask.sum(1).tolist())
    home = torch.tensor(sequence, device=mask.device)[rows]
    places = (mask.long().cumsum(1) - 1)[rows, columns]
    at = len(lead) + torch.tensor(start, device=mask.device)[rows] + places
    shape = (max(sequence) + 1, int(at.max()) + 1)
    positions = torch.arange(shape[1], device=mask.device).repeat(shape[0], 1)
    owner = torch.full_like(positions, NOBODY)
    owner[:, : len(lead)] = EVERYBODY
    owner[home, at], positions[home, at] = rows, len(lead) + places
    packed = embeds.new_zeros(*shape, embeds.shape[-1]).index_put((home, at), embeds[rows, columns])
    packed[:, : len(lead)] = lead
    hidden = host.read(packed, _visible(owner, host.dtype), positions)
    return hidden.new_zeros(*mask.shape, hidden.shape[-1]).index_put((rows, columns), hidden[home, at])


def _arrange(lengths: Sequence[int]) -> tuple[list[int], list[int]]:
    """The sequence of every row and where it begins there: the longest first, each where it fits first."""
    room, used = max(ROOM, *lengths), []
    sequence, start = [0] * len(lengths), [0] * len(lengths)
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        home = next((index for index, taken in enumerate(used) if taken + lengths[row] <= room), len(used))
        if home == len(used):
            used.append(0)
        sequence[row], start[row] = home, used[home]
        used[home] += lengths[row]
    return sequence, start


def _visible(owner: Int[Tensor, "Q T"], dtype: torch.dtype) -> Float[Tensor, "Q 1 T T"]:
    """The mask that is added to attention: what the same row, or the lead, has at or before a position."""
    seen = ((owner[:, :, None] == owner[:, None]) | (owner == EVERYBODY)[:, None]).tril()
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill(~seen, torch.finfo(dtype).min)[:, None]
