"""Top-k retrieval: the best chunks of the context, as text, under a budget of decoder tokens.

Two budgets: `_k`, the K positions every compressor gets, and `_source`, as many tokens as AdaMem's K memory
tokens were pooled from. The chunk size is chosen on validation items, per arm. Tuned, some of the K positions are
trained soft vectors behind the text, as many as AdaMem fuses: then it knows the form of the answers as AdaMem does.
Written, these vectors are made for the question at hand, as instance-dependent prompts are (Wu et al. 2022).
"""

from __future__ import annotations

from torch import Tensor, nn

from adamem.baselines.excerpt import Excerpt
from adamem.baselines.retrieval import Ranker, cut, fill
from adamem.models.adamem import AdaMem
from adamem.models.host import HostLLM
from adamem.models.records import TokenBatch
from adamem.models.statistics import Statistics


class Rag(Excerpt):
    """Retrieved text in the document's place."""

    def __init__(self, host: HostLLM, ranker: Ranker, budget: int, chunk_tokens: int) -> None:
        super().__init__(host)
        self.ranker, self.budget, self.chunk_tokens = ranker, budget, chunk_tokens

    def choose(self, context: TokenBatch, query: TokenBatch) -> list[list[int]]:
        questions = self.host.tokenizer.batch_decode(query.rows())
        ends = self.host.sentences.ends(context).tolist()
        return [self._retrieve(*row) for row in zip(context.rows(), ends, questions, strict=True)]

    def _retrieve(self, ids: list[int], ends: list[bool], question: str) -> list[int]:
        chunks = cut(ids, ends[: len(ids)], self.chunk_tokens)
        texts = self.host.tokenizer.batch_decode(chunks)
        return fill(chunks, self.ranker.scores(question, texts), self.budget)


class TunedRag(Rag):
    """Retrieved text and `count` trained vectors, together within the budget."""

    def __init__(self, host: HostLLM, ranker: Ranker, budget: int, chunk_tokens: int, count: int) -> None:
        super().__init__(host, ranker, budget - count, chunk_tokens)
        self.vectors = nn.Parameter(host.instruction(count))


class WrittenRag(Rag):
    """Retrieved text and, within the budget, the vectors that AdaMem fuses when its text is the question itself.

    Args:
        writer: trained for this, but for what selects: its picks are not read.
    """

    def __init__(self, host: HostLLM, ranker: Ranker, budget: int, chunk_tokens: int, writer: AdaMem) -> None:
        count = writer.settings.resampler.n_fused
        super().__init__(host, ranker, budget - count, chunk_tokens)
        self.writer, self.count = writer, count
        writer.interface.requires_grad_(False)  # it reads nothing itself
        if writer.resampler.extractor is not None:
            writer.resampler.extractor.requires_grad_(False)

    def set_statistics(self, statistics: Statistics) -> None:
        """Take over the corpus statistics, by which vectors are written."""
        self.writer.set_statistics(statistics)

    def soft(self, query: TokenBatch) -> Tensor:
        return self.writer.resample(self.writer.encode(query), query).tokens[:, -self.count :]
