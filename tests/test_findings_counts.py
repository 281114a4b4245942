"""Counts and a p-value in docs/findings.md that no page has: reckoned here from what was asked and judged."""

from __future__ import annotations

import json

from adamem import config
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


def test_the_questions_that_vectors_were_tuned_on_are_those_of_their_steps() -> None:
    params = config.load(ROOT / "params.yaml")
    full, ours = params.baselines.full_context_tuned.optimiser, params.phase2.optimiser
    counts = [one.steps * one.batch_size * one.accumulate for one in (full, ours)]
    assert "tuned on half as many questions ({:,} and {:,})".format(*counts) in FINDINGS
