"""Stage B: relaxed top-k picks what it should, in reading order; the learned path is silent at the start."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from adamem.models.extractor import POOL, Extractor
from adamem.models.host import HostLLM
from adamem.models.memory import States
from adamem.models.resampler import LatentPath, LatentResampler
from tests import tiny

WIDTH = 32
relevances = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=24)
quick = budget(max_examples=60)


def extractor(slots: int = 3, redundancy: float = 0.0) -> Extractor:
    return Extractor(slots, WIDTH, redundancy)


def picked(slots: int, row: torch.Tensor, mask: torch.Tensor) -> list[int]:
    """Picks among states that have nothing in common."""
    return extractor(slots, 4.0).choose(row, torch.eye(row.shape[1])[None], mask)[0][0].tolist()


def states(rows: int = 1, count: int = 12, real: int | None = None, seed: int = 0, sentence: int = 1) -> States:
    """Random states, `sentence` of them to a sentence."""
    generator = torch.Generator().manual_seed(seed)
    keys, values = (torch.randn(rows, count, WIDTH, generator=generator) for _ in range(2))
    keys = F.normalize(keys, dim=-1)
    sentences = torch.arange(count).div(sentence, rounding_mode="floor").expand(rows, -1)
    mask = torch.arange(count).expand(rows, -1) < (count if real is None else real)
    return States(keys, values, sentences, torch.ones(rows, count), mask)


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


@pytest.mark.parametrize("start", ["retrieval", "random"])
def test_fused_vectors_start_as_words_behind_the_picks_or_as_noise(llm: HostLLM, start: str) -> None:
    settings = tiny.settings({"resampler": {"start": start}}).resampler
    torch.manual_seed(0)
    made = LatentResampler(settings, llm)(states(2), states(2, 4, seed=1).keys, torch.ones(2, 4).bool())
    assert made.tokens.shape == (2, settings.n_latents, WIDTH)
    words = llm.instruction(settings.n_fused).expand(2, -1, -1)
    assert torch.equal(made.tokens[:, -settings.n_fused :], words) == (start == "retrieval")
    assert (made.picks is not None) == (made.attention is not None) == (start == "retrieval")
    if made.picks is not None:
        assert made.picks.shape[1] == settings.n_latents - settings.n_fused


@pytest.mark.parametrize("film", [True, False])
def test_film_is_what_lets_the_query_into_the_learned_path(llm: HostLLM, film: bool) -> None:
    settings = tiny.settings({"resampler": {"start": "random", "film": film}}).resampler
    torch.manual_seed(0)
    path = LatentPath(settings, llm)
    with torch.no_grad():
        for weight in path.parameters():
            weight += 0.1 * torch.randn_like(weight)
    mask = torch.ones(1, 4, dtype=torch.bool)
    first, second = (path(states(), states(1, 4, seed=seed).keys, mask) for seed in (1, 2))
    assert torch.equal(first, second) != film


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
    expected = (begins * 0.01 + ends * 0.02) * model.edges.PACE
    assert torch.allclose(marks, expected[:, None].expand(-1, WIDTH), atol=1e-4)


def test_the_learned_path_sees_the_states_that_picks_are_made_from(llm: HostLLM) -> None:
    """More of the context than that changes nothing, whatever it says; so its cost stays where it is."""
    settings = tiny.settings({"resampler": {"n_latents": 3, "n_fused": 2}}).resampler
    torch.manual_seed(0)
    model, there, mask = LatentResampler(settings, llm), states(count=12), torch.ones(1, 1, dtype=torch.bool)
    with torch.no_grad():
        model.fuse.write.weight.normal_()
    query = there.keys[:, 5:6]
    found = model(there, query, mask)
    assert found.attention is not None
    order = found.attention[0].argsort(descending=True)
    for place, matters in ((order[POOL], False), (order[POOL - 1], True)):
        values = there.values.clone()
        values[0, place] += 1.0
        other = model(replace(there, values=values), query, mask)
        assert torch.equal(other.tokens[:, 1:], found.tokens[:, 1:]) != matters


def test_gradients_reach_what_decides_the_picks() -> None:
    there = extractor()
    found = there(states(), states(1, 4, seed=1).keys, torch.ones(1, 4, dtype=torch.bool))
    found.tokens.square().sum().backward()
    assert all(weight.grad is not None and bool(weight.grad.isfinite().all()) for weight in there.parameters())
    assert there.query.weight.grad is not None
    assert bool(there.query.weight.grad.any())
