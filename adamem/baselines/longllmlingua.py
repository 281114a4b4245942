"""LongLLMLingua (Jiang et al. 2024) as the package llmlingua has it: text is thrown away until what stays is short.

First whole sentences, by how well the LLM foresees the question behind them; then single tokens, by how much better it
foresees them behind the question than without it. The small LLM that answers is also the one that scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from adamem.baselines import peers
from adamem.baselines.excerpt import Excerpt
from adamem.baselines.retrieval import cut
from adamem.models import cache_pairs
from adamem.models.cache_pairs import Pairs
from adamem.models.frame import encode
from adamem.models.host import HostLLM
from adamem.models.records import TokenBatch

# As the package's own documentation calls it for LongLLMLingua, but for the budget of its first step, the sentences:
# its "+100" tokens on top are for budgets of thousands. At K the second step would then have to thin the sentences by
# four, and on validation items of all groups far fewer answers were left in the text than with none on top.
CALL: dict[str, Any] = {
    "rank_method": "longllmlingua",
    "condition_in_question": "after_condition",
    "condition_compare": True,
    "reorder_context": "sort",
    "dynamic_context_compression_ratio": 0.3,
    "context_budget": "+0",
    "concate_question": False,  # it stands in the frame
}


class LongLlmLingua(Excerpt):
    """What the package leaves of the context, as text, cut to `budget` tokens where it leaves more.

    `vectors` [V, D] are soft vectors that stand behind the text, tuned for the form of the answers.

    Raises:
        ValueError: llmlingua is not installed.
    """

    def __init__(self, host: HostLLM, budget: int, vectors: Tensor | None = None) -> None:
        super().__init__(host)
        self.budget, self.vectors = budget, None if vectors is None else vectors.detach()
        self.compressor = _compressor(host)

    def choose(self, context: TokenBatch, query: TokenBatch) -> list[list[int]]:
        ends = self.host.sentences.ends(context).tolist()
        questions = self.host.tokenizer.batch_decode(query.rows())
        return [self._shorten(*row) for row in zip(context.rows(), ends, questions, strict=True)]

    def _shorten(self, ids: list[int], ends: list[bool], question: str) -> list[int]:
        if len(ids) <= self.budget:
            return ids
        sentences = self.host.tokenizer.batch_decode(cut(ids, ends[: len(ids)], 0))
        texts = [text.strip() for text in sentences if text.strip()]
        found = self.compressor.compress_prompt(texts, question=question.strip(), target_token=self.budget, **CALL)
        return encode(self.host.tokenizer, found["compressed_prompt"])[: self.budget]


@dataclass(frozen=True)
class Scored:
    """What llmlingua takes from a model's answer."""

    logits: Tensor
    past_key_values: Pairs


class PairCacheLLM:
    """The LLM with its cache as a list of pairs per layer, which llmlingua cuts and hands back."""

    def __init__(self, host: HostLLM) -> None:
        self.host = host

    @torch.no_grad()
    def __call__(self, ids: Tensor, attention_mask: Tensor, past_key_values: Pairs | None, use_cache: bool) -> Scored:
        cache = cache_pairs.cache(past_key_values or [])
        hidden = self.host.read(self.host.embed(ids), cache=cache)  # one row, no padding: the causal mask is enough
        return Scored(self.host.logits(hidden), cache_pairs.of(cache))


def _compressor(host: HostLLM) -> Any:
    """The package's compressor around our LLM.

    Its constructor is passed over: it would load an LLM by name, with remote code allowed, and fetch the tokenizer of
    another LLM for a count that nobody here reads.
    """
    kind = peers.load("llmlingua").PromptCompressor
    compressor = kind.__new__(kind)
    compressor.model = PairCacheLLM(host)
    compressor.tokenizer = compressor.oai_tokenizer = host.tokenizer
    compressor.device = host.device
    compressor.max_position_embeddings = host.model.config.max_position_embeddings
    compressor.use_llmlingua2 = False
    compressor.context_idxs, compressor.cache_bos_num, compressor.prefix_bos_num = [], 10, 100
    return compressor
