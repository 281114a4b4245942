"""The oracle: what holds the answer is picked first, wherever it stands, and the rest of the model is as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from adamem.benchmarks.item import Item
from adamem.data.examples import task_batch
from adamem.evaluation.gold_windows import GoldWindows
from adamem.models.adamem import AdaMem
from adamem.models.host import HostLLM
from tests import tiny
from tests.tiny import FACTS


def _model(llm: HostLLM) -> AdaMem:
    model = AdaMem(tiny.settings().model, llm)
    model.set_statistics(tiny.STATISTICS)
    return model


def _item(target: str, gold: int) -> Item:
    """A question that the untrained relevance finds nothing for, on the facts as five documents."""
    text, spans, start = " ".join(FACTS), [], 0
    for fact in FACTS:
        spans.append((start, start + len(fact)))
        start += len(fact) + 1
    return Item("A-0", "A", "", text, tuple(spans), "Which one?", target, (target,), (gold,), (), 0, True)


def _picked(method: GoldWindows | AdaMem, item: Item) -> set[int]:
    """Tokens of the context that stand in a picked window."""
    batch = task_batch([item], method.host.tokenizer, method.host.frame)
    with torch.no_grad():
        memory = method.eval().compress(batch.context, batch.query)
    assert memory.picks is not None
    assert memory.tokens.shape[1] == tiny.SIZES["resampler"]["n_latents"]
    windows = memory.picks[0].sum(0).nonzero().flatten().tolist()
    return {token for window in windows for token in range(window * memory.window, (window + 1) * memory.window)}


@pytest.mark.parametrize(("target", "gold"), [("Lima", 0), ("Norway", 1), ("Accra", 4)])
def test_windows_with_the_answer_are_picked_wherever_they_stand(llm: HostLLM, target: str, gold: int) -> None:
    item = _item(target, gold)
    method = GoldWindows(_model(llm), [item])
    [tokens] = method.holding.values()
    assert tokens and set(tokens) <= _picked(method, item)
    ids = task_batch([item], llm.tokenizer, llm.frame).context.ids[0]
    assert target in llm.tokenizer.decode(ids[tokens])


def test_words_of_the_answer_count_in_gold_documents_alone(llm: HostLLM) -> None:
    model = _model(llm)
    everywhere = replace(_item("capital", 0), gold=(0, 1, 2))
    [some], [more] = (GoldWindows(model, [item]).holding.values() for item in (_item("capital", 0), everywhere))
    assert set(some) < set(more)


def test_where_nothing_holds_the_answer_the_picks_are_the_models_own(llm: HostLLM) -> None:
    item = _item("Quito", 0)
    model = _model(llm)
    own = _picked(model, item)
    assert _picked(GoldWindows(model, [item]), item) == own


def test_a_model_that_picks_nothing_is_refused(llm: HostLLM) -> None:
    model = AdaMem(tiny.settings({"resampler": {"start": "random"}}).model, llm)
    with pytest.raises(ValueError, match=r"resampler\.start: 'random' picks no windows"):
        GoldWindows(model, [])
