"""The section on FanOutQA: scores on questions that people wrote, and what AdaMem scores above each method."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adamem.analysis.methods import OURS, in_order
from adamem.analysis.quality import Bootstrap
from adamem.analysis.tables import gap, markdown, sides
from adamem.evaluation.statistics import Interval, mean_interval, paired_bootstrap

METRIC = "coverage"
OTHERS = {"rouge_1": "ROUGE-1", "rouge_2": "ROUGE-2", "rouge_l": "ROUGE-L"}

HEAD = """\
{n} questions of [FanOutQA](https://fanoutqa.com) (Zhu et al. 2024), as people worded them. The text is not Wikipedia:
each single question that its authors broke one into, with its answer, is a document, among those of other questions.
No method was trained on such texts, nor on answers of this form (a name and a value for each of several entities).
Coverage is the share of the reference's different names and values that the answer gives. FanOutQA's own accuracy
counts one that occurs twice as two, and compares lemmas. With 95 % intervals; by question:
[fanout.json](fanout.json)."""

Rows = Mapping[str, Mapping[str, Any]]


def read(path: Path) -> Rows:
    """The rows of stage `fanout`, by method.

    Raises:
        ValueError: the file is missing or not what the stage writes.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        found = {row["method"]: {key: row[key] for key in ("n", "items", METRIC, *OTHERS)} for row in rows}
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: no answers to FanOutQA ({error!r}); run stage `fanout`") from error
    if lacking := [name for name, row in found.items() if not set(row["items"]) <= set(found.get(OURS, row)["items"])]:
        raise ValueError(f"{path}: {lacking[0]} answered items that {OURS} did not; run stage `fanout` again")
    if OURS not in found:
        raise ValueError(f"{path}: no answers of {OURS}, which the others are compared with; run stage `fanout` again")
    return found


def section(rows: Rows, bootstrap: Bootstrap) -> str:
    """The table, and what ours is above, below and not told from."""
    above = {method: _above(rows, method, bootstrap) for method in in_order(rows) if method != OURS}
    lines = []
    for method in in_order(rows):
        mean = mean_interval(
            _scores(rows, method), list(rows[method]["items"]), bootstrap.resamples, bootstrap.rng(f"fanout {method}")
        )
        lead = gap(above[method].difference, above[method].low, above[method].high) if method in above else ""
        others = [f"{rows[method][key]:.2f}" for key in OTHERS]
        lines.append([f"`{method}`", f"{mean.mean:.2f} [{mean.low:.2f}, {mean.high:.2f}]", lead, *others])
    header = ["method", "coverage", f"`{OURS}` above it", *OTHERS.values()]
    head = HEAD.format(n=next(iter(rows.values()))["n"])
    return "\n\n".join([head, markdown(header, lines), _said(above)])


def _above(rows: Rows, method: str, bootstrap: Bootstrap) -> Interval:
    ids = list(rows[method]["items"])
    ours = [rows[OURS]["items"][one][METRIC] for one in ids]
    rng = bootstrap.rng(f"fanout {OURS} - {method}")
    return paired_bootstrap(ours, _scores(rows, method), ids, bootstrap.resamples, rng)


def _said(above: Mapping[str, Interval]) -> str:
    """By the intervals, in words."""
    parts = zip(("above", "below", "not told apart from"), sides(above), strict=True)
    said = [f"{how} {', '.join(f'`{name}`' for name in names)}" for how, names in parts if names]
    return f"`{OURS}` is {'; '.join(said)}." if said else ""


def _scores(rows: Rows, method: str) -> list[float]:
    return [one[METRIC] for one in rows[method]["items"].values()]
