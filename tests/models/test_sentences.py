"""Sentence ends: at line breaks and closing punctuation, never at a decimal point."""

from __future__ import annotations

import torch

from adamem.models.host import HostLLM
from adamem.models.records import TokenBatch


def sentences(llm: HostLLM, text: str) -> list[str]:
    ids = llm.tokenizer(text, add_special_tokens=False)["input_ids"]
    numbers = llm.sentences.numbers(TokenBatch.pad([ids]))[0].tolist()
    parts = [[token for token, number in zip(ids, numbers, strict=True) if number == n] for n in range(numbers[-1] + 1)]
    return [llm.tokenizer.decode(part).strip() for part in parts]


def test_sentences_by_hand(llm: HostLLM) -> None:
    assert sentences(llm, "It is 44.6 years. Is it? Yes") == ["It is 44.6 years.", "Is it?", "Yes"]
    assert sentences(llm, "no stop\nhere") == ["no stop", "here"]
    assert sentences(llm, "one") == ["one"]


def test_padding_changes_no_number(llm: HostLLM) -> None:
    ids = llm.tokenizer("A cat. A dog.", add_special_tokens=False)["input_ids"]
    alone, padded = TokenBatch.pad([ids]), TokenBatch.pad([ids, ids + ids])
    assert torch.equal(llm.sentences.numbers(alone)[0], llm.sentences.numbers(padded)[0, : len(ids)])
    assert bool(llm.sentences.ends(alone)[0, -1])
