"""H1, H2 and H3, judged from the numbers alone.

A hypothesis is supported when the 95 % intervals of all its comparisons lie above 0 and Holm's p over the three is
below 0.05. The p of a claim is the largest of its comparisons (an intersection-union test, which needs no correction
for their number). It is not supported when the interval of the hardest lies below 0, also with Bonferroni's correction
for having looked for the hardest among them, and undecided otherwise. The hardest is that with the largest p; for H1,
which is about the best query-free arm, that with the arm that comes closest. Where both methods of a comparison were
trained with further seeds, interval and p are over trainings and items; an untrained method is the same in all of them.
The thresholds are the only constants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any, Literal

from adamem.analysis.methods import LOWER, OURS, RETRIEVAL, RETRIEVAL_AT_K, UPPER, WRITTEN
from adamem.analysis.quality import DIGITS, Bootstrap, Comparison
from adamem.analysis.results import Pairs, Results
from adamem.evaluation.statistics import Interval, Trained, holm, mean_interval, over_trainings, sign_flip

Verdict = Literal["supported", "not supported", "undecided"]

QUERY_FREE = ("icae", "autocompressor", "mean_pool", "adamem_query_free")
RETRIEVAL_TUNED = (RETRIEVAL, WRITTEN, "rag_bm25_tuned")  # in the evidence; AdaMem's own selector is no rival of it
FUSION = "A"
SHARE_OF_FULL = 0.9
ALPHA = 0.05


@dataclass(frozen=True)
class Effect:
    """A mean difference on one group with its 95 % interval and one-sided p that it is above 0; `share` of the other's
    score is what ours is held against. `trainings` has it for each training, in the order of their `numbers` (1 is the
    committed run, or has its seed), `deviation` is their standard deviation (None for one). `p_of_items` is the
    cross-check: a permutation test of the scores averaged over trainings, which knows nothing of how much trainings
    differ."""

    group: str
    metric: str
    against: str
    share: float
    n: int
    effect: float
    low: float
    high: float
    p: float
    p_of_items: float
    trainings: tuple[float, ...]
    numbers: tuple[int, ...]
    deviation: float | None

    @property
    def comparison(self) -> Comparison:
        """The same without p and trainings, for the tables."""
        return Comparison(self.group, self.metric, OURS, self.against, self.n, self.effect, self.low, self.high)


@dataclass(frozen=True)
class Hypothesis:
    """A claim, the comparison in which it is weakest, Holm's p, the verdict, and why. `whole` is that comparison once
    more by STR-HIT, where F1 decides: a list that lacks a name is wrong then. It has no say in the verdict."""

    name: str
    claim: str
    weakest: Effect | None
    effects: tuple[Effect, ...]
    p: float | None
    verdict: Verdict
    why: str
    whole: Effect | None = None

    @property
    def seeds(self) -> int:
        """Training seeds behind the comparison that decides."""
        return len(self.weakest.trainings) if self.weakest else 1


@dataclass(frozen=True)
class Evidence:
    """The answers of each method, those of its trainings with further seeds, and how intervals are drawn. The number
    of a training is its seed and one more: that of `results`, and the keys of `again`."""

    results: Results
    bootstrap: Bootstrap
    again: Mapping[int, Results] = field(default_factory=dict)
    number: int = 1

    def __post_init__(self) -> None:
        if self.number in self.again:
            raise ValueError(f"two trainings with seed {self.number - 1}: one of them is another's copy; take it out")
        if other := [number for number, one in self.again.items() if one.entities != self.results.entities]:
            raise ValueError(
                f"the training with seed {other[0] - 1} was asked items of another draw (`seed`) than that with "
                f"seed {self.number - 1}, under the same ids; take one of them out"
            )

    @property
    def trainings(self) -> dict[int, Results]:
        """All of them, by number."""
        return {self.number: self.results, **self.again}

    def pairs(self, a: str, b: str, group: str, metric: str) -> dict[int, Pairs]:
        """a and b on the same items, by the number of the training, for every one that both have; none where one of
        them was not run.

        Raises:
            ValueError: trainings were asked different items.
        """
        first = self.results.pairs(a, b, group, metric)
        if first is None:
            return {}
        more = {number: self._again(results, a, b, group, metric) for number, results in self.again.items()}
        found = {self.number: first} | {number: pairs for number, pairs in more.items() if pairs is not None}
        if any(pairs.ids != first.ids for pairs in found.values()):
            raise ValueError(f"group {group}: {a} and {b} answered other items with another seed; ask them again")
        return found

    def _again(self, results: Results, a: str, b: str, group: str, metric: str) -> Pairs | None:
        untrained = self.results.by_key[b, group].cost.trainable_parameters == 0
        return results.pairs(a, b, group, metric, self.results if untrained else None)


def judge(known: Evidence, cost: Mapping[str, Any]) -> list[Hypothesis]:
    """All three; `cost` is the content of `reports/efficiency.json`. Holm's p is over the three also where one of them
    was not run."""
    claims = [_adaptive(known), _fusion(known), _caching(known, cost)]
    corrected = holm([max((effect.p for effect in claim.effects), default=1.0) for claim in claims])
    judged = [_verdict(claim, round(p, DIGITS)) for claim, p in zip(claims, corrected, strict=True)]
    return [replace(claim, whole=_whole(known, claim.weakest)) for claim in judged]


def _verdict(claim: Hypothesis, p: float) -> Hypothesis:
    """What the numbers say, unless something that the claim needs is missing (then `why` says so already)."""
    weakest = claim.weakest
    if weakest is None:
        return claim
    if claim.why:
        return replace(claim, p=p)
    held, looked = [effect for effect in claim.effects if effect.low <= 0], len(claim.effects)
    if not held and p < ALPHA:
        return replace(claim, p=p, verdict="supported", why="the whole interval is above 0")
    if weakest.high < 0 and (1 - weakest.p) * looked < ALPHA / 2:
        return replace(claim, p=p, verdict="not supported", why="the whole interval is below 0")
    if weakest.high < 0:
        return replace(claim, p=p, why=f"the interval is below 0, but it is the lowest of {looked}")
    if not held:
        return replace(claim, p=p, why=f"the interval is above 0, Holm's p is not below {ALPHA:g}")
    if weakest.low > 0:
        return replace(claim, p=p, why=f"the interval over `{held[0].against}` on {held[0].group} holds 0")
    return replace(claim, p=p, why="the interval holds 0")


def _adaptive(known: Evidence) -> Hypothesis:
    claim = f"query-adaptive beats the best query-free compression at equal K on {FUSION}"
    found = [effect for arm in QUERY_FREE if (effect := difference(known, OURS, arm, FUSION)) is not None]
    best = min(found, key=lambda effect: effect.effect, default=None)
    why = "no query-free arm was run" if best is None else _speechless(known, best.against)
    return Hypothesis("H1", claim, best, tuple(found), None, "undecided", why)


def _speechless(known: Evidence, arm: str) -> str:
    """A query-free arm that knows no more than the question is no opponent."""
    above = difference(known, arm, LOWER, FUSION)
    if above is None:
        return f"not run: {LOWER}"
    if above.low > 0:
        return ""
    return f"`{arm}`, the best query-free arm, does not beat `{LOWER}`, so beating it shows little"


def _fusion(known: Evidence) -> Hypothesis:
    claim = f"query-adaptive beats every top-k retrieval at as many decoder positions on {FUSION}"
    arms = [*RETRIEVAL_AT_K, *RETRIEVAL_TUNED]
    found = [effect for arm in arms if (effect := difference(known, OURS, arm, FUSION)) is not None]
    missing = [arm for arm in RETRIEVAL_AT_K if (arm, FUSION) not in known.results.by_key]
    why = f"not run: {', '.join(missing)}" if missing else ""
    return Hypothesis("H2", claim, _weakest(found), tuple(found), None, "undecided", why)


def _caching(known: Evidence, cost: Mapping[str, Any]) -> Hypothesis:
    claim = (
        f"quality is at least {SHARE_OF_FULL} of tuned full context in every group, and a repeated query is cheaper "
        "than one that reads the text again"
    )
    found = [
        effect
        for group in known.results.groups
        if (effect := difference(known, OURS, UPPER, group, SHARE_OF_FULL)) is not None
    ]
    saved = _cheaper(cost)
    missing = [group for group in known.results.groups if (UPPER, group) not in known.results.by_key]
    why = "" if saved else "repeated queries are not cheaper"
    if missing and saved:
        why = f"not run: {UPPER}{f' on {missing[0]}' if found else ''}"
    return Hypothesis("H3", claim, _weakest(found), tuple(found), None, "undecided" if saved else "not supported", why)


def _cheaper(cost: Mapping[str, Any]) -> bool:
    """Whether a query on a kept memory reaches its first token sooner than one on the full text, at every length."""
    rows = cost["lengths"].values()
    return all(row["adamem_cached_seconds"] < row["full_cold_seconds"] for row in rows)


def _weakest(effects: Sequence[Effect]) -> Effect | None:
    return max(effects, key=lambda effect: (effect.p, -effect.low), default=None)


def _whole(known: Evidence, decided: Effect | None) -> Effect | None:
    if decided is None or decided.metric != "f1":
        return None
    return difference(known, OURS, decided.against, decided.group, decided.share, "str_hit")


def difference(
    known: Evidence, a: str, b: str, group: str, share: float = 1.0, metric: str | None = None
) -> Effect | None:
    """Mean of a - share * b over the items both answered, and over trainings where there are several; None where one of
    them was not run. By the group's main metric, or another."""
    metric, draw = metric or known.results.metric(group), known.bootstrap
    numbered = known.pairs(a, b, group, metric)
    if not numbered:
        return None
    pairs = list(numbered.values())
    clusters, theirs = pairs[0].clusters, [[share * score for score in one.b] for one in pairs]
    gaps = [[x - y for x, y in zip(one.a, other, strict=True)] for one, other in zip(pairs, theirs, strict=True)]
    name = f"{a} - {b} {group} {metric}" if share == 1 else f"{a} - {share} {b} {group} {metric}"
    ours, other = ([fmean(scores) for scores in zip(*rows, strict=True)] for rows in ([one.a for one in pairs], theirs))
    of_items = round(sign_flip(ours, other, clusters, draw.resamples, draw.rng(f"{name} p")), DIGITS)
    trainings = tuple(round(fmean(gap), DIGITS) for gap in gaps)
    found = over(gaps, clusters, draw, name)
    several = isinstance(found, Trained)
    p, deviation = (round(found.p, DIGITS), round(found.deviation, DIGITS)) if several else (of_items, None)
    effect, low, high = (round(value, DIGITS) for value in (found.difference, found.low, found.high))
    return Effect(
        group, metric, b, share, len(clusters), effect, low, high, p, of_items, trainings, tuple(numbered), deviation
    )


def over(gaps: Sequence[Sequence[float]], clusters: Sequence[str], draw: Bootstrap, name: str) -> Interval:
    """The mean of what each training has for each item, over trainings and items where there are several (`Trained`),
    over items alone where there is one."""
    if len(gaps) > 1:
        return over_trainings(gaps, clusters, draw.resamples, draw.rng(name))
    found = mean_interval(gaps[0], clusters, draw.resamples, draw.rng(name))
    return Interval(found.mean, found.low, found.high)
