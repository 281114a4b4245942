"""Controls: the trained compressor over a coarse memory that was tampered with. What still comes out is not memory.

The query enters the compressor, so a good score alone does not prove that answers come from the text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from adamem.models.adamem import AdaMem
from adamem.models.memory import States
from adamem.models.method import Method
from adamem.models.records import Memory, TokenBatch

Tamper = Callable[[States, int], States]


class TamperedAdaMem(Method):
    """AdaMem that answers from what `tamper` makes of its coarse memory; `tamper` is told S, the states of a chunk."""

    def __init__(self, model: AdaMem, tamper: Tamper) -> None:
        super().__init__(model.host)
        self.model, self.interface, self.tamper = model, model.interface, tamper

    def compress(self, context: TokenBatch, query: TokenBatch) -> Memory:
        size = self.model.settings.chunk_encoder.summary_states
        memory = self.model.resample(self.tamper(self.model.encode(context).kept(), size), query)
        return replace(memory, picks=None)  # they would point at other states than the context's

    def offline_bytes(self, tokens: int) -> float:
        return self.model.offline_bytes(tokens)


def chunks_reversed(states: States, size: int) -> States:
    """The chunks in reverse, each whole: what is next to what across chunks, and what came first, is lost."""
    count = states.mask.shape[1]
    places = torch.arange(count, device=states.mask.device).unflatten(0, (-1, size)).flip(0).flatten()
    return states.at(places.expand(len(states.mask), -1))


def emptied(states: States, size: int) -> States:
    """All states alike and zero: nothing is left but the query, and how long the context was."""
    alike = {name: torch.zeros_like(getattr(states, name)) for name in ("keys", "values", "sentences", "information")}
    return replace(states, **alike)
