"""The trained selector without the memory: its text is what AdaMem picks, or the sentences that it holds relevant."""

from __future__ import annotations

from itertools import groupby

import pytest
import torch

from adamem.baselines.selected_text import PicksAsText, SelectedText, SelectorRag
from adamem.models.adamem import AdaMem
from adamem.models.host import HostLLM
from tests import tiny
from tests.tiny import FACTS

both = pytest.mark.parametrize("kind", [SelectorRag, PicksAsText])


def _selector(llm: HostLLM, **sizes: object) -> AdaMem:
    model = AdaMem(tiny.settings({"resampler": sizes}).model, llm)
    model.set_statistics(tiny.STATISTICS)
    return model.eval()


@torch.no_grad()
def test_picks_as_text_are_the_windows_that_adamem_picks(llm: HostLLM) -> None:
    selector, batch = _selector(llm), tiny.batch(llm)
    memory = selector.compress(batch.context, batch.query)
    assert memory.picks is not None
    picked = memory.picks.sum(1) > 0
    found = PicksAsText(selector).choose(batch.context, batch.query)
    for ids, windows, text in zip(batch.context.rows(), picked, found, strict=True):
        runs = groupby(enumerate(ids), lambda one, windows=windows: bool(windows[one[0] // memory.window]))
        stretches = [llm.tokenizer.decode([token for _, token in run]) for kept, run in runs if kept]
        assert llm.tokenizer.decode(text) == "\n".join(stretches)
        assert len(text) < len(ids)


@pytest.mark.parametrize("relevant", [[0], [4], [3, 1]])
def test_the_sentences_with_most_relevance_are_read_in_order(
    llm: HostLLM, relevant: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, query = tiny.ids(llm, " ".join(FACTS)), tiny.ids(llm, "Which?")
    numbers = llm.sentences.numbers(context)
    assert int(numbers.max()) == len(FACTS) - 1
    wanted = [token for fact in sorted(relevant) for token in context.ids[0][numbers[0] == fact].tolist()]
    selector = _selector(llm)
    window = selector.settings.chunk_encoder.window
    shares = torch.full((1, -(-len(numbers[0]) // 8) * 8 // window), 1e-6)
    for rank, fact in enumerate(relevant):
        [places] = (numbers[0] == fact).nonzero().T
        shares[0, places[len(places) // 2] // window] = 0.6 - 0.3 * rank  # one window alone, inside the sentence
    monkeypatch.setattr(selector, "attend", lambda *_: shares.log())
    method = SelectorRag(selector)
    method.budget = len(wanted)
    assert method.choose(context, query) == [wanted]


def test_a_sentence_is_worth_all_that_falls_into_it(llm: HostLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spread over a long sentence, more attention counts for more than less of it in one place."""
    context, query = tiny.ids(llm, " ".join(FACTS)), tiny.ids(llm, "Which?")
    numbers, selector = llm.sentences.numbers(context)[0], _selector(llm)
    window = selector.settings.chunk_encoder.window
    long, short = ((numbers == fact).nonzero().flatten() // window for fact in (4, 0))
    shares = torch.full((1, -(-len(numbers) // 8) * 8 // window), 1e-6)
    inner = long.unique()[1:-1]  # windows that hold nothing of another sentence
    shares[0, inner], shares[0, short[len(short) // 2]] = 0.5 / len(inner), 0.3
    monkeypatch.setattr(selector, "attend", lambda *_: shares.log())
    method = SelectorRag(selector)
    method.budget = 1
    assert method.choose(context, query) == [context.ids[0][numbers == 4].tolist()[:1]]


@both
def test_only_the_vectors_are_trained_and_training_reads_the_same_text(llm: HostLLM, kind: type[SelectedText]) -> None:
    selector, batch = tiny.stirred(_selector(llm)), tiny.batch(llm)
    assert isinstance(selector, AdaMem)
    method = kind(selector)
    before = method.choose(batch.context, batch.query)
    assert [name for name, weight in method.named_parameters() if weight.requires_grad] == ["vectors"]
    assert method.train().choose(batch.context, batch.query) == before
    assert {name for name in method.state_dict() if not name.startswith("selector.")} == {"vectors"}


@both
def test_a_start_that_selects_nothing_is_refused(llm: HostLLM, kind: type[SelectedText]) -> None:
    with pytest.raises(ValueError, match=r"resampler\.start: 'random' selects nothing .* set 'retrieval'"):
        kind(_selector(llm, start="random"))
