"""The scores against the packages that define them, on known and on generated strings."""

import math
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from torchmetrics.functional.text import squad

from adamem.evaluation import metrics

_PIECES = ["the", "an", "A", "Lima", "Peru", "lima.", "12.5", "1,200", "  ", "!", "é", "Straße", "it's", "\n", "-"]
texts = st.lists(st.sampled_from(_PIECES), max_size=8).map(" ".join) | st.text(max_size=20)


@dataclass(frozen=True)
class Fact:
    accepted: tuple[str, ...]
    contradicted: tuple[str, ...] = ()


def _torchmetrics(prediction: str, references: list[str]) -> tuple[float, float]:
    answers = {"text": references, "answer_start": [0] * len(references)}
    found = squad([{"prediction_text": prediction, "id": "1"}], [{"answers": answers, "id": "1"}])
    return float(found["exact_match"]) / 100, float(found["f1"]) / 100


@settings(deadline=None, max_examples=150)
@given(texts, st.lists(texts, min_size=1, max_size=3))
def test_squad_scores_equal_torchmetrics(prediction: str, references: list[str]) -> None:
    torch.set_num_threads(1)
    found = metrics.score(prediction, references)
    assert (found.em, found.f1) == pytest.approx(_torchmetrics(prediction, references), abs=1e-6)


@settings(deadline=None, max_examples=100)
@given(texts, st.lists(texts, min_size=1, max_size=3))
def test_rouge_equals_rouge_score(prediction: str, references: list[str]) -> None:
    found = metrics.score(prediction, references)
    for name, value in (("rouge1", found.rouge_1), ("rouge2", found.rouge_2), ("rougeL", found.rouge_l)):
        scorer = RougeScorer([name], use_stemmer=True)
        assert value == max(scorer.score(reference, prediction)[name].fmeasure for reference in references)


@settings(deadline=None, max_examples=100)
@given(texts, st.lists(texts, min_size=1, max_size=3))
def test_scores_stay_between_0_and_1_and_an_exact_match_has_full_f1(prediction: str, references: list[str]) -> None:
    found = metrics.score(prediction, references)
    values = (found.em, found.f1, found.rouge_1, found.rouge_2, found.rouge_l)
    assert all(0 <= value <= 1 and math.isfinite(value) for value in values)
    assert found.f1 == 1 or found.em == 0


@pytest.mark.parametrize(
    ("prediction", "references", "em", "f1"),
    [
        ("The Lima!", ["lima"], 1, 1),
        ("Quito", ["Lima", "quito"], 1, 1),
        ("Lima Quito", ["Lima"], 0, 2 / 3),
        ("Lima", ["Peru"], 0, 0),
        ("", ["Lima"], 0, 0),
        ("the", ["a"], 1, 1),  # both are empty once articles go
        ("Chile, Bolivia", ["Bolivia, Chile"], 0, 1),  # F1 is over a set, exact match is not
    ],
)
def test_known_answers(prediction: str, references: list[str], em: float, f1: float) -> None:
    found = metrics.score(prediction, references)
    assert (found.em, found.f1) == (em, pytest.approx(f1))
    assert found.coverage is None and found.contradictions is None


def test_stemming_counts_an_inflected_word() -> None:
    assert metrics.score("borders", ["bordering"]).rouge_1 == 1


@pytest.mark.parametrize(
    ("prediction", "fact", "coverage", "contradictions"),
    [
        ("The capital is Lima.", Fact(("Lima",), ("Quito",)), 1, 0),
        ("The capital is Quito.", Fact(("Lima",), ("Quito",)), 0, 1),
        ("Lima or Quito", Fact(("Lima",), ("Quito",)), 1, 1),  # hedging is seen by both
        ("Limassol", Fact(("Lima",)), 0, 0),  # no part of a word
        ("It lies at 125 m", Fact(("12.5",)), 0, 0),  # a decimal point counts
        ("an area of 1285216 km", Fact(("1,285,216",)), 1, 0),  # a thousands comma does not
        ("it is 1,200.5 m", Fact(("1200.5 m",)), 1, 0),
        ("He lives in New York", Fact(("York",), ("New York",)), 0, 1),
        ("not York but New York", Fact(("York",), ("New York",)), 1, 1),
        ("", Fact(("Lima",), ("Quito",)), 0, 0),
    ],
)
def test_facts(prediction: str, fact: Fact, coverage: float, contradictions: float) -> None:
    found = metrics.score(prediction, ["unused"], [fact])
    assert (found.coverage, found.contradictions) == (coverage, contradictions)


def test_coverage_is_the_share_of_facts() -> None:
    facts = [Fact(("Lima", "City of Kings")), Fact(("1821",)), Fact(("Huascarán",)), Fact(("Sol",))]
    assert metrics.score("city of kings, Huascarán", ["x"], facts).coverage == 0.5


def test_no_reference_is_an_error() -> None:
    with pytest.raises(ValueError, match="no reference answer"):
        metrics.score("Lima", [])
