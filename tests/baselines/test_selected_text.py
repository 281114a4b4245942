"""The trained selector without the memory: its text is what AdaMem picks, or the sentences that it holds relevant."""

from __future__ import annotations

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
        assert text == [token for place, token in enumerate(ids) if windows[place // memory.window]]
        assert 0 < len(text) < len(ids)


@pytest.mark.parametrize("relevant", [[0], [4], [3, 1]])
def test_the_sentences_with_most_relevance_are_read_in_order(
    llm: HostLLM, relevant: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long sentence is worth what falls into it, and not its length."""
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


@both
def test_only_the_vectors_are_trained_and_training_reads_the_same_text(llm: HostLLM, kind: type[SelectedText]) -> None:
    selector, batch = _selector(llm), tiny.batch(llm)
    method = kind(selector)
    before = method.choose(batch.context, batch.query)
    assert [name for name, weight in method.named_parameters() if weight.requires_grad] == ["vectors"]
    assert method.train().choose(batch.context, batch.query) == before
    assert {name for name in method.state_dict() if not name.startswith("selector.")} == {"vectors"}


@both
def test_a_start_that_selects_nothing_is_refused(llm: HostLLM, kind: type[SelectedText]) -> None:
    with pytest.raises(ValueError, match=r"resampler\.start: 'random' selects nothing .* set 'retrieval'"):
        kind(_selector(llm, start="random"))
