"""Scores, intervals and paired comparisons: the records behind every number of the report.

Each interval draws from a generator seeded by the run's seed and its own name, so that adding or removing a
method leaves all other numbers as they were. Values are rounded once, here: the file, the tables, the page and
the verdicts on targets then speak of the same numbers.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from adamem import config
from adamem.analysis.methods import OURS
from adamem.analysis.predictions import Prediction
from adamem.analysis.results import Pairs, Results, required
from adamem.evaluation.statistics import mean_interval, paired_bootstrap

DIGITS = 6


@dataclass(frozen=True)
class Quality:
    """Mean scores of a method in a group; `low` and `high` bound the group's main metric (95 %)."""

    method: str
    group: str
    n: int
    em: float
    f1: float
    rouge_1: float
    rouge_2: float
    rouge_l: float
    str_em: float | None
    str_hit: float | None
    coverage: float | None
    contradictions: float | None
    metric: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Mean of a - b over the items both answered, with its 95 % interval; with the same method on both sides, of copies
    of items and these."""

    group: str
    metric: str
    a: str
    b: str
    n: int
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Summary:
    """Everything that is computed from the answers; `copies` are the counterfactual ones against the items that they
    copy, with the same method on both sides."""

    quality: tuple[Quality, ...]
    counterfactual: tuple[Quality, ...]
    copies: tuple[Comparison, ...]
    comparisons: tuple[Comparison, ...]

    def of(self, method: str, group: str) -> Quality | None:
        return next((q for q in self.quality if (q.method, q.group) == (method, group)), None)

    def against(self, method: str, group: str) -> Comparison | None:
        return next((c for c in self.comparisons if (c.b, c.group) == (method, group)), None)


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are drawn."""

    resamples: int
    seed: int

    @classmethod
    def of(cls, params: config.AdaMemConfig) -> Bootstrap:
        return cls(params.analysis.resamples, params.seed)

    def rng(self, name: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])


def summarise(results: Results, bootstrap: Bootstrap) -> Summary:
    """Quality of every method, and ours against each other one."""
    cells = results.by_key.items()
    pairs = [(group, method) for group in results.groups for method in results.methods if method != OURS]
    copied = (_copies(results, bootstrap, *key) for key, cell in cells if cell.counterfactuals)
    compared = (compare(results, bootstrap, OURS, method, group) for group, method in pairs)
    return Summary(
        quality=tuple(_quality(results, key, cell.originals, bootstrap) for key, cell in cells),
        counterfactual=tuple(
            _quality(results, key, cell.counterfactuals, bootstrap) for key, cell in cells if cell.counterfactuals
        ),
        copies=tuple(found for found in copied if found is not None),
        comparisons=tuple(found for found in compared if found is not None),
    )


def compare(
    results: Results, bootstrap: Bootstrap, a: str, b: str, group: str, metric: str | None = None
) -> Comparison | None:
    """a against b on the group's main metric (or another); None where one of them was not run."""
    metric = metric or results.metric(group)
    pairs = results.pairs(a, b, group, metric)
    return None if pairs is None else _compared(pairs, bootstrap, a, b, group, metric)


def _copies(results: Results, bootstrap: Bootstrap, method: str, group: str) -> Comparison | None:
    metric = results.metric(group)
    pairs = results.copies(method, group, metric)
    return None if pairs is None else _compared(pairs, bootstrap, method, method, group, metric)


def _compared(pairs: Pairs, bootstrap: Bootstrap, a: str, b: str, group: str, metric: str) -> Comparison:
    rng = bootstrap.rng(f"{a} - {b} {group} {metric}")
    found = paired_bootstrap(pairs.a, pairs.b, pairs.clusters, bootstrap.resamples, rng)
    numbers = (round(value, DIGITS) for value in (found.difference, found.low, found.high))
    return Comparison(group, metric, a, b, len(pairs.a), *numbers)


def metrics(summary: Summary) -> dict[str, Any]:
    """The content of `reports/metrics.json`."""
    return {
        "quality": _tree(summary.quality),
        "counterfactual": _tree(summary.counterfactual),
        "comparisons": [asdict(comparison) for comparison in summary.comparisons],
    }


def by_name(tree: dict[str, Any]) -> dict[str, Any]:
    """The same numbers without the list, for places that want a name for each number."""
    named: dict[str, Any] = {key: value for key, value in tree.items() if key != "comparisons"}
    for row in tree["comparisons"]:
        cell = {key: row[key] for key in ("n", "difference", "low", "high")}
        named.setdefault("comparison", {}).setdefault(row["group"], {})[f"{row['a']} - {row['b']}"] = cell
    return named


def _tree(rows: Sequence[Quality]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for row in rows:
        cell: dict[str, Any] = {"n": row.n, "em": row.em, "f1": row.f1, "rouge_l": row.rouge_l}
        if row.coverage is not None:
            cell["coverage"] = row.coverage
        if row.metric == "official":
            cell["official"] = row.value
        tree.setdefault(row.method, {})[row.group] = cell
    return tree


def _quality(results: Results, key: tuple[str, str], rows: Sequence[Prediction], bootstrap: Bootstrap) -> Quality:
    method, group = key
    metric = results.metric(group)
    values, clusters = [required(row, metric) for row in rows], results.clusters(rows)
    interval = mean_interval(values, clusters, bootstrap.resamples, bootstrap.rng(f"{method} {group}"))
    return Quality(
        method=method,
        group=group,
        n=len(rows),
        em=_mean([row.em for row in rows]),
        f1=_mean([row.f1 for row in rows]),
        rouge_1=_mean([row.rouge_1 for row in rows]),
        rouge_2=_mean([row.rouge_2 for row in rows]),
        rouge_l=_mean([row.rouge_l for row in rows]),
        str_em=_mean_of_all([row.str_em if metric == "f1" else None for row in rows]),
        str_hit=_mean_of_all([row.str_hit if metric == "f1" else None for row in rows]),
        coverage=_mean_of_all([row.coverage for row in rows]),
        contradictions=_mean_of_all([row.contradictions for row in rows]),
        metric=metric,
        value=round(interval.mean, DIGITS),
        low=round(interval.low, DIGITS),
        high=round(interval.high, DIGITS),
    )


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), DIGITS)


def _mean_of_all(values: Sequence[float | None]) -> float | None:
    """None unless every item has the score: groups A, B and D list no facts."""
    known = [value for value in values if value is not None]
    return _mean(known) if len(known) == len(values) else None
