"""Claims that were planned before their trainings: no verdict before all of what was planned is there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from adamem.analysis.hypotheses import Evidence, Hypothesis, judge


def ready(
    found: Evidence, cost: Mapping[str, Any], counts: Mapping[str, int], opponents: Collection[str] = ()
) -> list[Hypothesis]:
    """The claims that have as many trainings of every opponent as `counts` says, and all these `opponents`, judged;
    `cost` is the content of `reports/efficiency.json`."""
    judged = {claim.name: claim for claim in judge(found, cost)}
    return [
        judged[name]
        for name, count in counts.items()
        if _trainings(judged[name]) >= count and set(opponents) <= {effect.against for effect in judged[name].effects}
    ]


def _trainings(claim: Hypothesis) -> int:
    """How many there are of the opponent that has fewest: an arm that is asked later opens the verdict again."""
    return min(claim.seeds, *(len(effect.trainings) for effect in claim.effects)) if claim.effects else 0
