"""AdaMem's trained selector without its memory: what it finds is read as text.

Behind the text stand trained soft vectors, as many as AdaMem fuses, so that the LLM knows the form of the answers as it
does with AdaMem. `SelectorRag` is retrieval whose ranker was trained on the same questions; `PicksAsText` hands over
the very windows that AdaMem picks. What AdaMem scores above them does not come from what was picked alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from adamem.baselines.excerpt import Excerpt
from adamem.baselines.retrieval import cut, fill
from adamem.models.adamem import AdaMem
from adamem.models.frame import encode
from adamem.models.records import TokenBatch

WHOLE_SENTENCES = 0  # the size of chunks that `cut` takes for sentences; validation chose it for MiniLM, too


class SelectedText(Excerpt):
    """Text that a selector chooses, and trained vectors behind it.

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


class SelectorRag(SelectedText):
    """The sentences into which most of the selector's attention falls: with the vectors behind them K positions."""

    @torch.no_grad()
    def choose(self, context: TokenBatch, query: TokenBatch) -> list[list[int]]:
        attention = self.selector.attend(context, query).exp().cpu()
        shares = attention.repeat_interleave(self.window, 1) / self.window  # of each token
        chosen = []
        for ids, ends, share in zip(context.rows(), self.host.sentences.ends(context).tolist(), shares, strict=True):
            sentences = cut(ids, ends[: len(ids)], WHOLE_SENTENCES)
            within = torch.stack([part.sum() for part in share[: len(ids)].split([len(part) for part in sentences])])
            chosen.append(fill(sentences, within.numpy(), self.budget))
        return chosen


class PicksAsText(SelectedText):
    """The windows that AdaMem picks, each once and whole, with a line break between two that are no neighbours: K
    positions where a window is one token, and the line breaks."""

    @torch.no_grad()
    def choose(self, context: TokenBatch, query: TokenBatch) -> list[list[int]]:
        picks = self.selector.resample(self.selector.encode(context).kept(), query).picks
        assert picks is not None  # a start without picks was refused
        windows = [sorted(set(row)) for row in picks.argmax(-1).tolist()]
        return [self._text(*row) for row in zip(context.rows(), windows, strict=True)]

    def _text(self, ids: list[int], windows: Sequence[int]) -> list[int]:
        between, text = encode(self.host.tokenizer, "\n"), []
        for before, window in zip([None, *windows], windows, strict=False):
            if before is not None and window != before + 1:
                text += between
            text += ids[window * self.window : (window + 1) * self.window]
        return text
