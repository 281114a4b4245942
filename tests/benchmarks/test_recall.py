"""Groups B and D: one fact, found among documents of its type or at a depth inside a speech."""

from random import Random

import pytest

from adamem.benchmarks import assemble, lookup, recall
from adamem.benchmarks.assemble import Budget, embed, token_counter
from adamem.benchmarks.entity import Document
from adamem.benchmarks.pool import Pool
from adamem.models import frame
from tests import tiny

FACT = Document("The code of {name} is {code}.", "Lima", "country:Peru", (("code", ("LIM",)),))


@pytest.mark.parametrize("depth", recall.DEPTHS)
def test_a_needle_stands_at_its_depth(count, depth):
    sentences = [f"Sentence number {i} says nothing at all." for i in range(60)]
    documents = embed(FACT, sentences, depth, Budget(count, 256, 512, 12), Random(0))
    assert documents.index(FACT) == round(depth * (len(documents) - 1))
    numbers = [int(document.text.split()[2]) for document in documents if document != FACT]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


@pytest.mark.parametrize("kind", recall.KINDS)
def test_recall_has_one_gold_document_that_states_the_value(kind, world, count):
    draft = recall.draw(kind, Pool(world, "test"), Budget(count, 256, 512, 12), Random(0))
    assert draft is not None
    (gold,) = draft.query.gold(draft.documents)
    assert draft.query.answer(draft.documents)[0] in draft.documents[gold].text


@pytest.mark.parametrize("kind", lookup.KINDS)
def test_lookup_has_one_fact_among_filler(kind, world, count):
    draft = lookup.draw(kind, Pool(world, "test"), Budget(count, 256, 512, 12), Random(0))
    assert draft is not None
    assert sum(bool(document.values) for document in draft.documents) == 1
    assert draft.separator == " "


def test_counts_leave_special_tokens_out_and_are_kept(monkeypatch):
    tokenizer, counted = tiny.make_tokenizer(), []

    def encode(tokenizer, text):
        counted.append(text)
        return frame.encode(tokenizer, text)

    monkeypatch.setattr(assemble, "encode", encode)
    counter = token_counter(tokenizer)
    texts = ["one two", "one two", "three"]
    assert [counter(text) for text in texts] == [len(frame.encode(tokenizer, text)) for text in texts]
    assert counted == ["one two", "three"]
