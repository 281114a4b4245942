"""The section on FanOutQA: scores on questions that people wrote, and what AdaMem scores above each method."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adamem.analysis.methods import in_order
from adamem.analysis.quality import OURS, Bootstrap
from adamem.analysis.tables import gap, markdown
from adamem.evaluation.statistics import mean_interval, paired_bootstrap

METRIC = "coverage"
OTHERS = {"rouge_1": "ROUGE-1", "rouge_2": "ROUGE-2", "rouge_l": "ROUGE-L"}

HEAD = """\
{n} questions of [FanOutQA](https://fanoutqa.com) (Zhu et al. 2024), as people worded them. The text is not Wikipedia:
each single question that its authors broke one into, with its answer, is a document, among those of other questions.
No method was trained on such texts, nor on answers of this form (a name and a value for each of several entities).
Coverage is the share of the reference's names and values that the answer gives: FanOutQA's accuracy but for its
lemmas. With 95 % intervals; by question: [fanout.json](fanout.json)."""

Rows = Mapping[str, Mapping[str, Any]]


def read(path: Path) -> Rows:
    """The rows of stage `fanout`, by method.

    Raises:
        ValueError: the file is missing or not what the stage writes.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {row["method"]: {key: row[key] for key in ("n", "items", METRIC, *OTHERS)} for row in rows}
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: no answers to FanOutQA ({error!r}); run stage `fanout`") from error


def section(rows: Rows, bootstrap: Bootstrap) -> str:
    """The table.

    Raises:
        ValueError: AdaMem is not among the methods.
    """
    if OURS not in rows:
        raise ValueError(f"fanout.json: no answers of {OURS}, which the others are compared with; run stage `fanout`")
    lines = [[f"`{method}`", *_cells(rows, method, bootstrap)] for method in in_order(rows)]
    header = ["method", "coverage", f"`{OURS}` above it", *OTHERS.values()]
    return HEAD.format(n=next(iter(rows.values()))["n"]) + "\n\n" + markdown(header, lines)


def _cells(rows: Rows, method: str, bootstrap: Bootstrap) -> list[str]:
    ids = list(rows[method]["items"])
    theirs, ours = (_scores(rows[name], ids) for name in (method, OURS))
    mean = mean_interval(theirs, ids, bootstrap.resamples, bootstrap.rng(f"fanout {method}"))
    found = paired_bootstrap(ours, theirs, ids, bootstrap.resamples, bootstrap.rng(f"fanout {OURS} - {method}"))
    above = "" if method == OURS else gap(found.difference, found.low, found.high)
    return [f"{mean.mean:.2f} [{mean.low:.2f}, {mean.high:.2f}]", above, *(f"{rows[method][k]:.2f}" for k in OTHERS)]


def _scores(row: Mapping[str, Any], ids: Sequence[str]) -> list[float]:
    return [row["items"][one][METRIC] for one in ids]
