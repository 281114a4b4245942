"""What the default profile sets out to show, judged from the numbers alone.

The thresholds are the only constants. Every sentence is built from the numbers it speaks of and reads
rightly whichever way they fall; where a method was not run, the target stays open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from adamem.analysis.methods import CONTROL, LOWER, OURS, RETRIEVAL_AT_K, UPPER
from adamem.analysis.quality import Bootstrap, Comparison, Summary, compare
from adamem.analysis.results import Results

Verdict = Literal["met", "not met", "open"]

BOUND_GAP = 0.2  # a group says something only if tuned full context beats tuned no context by this
FUSION_LEAD = 0.10  # F1 ahead of the better query-free compressor on A
TARGET_SHARE = 0.8  # of tuned full context, on D
TARGET_ARMS = ("icae", "autocompressor")


@dataclass(frozen=True)
class Target:
    """A statement, whether the numbers bear it out, and those numbers in words."""

    name: str
    verdict: Verdict
    evidence: str


@dataclass(frozen=True)
class Bound:
    """What tuned full context gains over tuned no context in one group, by the metric where it gains most."""

    group: str
    gap: Comparison | None

    @property
    def verdict(self) -> Verdict:
        return "open" if self.gap is None else _verdict(self.gap.difference >= BOUND_GAP)


def bounds(results: Results, bootstrap: Bootstrap) -> list[Bound]:
    """Whether each group can tell methods apart at all."""
    return [Bound(group, _widest(results, bootstrap, group)) for group in results.groups]


def targets(results: Results, summary: Summary) -> list[Target]:
    """Every target, in the order of the report."""
    return [
        _query_free(summary),
        *(_retrieval(summary, method) for method in RETRIEVAL_AT_K),
        _share(results),
        *(_control(summary, group) for group in results.groups),
    ]


def in_words(found: Comparison) -> str:
    """A comparison in words: +0.120 f1 (95 % interval +0.050 to +0.190, 200 items)."""
    interval = f"95 % interval {found.low:+.3f} to {found.high:+.3f}"
    return f"{found.difference:+.3f} {found.metric} ({interval}, {found.n} items)"


def _widest(results: Results, bootstrap: Bootstrap, group: str) -> Comparison | None:
    main = results.metric(group)
    metrics = ("em", "f1") if main == "f1" else (main,)
    found = [compare(results, bootstrap, UPPER, LOWER, group, metric) for metric in metrics]
    known = [comparison for comparison in found if comparison is not None]
    return max(known, key=lambda comparison: comparison.difference, default=None)


def _query_free(summary: Summary) -> Target:
    name = f"A: `{OURS}` beats the better of {_names(TARGET_ARMS)} by at least {FUSION_LEAD:.2f} F1, interval above 0"
    scores = {method: summary.of(method, "A") for method in TARGET_ARMS}
    known = {method: quality.value for method, quality in scores.items() if quality is not None}
    best = max(known, key=lambda method: known[method], default=None)
    found = summary.against(best, "A") if best else None
    if found is None or len(known) < len(TARGET_ARMS):
        return _open(name, *TARGET_ARMS)
    met = found.difference >= FUSION_LEAD and found.low > 0
    return Target(name, _verdict(met), f"against `{best}`, the better one: {in_words(found)}")


def _retrieval(summary: Summary, method: str) -> Target:
    name = f"A: `{OURS}` beats `{method}`, which has as many decoder tokens, interval above 0"
    found = summary.against(method, "A")
    if found is None:
        return _open(name, method)
    return Target(name, _verdict(found.low > 0), in_words(found))


def _share(results: Results) -> Target:
    name = f"D: `{OURS}` reaches at least {TARGET_SHARE} of `{UPPER}`"
    metric = results.metric("D")
    pairs = results.pairs(OURS, UPPER, "D", metric)
    if pairs is None:
        return _open(name, UPPER)
    ours, full = sum(pairs.a) / len(pairs.a), sum(pairs.b) / len(pairs.b)
    evidence = f"{ours:.3f} against {full:.3f} {metric} on the {len(pairs.a)} items both answered"
    if full > 0:
        evidence += f", a share of {ours / full:.2f}"
    return Target(name, _verdict(ours >= TARGET_SHARE * full), evidence)


def _control(summary: Summary, group: str) -> Target:
    name = f"{group}: answers come from the memory (`{OURS}` above `{CONTROL}`, interval above 0)"
    found = summary.against(CONTROL, group)
    if found is None:
        return _open(name, CONTROL)
    return Target(name, _verdict(found.low > 0), in_words(found))


def _open(name: str, *methods: str) -> Target:
    return Target(name, "open", f"not judged: {OURS} or {_names(methods)} has no result in this group")


def _names(methods: Sequence[str]) -> str:
    return " and ".join(f"`{method}`" for method in methods)


def _verdict(met: bool) -> Verdict:
    return "met" if met else "not met"
