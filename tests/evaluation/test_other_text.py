"""The control: the picks are of the text that is asked about, what is fused is of another."""

from __future__ import annotations

import pytest
import torch

from adamem.data.examples import task_batch
from adamem.evaluation.other_text import OtherText
from adamem.models.adamem import AdaMem
from adamem.models.host import HostLLM
from adamem.models.records import TokenBatch
from tests import tiny


def _model(llm: HostLLM, **resampler: object) -> AdaMem:
    model = AdaMem(tiny.settings({"resampler": resampler}).model, llm)
    model.set_statistics(tiny.STATISTICS)
    return model


@torch.no_grad()
def test_picks_are_of_the_own_text_and_fused_vectors_of_another(llm: HostLLM) -> None:
    model = _model(llm).eval()
    tiny.stirred(model)
    batch = task_batch(tiny.ITEMS, llm.tokenizer, llm.frame)
    control = OtherText(model)
    own, mixed = model.compress(batch.context, batch.query), control.compress(batch.context, batch.query)
    picked = control.picked
    assert 0 < picked < own.tokens.shape[1]
    assert torch.equal(mixed.tokens[:, :picked], own.tokens[:, :picked])
    assert mixed.picks is not None and own.picks is not None and torch.equal(mixed.picks, own.picks)
    assert not torch.allclose(mixed.tokens[:, picked:], own.tokens[:, picked:], atol=1e-4)
    before = TokenBatch(batch.context.ids[:1], batch.context.mask[:1])
    second = TokenBatch(batch.query.ids[1:2], batch.query.mask[1:2])
    of_the_first = model.compress(before, second).tokens[0, picked:]
    assert torch.allclose(mixed.tokens[1, picked:], of_the_first, atol=1e-4)


@torch.no_grad()
def test_vectors_that_read_nothing_lose_nothing(llm: HostLLM) -> None:
    model = _model(llm, hidden=0).eval()
    batch = task_batch(tiny.ITEMS, llm.tokenizer, llm.frame)
    mixed = OtherText(model).compress(batch.context, batch.query)
    assert torch.equal(mixed.tokens, model.compress(batch.context, batch.query).tokens)


def test_one_text_alone_and_a_model_that_picks_nothing_are_refused(llm: HostLLM) -> None:
    batch = task_batch(tiny.ITEMS[:1], llm.tokenizer, llm.frame)
    with pytest.raises(ValueError, match="a batch of one text"):
        OtherText(_model(llm)).compress(batch.context, batch.query)
    with pytest.raises(ValueError, match="'random' picks nothing"):
        OtherText(_model(llm, start="random"))
