"""Counts and a p-value in docs/findings.md that no page has: reckoned here from what was asked and judged."""

from __future__ import annotations

import json
from typing import Any

from adamem import config
from adamem.analysis.names import BETWEEN, str_hit
from tests.committed import ROOT, as_committed, read

pytestmark = as_committed
FINDINGS = read("docs/findings.md")


def asked(place: str) -> list[tuple[str, tuple[str, ...]]]:
    """Questions and answers, but for counterfactual copies."""
    rows = [json.loads(line) for line in read(f"reports/{place}/adamem/A.jsonl").splitlines()]
    return [(row["question"], tuple(sorted(row["gold"]))) for row in rows if not row["counterfactual"]]


def test_how_many_fresh_questions_were_asked_before_is_counted() -> None:
    before, fresh = asked("benchmarks"), asked("ablations/answers/fresh0")
    questions = [question for question, _ in before]
    same = sum(question in questions for question, _ in fresh)
    too = sum(one in before for one in fresh)
    assert f"{same} of A's {len(fresh)} questions are the same word for word, {too} with the same answer" in FINDINGS


def test_how_often_no_name_of_a_list_is_missing_is_counted() -> None:
    """By the length of the list, over the longer trainings of each arm."""
    shares: dict[tuple[str, int], list[float]] = {}
    for method, trainings in (("adamem", "longer*"), ("rag_minilm_written", "written*")):
        for length in (2, 3):
            hits = _whole(f"{trainings}/{method}", length)
            shares[method, length] = [sum(found) / len(found) for found in hits]
    pairs, triples, written = (
        f"{min(found):.2f} to {max(found):.2f}"
        for found in (shares["adamem", 2], shares["adamem", 3], shares["rag_minilm_written", 2])
    )
    assert (len(shares["adamem", 2]), len(shares["rag_minilm_written", 3])) == (5, 3)
    assert f"no name missing in {pairs} of its lists of two, and in {triples} of its lists of three" in FINDINGS
    assert f"with written vectors in {written} and in none" in FINDINGS
    assert not any(shares["rag_minilm_written", 3])


def test_how_often_prompts_in_every_layer_leave_no_name_of_three_missing_is_counted() -> None:
    first, second = _whole("deep[34]/adamem", 3)
    said = f"({sum(first) / len(first):.2f} and {sum(second) / len(second):.2f} of {len(first)})"
    assert f"lists of three are seldom whole with them, either {said}" in read("TODO.md")


def _whole(answers: str, length: int) -> list[list[float]]:
    """Of each training, by seed: of every list on A that has so many names, whether the answer has all of them."""
    found = []
    for file in sorted((ROOT / "reports/ablations/answers").glob(f"{answers}/A.jsonl")):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        lists = [row for row in rows if not row["counterfactual"] and _names(row) == length]
        found.append([str_hit(row["prediction"], row["gold"]) for row in lists])
    return found


def _names(row: dict[str, Any]) -> int:
    return len(row["gold"][0].split(BETWEEN))


def test_the_questions_that_vectors_were_tuned_on_are_those_of_their_steps() -> None:
    params = config.load(ROOT / "params.yaml")
    full, ours = params.baselines.full_context_tuned.optimiser, params.phase2.optimiser
    counts = [one.steps * one.batch_size * one.accumulate for one in (full, ours)]
    assert "tuned on half as many questions ({:,} and {:,})".format(*counts) in FINDINGS
