"""AdaMem without the query: the same modules, start, budget and size, fed a learned constant in the query's place.

The closest arm for the first hypothesis: what it lacks against AdaMem is the query, and nothing else.
"""

from __future__ import annotations

import torch
from torch import nn

from adamem.models.adamem import AdaMem
from adamem.models.frame import encode
from adamem.models.host import HostLLM
from adamem.models.method import refuse_empty
from adamem.models.records import Features, TokenBatch
from adamem.models.statistics import Statistics

WORDS = "What are the names, places, numbers and dates in the text?"  # the constant starts as their features


class QueryFreeAdaMem(AdaMem):
    """Relevance and FiLM see the same learned features [n, D], whatever is asked."""

    SELECTOR = (*AdaMem.SELECTOR, "constant")

    def _build(self, host: HostLLM) -> None:
        super()._build(host)
        self.constant = nn.Parameter(torch.zeros(len(encode(host.tokenizer, WORDS)), host.width, device=host.device))

    def set_statistics(self, statistics: Statistics) -> None:
        """Take over the corpus statistics; the constant starts in their scale."""
        super().set_statistics(statistics)
        words = TokenBatch.pad([encode(self.host.tokenizer, WORDS)], self.host.device)
        with torch.no_grad():
            self.constant.copy_(super().features(words).states[0])

    def features(self, query: TokenBatch) -> Features:
        refuse_empty(query, "query")
        states = self.constant.expand(len(query.ids), -1, -1)
        return Features(states, torch.ones_like(states[..., 0], dtype=torch.bool))
