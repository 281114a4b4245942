"""Stage A: untrained, every state is the mean of its own window; padding and other chunks leave no trace."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from adamem.data.chunking import chunk
from adamem.models.chunk_encoder import ChunkEncoder
from adamem.models.host import HostLLM
from adamem.models.records import TokenBatch
from adamem.models.statistics import Statistics
from tests import tiny

SIZES = tiny.settings().chunk_encoder


def encoder(llm: HostLLM) -> ChunkEncoder:
    torch.manual_seed(0)
    made = ChunkEncoder(SIZES, llm)
    made.set(tiny.STATISTICS)
    return made


def test_chunks_have_one_size_and_the_last_is_padded() -> None:
    ids = torch.arange(1, 15).reshape(2, 7)
    found, mask = chunk(ids, torch.ones_like(ids, dtype=torch.bool), 4)
    assert found.tolist() == [[[1, 2, 3, 4], [5, 6, 7, 0]], [[8, 9, 10, 11], [12, 13, 14, 0]]]
    assert mask.tolist() == [[[True] * 4, [True, True, True, False]]] * 2
    exact, _ = chunk(ids[:, :4], torch.ones(2, 4, dtype=torch.bool), 4)
    assert exact.shape == (2, 1, 4)


def test_untrained_states_are_window_means(llm: HostLLM) -> None:
    """To what the -6 outside of a window lets in."""
    context = TokenBatch.pad([list(range(5, 5 + 2 * SIZES.chunk_size))])
    states = encoder(llm)(llm, context)
    windows = llm.embed(context.ids).unflatten(1, (-1, SIZES.window)).mean(2)
    assert torch.allclose(states.values, windows, atol=0.02)
    features = llm.features(context.ids.reshape(2, -1), SIZES.feature_layers)
    scaled = (features - tiny.STATISTICS.feature_mean) / tiny.STATISTICS.feature_deviation
    means = scaled.reshape(1, -1, SIZES.window, llm.width).mean(2)
    assert torch.allclose(states.keys, means / means.norm(dim=-1, keepdim=True), atol=0.02)


def test_a_chunk_is_read_on_its_own(llm: HostLLM) -> None:
    made = encoder(llm)
    with torch.no_grad():
        for weight in made.parameters():
            weight += 0.05 * torch.randn_like(weight)
    first, second, other = [[start + place for place in range(SIZES.chunk_size)] for start in (5, 40, 90)]
    plain = made(llm, TokenBatch.pad([first + second]))
    changed = made(llm, TokenBatch.pad([first + other]))
    count = SIZES.summary_states
    assert torch.allclose(plain.keys[:, :count], changed.keys[:, :count], atol=1e-6)
    assert not torch.allclose(plain.keys[:, count:], changed.keys[:, count:], atol=1e-2)


def test_states_over_padding_are_marked_and_finite(llm: HostLLM) -> None:
    context = TokenBatch.pad([list(range(5, 5 + 2 * SIZES.chunk_size)), [7, 8, 9]])
    states = encoder(llm)(llm, context)
    assert states.mask.sum(1).tolist() == [2 * SIZES.summary_states, -(-3 // SIZES.window)]
    assert bool(states.keys.isfinite().all())
    alone = encoder(llm)(llm, TokenBatch.pad([[7, 8, 9]]))
    real = alone.mask[0]
    assert torch.allclose(states.values[1, : len(real)][real], alone.values[0, real], atol=1e-5)


def test_states_know_their_sentence_and_how_rare_their_tokens_are(llm: HostLLM) -> None:
    ids = llm.tokenizer("One cat. Two dogs.\nThree", add_special_tokens=False)["input_ids"]
    context = TokenBatch.pad([ids, ids[:3]])
    states = encoder(llm)(llm, context)
    numbers = llm.sentences.numbers(context)[0].tolist()
    assert numbers[0] == 0
    assert numbers[-1] == 2
    assert states.sentences[0, : -(-len(ids) // SIZES.window)].tolist() == numbers[:: SIZES.window]
    first = tiny.STATISTICS.token_information[ids[: SIZES.window]]
    assert float(states.information[0, 0]) == pytest.approx(float(first.mean()), rel=1e-5)
    odd = tiny.STATISTICS.token_information[ids[2]]
    assert float(states.information[1, 1]) == pytest.approx(float(odd), rel=1e-5)


def test_statistics_of_another_llm_are_refused(llm: HostLLM) -> None:
    with pytest.raises(ValueError, match="statistics of width 3 for an LLM of width 32"):
        encoder(llm).set(Statistics.neutral(3, 320, 1.0))
    small = replace(tiny.STATISTICS, token_information=torch.ones(7))
    with pytest.raises(ValueError, match="statistics of 7 tokens for an LLM with 320"):
        encoder(llm).set(small)


def test_the_query_is_scaled_like_the_keys(llm: HostLLM) -> None:
    query = TokenBatch.pad([[5, 6, 7]])
    found = encoder(llm).query_features(llm, query)
    plain = llm.features(query.ids, SIZES.feature_layers)
    assert torch.allclose(found * tiny.STATISTICS.feature_deviation + tiny.STATISTICS.feature_mean, plain, atol=1e-4)
