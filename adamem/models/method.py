"""What every method of the comparison offers, ours and the baselines alike: one verb, `compress`."""

from __future__ import annotations

import torch
from torch import nn

from adamem.models import placing
from adamem.models.host import HostLLM
from adamem.models.interfaces import Interface, SoftPrefix
from adamem.models.records import Memory, Prompt, Reading, TokenBatch


class Method(nn.Module):
    """Turns a context and a query into what the frozen LLM reads in the document's place.

    A subclass defines `compress`; its parameters are what is trained (none for an untrained method). The host
    is no module, so no subclass can own or save weights of the LLM.
    """

    interface: Interface

    def __init__(self, host: HostLLM) -> None:
        super().__init__()
        self.host = host
        self.interface = SoftPrefix()

    def compress(self, context: TokenBatch, query: TokenBatch) -> Memory:
        """Context [B, L] and query [B, Lq] to memory. Raises ValueError for an empty context or query."""
        raise AssertionError(f"{type(self).__name__} does not say how it compresses")

    def offline_bytes(self, tokens: int) -> float:
        """Bytes kept for a context of so many tokens between encoding it and its first query; 0 if nothing is."""
        return 0.0

    def read(self, memory: Memory, prompt: Prompt) -> Reading:
        """Teacher-forced logits at the prompt's targets."""
        presented, cache = self.interface.present(memory)
        reading = placing.read_targets(self.host, presented, prompt, cache)
        return Reading(reading.logits, reading.labels, reading.rows, memory)

    @torch.no_grad()
    def write(self, memory: Memory, prompt: Prompt, max_new_tokens: int) -> list[list[int]]:
        """Greedy answers behind the prompt, without the end token."""
        presented, cache = self.interface.present(memory)
        return placing.generate(self.host, presented, prompt, max_new_tokens, cache)

    def trainable_parameters(self) -> int:
        """Number of trained weights; those of the LLM count where its top layers are unfrozen."""
        own = sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)
        return own + self.host.unfrozen


def refuse_empty(tokens: TokenBatch, what: str) -> None:
    """Raise ValueError for a batch of no rows, or with a row of no tokens."""
    if not len(tokens.mask):
        raise ValueError(f"no {what} is given: a batch has at least one row")
    empty = (~tokens.mask.any(1)).nonzero().flatten().tolist()
    if empty:
        raise ValueError(f"{what} {empty[0]} of the batch is empty: give at least one token, or leave the item out")
