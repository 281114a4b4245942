"""Counterfactual copies, over all trainings: what a method loses where what the LLM knows by heart is wrong."""

from __future__ import annotations

from adamem.analysis.hypotheses import Evidence, over
from adamem.analysis.methods import in_order, is_rival
from adamem.analysis.results import Pairs
from adamem.analysis.tables import gap, markdown
from adamem.evaluation.statistics import Interval

HEAD = """\
The same questions with values permuted across entities, so that what the LLM knows by heart is wrong. What each method
scores on the copies above what it scores on the items that they copy, over all of its trainings, with 95 % intervals
over trainings and items:"""


def section(known: Evidence) -> str:
    """The table, of the methods that are compared to see which is better."""
    groups = known.results.groups
    rows = []
    for method in in_order(name for name in known.results.methods if is_rival(name)):
        found = [_copies(known, method, group) for group in groups]
        if any(found):
            trained = max(map(len, found))
            rows.append([f"`{method}`", str(trained), *(_cell(known, method, pairs) for pairs in found)])
    return HEAD + "\n\n" + markdown(["method", "trainings", *groups], rows) if rows else ""


def _copies(known: Evidence, method: str, group: str) -> list[Pairs]:
    metric = known.results.metric(group)
    asked = [one for one in (known.results, *known.again) if (method, group) in one.by_key]
    found = [pairs for one in asked if (pairs := one.copies(method, group, metric)) is not None]
    return [pairs for pairs in found if pairs.ids == found[0].ids]


def _cell(known: Evidence, method: str, found: list[Pairs]) -> str:
    if not found:
        return ""
    gaps = [[x - y for x, y in zip(one.a, one.b, strict=True)] for one in found]
    change: Interval = over(gaps, found[0].clusters, known.bootstrap, f"copies {method} {found[0].ids[0]}")
    return gap(change.difference, change.low, change.high)
