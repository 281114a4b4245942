"""Some of a context's text in the document's place: what all arms that pick text have in common."""

from __future__ import annotations

from torch import Tensor

from adamem.baselines.bounds import text_bytes, with_text
from adamem.models.host import HostLLM
from adamem.models.method import Method, refuse_empty
from adamem.models.records import Memory, TokenBatch


class Excerpt(Method):
    """Chosen text, and soft vectors behind it, if there are any: the same [F, D] in every row, unless a subclass writes
    them. A subclass defines `choose`."""

    def __init__(self, host: HostLLM) -> None:
        super().__init__(host)
        self.vectors: Tensor | None = None

    def choose(self, context: TokenBatch, query: TokenBatch) -> list[list[int]]:
        """For each row of a context [B, L] and a query [B, Lq] the token ids of the text, in reading order."""
        raise AssertionError(f"{type(self).__name__} does not say what it chooses")

    def soft(self, query: TokenBatch) -> Tensor | None:
        """The vectors behind the text, [F, D] for all rows or [B, F, D]."""
        return self.vectors

    def compress(self, context: TokenBatch, query: TokenBatch) -> Memory:
        refuse_empty(context, "context")
        refuse_empty(query, "query")
        chosen = self.choose(context, query)
        return with_text(self.host, TokenBatch.pad(chosen, self.host.device), len(chosen), self.soft(query))

    def offline_bytes(self, tokens: int) -> float:
        """The token ids of the text; what it is searched by (an index, a selector's keys) comes on top."""
        return text_bytes(self.host, tokens)
