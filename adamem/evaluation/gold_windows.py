"""The trained compressor with an oracle in the place of selection: told which windows of the text hold the answer.

It must know the answer, so it is no method and stands in no catalogue. What it still gets wrong is not lost in
selecting, but behind it: in packing the picks into K memory tokens, or in reading them.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from adamem.benchmarks.item import Item
from adamem.data import evidence
from adamem.models.adamem import AdaMem
from adamem.models.extractor import Extractor
from adamem.models.frame import after_colon, encode, encode_after_colon, offsets
from adamem.models.memory import States
from adamem.models.method import Method
from adamem.models.records import Memory, TokenBatch

CERTAIN = 20.0  # nats on the relevance of a window that holds the answer: more than any two windows lie apart

Key = tuple[tuple[int, ...], tuple[int, ...]]


class GoldWindows(Method):
    """AdaMem that picks, before any other, windows that hold words of the answer in the documents that answer.

    Behind them come the rest of their sentences, and then the other windows, each by their learned relevance.

    Args:
        model: trained; its extractor is replaced, and it must not be used for anything else afterwards.
        items: all that will be asked.

    Raises:
        ValueError: the model picks nothing.
    """

    def __init__(self, model: AdaMem, items: Iterable[Item]) -> None:
        super().__init__(model.host)
        learned = model.resampler.extractor
        if learned is None:
            raise ValueError("resampler.start: 'random' picks no windows; only 'retrieval' can be told which to pick")
        self.model, self.interface, self.told = model, model.interface, Told(learned).to(model.host.device)
        model.resampler.extractor = self.told
        self.holding = {self._key(item): self._tokens(item) for item in items}

    def compress(self, context: TokenBatch, query: TokenBatch) -> Memory:
        """As the model does. Raises KeyError for a context and question that are not of the items."""
        states = self.model.encode(context).kept()
        holds = torch.zeros_like(states.mask)
        for row, (text, question) in enumerate(zip(_rows(context), _rows(query), strict=True)):
            windows = [token // self.model.settings.chunk_encoder.window for token in self.holding[text, question]]
            holds[row, windows] = True
        self.told.holds = holds
        return self.model.resample(states, query)

    def offline_bytes(self, tokens: int) -> float:
        return self.model.offline_bytes(tokens)

    def _key(self, item: Item) -> Key:
        tokenizer = self.host.tokenizer
        return tuple(encode(tokenizer, item.context)), tuple(encode_after_colon(tokenizer, item.question))

    def _tokens(self, item: Item) -> list[int]:
        """Context tokens that spell a part of the answer, in the gold documents."""
        tokenizer, gold = self.host.tokenizer, [item.documents[index] for index in item.gold]
        found = {token for _, token in evidence.pairs(tokenizer, item.context, after_colon(item.target))}
        places = offsets(tokenizer, item.context)
        return [token for token in sorted(found) if any(a < places[token][1] <= b for a, b in gold)]


class Told(Extractor):
    """An extractor with the weights of a trained one, whose relevance is raised where `holds` is true."""

    holds: Bool[Tensor, "B M"]

    def __init__(self, learned: Extractor) -> None:
        super().__init__(learned.slots, learned.gate.in_features, learned.redundancy)
        self.load_state_dict(learned.state_dict())

    def relevance(
        self, states: States, query: Float[Tensor, "B Lq D"], query_mask: Bool[Tensor, "B Lq"]
    ) -> Float[Tensor, "B M"]:
        return super().relevance(states, query, query_mask) + CERTAIN * self.holds


def _rows(tokens: TokenBatch) -> list[tuple[int, ...]]:
    return [tuple(ids[mask].tolist()) for ids, mask in zip(tokens.ids, tokens.mask, strict=True)]
