"""CSV files for machines and Markdown tables for readers."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from adamem.analysis.methods import LENT, in_order, is_rival, style
from adamem.analysis.provenance import Provenance
from adamem.analysis.quality import Comparison, Quality, Summary
from adamem.analysis.results import Results
from adamem.data.staged import write_text
from adamem.evaluation.statistics import Interval

COLUMNS = """\
Mean over test items with 95 % interval. Decoder positions: what the memory or the text takes in the input of the LLM,
mean over groups. Offline bytes: kept per context token until the first query: 2 for the token ids of a text that is
kept (4 where the vocabulary has more than 65,536), 0 where it comes with the question; a memory of a fixed size is
divided by the tokens of these texts; those of `icae` and `autocompressor` are in float32, all else in 16 bits (keys and
values that kvpress keeps: in the type of the LLM). Beside the F1 of A, which gives credit for parts of
words and lists, STR-EM is the share of the names that stand in the answer, and STR-HIT that of answers without a
missing name (both as in ASQA); contradictions: the share of the facts asked that a summary gives wrongly."""
QUALITY_PLOT = """\
![Quality per group and method with 95 % intervals](plots/quality.png)

Dotted: the score of `adamem`. Colours are families of methods; the names tell the methods apart."""
BESIDE = {
    "A": {"STR-EM": "str_em", "STR-HIT": "str_hit"},
    "C": {"ROUGE-L": "rouge_l", "contradictions": "contradictions"},
}  # by group: column, field of `Quality`


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows of equal keys as CSV with a header; None is an empty cell. No rows make an empty file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    if rows:
        writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def quality_rows(results: Results, summary: Summary, provenance: Provenance) -> list[dict[str, Any]]:
    """Quality with its cost beside it and what it was made with, a row a method and group."""
    rows = _sorted(summary.quality)
    return [{**asdict(row), **_cost(results, row), **provenance.of(row.method)} for row in rows]


def counterfactual_rows(summary: Summary, provenance: Provenance) -> list[dict[str, Any]]:
    """Quality on the counterfactual copies, and the difference to the items that they copy."""
    against = {(row.a, row.group): row for row in summary.copies}
    rows = [(row, against.get((row.method, row.group))) for row in _sorted(summary.counterfactual)]
    return [{**asdict(row), **_change(change), **provenance.of(row.method)} for row, change in rows]


def comparison_rows(summary: Summary, provenance: Provenance) -> list[dict[str, Any]]:
    """The paired comparisons, each with what both of its methods were made with."""
    return [{**asdict(row), **provenance.of(row.a, row.b)} for row in summary.comparisons]


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int = 1) -> str:
    """A Markdown table; columns from `numbers_from` on are set flush right."""
    rule = ["---" if index < numbers_from else "---:" for index in range(len(header))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *rows))


def gap(difference: float, low: float, high: float) -> str:
    """A difference and its interval, as all tables have them."""
    return f"{difference:+.2f} [{low:+.2f}, {high:+.2f}]"


def gaps(found: Sequence[Comparison | None]) -> list[str]:
    """A cell for each difference; an empty one where there is none."""
    return ["" if one is None else gap(one.difference, one.low, one.high) for one in found]


def sides(found: Mapping[str, Comparison | Interval]) -> tuple[list[str], list[str], list[str]]:
    """Names of those whose whole interval lies above 0, of those where it lies below, and of the rest."""
    above = [name for name, one in found.items() if one.low > 0]
    below = [name for name, one in found.items() if one.high < 0]
    return above, below, [name for name in found if name not in {*above, *below}]


def main_table(results: Results, summary: Summary) -> str:
    """The table a reader looks at first: main metric with interval per group, the names found where the main
    metric gives credit for parts (A), what contradicts the text (C), and the cost; what the columns say and which items
    were asked stand around it."""
    groups = results.groups
    header = ["method", *(name for group in groups for name in _columns(summary, group))]
    header += ["decoder positions", "trained weights", "offline bytes / token"]
    lines = []
    for method in in_order(results.methods):
        cells = [cell for group in groups for cell in _cells(summary.of(method, group), group)]
        costs = [cell.cost for (name, _), cell in results.by_key.items() if name == method]
        positions = sum(cost.decoder_tokens for cost in costs) / len(costs)
        stored = sum(cost.offline_bytes_per_token for cost in costs) / len(costs)
        trained = trained_weights(results, method)
        lines.append([f"`{method}`", *cells, f"{positions:,.0f}", f"{trained:,}", f"{stored:,.0f}"])
    return "\n\n".join([COLUMNS, markdown(header, lines), _asked(summary)])


def _asked(summary: Summary) -> str:
    """Which items the means are over, said once for all methods that have the same."""
    by_count: dict[str, list[str]] = {}
    for method in in_order({row.method for row in summary.quality}):
        counts = ", ".join(f"{row.group} {row.n}" for row in summary.quality if row.method == method)
        by_count.setdefault(counts, []).append(f"`{method}`")
    parts = [f"{counts} for {', '.join(methods)}" for counts, methods in by_count.items()]
    return f"Test items: {'; '.join(parts)}. Two methods are compared on the items both answered."


def counterfactual_table(summary: Summary) -> str:
    """Scores on the counterfactual copies, and how far they are above those on the items that were copied."""
    rows = {(row.method, row.group): row for row in summary.counterfactual}
    against = {(row.a, row.group): row for row in summary.copies}
    groups = sorted({group for _, group in rows})
    lines = []
    for method in in_order({method for method, _ in rows}):
        cells = [_beside(rows.get((method, group)), against.get((method, group))) for group in groups]
        lines.append([f"`{method}`", *cells])
    return markdown(["method", *(f"{group} {_metric(summary, group)}" for group in groups)], lines)


def legend(results: Results) -> str:
    """What each method is."""
    rows = [[f"`{name}`", style(name).what] for name in in_order(results.methods)]
    return markdown(["method", "what it is"], rows, numbers_from=2)


def ahead(comparisons: Sequence[Comparison], method: str, over: str) -> str:
    """Against how many rivals the whole interval of the difference lies above 0 by group, and against which below;
    `over` says what the intervals are over."""
    parts = []
    for group in sorted({row.group for row in comparisons}):
        found = {row.b: row for row in comparisons if (row.a, row.group) == (method, group) and is_rival(row.b)}
        above, behind, level = sides({name: found[name] for name in in_order(found)})
        said = f"on {group} above {len(above)} of {len(found)}"
        said += f", below {', '.join(f'`{name}`' for name in behind)}" if behind else ""
        parts.append(said + (f", not told from {', '.join(f'`{name}`' for name in level)}" if level else ""))
    head = f"By intervals of the paired differences, over {over}, `{method}` is"
    rest = "itself untrained, unfrozen, tampered with or read as text, `_gold` and `_source` arms are not counted"
    return f"{head} {'; '.join(parts)} ({rest})." if parts else ""


def _beside(copy: Quality | None, change: Comparison | None) -> str:
    if copy is None:
        return ""
    if change is None:
        return f"{copy.value:.2f}"
    return f"{copy.value:.2f} ({gap(change.difference, change.low, change.high)})"


def _change(found: Comparison | None) -> dict[str, float | None]:
    names = {"difference": "difference", "difference_low": "low", "difference_high": "high"}
    return {name: None if found is None else getattr(found, field) for name, field in names.items()}


def _columns(summary: Summary, group: str) -> list[str]:
    return [f"{group} {_metric(summary, group)}", *(f"{group} {name}" for name in BESIDE.get(group, {}))]


def _cells(row: Quality | None, group: str) -> list[str]:
    more = [None if row is None else getattr(row, field) for field in BESIDE.get(group, {}).values()]
    return [_cell(row), *("" if value is None else f"{value:.2f}" for value in more)]


def _cell(row: Quality | None) -> str:
    return "" if row is None else f"{row.value:.2f} [{row.low:.2f}, {row.high:.2f}]"


def _metric(summary: Summary, group: str) -> str:
    metric = next(row.metric for row in summary.quality if row.group == group)
    return {"f1": "F1"}.get(metric, metric)


def _cost(results: Results, row: Quality) -> dict[str, Any]:
    cost = results.by_key[row.method, row.group].cost
    return {
        "decoder_tokens": cost.decoder_tokens,
        "trainable_parameters": trained_weights(results, row.method),
        "offline_bytes_per_token": cost.offline_bytes_per_token,
    }


def trained_weights(results: Results, method: str) -> int:
    """Of a method, those that were lent to it among them."""
    names, group = (method, LENT.get(method, "")), results.groups[0]
    found = [results.by_key[name, group] for name in names if (name, group) in results.by_key]
    return sum(one.cost.trainable_parameters for one in found)


def _sorted(rows: Sequence[Quality]) -> list[Quality]:
    order = in_order({row.method for row in rows})
    return sorted(rows, key=lambda row: (order.index(row.method), row.group))
