"""The official scores against the packages that define them, on thousands of strings made to be awkward."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz
from rouge import Rouge
from rouge_score.rouge_scorer import RougeScorer
from torchmetrics.functional.text import squad

from adamem.benchmarks.item import Fact
from adamem.benchmarks.public import registry
from adamem.evaluation import longbench, metrics, official

WORDS = ["the", "a", "An", "Lima", "lima", "Peru.", "12.5", "1,200", "é", "Straße", "it's", "yes", "no", "-", "A.", "x"]
JOINTS = [" ", " ", " ", "  ", "\n", ". ", ".", "...", "\t", ", ", "\u2029", "! "]


def texts(count: int, seed: int, longest: int = 14) -> list[str]:
    """Words that differ in what is normalised away, joined by full stops, blanks and breaks; some empty."""
    rng = Random(seed)
    return [
        "".join(rng.choice(WORDS) + rng.choice(JOINTS) for _ in range(rng.randrange(longest))) for _ in range(count)
    ]


def pairs(count: int, seed: int) -> list[tuple[str, str]]:
    """Independent pairs, and such as share a part."""
    first, second, shared = (texts(count, seed + offset) for offset in (1, 2, 3))
    return [
        (a + c, c + b) if number % 3 == 0 else (a, b if number % 7 else a)
        for number, (a, b, c) in enumerate(zip(first, second, shared, strict=True))
    ]


@dataclass(frozen=True)
class Item:
    kind: str
    references: tuple[str, ...]
    facts: tuple[Fact, ...] = field(default=())


def test_squad_em_and_f1_equal_torchmetrics_and_longbench_f1_but_for_two_empty_texts() -> None:
    torch.set_num_threads(1)
    for prediction, reference in pairs(2000, seed=0):
        answer = {"answers": {"text": [reference], "answer_start": [0]}, "id": "1"}
        found = squad([{"prediction_text": prediction, "id": "1"}], [answer])
        item = Item("squad", (reference,))
        assert official.score(prediction, item) == pytest.approx(float(found["f1"]) / 100, abs=1e-6)
        assert metrics.exact_match(prediction, reference) == float(found["exact_match"]) / 100
        empty = not metrics.normal(prediction) and not metrics.normal(reference)
        assert longbench.qa_f1(prediction, reference) == (0 if empty else metrics.token_f1(prediction, reference))


def test_longbench_rouge_equals_the_package_rouge() -> None:
    package: Any = Rouge(metrics=["rouge-l"])
    for prediction, reference in [
        *pairs(3000, seed=10),
        ("", "x"),
        ("...", "x"),
        (". ", "x"),
        (" ", " "),
        ("a. ", "a."),
    ]:
        try:
            wanted = package.get_scores([prediction], [reference], avg=True)["rouge-l"]["f"]
        except ValueError:  # no sentence; LongBench gives 0 for any error
            wanted = 0.0
        assert longbench.rouge_l(prediction, reference) == wanted, (prediction, reference)


def test_longbench_rouge_goes_on_where_the_package_runs_out_of_recursion() -> None:
    words = [f"w{number}" for number in range(1100)]
    forth, back = " ".join(words), " ".join(reversed(words))
    with pytest.raises(RecursionError):
        Rouge(metrics=["rouge-l"]).get_scores([forth], [back], avg=True)
    assert longbench.rouge_l(forth, back) == pytest.approx(1 / 1100, rel=1e-4)


def test_rouge_l_equals_rouge_score() -> None:
    scorer = RougeScorer(["rougeL"], use_stemmer=True)
    for prediction, reference in pairs(1000, seed=20):
        wanted = scorer.score(reference, prediction)["rougeL"].fmeasure
        assert official.score(prediction, Item("govreport", (reference,))) == wanted


def _indel(a: str, b: str) -> float:
    """2 LCS / (m + n), by the textbook table."""
    row = [0] * (len(b) + 1)
    for x in a:
        diagonal, new = 0, [0]
        for j, y in enumerate(b, 1):
            new.append(diagonal + 1 if x == y else max(row[j], new[-1]))
            diagonal = row[j]
        row = new
    return 2 * row[-1] / (len(a) + len(b)) if a or b else 1.0


def test_code_similarity_is_rounded_indel_of_the_first_line_of_code() -> None:
    rng = Random(30)
    pieces = ["x = 1", "return x", "# note", "// note", "```python", "", "    y(x)", "é"]
    for _ in range(3000):
        lines = [rng.choice(pieces) + rng.choice(["", ";", "0"]) for _ in range(rng.randrange(4))]
        reference = rng.choice(pieces) + rng.choice(pieces)
        prediction = "\n" * rng.randrange(3) + "\n".join(lines)
        code = [line for line in prediction.lstrip("\n").split("\n") if not any(m in line for m in ("`", "#", "//"))]
        line = code[0] if code else ""
        found = longbench.code_similarity(prediction, reference)
        assert found == round(fuzz.ratio(line, reference)) / 100
        assert found == pytest.approx(_indel(line, reference), abs=0.00501)


@pytest.mark.parametrize(
    ("prediction", "classes", "score"),
    [
        ("It is a City.", ["City", "Date"], 1),
        ("City or Date", ["City", "Date"], 0.5),
        ("Date", ["City", "Date"], 0),
        ("", ["City", "Date"], 0),
        (
            "Other City",
            ["City", "Other", "Other City"],
            1 / 2,
        ),  # Other comes after a name that was struck out: it stays
        ("Other City", ["City", "Date", "Other City", "Other"], 1),
        ("city", ["City", "Date"], 0),  # case counts
    ],
)
def test_classification(prediction: str, classes: list[str], score: float) -> None:
    reference = "Other City" if "Other City" in classes else "City"
    assert longbench.classification(prediction, reference, classes) == score


@given(st.lists(st.sampled_from(["Ab", "Cd", "Ef", "Gh"])), st.sampled_from(["Ab", "Cd"]))
def test_classification_shares_the_point_among_the_names_found(said: list[str], right: str) -> None:
    found = longbench.classification(" ".join(said), right, ["Ab", "Cd", "Ef", "Gh"])
    assert found == (1 / len(set(said)) if right in said else 0)


@given(st.lists(st.integers(0, 12)), st.integers(0, 12))
def test_counts_and_paragraphs_are_shares_of_the_numbers_said(numbers: list[int], right: int) -> None:
    said = ", ".join(f"Paragraph {number}" for number in numbers)
    wanted = Counter(numbers)[right] / len(numbers) if numbers else 0
    assert longbench.count(said, str(right)) == longbench.retrieval(said, f"Paragraph {right}") == wanted


def test_a_decimal_number_is_two_and_leading_zeros_make_another() -> None:
    assert longbench.count("3.0", "3") == 0.5
    assert longbench.count("03", "3") == 0
    with pytest.raises(ValueError, match="not of the form 'Paragraph 1'"):
        longbench.retrieval("3", "3")


@pytest.mark.parametrize(
    ("prediction", "reference", "score"),
    [
        ("Yes", "yes", 1),
        ("yes, it is", "yes", 0),  # part of the words would be right
        ("no", "there is no lake", 0),
        ("the lake", "lake", 1),
        ("the", "a", 0),
        ("lake Ost", "Ost", 2 / 3),
    ],
)
def test_hotpot_yes_and_no_match_only_themselves(prediction: str, reference: str, score: float) -> None:
    assert official.score(prediction, Item("hotpotqa", (reference,))) == pytest.approx(score)


def test_ruler_wants_all_needles_or_any_spelling() -> None:
    needles = tuple(Fact(text, (text,), ()) for text in ("701", "Owl-Grey"))
    item = Item("ruler_niah", ("701, Owl-Grey",), needles)
    said = ["701 and OWL-GREY", "it is 1701", "owl\x07-grey", "", "Owl-Grey701"]
    assert [official.score(text, item) for text in said] == [1, 0.5, 0, 0, 1]
    qa = Item("ruler_qa", ("Ann", "Ann B."))
    assert [official.score(text, qa) for text in ("I think ann", "B.", "")] == [1, 0, 0]


@pytest.mark.parametrize("kind", ["longbench_trec", "longbench_triviaqa", "longbench_samsum"])
def test_few_shot_sets_read_one_line_and_others_all(kind: str) -> None:
    classes = (Fact("class", ("Lima",), ("Oslo",)),)
    item = Item(kind, ("Lima",), classes if kind == "longbench_trec" else ())
    assert official.score("\n\nLima\nQuestion: Oslo", item) == pytest.approx(1)
    assert official.score("Oslo\nLima", item) == 0
    assert official.score("Oslo\nLima", Item("longbench_hotpotqa", ("Lima",))) == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", registry.SETS)
def test_every_set_gives_1_to_its_own_answer_and_the_best_of_several(name: str) -> None:
    answers = ("Paragraph 7", "Paragraph 8") if name == "longbench_passage_retrieval_en" else ("7", "12")
    facts = (Fact("class", answers[:1], ("Oslo",)),)
    assert official.score(answers[0], Item(name, answers[:1], facts)) == pytest.approx(1)
    assert official.score("Oslo", Item(name, answers[:1], facts)) == 0
    if registry.SETS[name].metric != "ruler_all":  # there all are wanted
        facts = (Fact("class", answers, ("Oslo",)),)
        assert official.score(answers[1], Item(name, answers, facts)) == pytest.approx(1)


def test_an_item_built_from_facts_has_no_official_score() -> None:
    assert official.score("Lima", Item("capital", ("Lima",))) is None
