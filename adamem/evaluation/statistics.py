"""How sure a mean or a difference is; nothing here reads a file.

Items that ask about the same entity stand or fall together, so they are resampled together: a bootstrap over
clusters, with percentile intervals. Treating such items as independent makes intervals too narrow.

Where both methods were trained several times, trainings and clusters are resampled together, each on its own: the
pigeonhole bootstrap of crossed effects, which is on the wide side.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13; Holm, A Simple
Sequentially Rejective Multiple Test Procedure (1979); Owen, The Pigeonhole Bootstrap (2007). Permutations: scipy's
`permutation_test`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import permutation_test

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


def crossed_bootstrap(
    differences: Sequence[Sequence[float]], groups: Sequence[Hashable], resamples: int, rng: np.random.Generator
) -> Interval:
    """The mean of a - b over trainings (outer) and items (inner), and its 95 % interval, both being resampled.

    Raises:
        ValueError: there is no training, or one does not have a value for each item.
    """
    if not len(differences) or not len(groups) or any(len(row) != len(groups) for row in differences):
        raise ValueError(f"{[len(row) for row in differences]} values in {len(groups)} groups: give each its own")
    sums = np.stack([_by_cluster(np.asarray(row, dtype=np.float64), groups)[0] for row in differences])
    sizes = _by_cluster(np.zeros(len(groups)), groups)[1]
    low, high = np.percentile(_crossed_means(sums, sizes, resamples, rng), _TAILS)
    return Interval(float(sums.mean(0).sum() / sizes.sum()), float(low), float(high))


def sign_flip(
    a: Sequence[float], b: Sequence[float], groups: Sequence[Hashable], resamples: int, rng: np.random.Generator
) -> float:
    """The p-value of "a is not above b": how often a difference as large comes about when a and b are exchanged at
    random, whole groups at a time (exact where there are few groups).

    Raises:
        ValueError: the three sequences are empty or differ in length.
    """
    if not len(a) or not len(a) == len(b) == len(groups):
        raise ValueError(f"{len(a)} scores against {len(b)} in {len(groups)} groups: give both for every item")
    sums = [_by_cluster(np.asarray(side, dtype=np.float64), groups)[0] for side in (a, b)]
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


def _crossed_means(sums: np.ndarray, sizes: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Means of resampled clusters (columns of `sums`) over resampled trainings (rows)."""
    trainings, count = sums.shape
    means = []
    for start in range(0, resamples, _BLOCK):
        block = min(_BLOCK, resamples - start)
        rows = rng.multinomial(trainings, np.full(trainings, 1 / trainings), size=block) / trainings
        columns = rng.multinomial(count, np.full(count, 1 / count), size=block).astype(np.float64)
        means.append(((rows @ sums) * columns).sum(1) / (columns @ sizes))
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
