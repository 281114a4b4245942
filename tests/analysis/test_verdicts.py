"""What a reader is told beside the comparison that decides."""

from __future__ import annotations

from dataclasses import replace

from adamem.analysis import verdicts
from adamem.analysis.hypotheses import Effect, Hypothesis
from adamem.analysis.methods import RETRIEVAL, WRITTEN

TWICE = Effect("A", "f1", RETRIEVAL, 1.0, 9, 0.3, 0.2, 0.4, 0.1, 0.1, (0.4, 0.2), (1, 2), 0.1)
ONCE = replace(TWICE, against=WRITTEN, effect=0.0, p=0.5, trainings=(0.0,), numbers=(1,), deviation=None)
PLAIN = replace(TWICE, against="rag_minilm_k")


def test_a_lead_over_other_tuned_retrieval_stands_beside_the_one_that_decides() -> None:
    """Also where the one that decides was trained once; plain retrieval is far behind and has no row."""
    claim = Hypothesis("H2", "a claim", ONCE, (PLAIN, TWICE, ONCE), 0.5, "undecided", "so")
    page = verdicts.trainings([claim])
    assert f"| H2 | `{RETRIEVAL}` | +0.400 | +0.200 | 0.100 |" in page
    assert page.count("| H2 |") == 1 and page.endswith(f"over items alone: `{WRITTEN}`.")
