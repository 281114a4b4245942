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


def test_h2_with_longer_training_is_corrected_over_six_claims_as_said() -> None:
    """Holm multiplies the smallest p of three by 3 and the next by 2; of six, behind both of H1, by 4."""
    short, long = (json.loads(read(f"reports/{place}.json")) for place in ("hypotheses", "evidence/hypotheses_longer"))
    of_three = long["H2"]["p"]
    assert max(short["H1"]["p"], long["H1"]["p"]) < of_three < min(long["H3"]["p"], short["H2"]["p"], short["H3"]["p"])
    assert f"over all six claims would leave H2 with p {of_three / 2 * 4:.3f}." in FINDINGS
