"""Retrieval at the budget that AdaMem has before pooling, which is no other where a state is one token: shown once."""

from __future__ import annotations

from dataclasses import replace

from adamem.analysis.quality import Summary
from adamem.analysis.results import Results


def apart(results: Results, summary: Summary) -> tuple[Results, Summary, str]:
    """What a reader is shown: both without `_source` methods that gave every answer of their `_k` ones, and a sentence
    on these."""
    found = twins(results)
    fewer = replace(
        summary,
        quality=tuple(row for row in summary.quality if row.method not in found),
        counterfactual=tuple(row for row in summary.counterfactual if row.method not in found),
        comparisons=tuple(row for row in summary.comparisons if row.b not in found),
    )
    kept = replace(results, by_key={key: one for key, one in results.by_key.items() if key[0] not in found})
    named = ", ".join(f"`{method}` (as `{other}`)" for method, other in found.items())
    return kept, fewer, f"Not shown, since every answer is the same: {named}." if named else ""


def twins(results: Results) -> dict[str, str]:
    """The `_k` methods by those of another budget whose answers are the same in every group."""
    pairs = {name: f"{name.removesuffix('_source')}_k" for name in results.methods if name.endswith("_source")}
    return {name: other for name, other in pairs.items() if _answers(results, name) == _answers(results, other)}


def _answers(results: Results, method: str) -> list[tuple[str, str]]:
    cells = [results.by_key[method, group] for group in results.groups if (method, group) in results.by_key]
    return [(row.id, row.prediction) for cell in cells for row in cell.originals]
