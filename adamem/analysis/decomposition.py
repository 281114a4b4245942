"""Where answers are lost between the text and the answer: the score at each step, and what lies between two of them."""

from __future__ import annotations

from adamem.analysis.quality import OURS, Bootstrap, Comparison, Summary, compare
from adamem.analysis.results import Results
from adamem.analysis.tables import markdown
from adamem.analysis.targets import UPPER

TEXT_GOLD, GOLD, WINDOWS, STEP0 = f"{UPPER}_gold", f"{OURS}_gold", f"{OURS}_gold_windows", f"{OURS}_step0"
STEPS = (
    (TEXT_GOLD, "the answering documents as text"),
    (UPPER, "the whole text"),
    (WINDOWS, "the whole text through the compressor, told which windows hold the answer"),
    (GOLD, "the answering documents through the compressor"),
    (OURS, "the whole text through the compressor"),
    (STEP0, "the same, untrained"),
)
SELECTING, READING = "selecting", "packing and reading"
LOST = (  # from b to a
    (SELECTING, WINDOWS, OURS, "the compressor among all windows"),
    ("of that, by documents", GOLD, OURS, "the compressor among all documents"),
    (READING, TEXT_GOLD, WINDOWS, "K memory tokens, the answer's windows first, in place of the answering documents"),
    ("finding", TEXT_GOLD, UPPER, "the LLM itself among all documents"),
    ("lack of training", OURS, STEP0, "the compressor before training"),
)


def section(results: Results, summary: Summary, bootstrap: Bootstrap) -> str:
    """Scores, losses with their intervals, and the larger of the compressor's two losses in each group."""
    found = {
        name: [gap for group in results.groups if (gap := compare(results, bootstrap, a, b, group)) is not None]
        for name, a, b, _ in LOST
    }
    head = (
        "Gold documents hold the answer and are read alone; within them the compressor still chooses. Gold windows are "
        f"the windows in them that hold words of the answer: `{WINDOWS}` picks these before all others, so that "
        "selecting cannot miss them as long as they fit. "
        f"`{UPPER}` is a reference and no ceiling: its vectors were tuned for fewer steps, and a small LLM loses its "
        "way in a text."
    )
    lost = "What is lost between two of them, on the items that both answered, with 95 % interval (below 0: gained):"
    parts = [head, _scores(results, summary), lost, _table(results, found), _limits(results, found)]
    return "\n\n".join(part for part in parts if part)


def _scores(results: Results, summary: Summary) -> str:
    rows = []
    for method, what in STEPS:
        cells = [summary.of(method, group) for group in results.groups]
        rows.append([f"`{method}`", what, *("" if one is None else f"{one.value:.2f}" for one in cells)])
    return markdown(["method", "sees", *results.groups], rows, numbers_from=2)


def _table(results: Results, found: dict[str, list[Comparison]]) -> str:
    rows = []
    for name, a, b, what in LOST:
        by_group = {gap.group: f"{gap.difference:+.2f} [{gap.low:+.2f}, {gap.high:+.2f}]" for gap in found[name]}
        rows.append([name, what, f"`{a}` - `{b}`", *(by_group.get(group, "") for group in results.groups)])
    return markdown(["lost by", "who", "difference", *results.groups], rows, numbers_from=3)


def _limits(results: Results, found: dict[str, list[Comparison]]) -> str:
    """By group, the larger of what selecting and what packing and reading loses, where its interval lies above 0."""
    named = []
    for group in results.groups:
        gaps = [(name, gap) for name in (SELECTING, READING) for gap in found[name] if gap.group == group]
        sure = [(gap.difference, name) for name, gap in gaps if gap.low > 0]
        named.append(f"on {group} {max(sure)[1]} ({max(sure)[0]:+.2f})" if sure else f"on {group} neither for sure")
    return f"The compressor's limit, the larger of its two losses whose interval is above 0: {', '.join(named)}."
