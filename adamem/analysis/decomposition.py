"""Where answers are lost between the text and the answer: the score at each step, and what lies between two of them."""

from __future__ import annotations

from collections.abc import Sequence

from adamem.analysis.quality import OURS, Bootstrap, Comparison, Summary, compare
from adamem.analysis.results import Results
from adamem.analysis.tables import gaps, markdown
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
    (
        "memory in place of text",
        TEXT_GOLD,
        WINDOWS,
        "K memory tokens, the answer's windows first, in place of the answering documents",
    ),
    ("finding", TEXT_GOLD, UPPER, "the LLM itself among all documents"),
    ("lack of training", OURS, STEP0, "the compressor before training"),
)


def section(results: Results, summary: Summary, bootstrap: Bootstrap) -> str:
    """Scores, losses with their intervals, and where most of what is missing is lost in each group."""
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
    parts = [head, _scores(results, summary), lost, _table(results, found), _missing(results.groups, summary)]
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
        by_group = {gap.group: gap for gap in found[name]}
        rows.append([name, what, f"`{a}` - `{b}`", *gaps([by_group.get(group) for group in results.groups])])
    return markdown(["lost by", "who", "difference", *results.groups], rows, numbers_from=3)


def _missing(groups: Sequence[str], summary: Summary) -> str:
    """All that lacks to a score of 1: the part that selecting loses, and the part that stays lost when it cannot."""
    known = [group for group in groups if summary.of(WINDOWS, group) and summary.of(OURS, group)]
    if not known:
        return ""
    left = {name: [1 - _value(summary, name, group) for group in known] for name in (OURS, WINDOWS)}
    selecting = [every - told for every, told in zip(left[OURS], left[WINDOWS], strict=True)]
    rows = [
        ["in all", f"1 - `{OURS}`", *map(_number, left[OURS])],
        [SELECTING, f"`{WINDOWS}` - `{OURS}`", *map(_number, selecting)],
        [READING, f"1 - `{WINDOWS}`", *map(_number, left[WINDOWS])],
    ]
    if all(summary.of(TEXT_GOLD, group) for group in known):
        as_text = [1 - _value(summary, TEXT_GOLD, group) for group in known]
        rows.append(["reading text, for comparison", f"1 - `{TEXT_GOLD}`", *map(_number, as_text)])
    larger = {SELECTING: "", READING: ""}
    for group, lost, rest in zip(known, selecting, left[WINDOWS], strict=True):
        larger[SELECTING if lost > rest else READING] += f", {group}"
    said = "; ".join(f"{part} on {groups.removeprefix(', ')}" for part, groups in larger.items() if groups)
    head = "What lacks to a full score, and by whom it is lost:"
    return f"{head}\n\n{markdown(['missing', 'reckoned', *known], rows, 2)}\n\nThe larger part: {said}."


def _value(summary: Summary, method: str, group: str) -> float:
    found = summary.of(method, group)
    return 0.0 if found is None else found.value


def _number(value: float) -> str:
    return f"{value:.2f}"
