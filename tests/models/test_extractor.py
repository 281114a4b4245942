"""The extractor: relaxed top-k picks what it should, in reading order, and marks what it picks."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from adamem.models.extractor import Extractor
from tests.models.states import WIDTH, states

relevances = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=24)
quick = budget(max_examples=60)


def extractor(slots: int = 3, redundancy: float = 0.0) -> Extractor:
    return Extractor(slots, WIDTH, redundancy)


def picked(slots: int, row: torch.Tensor, mask: torch.Tensor) -> list[int]:
    """Picks among states that have nothing in common."""
    return extractor(slots, 4.0).choose(row, torch.eye(row.shape[1])[None], mask)[0][0].tolist()


@quick
@given(relevances, st.integers(1, 9), st.integers(0, 6))
def test_every_slot_picks_one_real_state_and_all_pick_the_best(
    relevance: list[float], slots: int, padding: int
) -> None:
    row = torch.tensor([relevance + [9.0] * padding])
    mask = torch.arange(row.shape[1])[None] < len(relevance)
    chosen = picked(slots, row.masked_fill(~mask, float("-inf")), mask)
    assert len(chosen) == slots
    best = sorted(range(len(relevance)), key=lambda place: (-relevance[place], place))[:slots]
    assert sorted(set(chosen)) == sorted(best)
    assert max(chosen.count(place) for place in best) == -(-slots // len(best))


@quick
@given(relevances, st.integers(2, 5))
def test_picks_stand_in_reading_order(relevance: list[float], slots: int) -> None:
    """Also where there are too few: then the whole comes again."""
    row = torch.tensor([relevance])
    chosen = picked(slots, row, torch.ones_like(row, dtype=torch.bool))
    for start in range(0, slots, len(relevance)):
        part = chosen[start : start + len(relevance)]
        assert part == sorted(set(part))


def test_relevance_finds_the_state_that_the_query_names() -> None:
    there = states(rows=2)
    query = torch.stack([there.keys[0, 3:4], there.keys[1, 8:9]])
    found = extractor().relevance(there, query, torch.ones(2, 1, dtype=torch.bool))
    assert found.shape == (2, 12)
    assert found.argmax(1).tolist() == [3, 8]


def test_a_match_lifts_its_whole_sentence_and_rare_words_in_it_most() -> None:
    there = states(sentence=4)
    rare = replace(there, information=torch.where(torch.arange(12) == 6, 8.0, 1.0)[None])
    picks = extractor(4)(rare, there.keys[:, 5:6], torch.ones(1, 1, dtype=torch.bool)).picks
    assert picks.argmax(-1).tolist() == [[4, 5, 6, 7]]
    assert extractor().relevance(rare, there.keys[:, 5:6], torch.ones(1, 1, dtype=torch.bool)).argmax(1).tolist() == [6]


def test_what_a_pick_says_already_is_worth_less() -> None:
    """Six states that say three things, each twice; the second time is worth the redundancy less."""
    keys = torch.eye(WIDTH)[[0, 0, 1, 1, 2, 2]][None]
    row = torch.tensor([[5.0, 4.9, 4.0, 3.9, 3.0, 2.9]])
    mask = torch.ones_like(row, dtype=torch.bool)
    chosen = {off: extractor(4, off).choose(row, keys, mask)[0][0].tolist() for off in (0.0, 1.5, 4.0)}
    assert chosen == {0.0: [0, 1, 2, 3], 1.5: [0, 1, 2, 4], 4.0: [0, 1, 2, 4]}
    assert extractor(3, 4.0).choose(row, keys, mask)[0][0].tolist() == [0, 2, 4]


def test_neighbours_share_relevance_by_learned_weights_within_the_text() -> None:
    there, query = states(real=10), states(1, 2, seed=1).keys
    model, mask = extractor(), torch.ones(1, 2, dtype=torch.bool)
    alone = model.relevance(there, query, mask)[0, :10]
    with torch.no_grad():
        model.neighbours[0] = 0.5
    apart = alone - alone.mean()
    expected = alone + 0.5 * torch.cat([torch.zeros(2), apart[:-2]])
    assert torch.allclose(model.relevance(there, query, mask)[0, :10], expected, atol=1e-4)


def test_query_padding_counts_for_nothing() -> None:
    there, asked = states(), states(count=3, seed=1).keys
    alone = extractor().relevance(there, asked, torch.ones(1, 3, dtype=torch.bool))
    longer = torch.cat([asked, there.keys[:, :2]], 1)
    assert torch.allclose(extractor().relevance(there, longer, torch.arange(5)[None] < 3), alone, atol=1e-5)


def test_a_word_that_is_everywhere_counts_less_than_a_rare_one() -> None:
    there = states()
    keys = there.keys.clone()
    keys[:, ::2] = keys[:, :1]
    both = torch.cat([keys[:, :1], keys[:, 5:6]], 1)
    found = extractor().relevance(replace(there, keys=keys), both, torch.ones(1, 2).bool())
    assert found.argmax(1).tolist() == [5]


def test_attention_is_a_distribution_over_real_states() -> None:
    found = extractor()(states(real=10), states(1, 4, seed=1).keys, torch.ones(1, 4, dtype=torch.bool))
    assert found.attention.exp().sum().item() == pytest.approx(1.0, abs=1e-5)
    assert not found.attention[:, 10:].exp().any()


def test_picks_are_whole_values_and_a_stretch_is_marked_at_both_ends() -> None:
    there, model = states(sentence=4), extractor(6)
    with torch.no_grad():
        model.edges.vectors.copy_(torch.tensor([[0.01], [0.02]]).expand(2, WIDTH))
    found = model(there, there.keys[:, [1, 9]], torch.ones(1, 2, dtype=torch.bool))
    places = found.picks[0].argmax(-1).tolist()
    begins = torch.tensor([place - 1 not in places for place in places])
    ends = torch.tensor([place + 1 not in places for place in places])
    assert found.picks.sum(-1).tolist() == [[1.0] * 6]
    assert 0 < int(begins.sum()) < 6
    marks = found.tokens[0] - there.values[0, places]
    expected = (begins * 0.01 + ends * 0.02) * model.edges.pace
    assert torch.allclose(marks, expected[:, None].expand(-1, WIDTH), atol=1e-4)


def test_gradients_reach_what_decides_the_picks() -> None:
    there = extractor()
    found = there(states(), states(1, 4, seed=1).keys, torch.ones(1, 4, dtype=torch.bool))
    found.tokens.square().sum().backward()
    assert all(weight.grad is not None and bool(weight.grad.isfinite().all()) for weight in there.parameters())
    assert there.query.weight.grad is not None
    assert bool(there.query.weight.grad.any())


def attending(model: Extractor, weights: list[float]) -> Extractor:
    """As if the query had brought this attention about."""
    model.attend = lambda *_: torch.tensor([weights]).log()  # type: ignore[method-assign]
    return model


def test_a_word_comes_with_its_sentence() -> None:
    """Three words of the sentence that is wanted most go before a lone one that by itself would be second."""
    there = states(sentence=4)
    weights = [0.4, 0.1, 0.1, 0.01, 0.15, 0.004, 0.003, 0.003, 0.06, 0.06, 0.06, 0.05]
    found = attending(extractor(3), weights)(there, there.keys[:, :1], torch.ones(1, 1, dtype=torch.bool))
    assert found.picks.argmax(-1).tolist() == [[0, 1, 2]]


def test_picks_are_marked_for_how_much_they_and_their_sentences_are_wanted() -> None:
    there, model = states(sentence=4), extractor(4)
    weights = [0.4, 0.05, 0.05, 0.01, 0.2, 0.004, 0.003, 0.003, 0.1, 0.06, 0.06, 0.06]
    with torch.no_grad():
        model.strength.vectors[0, 0] = model.strength.vectors[1, 1] = 1.0
    found = attending(model, weights)(there, there.keys[:, :1], torch.ones(1, 1, dtype=torch.bool))
    places = found.picks[0].argmax(-1)
    own, whole = torch.tensor(weights), torch.tensor([0.51] * 4 + [0.21] * 4 + [0.28] * 4)
    roots = torch.stack([(part / part.max())[places].sqrt() for part in (own, whole)], 1)
    expected = (roots - roots.mean(0)) * model.strength.pace
    marks = found.tokens[0] - there.values[0, places]
    assert torch.allclose(marks[:, :2], expected, atol=1e-4)
    assert not marks[:, 2:].abs().gt(1e-5).any()


def test_the_answers_likelihood_reaches_the_attention_through_the_marks() -> None:
    there, model = replace(states(), values=torch.zeros(1, 12, WIDTH)), extractor()
    with torch.no_grad():
        model.strength.vectors.fill_(1.0)
    found = model(there, states(1, 4, seed=1).keys, torch.ones(1, 4, dtype=torch.bool))
    found.tokens[0, 0].sum().backward()
    assert model.precedence.grad is not None
    assert bool(model.precedence.grad.abs() > 0)
