"""Stage B: relaxed top-k picks what it should, in reading order; the learned path is silent at the start."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from adamem.models.chunk_encoder import States
from adamem.models.resampler import Extractor, LatentPath, LatentResampler
from tests import tiny

WIDTH = 32
relevances = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=24)
quick = budget(max_examples=60)


def extractor(ranks: int = 3, window: int = 4) -> Extractor:
    return Extractor(ranks, WIDTH, window)


def states(rows: int = 1, count: int = 12, real: int | None = None, seed: int = 0) -> States:
    generator = torch.Generator().manual_seed(seed)
    keys, values = (torch.randn(rows, count, WIDTH, generator=generator) for _ in range(2))
    return States(keys, values, torch.arange(count).expand(rows, -1) < (count if real is None else real))


@quick
@given(relevances, st.integers(1, 5), st.integers(0, 6))
def test_picks_are_distributions_over_real_states(relevance: list[float], ranks: int, padding: int) -> None:
    row = torch.tensor([relevance + [9.0] * padding])
    mask = torch.arange(row.shape[1])[None] < len(relevance)
    picks = extractor(ranks).pick(row, mask)
    assert picks.shape == (1, ranks, row.shape[1])
    assert bool(picks.isfinite().all())
    assert torch.allclose(picks.sum(-1), torch.ones(1, ranks), atol=1e-5)
    assert not picks[..., len(relevance) :].any()


@quick
@given(relevances, st.integers(2, 5))
def test_picks_stand_in_reading_order(relevance: list[float], ranks: int) -> None:
    row = torch.tensor([relevance])
    picks = extractor(ranks).pick(row, torch.ones_like(row, dtype=torch.bool))
    places = (picks * torch.arange(row.shape[1])).sum(-1)[0]
    assert bool((places.diff() >= -1e-4).all())


def test_ranks_pick_the_best_states_that_do_not_touch() -> None:
    row = torch.tensor([[0.1, 0.2, 1.0, 0.9, 0.1, 0.3, 0.8, 0.1, 0.1, 0.6]])
    picks = extractor(3).pick(row, torch.ones_like(row, dtype=torch.bool))
    assert picks.argmax(-1).tolist() == [[2, 6, 9]]
    assert float(picks.detach().amax(-1).min()) > 0.99


def test_relevance_finds_the_state_that_the_query_names() -> None:
    there = states(rows=2)
    query = torch.stack([there.keys[0, 3:4], there.keys[1, 8:9]])
    found = extractor().relevance(there, query, torch.ones(2, 1, dtype=torch.bool))
    assert found.shape == (2, 12)
    assert found.argmax(1).tolist() == [3, 8]


def test_query_padding_counts_for_nothing() -> None:
    there, asked = states(), states(count=3, seed=1).keys
    alone = extractor().relevance(there, asked, torch.ones(1, 3, dtype=torch.bool))
    longer = torch.cat([asked, there.keys[:, :2]], 1)
    assert torch.allclose(extractor().relevance(there, longer, torch.arange(5)[None] < 3), alone, rtol=1e-5)


def test_a_word_that_is_everywhere_counts_less_than_a_rare_one() -> None:
    there = states()
    keys = there.keys.clone()
    keys[:, ::2] = keys[:, :1]
    common, rare = keys[:, :1], keys[:, 5:6]
    both = torch.cat([common, rare], 1)
    found = extractor(window=64).relevance(States(keys, there.values, there.mask), both, torch.ones(1, 2).bool())
    assert found.argmax(1).tolist() == [5]


def test_every_rank_gives_a_value_and_its_right_neighbour() -> None:
    """The last real state is its own neighbour: nothing stands behind it."""
    there = states(real=10)
    query = there.keys[:, [4, 9, 9]]  # not equally relevant: two states in a tie are picked as a blend
    found = extractor(2, window=64)(there, query, torch.ones(1, 3, dtype=torch.bool))
    assert found.picks is not None
    chosen = found.picks.argmax(-1)[0].tolist()
    assert chosen == [4, 9]
    expected = there.values[0, [4, 5, 9, 9]]
    assert torch.allclose(found.tokens[0], expected, atol=0.05)


@pytest.mark.parametrize("start", ["retrieval", "random"])
def test_the_learned_path_is_silent_only_behind_the_extractor(start: str) -> None:
    settings = tiny.settings({"resampler": {"start": start}}).resampler
    torch.manual_seed(0)
    path = LatentPath(settings, WIDTH)
    found = path(states(2), states(2, 4, seed=1).keys, torch.ones(2, 4, dtype=torch.bool))
    assert found.shape == (2, settings.n_latents, WIDTH)
    assert bool(found.any()) == (start == "random")
    resampled = LatentResampler(settings, WIDTH, 2)(states(2), states(2, 4, seed=1).keys, torch.ones(2, 4).bool())
    assert (resampled.picks is not None) == (start == "retrieval")


@pytest.mark.parametrize("film", [True, False])
def test_film_is_what_lets_the_query_into_the_learned_path(film: bool) -> None:
    settings = tiny.settings({"resampler": {"start": "random", "film": film}}).resampler
    torch.manual_seed(0)
    path = LatentPath(settings, WIDTH)
    with torch.no_grad():
        for weight in path.parameters():
            weight += 0.1 * torch.randn_like(weight)
    mask = torch.ones(1, 4, dtype=torch.bool)
    first, second = (path(states(), states(1, 4, seed=seed).keys, mask) for seed in (1, 2))
    assert torch.equal(first, second) != film


def test_gradients_reach_what_decides_the_picks() -> None:
    there = extractor()
    found = there(states(), states(1, 4, seed=1).keys, torch.ones(1, 4, dtype=torch.bool))
    found.tokens.square().sum().backward()
    assert all(weight.grad is not None and bool(weight.grad.isfinite().all()) for weight in there.parameters())
    assert there.query.weight.grad is not None
    assert bool(there.query.weight.grad.any())
