"""Stage B: picked vectors, then fused ones; the learned path is silent at the start."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from adamem.models.extractor import POOL
from adamem.models.host import HostLLM
from adamem.models.resampler import LatentPath, LatentResampler
from tests import tiny
from tests.models.states import WIDTH, states


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


def test_at_a_width_of_0_the_same_vectors_stand_behind_the_picks_of_any_question(llm: HostLLM) -> None:
    settings = tiny.settings({"resampler": {"hidden": 0}}).resampler
    torch.manual_seed(0)
    model, query, mask = LatentResampler(settings, llm), states(2, 4, seed=1).keys, torch.ones(2, 4).bool()
    words = llm.instruction(settings.n_fused)
    assert torch.equal(model(states(2), query, mask).tokens[:, -settings.n_fused :], words.expand(2, -1, -1))
    with torch.no_grad():
        model.fuse.shift.vectors.normal_()
    first, second = (model(states(2, seed=seed), query, mask).tokens[:, -settings.n_fused :] for seed in (0, 2))
    assert torch.equal(first, second) and torch.equal(first[0], first[1])
    assert torch.equal(first[0], words + model.fuse.shift())


def test_the_learned_path_sees_the_states_that_picks_are_made_from(llm: HostLLM) -> None:
    """More of the context than that changes nothing, whatever it says; so its cost stays where it is."""
    settings = tiny.settings({"resampler": {"n_latents": 4, "n_fused": 3}}).resampler
    torch.manual_seed(0)
    model, there, mask = LatentResampler(settings, llm), states(count=12), torch.ones(1, 1, dtype=torch.bool)
    assert isinstance(model.fuse, LatentPath)
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
