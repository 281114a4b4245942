"""The hypotheses as a reader sees them: what each claims, the numbers that judge it, and training by training."""

from __future__ import annotations

from collections.abc import Sequence

from adamem.analysis.hypotheses import SHARE_OF_FULL, Hypothesis
from adamem.analysis.tables import markdown


def table(hypotheses: Sequence[Hypothesis]) -> str:
    """The claims with the numbers that judge them."""
    rows = []
    for one in hypotheses:
        weakest = one.weakest
        numbers = "" if weakest is None else f"{weakest.effect:+.3f} ({weakest.low:+.3f} to {weakest.high:+.3f})"
        place = "" if weakest is None else f"{weakest.group}, against `{weakest.against}`, {weakest.metric}"
        p = "" if one.p is None else f"{one.p:.4f}"
        rows.append([one.name, one.claim, f"**{one.verdict}**: {one.why}", place, numbers, p])
    head = (
        "Each claim is judged by the comparison in which it is weakest: mean difference, 95 % interval (paired "
        "bootstrap by entity), one-sided p of a permutation test with Holm's correction over the three. For H3 the "
        "difference is to "
        f"{SHARE_OF_FULL} of the bound. {_seeds(hypotheses)} All comparisons: [hypotheses.json](hypotheses.json).\n\n"
    )
    return head + markdown(["", "claim", "verdict", "weakest", "effect", "p"], rows, numbers_from=4)


def _seeds(hypotheses: Sequence[Hypothesis]) -> str:
    """What the intervals are over."""
    counts = {one.name: one.seeds for one in hypotheses}
    if max(counts.values()) == 1:
        return "One training seed: the intervals speak of items, not of trainings."
    over = ", ".join(f"{name} over {count}" for name, count in counts.items())
    return f"Trainings of both methods: {over}. Where there are several, they are resampled together with the items."


def trainings(hypotheses: Sequence[Hypothesis]) -> str:
    """The effects that decide, one training after the other."""
    several = [one for one in hypotheses if one.weakest is not None and one.seeds > 1]
    rows = [[one.name, *(f"{value:+.3f}" for value in one.weakest.trainings)] for one in several if one.weakest]
    if not rows:
        return ""
    header = ["", *(f"training {number}" for number in range(1, max(map(len, rows))))]
    head = "The effects above by training seed; the first is the landed run, the others are in `reports/ablations`.\n\n"
    return head + markdown(header, rows)
