"""How sure a mean or a difference is; nothing here reads a file.

Items that ask about the same entity stand or fall together, so they are resampled together: a bootstrap over
clusters, with percentile intervals. Treating such items as independent makes intervals too narrow.

Where both methods were trained several times, the variance of trainings is added to that of items. Few trainings say
little of how much trainings differ, so the interval is Student's with Satterthwaite's degrees of freedom: resampling
three of them covers the truth in as little as 0.79 of simulated comparisons, this in 0.91 and more.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13; Holm, A Simple
Sequentially Rejective Multiple Test Procedure (1979); Satterthwaite, An Approximate Distribution of Estimates of
Variance Components (1946). Permutations: scipy's `permutation_test`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import permutation_test, t

_BLOCK = 1_000  # resamples drawn at a time: bounds the memory, not the result's quality
_TAILS = (2.5, 97.5)


@dataclass(frozen=True)
class Mean:
    """A mean over items with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Interval:
    """A mean difference between two methods with its 95 % interval."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Trained(Interval):
    """The same over several trainings: one-sided p that it is above 0, and the standard deviation of trainings."""

    p: float
    deviation: float


def mean_interval(
    values: Sequence[float], clusters: Sequence[Hashable], resamples: int, rng: np.random.Generator
) -> Mean:
    """The mean of `values` and its 95 % interval, whole clusters being resampled.

    Raises:
        ValueError: there are no values, or not one cluster for each value.
    """
    if not len(values) or len(values) != len(clusters):
        raise ValueError(f"{len(values)} values with {len(clusters)} clusters: give each value its cluster")
    sums, sizes = _by_cluster(np.asarray(values, dtype=np.float64), clusters)
    low, high = np.percentile(_resampled_means(sums, sizes, resamples, rng), _TAILS)
    return Mean(float(sums.sum() / sizes.sum()), float(low), float(high))


def paired_bootstrap(
    a: Sequence[float], b: Sequence[float], groups: Sequence[Hashable], resamples: int, rng: np.random.Generator
) -> Interval:
    """The mean of a - b over the same items, and its 95 % interval, whole groups being resampled.

    Raises:
        ValueError: the three sequences are empty or differ in length.
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} scores against {len(b)}: a paired comparison needs the same items on both sides")
    found = mean_interval(np.subtract(a, b).tolist(), groups, resamples, rng)
    return Interval(found.mean, found.low, found.high)


def over_trainings(
    differences: Sequence[Sequence[float]], groups: Sequence[Hashable], resamples: int, rng: np.random.Generator
) -> Trained:
    """The mean of a - b over trainings (outer) and items (inner), and what both say of how sure it is. Items count by
    the bootstrap of their means over trainings, whole groups being resampled.

    Raises:
        ValueError: there are fewer than two trainings, or one does not have a value for each item.
    """
    if len(differences) < 2 or not len(groups) or any(len(row) != len(groups) for row in differences):
        raise ValueError(f"{[len(row) for row in differences]} values in {len(groups)} groups: give each its own")
    rows = np.asarray(differences, dtype=np.float64)
    trainings = rows.mean(1)
    of_trainings = trainings.var(ddof=1) / len(rows)
    of_items = _resampled_means(*_by_cluster(rows.mean(0), groups), resamples, rng).var()
    mean, error = float(trainings.mean()), float(np.sqrt(of_trainings + of_items))
    if error == 0:
        return Trained(mean, mean, mean, 0.5 * (mean <= 0) + 0.5 * (mean < 0), 0.0)
    # trainings that agree to the last digit leave items alone, whose number is large
    freedom = (len(rows) - 1) * (error**2 / of_trainings) ** 2 if of_trainings else np.inf
    low, high = t.interval(0.95, freedom, mean, error)
    return Trained(mean, float(low), float(high), float(t.sf(mean / error, freedom)), float(trainings.std(ddof=1)))


def sign_flip(
    a: Sequence[float], b: Sequence[float], groups: Sequence[Hashable], resamples: int, rng: np.random.Generator
) -> float:
    """The p-value of "a is not above b": how often a difference as large comes about when a and b are exchanged at
    random, whole groups at a time (exact where there are few groups; a single one is exchanged or not).

    Raises:
        ValueError: the three sequences are empty or differ in length.
    """
    if not len(a) or not len(a) == len(b) == len(groups):
        raise ValueError(f"{len(a)} scores against {len(b)} in {len(groups)} groups: give both for every item")
    sums = [_by_cluster(np.asarray(side, dtype=np.float64), groups)[0] for side in (a, b)]
    if len(sums[0]) == 1:  # scipy wants two
        return 0.5 if sums[0] > sums[1] else 1.0
    found = permutation_test(
        sums,
        _sum_of_differences,
        permutation_type="samples",
        alternative="greater",
        n_resamples=resamples,
        vectorized=True,
        rng=rng,
    )
    return float(found.pvalue)


def _sum_of_differences(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
    return np.sum(a - b, axis=axis)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: small ones stay small only if few tests were made."""
    count = len(p_values)
    order = sorted(range(count), key=lambda index: p_values[index])
    adjusted = [0.0] * count
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (count - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted


def _by_cluster(values: np.ndarray, clusters: Sequence[Hashable]) -> tuple[np.ndarray, np.ndarray]:
    """Sum and size of every cluster, in order of first appearance (so that a result depends on no hash)."""
    numbers: dict[Hashable, int] = {}
    index = np.array([numbers.setdefault(cluster, len(numbers)) for cluster in clusters])
    return np.bincount(index, weights=values), np.bincount(index).astype(np.float64)


def _resampled_means(sums: np.ndarray, sizes: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Means of resampled clusters: how often each is drawn is multinomial, which makes it one matrix product."""
    count = len(sums)
    equal = np.full(count, 1 / count)
    means = []
    for start in range(0, resamples, _BLOCK):
        drawn = rng.multinomial(count, equal, size=min(_BLOCK, resamples - start)).astype(np.float64)
        means.append(drawn @ sums / (drawn @ sizes))
    return np.concatenate(means)


def shared_clusters(entities: Sequence[Sequence[str]]) -> list[str]:
    """One cluster for each item: of the entities it is about, the one that most items are about.

    An item can be about several entities. Joining all items that share any would often leave a single cluster;
    this keeps together those that share a common one. An item about none is a cluster of its own.
    """
    common = Counter(entity for names in entities for entity in set(names))
    return [
        min(names, key=lambda entity: (-common[entity], entity)) if names else f"item {index}"
        for index, names in enumerate(entities)
    ]
