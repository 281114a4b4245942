"""Retrieval with written vectors: they know the question, and nothing of the text beside it."""

from __future__ import annotations

import pytest
import torch

from adamem.baselines.rag import WrittenRag
from adamem.models.records import TokenBatch
from tests import tiny, workplace
from tests.workplace import Case

FUSED = tiny.SIZES["resampler"]["n_fused"]


@pytest.fixture(scope="module")
def method(tmp_path_factory: pytest.TempPathFactory) -> WrittenRag:
    models = workplace.furnish(tmp_path_factory.mktemp("plain") / "models", "plain")
    loaded = workplace.load(Case("rag_minilm_written", "plain"), models)
    assert isinstance(loaded, WrittenRag)
    return loaded


def test_vectors_are_of_the_question_and_not_of_the_text(method: WrittenRag) -> None:
    batch = tiny.batch(method.host)
    before = method.compress(batch.context, batch.query)
    other = TokenBatch(batch.context.ids.roll(1, 0), batch.context.mask.roll(1, 0))
    after = method.compress(other, batch.query)
    assert torch.equal(before.tokens, after.tokens)
    assert before.tokens.shape == (3, FUSED, method.host.width)
    assert bool(((before.tokens[0] - before.tokens[1]).abs().amax(-1) > 1e-5).all())
    assert before.text is not None and after.text is not None
    assert not torch.equal(before.text, after.text)


def test_all_that_writes_is_trained_and_what_picks_is_not(method: WrittenRag) -> None:
    batch = tiny.batch(method.host)
    memory = method.compress(batch.context, batch.query)
    method.read(memory, batch.prompt).logits.square().mean().backward()
    moved = {name for name, weight in method.named_parameters() if weight.grad is not None and bool(weight.grad.any())}
    picking = {name for name, _ in method.named_parameters() if ".extractor." in name}
    assert picking and moved == {name for name, _ in method.named_parameters()} - picking
    method.zero_grad(set_to_none=True)
