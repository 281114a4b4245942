"""What the lead over retrieval is made of: from tuned retrieval to AdaMem, one difference after the other."""

from __future__ import annotations

from collections.abc import Sequence

from adamem.analysis.quality import OURS, Bootstrap, Comparison, compare
from adamem.analysis.results import Results
from adamem.analysis.tables import gaps, markdown

RETRIEVAL, SENTENCES, PICKS = "rag_minilm_tuned", "rag_selector_tuned", "picks_as_text_tuned"
OTHERS, MEMORY = (RETRIEVAL, SENTENCES, PICKS), "memory in place of text"
STEPS = (  # from b to a
    ("a ranker trained on such questions", SENTENCES, RETRIEVAL, "whole sentences by AdaMem's selector, not by MiniLM"),
    ("finer pieces", PICKS, SENTENCES, "the windows that AdaMem picks, not whole sentences"),
    (MEMORY, OURS, PICKS, "memory tokens, not the text of the same windows"),
    ("in all", OURS, RETRIEVAL, "AdaMem, not tuned retrieval"),
)
HEAD = f"""\
`{SENTENCES}` and `{PICKS}` read what the committed compressor's selector finds, as text, with
soft vectors behind it that were tuned as those of `{RETRIEVAL}`, and for as many steps. So each line changes one
thing, and the first three add up to the last. One training of each arm; 95 % intervals over items."""


def section(results: Results, bootstrap: Bootstrap) -> str:
    """The differences with their intervals, and on which groups the memory gains; nothing where an arm was not run."""
    if not {OURS, *OTHERS} <= set(results.methods):
        return ""
    found = {name: [compare(results, bootstrap, a, b, group) for group in results.groups] for name, a, b, _ in STEPS}
    rows = [[name, what, f"`{a}` - `{b}`", *gaps(found[name])] for name, a, b, what in STEPS]
    table = markdown(["gained by", "what changes", "difference", *results.groups], rows, numbers_from=3)
    return f"{HEAD}\n\n{table}\n\n{_said([one for one in found[MEMORY] if one is not None])}"


def _said(memory: Sequence[Comparison]) -> str:
    gains = [one.group for one in memory if one.low > 0]
    loses = [one.group for one in memory if one.high < 0]
    neither = [one.group for one in memory if one.low <= 0 <= one.high]
    sides = {"gains": gains, "loses": loses, "is not told from the text": neither}
    parts = [f"{side} on {', '.join(groups)}" for side, groups in sides.items() if groups]
    return f"In place of the text that its own selector finds, the memory {'; it '.join(parts)}."
