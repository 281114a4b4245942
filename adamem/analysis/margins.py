"""What ours scores above other methods in every group, and what scores and leads gain from one set of trainings to
another, seed by seed."""

from __future__ import annotations

from collections.abc import Sequence

from adamem.analysis.hypotheses import Evidence, difference, over
from adamem.analysis.methods import OURS
from adamem.analysis.quality import Bootstrap
from adamem.analysis.results import Pairs
from adamem.analysis.tables import gaps, markdown
from adamem.evaluation.statistics import Interval


def cells(known: Evidence, other: str, share: float = 1.0) -> list[str]:
    """What ours is above `share` of another's score, a cell for each group, over as many trainings as both have."""
    found = [difference(known, OURS, other, group, share) for group in known.results.groups]
    return gaps([one and one.comparison for one in found])


def table(known: Evidence, methods: Sequence[str], head: str = "above") -> str:
    """A line of such cells for each of the methods but ours; nothing where there are no others."""
    rows = [[f"`{method}`", *cells(known, method)] for method in methods if method != OURS]
    return markdown([head, *known.results.groups], rows) if rows else ""


def over_pairs(found: Sequence[Pairs], draw: Bootstrap, name: str) -> Interval:
    """The mean of a - b, over trainings and items where there are several pairs.

    Raises:
        ValueError: trainings were asked different items.
    """
    _same_items(found, name)
    return over([one.gaps for one in found], found[0].clusters, draw, name)


def gain(before: Evidence, after: Evidence, method: str, group: str) -> tuple[Interval, int] | None:
    """What a method scores after a change above what it scored before, over the seeds that were trained both ways, and
    how many these are; None where there are none.

    Raises:
        ValueError: trainings were asked different items.
    """
    metric = after.results.metric(group)
    pairs = [
        found
        for number, one in after.trainings.items()
        if number in before.trainings
        and (found := one.pairs(method, method, group, metric, before.trainings[number])) is not None
    ]
    return (over_pairs(pairs, before.bootstrap, f"gain {method} {group} {metric}"), len(pairs)) if pairs else None


def growth(before: Evidence, after: Evidence, against: str, group: str) -> tuple[Interval, int] | None:
    """How much what ours is above another has grown, over the seeds that were trained both ways, and how many these
    are; None where there are none.

    Raises:
        ValueError: trainings, of one draw of items, were asked different ones.
    """
    metric = before.results.metric(group)
    short, long = (known.pairs(OURS, against, group, metric) for known in (before, after))
    both = [number for number in short if number in long]
    if not both:
        return None
    name = f"growth {OURS} - {against} {group} {metric}"
    _same_items([known[number] for known in (short, long) for number in both], name)
    grown = [[late - soon for late, soon in zip(long[number].gaps, short[number].gaps, strict=True)] for number in both]
    return over(grown, short[both[0]].clusters, before.bootstrap, name), len(both)


def _same_items(found: Sequence[Pairs], name: str) -> None:
    if any(one.ids != found[0].ids for one in found):
        raise ValueError(f"{name}: trainings answered different items; ask them again")
