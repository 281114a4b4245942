"""What the lead over retrieval is made of: tuned retrieval and AdaMem, and its selector without its memory between."""

from __future__ import annotations

from collections.abc import Sequence

from adamem.analysis.quality import OURS, Bootstrap, Comparison, compare
from adamem.analysis.results import Results
from adamem.analysis.tables import gaps, markdown

RETRIEVAL, SENTENCES, PICKS = "rag_minilm_tuned", "rag_selector_tuned", "picks_as_text_tuned"
OTHERS = (RETRIEVAL, SENTENCES, PICKS)
STEPS = (  # from b to a
    ("a ranker trained on such questions", SENTENCES, RETRIEVAL, "sentences by AdaMem's selector, not by MiniLM"),
    ("memory, not sentences", OURS, SENTENCES, "memory tokens, not the sentences that their selector ranks first"),
    ("in all", OURS, RETRIEVAL, "the two above together"),
    ("memory, not the picks", OURS, PICKS, "memory tokens, not the text of the windows that they pick"),
)
HEAD = f"""\
`{SENTENCES}` and `{PICKS}` read what the committed compressor's selector finds as text, followed by soft
vectors, tuned like those of `{RETRIEVAL}` and for as many steps. `{PICKS}` sets a line break between
picks from different places, and has these positions on top. Memory tokens are more than their picks: marks, strengths,
vectors that are fused for the question from more windows than those picked, and the weights that were trained to write
all this, where text has its soft vectors alone. What they gain may come from any of these. Nothing here says what
memory tokens would make of sentences that MiniLM ranks. One training of each arm; 95 % intervals over items."""


def section(results: Results, bootstrap: Bootstrap) -> str:
    """The differences with their intervals, and on which groups the memory gains; nothing where an arm was not run."""
    if not {OURS, *OTHERS} <= set(results.methods):
        return ""
    found = [[compare(results, bootstrap, a, b, group) for group in results.groups] for _, a, b, _ in STEPS]
    rows = [[name, what, f"`{a}` - `{b}`", *gaps(row)] for (name, a, b, what), row in zip(STEPS, found, strict=True)]
    table = markdown(["gained by", "what changes", "difference", *results.groups], rows, numbers_from=3)
    against = [(b, row) for (_, a, b, _), row in zip(STEPS, found, strict=True) if a == OURS and b != RETRIEVAL]
    said = [_said(f"`{other}`", row) for other, row in against]
    return f"{HEAD}\n\n{table}\n\n{' '.join(said)}"


def _said(other: str, row: Sequence[Comparison | None]) -> str:
    known = [one for one in row if one is not None]
    sides = {
        "gains": [one.group for one in known if one.low > 0],
        "loses": [one.group for one in known if one.high < 0],
        "is not told from it": [one.group for one in known if one.low <= 0 <= one.high],
    }
    parts = [f"{side} on {', '.join(groups)}" for side, groups in sides.items() if groups]
    return f"Against {other} the memory {', '.join(parts)}."
