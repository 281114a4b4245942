"""AdaMem's trained selector with none of its memory: what it finds goes to the LLM as text.

Behind the text stand trained soft vectors, as many as AdaMem fuses, so that the LLM knows the form of the answers as it
does with AdaMem. `SelectorRag` is retrieval whose ranker was trained on the same questions; `PicksAsText` hands over
the very windows that AdaMem picks. What AdaMem scores above them, selecting does not explain.
"""

from __future__ import annotations

import torch
from torch import nn

from adamem.baselines.bounds import text_bytes, with_text
from adamem.baselines.retrieval import cut, fill
from adamem.models.adamem import AdaMem
from adamem.models.method import Method, refuse_empty
from adamem.models.records import Memory, TokenBatch

SENTENCES = 0  # the size of chunks that `cut` takes for whole sentences; MiniLM found most with these, too


class SelectedText(Method):
    """Text that a selector chooses, and trained vectors behind it. A subclass says what is chosen.

    Args:
        selector: kept as it is, and saved with the vectors.

    Raises:
        ValueError: the selector started at random and picks nothing.
    """

    def __init__(self, selector: AdaMem) -> None:
        super().__init__(selector.host)
        if selector.resampler.extractor is None:
            raise ValueError("resampler.start: 'random' selects nothing that could be read as text; set 'retrieval'")
        sizes = selector.settings.resampler
        self.selector = selector.requires_grad_(False)
        self.budget, self.window = sizes.n_latents - sizes.n_fused, selector.settings.chunk_encoder.window
        self.vectors = nn.Parameter(selector.host.instruction(sizes.n_fused))

    def compress(self, context: TokenBatch, query: TokenBatch) -> Memory:
        refuse_empty(context, "context")
        refuse_empty(query, "query")
        with torch.no_grad():
            chosen = self.choose(context, query)
        return with_text(self.host, TokenBatch.pad(chosen, self.host.device), len(chosen), self.vectors)

    def choose(self, context: TokenBatch, query: TokenBatch) -> list[list[int]]:
        """Token ids of the text for each row, in reading order."""
        raise AssertionError(f"{type(self).__name__} does not say what it chooses")

    def offline_bytes(self, tokens: int) -> float:
        """The token ids of the text; the selector's keys come on top."""
        return text_bytes(self.host, tokens)


class SelectorRag(SelectedText):
    """The sentences into which most of the selector's relevance falls: with the vectors behind them K positions."""

    def choose(self, context: TokenBatch, query: TokenBatch) -> list[list[int]]:
        shares = self.selector.attend(context, query).exp().cpu().repeat_interleave(self.window, 1) / self.window
        ends, numbers = self.host.sentences.ends(context).tolist(), self.host.sentences.numbers(context).cpu()
        chosen = []
        for row, ids in enumerate(context.rows()):
            sentences = cut(ids, ends[row][: len(ids)], SENTENCES)
            within = torch.zeros(len(sentences)).scatter_add(0, numbers[row, : len(ids)], shares[row, : len(ids)])
            chosen.append(fill(sentences, within.numpy(), self.budget))
        return chosen


class PicksAsText(SelectedText):
    """The windows that AdaMem picks, each once and whole: P/S times as many tokens as there are picks."""

    def choose(self, context: TokenBatch, query: TokenBatch) -> list[list[int]]:
        picks = self.selector.resample(self.selector.encode(context).kept(), query).picks
        assert picks is not None  # refused above
        chosen = []
        for ids, windows in zip(context.rows(), picks.argmax(-1).tolist(), strict=True):
            starts = [window * self.window for window in sorted(set(windows))]
            chosen.append([token for start in starts for token in ids[start : start + self.window]])
        return chosen
