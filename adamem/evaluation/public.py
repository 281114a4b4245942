"""A checkpoint on public sets outside the pipeline: their test items, and the official score of each set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adamem import config
from adamem.benchmarks.item import Item, read
from adamem.benchmarks.public import load, registry
from adamem.benchmarks.public.registry import PublicSet
from adamem.evaluation import benchmark
from adamem.models.method import Method


@dataclass(frozen=True)
class Wanted:
    """What is asked for: sets of a folder (None: of the hub), how many items of each, how long their contexts."""

    sets: tuple[PublicSet, ...]
    data: Path | None
    most: int | None
    context_tokens: int | None


def wanted(names: Iterable[str], data: Path | None, most: int | None, context_tokens: int | None) -> Wanted:
    """The sets of names and families, each once. Raises ValueError for a name that there is not."""
    sets = dict.fromkeys(public for name in names for public in registry.expand(name))
    return Wanted(tuple(sets), data, most, context_tokens)


def trained_on(tasks: Path) -> list[Item]:
    """All training and validation items below a folder of groups; none where there is no such folder."""
    return [
        item
        for part in ("train", "validation")
        for path in sorted(tasks.glob(f"*/{part}.jsonl"))
        for item in read(path)
    ]


def items(public: PublicSet, asked: Wanted, params: config.AdaMemConfig, tokenizer: Any) -> list[Item]:
    """The test items of a set, contexts cut in the middle to the limit (that of the set's group unless one is given).

    Raises:
        ValueError: the set cannot be read, a row of it is malformed, or there is no item.
    """
    limits: config.Benchmark = getattr(params.benchmarks, public.group)
    high = asked.context_tokens or limits.max_tokens
    making = load.Making(public.group, tokenizer, 1, high, "middle", params.seed)
    origin = config.PublicOrigin(name=public.name, path=None if asked.data is None else str(asked.data))
    found = load.sample(public, origin, "test", asked.most, making)
    if not found:
        raise ValueError(f"{public.name}: no item in split '{public.test}' of {asked.data or public.repo}")
    return found


def unseen(found: Sequence[Item], training: Sequence[Item]) -> list[Item]:
    """The items that were not trained on. Raises ValueError where all were."""
    left = load.unseen(found, training)
    if not left:
        raise ValueError(
            f"{found[0].kind}: all {len(found)} items stand in the training data; test on a set or split not trained on"
        )
    return left


def report(method: Method, found: Sequence[Item], public: PublicSet, params: config.AdaMemConfig) -> benchmark.Report:
    """Answers as long as the set's may be, and their scores; `quality["official"]` is the set's own."""
    longest = params.evaluation.model_copy(update={"max_new_tokens": public.new_tokens})
    settings = params.model_copy(update={"evaluation": longest})
    return benchmark.run("adamem", method, benchmark.Asked.of(found), settings)
