"""The hypotheses as their file has them, and as a reader sees them: what each claims, the numbers that judge it, and
training by training."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from adamem.analysis import margins
from adamem.analysis.hypotheses import (
    FUSION,
    RETRIEVAL_TUNED,
    SHARE_OF_FULL,
    Effect,
    Evidence,
    Hypothesis,
)
from adamem.analysis.methods import UPPER
from adamem.analysis.names import f1_of_one
from adamem.analysis.results import Results
from adamem.analysis.tables import markdown

EXPLORATORY = (
    "All of it is exploratory: parts of AdaMem were chosen by looking at some of these test items (the marks at the "
    "ends of a stretch, how hard A is: docs/pipeline.md), and none of these verdicts is on fresh items."
)


def tree(hypotheses: Sequence[Hypothesis]) -> dict[str, Any]:
    """The content of `reports/hypotheses.json`, and of `hypotheses_default.json`."""
    return {one.name: _entry(one) for one in hypotheses}


def _entry(one: Hypothesis) -> dict[str, Any]:
    weakest = one.weakest
    numbers = {key: getattr(weakest, key) if weakest else None for key in ("effect", "low", "high")}
    named = {key: getattr(weakest, key) if weakest else None for key in ("group", "metric", "against", "n")}
    rows = [vars(effect) for effect in one.effects]
    return {
        **numbers,
        "p": one.p,
        "verdict": one.verdict,
        "seeds": one.seeds,
        **named,
        "claim": one.claim,
        "why": one.why,
        "str_hit": vars(one.whole) if one.whole else None,
        "effects": rows,
    }


def section(hypotheses: Sequence[Hypothesis], file: str, results: Results) -> str:
    """How the claims are judged, and their table; all comparisons stand in `file`, a path from the page."""
    head = (
        "Each claim is judged by its hardest comparison (H1: with the arm that comes closest; H3: with "
        f"{SHARE_OF_FULL} of `{UPPER}`): mean difference with 95 % interval. {EXPLORATORY}"
    )
    how = (
        f"{_seeds(hypotheses)} p is one-sided: the largest of a claim's comparisons, with Holm's correction over the "
        "three claims. Last column: the same comparison by the share of answers in which no name of the list is "
        f"missing (STR-HIT); it has no say in the verdict.{_one_name(results)} All comparisons: "
        f"[{file.rsplit('/', 1)[-1]}]({file})."
    )
    return f"{head}\n\n{table(hypotheses)}\n\n{how}"


def _one_name(results: Results) -> str:
    """What F1 leaves open on a group whose answers are lists."""
    cells = [one for (_, group), one in results.by_key.items() if group == FUSION]
    asked = {row.id: row.gold for one in cells for row in one.originals}  # each item once, however many answered it
    if not asked:
        return ""
    value = fmean(map(f1_of_one, asked.values()))
    return f" On {FUSION} an answer with one right name and nothing else has F1 {value:.2f}, so F1 alone is no fusion."


def table(hypotheses: Sequence[Hypothesis]) -> str:
    """The claims with the numbers that judge them."""
    rows = []
    for one in hypotheses:
        weakest = one.weakest
        place = "" if weakest is None else f"{weakest.group}, against `{weakest.against}`, {weakest.metric}"
        p = "" if one.p is None else _p(one.p)
        rows.append(
            [one.name, one.claim, f"**{one.verdict}**: {one.why}", place, _numbers(weakest), p, _numbers(one.whole)]
        )
    return markdown(
        ["", "claim", "verdict", "hardest comparison", "effect", "p", "no name missing"], rows, numbers_from=4
    )


def _numbers(found: Effect | None) -> str:
    return "" if found is None else f"{found.effect:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else "< 0.0001"


def _seeds(hypotheses: Sequence[Hypothesis]) -> str:
    """What intervals and p are over."""
    counts = {one.name: one.seeds for one in hypotheses}
    if max(counts.values()) == 1:
        return (
            "One training seed: the intervals (paired bootstrap by entity) and p (permutations) speak of items, not of "
            "trainings."
        )
    over = ", ".join(f"{name} over {count}" for name, count in counts.items())
    return (
        f"Trainings of both methods: {over}. Where there are several, interval and p are over trainings and items "
        "(Student's, with Satterthwaite's degrees of freedom); over items alone (paired bootstrap by entity, "
        "permutations) where there is one."
    )


def trainings(hypotheses: Sequence[Hypothesis], where: str = "") -> str:
    """The effects that decide, and those over other tuned retrieval, one training after the other, and the opponents
    that were trained once; `where` is a sentence on where the trainings are."""
    several = [(one, effect) for one in hypotheses for effect in close(one) if effect.deviation is not None]
    if not several:
        return ""
    most = max(number for _, effect in several for number in effect.numbers)
    rows = [
        [
            one.name,
            _above(effect),
            *(known.get(number, "–") for number in range(1, most + 1)),
            f"{effect.deviation:.3f}",
            _p(effect.p_of_items),
        ]
        for one, effect in several
        for known in [dict(zip(effect.numbers, (f"{value:+.3f}" for value in effect.trainings), strict=True))]
    ]
    numbers = [f"training {number}" for number in range(1, most + 1)]
    check = "p of items is a cross-check: a permutation test that knows nothing of how much trainings differ."
    head = " ".join(part for part in ("The effects by training seed.", where, check) if part)
    table = markdown(["", "above", *numbers, "standard deviation", "p of items"], rows, numbers_from=2)
    return "\n\n".join(part for part in (head, table, _once(hypotheses)) if part)


def by_group(known: Evidence, hypotheses: Sequence[Hypothesis]) -> str:
    """The comparisons that decide, and those with other tuned retrieval, in every group: how special the group is that
    a claim is about."""
    groups, rows = known.results.groups, []
    for one in hypotheses:
        for effect in close(one):
            rows.append([one.name, _above(effect), *margins.cells(known, effect.against, effect.share)])
    head = "The comparisons in every group. H1 and H2 are claims about A; a lead elsewhere is not theirs."
    return head + "\n\n" + markdown(["", "above", *groups], rows, numbers_from=2)


def close(one: Hypothesis) -> list[Effect]:
    """The comparison that decides, then those with other retrieval that was tuned: a claim may hold against some."""
    tuned = [effect for effect in one.effects if effect.against in RETRIEVAL_TUNED and effect != one.weakest]
    return [one.weakest, *tuned] if one.weakest else []


def _above(effect: Effect) -> str:
    return f"{'' if effect.share == 1 else f'{effect.share:g} of '}`{effect.against}`"


def _once(hypotheses: Sequence[Hypothesis]) -> str:
    """Opponents whose intervals are narrower than they would be over several trainings."""
    alone = {effect.against: None for one in hypotheses for effect in one.effects if len(effect.trainings) == 1}
    named = ", ".join(f"`{name}`" for name in alone)
    return f"Trained once, so that their intervals are over items alone: {named}." if named else ""
