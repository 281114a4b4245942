"""The losses against cases worked out by hand, and the laws they must keep."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adamem.training import losses

quick = settings(max_examples=40)
seeds = st.integers(0, 2**31 - 1)


def teacher_of(logits: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    best = logits.log_softmax(-1).topk(k, dim=-1)
    return best.indices, best.values


def test_answer_nll_is_the_mean_surprise() -> None:
    logits = torch.tensor([[math.log(3.0), 0.0], [0.0, 0.0]])
    found = losses.answer_nll(logits, torch.tensor([0, 1]))
    assert float(found) == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)


def test_distillation_by_hand() -> None:
    """Teacher 1/2, 1/4 and a bucket of 1/4; student 1/4, 1/4 and a bucket of 1/2."""
    teacher_ids = torch.tensor([[2, 0]])
    teacher = torch.tensor([[0.5, 0.25]]).log()
    student = torch.tensor([[0.25, 0.25, 0.25, 0.25]]).log()
    expected = 0.5 * math.log(2) + 0.0 + 0.25 * math.log(0.25 / 0.5)
    assert float(losses.distillation(student, teacher_ids, teacher)) == pytest.approx(expected, abs=1e-6)


@quick
@given(seeds, st.integers(1, 7))
def test_distillation_is_no_less_than_nothing_and_nothing_for_the_teacher_itself(seed: int, k: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    teacher, student = (3 * torch.randn(4, 9, generator=generator) for _ in range(2))
    ids, logprobs = teacher_of(teacher, k)
    assert float(losses.distillation(student, ids, logprobs)) >= -1e-5
    assert float(losses.distillation(teacher, ids, logprobs)) == pytest.approx(0.0, abs=1e-4)


@quick
@given(seeds)
def test_a_bucket_never_counts_more_than_the_whole(seed: int) -> None:
    """Joining outcomes can only lose information; with all tokens kept, it is the full KL."""
    generator = torch.Generator().manual_seed(seed)
    teacher, student = (torch.randn(3, 6, generator=generator) for _ in range(2))
    logprobs = teacher.log_softmax(-1)
    full = (logprobs.exp() * (logprobs - student.log_softmax(-1))).sum(-1).mean()
    found = [float(losses.distillation(student, *teacher_of(teacher, k))) for k in (2, 4, 6)]
    assert found[0] <= found[1] + 1e-5 <= found[2] + 2e-5
    assert found[2] == pytest.approx(float(full), abs=1e-4)


def test_info_nce_by_hand() -> None:
    memory = torch.tensor([[2.0, 0.0], [0.0, 3.0]])
    answer = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    apart = torch.eye(2, dtype=torch.bool)
    assert float(losses.info_nce(memory, memory, apart, 1.0)) == pytest.approx(math.log(1 + math.exp(-1)))
    assert float(losses.info_nce(memory, answer, apart, 1.0)) == pytest.approx(math.log(2))


def test_equal_answers_are_no_negatives() -> None:
    torch.manual_seed(0)
    memory, answer = torch.randn(3, 4), torch.randn(3, 4)
    answer[1] = answer[0]
    same = torch.tensor([[True, True, False], [True, True, False], [False, False, True]])
    found = losses.info_nce(memory, answer, same)
    scores = torch.nn.functional.normalize(memory, dim=-1) @ torch.nn.functional.normalize(answer, dim=-1).mT / 0.1
    pairs = torch.stack([scores[0, [0, 2]], scores[1, [1, 2]]]).log_softmax(1)[:, 0]
    expected = -(pairs.sum() + scores[2].log_softmax(0)[2]) / 3
    assert torch.allclose(found, expected, atol=1e-6)
    assert float(losses.info_nce(memory, answer, torch.ones(3, 3).bool())) == pytest.approx(0.0)


def test_diversity_is_nothing_for_orthogonal_and_one_for_equal_tokens() -> None:
    assert float(losses.diversity(3 * torch.eye(4)[None])) == pytest.approx(0.0, abs=1e-7)
    assert float(losses.diversity(torch.ones(2, 5, 3))) == pytest.approx(1.0, abs=1e-6)
    half = torch.tensor([[[1.0, 0.0], [1.0, 1.0]]])
    assert float(losses.diversity(half)) == pytest.approx(0.5, abs=1e-6)
    assert float(losses.diversity(torch.ones(2, 1, 3))) == 0.0


@quick
@given(seeds)
def test_diversity_does_not_see_lengths_and_stays_in_bounds(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randn(2, 4, 6, generator=generator)
    scale = torch.rand(2, 4, 1, generator=generator) + 0.1
    assert 0 <= float(losses.diversity(tokens)) <= 1
    assert float(losses.diversity(tokens * scale)) == pytest.approx(float(losses.diversity(tokens)), abs=1e-5)


def test_entropy() -> None:
    assert float(losses.entropy(torch.eye(3).log())) == pytest.approx(0.0, abs=1e-6)
    assert float(losses.entropy(torch.full((2, 4), 0.25).log())) == pytest.approx(math.log(4), abs=1e-6)


def test_attention_sum_by_hand() -> None:
    """The first token stands in two states, the second in none, the third only in padding, which has no attention."""
    attention = torch.tensor([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0]]).log()
    holds = torch.zeros(2, 2, 3, dtype=torch.bool)
    holds[0, 0, :2] = holds[1, 1, 0] = True
    assert float(losses.attention_sum(attention, holds)) == pytest.approx(-math.log(0.8) / 2, abs=1e-6)
    assert float(losses.attention_sum(attention, torch.zeros_like(holds))) == 0.0
