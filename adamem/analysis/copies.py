"""Counterfactual copies, over all trainings: what a method loses where what the LLM knows by heart is wrong, and what
leads are left there."""

from __future__ import annotations

from dataclasses import replace

from adamem.analysis import margins
from adamem.analysis.hypotheses import Evidence
from adamem.analysis.methods import OURS, in_order, is_rival
from adamem.analysis.results import Pairs, Results
from adamem.analysis.tables import gap, markdown

HEAD = """\
The same questions with values permuted across entities, so that what the LLM knows by heart is wrong. What each method
scores on the copies above what it scores on the items that they copy, over all of its trainings (– where there is
none), with 95 % intervals over trainings and items, over items alone where there is one training:"""
LEADS = f"""\
On the counterfactual copies alone (values permuted across entities), what `{OURS}` scores above each of the others,
with 95 % intervals over trainings and items, over items alone where the other was trained once:"""


def section(known: Evidence) -> str:
    """Of the methods that are compared to see which is better: what each loses, and what ours is above it then."""
    groups = known.results.groups
    rows = []
    for method in in_order(name for name in known.results.methods if is_rival(name)):
        found = [_copies(known, method, group) for group in groups]
        if any(found):
            of_method = [one for (name, _), one in known.results.by_key.items() if name == method]
            trained = any(one.cost.trainable_parameters for one in of_method)
            count = str(max(map(len, found))) if trained else "–"
            rows.append(
                [f"`{method}`", count, *(_cell(known, method, *one) for one in zip(groups, found, strict=True))]
            )
    if not rows:
        return ""
    return "\n\n".join([HEAD, markdown(["method", "trainings", *groups], rows), leads(known)])


def leads(known: Evidence) -> str:
    """What ours scores above each rival on the copies, over as many trainings as both have; nothing without copies."""
    results = _of_copies(known.results)
    copies = replace(known, results=results, again={number: _of_copies(one) for number, one in known.again.items()})
    rows = margins.table(copies, in_order(name for name in results.methods if is_rival(name)))
    return f"{LEADS}\n\n{rows}" if rows else ""


def _of_copies(results: Results) -> Results:
    """The answers to the copies as if nothing else had been asked."""
    asked = {key: one for key, one in results.by_key.items() if one.counterfactuals}
    return replace(results, by_key={key: replace(one, originals=one.counterfactuals) for key, one in asked.items()})


def _copies(known: Evidence, method: str, group: str) -> list[Pairs]:
    metric = known.results.metric(group)
    asked = [one for one in known.trainings.values() if (method, group) in one.by_key]
    return [pairs for one in asked if (pairs := one.copies(method, group, metric)) is not None]


def _cell(known: Evidence, method: str, group: str, found: list[Pairs]) -> str:
    if not found:
        return ""
    name = f"{method} - {method} {group} {known.results.metric(group)}"  # as in `quality`, for the same numbers
    change = margins.over_pairs(found, known.bootstrap, name)
    return gap(change.difference, change.low, change.high)
