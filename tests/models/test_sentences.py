"""Sentence ends: at line breaks and closing punctuation, never at a decimal point."""

from __future__ import annotations

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from adamem.models.host import HostLLM
from adamem.models.records import TokenBatch
from adamem.models.sentences import Sentences


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


def test_full_width_punctuation_ends_a_sentence_with_nothing_between() -> None:
    words = {word: number for number, word in enumerate(("<unk>", "猫", "狗", "。", "吗？", "a"))}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="<unk>")))
    ids = [words[word] for word in ("猫", "。", "狗", "吗？", "猫", "猫")]
    assert Sentences(tokenizer, len(words)).numbers(TokenBatch.pad([ids])).tolist() == [[0, 0, 1, 1, 2, 2]]


@pytest.mark.parametrize(
    "decoder",
    [decoders.Metaspace(), decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 1)])],
)
def test_a_decoder_that_strips_the_first_space_hides_no_sentence(decoder: decoders.Decoder) -> None:
    """As those of Llama 2 and Mistral do."""
    words = {word: number for number, word in enumerate(("<unk>", "▁A", "▁cat", "▁dog", ".", "a", "▁", "▁a"))}
    core = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    core.pre_tokenizer, core.decoder = pre_tokenizers.Metaspace(), decoder
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>")
    ids = [words[word] for word in ("▁A", "▁cat", ".", "▁A", "▁dog", ".")]
    numbers = Sentences(tokenizer, len(words)).numbers(TokenBatch.pad([ids]))
    assert numbers.tolist() == [[0, 0, 0, 1, 1, 1]]
