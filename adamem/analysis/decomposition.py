"""Where answers are lost between the text and the answer: the score at each step, and what lies between two of them."""

from __future__ import annotations

from statistics import fmean

from adamem.analysis.methods import OURS, STEP0, UPPER
from adamem.analysis.quality import Bootstrap, Summary, compare
from adamem.analysis.results import Results
from adamem.analysis.tables import gap, gaps, markdown
from adamem.evaluation.statistics import mean_interval

TEXT_GOLD, GOLD, WINDOWS = f"{UPPER}_gold", f"{OURS}_gold", f"{OURS}_gold_windows"
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
    ("other documents", GOLD, OURS, "the compressor among all documents"),
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
    head = (
        "Of the committed run, over items. Gold documents hold the answer and are read alone; within them the "
        "compressor still chooses. Gold windows are the windows in them that hold words of the answer: "
        f"`{WINDOWS}` picks these before all others, so that selecting cannot miss them as long as they fit. "
        f"`{UPPER}` is a reference and no ceiling: its vectors have a training of their own, and a small LLM loses "
        "its way in a text. On C every document holds a part of the answer, so that gold documents are the whole text."
    )
    lost = "What is lost between two of them, on the items that both answered, with 95 % interval (below 0: gained):"
    parts = [head, _scores(results, summary), lost, _table(results, bootstrap), _missing(results, bootstrap)]
    return "\n\n".join(part for part in parts if part)


def _scores(results: Results, summary: Summary) -> str:
    rows = []
    for method, what in STEPS:
        cells = [summary.of(method, group) for group in results.groups]
        rows.append([f"`{method}`", what, *("" if one is None else f"{one.value:.2f}" for one in cells)])
    return markdown(["method", "sees", *results.groups], rows, numbers_from=2)


def _table(results: Results, bootstrap: Bootstrap) -> str:
    rows = []
    for name, a, b, what in LOST:
        found = [compare(results, bootstrap, a, b, group) for group in results.groups]
        rows.append([name, what, f"`{a}` - `{b}`", *gaps(found)])
    return markdown(["lost by", "who", "difference", *results.groups], rows, numbers_from=3)


def _missing(results: Results, bootstrap: Bootstrap) -> str:
    """The gap to a score of 1 in two parts, what selecting loses and what stays lost when it cannot, and which is the
    larger."""
    columns: dict[str, list[str]] = {}
    larger: dict[str, list[str]] = {SELECTING: [], READING: [], "not told apart": []}
    for group in results.groups:
        pairs = results.pairs(WINDOWS, OURS, group, results.metric(group))
        if pairs is None:
            continue
        selecting = pairs.gaps
        reading = [1 - told for told in pairs.a]
        more = [rest - lost for lost, rest in zip(selecting, reading, strict=True)]
        drawn = mean_interval(more, pairs.clusters, bootstrap.resamples, bootstrap.rng(f"missing {group}"))
        columns[group] = [f"{fmean(part):.2f}" for part in ([1 - own for own in pairs.b], selecting, reading)]
        columns[group].append(gap(drawn.mean, drawn.low, drawn.high))
        larger[READING if drawn.low > 0 else SELECTING if drawn.high < 0 else "not told apart"].append(group)
    if not columns:
        return ""
    heads = (
        ("in all", f"1 - `{OURS}`"),
        (SELECTING, f"`{WINDOWS}` - `{OURS}`"),
        (READING, f"1 - `{WINDOWS}`"),
        ("the latter above the former", "with 95 % interval"),
    )
    rows = [[*head, *cells] for head, *cells in zip(heads, *columns.values(), strict=True)]
    said = "; ".join(f"{part} on {', '.join(groups)}" for part, groups in larger.items() if groups)
    table = markdown(["missing", "computed as", *columns], rows, numbers_from=2)
    return f"Gap to a score of 1, by stage, on the same items:\n\n{table}\n\nThe larger part: {said}."
