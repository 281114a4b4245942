"""The bounds: the whole text, or none, read by the same frozen LLM in the same frame; plain, or tuned.

Tuning trains K soft vectors between text and question and nothing else. They learn the form of the answers,
as every trained method does, and a bound that had not could not bound it. The text's own vectors never change,
so its keys and values are computed once per context and without gradient.
"""

from __future__ import annotations

import torch
from torch import nn

from adamem.models.host import HostLLM
from adamem.models.method import Method, refuse_empty
from adamem.models.records import Memory, TokenBatch


class PlainText(Method):
    """No soft vectors: the context as text (`full`), or nothing at all."""

    def __init__(self, host: HostLLM, full: bool) -> None:
        super().__init__(host)
        self.full = full

    def compress(self, context: TokenBatch, query: TokenBatch) -> Memory:
        refuse_empty(query, "query")
        return with_text(self.host, context if self.full else None, len(query.ids), None)


class TunedText(Method):
    """K trained vectors behind the text (`full`), or alone."""

    def __init__(self, host: HostLLM, count: int, full: bool) -> None:
        super().__init__(host)
        self.full = full
        self.vectors = nn.Parameter(host.instruction(count))

    def compress(self, context: TokenBatch, query: TokenBatch) -> Memory:
        refuse_empty(query, "query")
        return with_text(self.host, context if self.full else None, len(query.ids), self.vectors)


def with_text(host: HostLLM, text: TokenBatch | None, rows: int, vectors: torch.Tensor | None) -> Memory:
    """A memory of embedded text, followed by soft vectors: the same [K, D] in every row, or those of each [B, K, D]."""
    if text is not None:
        refuse_empty(text, "context")
    soft = torch.zeros(0, host.width, device=host.device) if vectors is None else vectors
    tokens = soft.expand(rows, -1, -1)
    mask = torch.ones(tokens.shape[:2], dtype=torch.bool, device=host.device)
    if text is None:
        return Memory(tokens, mask)
    return Memory(tokens, mask, host.embed(text.ids), text.mask)


def text_bytes(host: HostLLM, tokens: int) -> float:
    """Stored bytes of a text as token ids: two each, or four where the vocabulary has more than 65,536."""
    return float(tokens * (2 if len(host.tokenizer) <= 2**16 else 4))
