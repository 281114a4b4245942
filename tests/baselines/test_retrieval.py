"""Finding text: cutting, filling a budget, and the two rankers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adamem.baselines.rag import Rag
from adamem.baselines.retrieval import Bm25, MiniLm, cut, fill
from adamem.models.host import HostLLM
from tests import tiny, workplace

token_rows = st.lists(st.integers(0, 99), min_size=1, max_size=40)
pieces = st.lists(st.sampled_from(["a", " b", "c.", "?", " ", "\n", "; "]), min_size=1, max_size=40)


@given(token_rows, st.integers(1, 9))
def test_chunks_of_a_size_are_the_text(ids: list[int], size: int) -> None:
    chunks = cut(ids, [], size)
    assert [token for chunk in chunks for token in chunk] == ids
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert 0 < len(chunks[-1]) <= size


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_sentences_are_the_text_and_end_where_sentences_end(ends: list[bool]) -> None:
    ids = list(range(len(ends)))
    chunks = cut(ids, ends, 0)
    assert [token for chunk in chunks for token in chunk] == ids
    for chunk in chunks:
        assert not any(ends[token] for token in chunk[:-1])
        assert ends[chunk[-1]] or chunk is chunks[-1]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(1, 30), st.integers(0, 99))
def test_a_budget_is_filled_in_reading_order(sizes: list[int], budget: int, seed: int) -> None:
    starts = np.cumsum([0, *sizes])
    chunks = [list(range(start, start + size)) for start, size in zip(starts.tolist(), sizes, strict=False)]
    scores = np.random.default_rng(seed).random(len(sizes))
    kept = fill(chunks, scores, budget)
    assert kept == sorted(set(kept))
    assert len(kept) == min(budget, sum(sizes))
    best = chunks[int(scores.argmax())]
    assert set(best[:budget]) <= set(kept)


def test_the_last_chunk_is_cut_to_fit() -> None:
    chunks = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert fill(chunks, np.array([0.2, 0.9, 0.5]), 5) == [4, 5, 6, 7, 8]
    assert fill(chunks, np.array([0.5, 0.1, 0.5]), 4) == [1, 2, 3, 7]
    assert fill(chunks, np.array([0.2, 0.9, 0.5]), 2) == [4, 5]


def test_bm25_finds_the_chunk_with_the_words() -> None:
    for place, question in enumerate(["Which capital has Peru?", "Norway, its coast?", "Who is from Egypt?"]):
        scores = Bm25().scores(question, tiny.FACTS)
        assert scores.shape == (len(tiny.FACTS),)
        assert int(scores.argmax()) == place


def test_bm25_counts_a_rare_word_more_than_a_common_one() -> None:
    scores = Bm25().scores("capital rice", tiny.FACTS)
    assert int(scores.argmax()) == 4


@pytest.mark.parametrize(
    ("question", "chunks"),
    [("zebra", ["a cat", "a dog"]), ("the of", ["a cat"]), ("cat", ["!!", "."]), ("?", ["a cat", ""])],
    ids=["unknown", "stopwords", "no-words", "nothing"],
)
def test_bm25_without_a_common_word_scores_nothing(question: str, chunks: list[str]) -> None:
    assert Bm25().scores(question, chunks).tolist() == [0.0] * len(chunks)


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> MiniLm:
    models = workplace.furnish(tmp_path_factory.mktemp("plain") / "models", "plain")
    return MiniLm(models / "baselines" / "rag" / "embedder")


def test_minilm_gives_unit_vectors_whatever_the_batch(minilm: MiniLm) -> None:
    together = minilm.embed(list(tiny.FACTS))
    assert np.allclose(together.norm(dim=1), 1.0, atol=1e-5)
    alone = [minilm.embed([fact])[0] for fact in tiny.FACTS]
    assert all(np.allclose(one, row, atol=1e-5) for one, row in zip(alone, together, strict=True))


def test_minilm_ranks_in_float32_inside_a_training_in_bfloat16(minilm: MiniLm) -> None:
    texts = ["a film of 1990", "a longer chunk about the airport of Lima in Peru"]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = minilm.scores("the airport", texts)
    assert (inside == minilm.scores("the airport", texts)).all()


def test_minilm_finds_the_chunk_itself(minilm: MiniLm) -> None:
    scores = minilm.scores(tiny.FACTS[3], tiny.FACTS)
    assert int(scores.argmax()) == 3
    assert float(scores.max()) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("chunk_tokens", [0, 5, 64])
def test_what_is_retrieved_is_text_of_the_context(llm: HostLLM, chunk_tokens: int) -> None:
    method = Rag(llm, Bm25(), budget=12, chunk_tokens=chunk_tokens)
    batch = tiny.batch(llm)
    memory = method.compress(batch.context, batch.query)
    assert memory.tokens.shape[1] == 0
    assert memory.text is not None
    assert memory.text_mask is not None
    for row, ids in enumerate(batch.context.rows()):
        length = int(memory.text_mask[row].sum())
        assert length == min(12, len(ids))
        own = llm.embed(batch.context.ids[row])
        assert all((own == vector).all(-1).any() for vector in memory.text[row, :length])
