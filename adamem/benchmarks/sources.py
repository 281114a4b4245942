"""The items of a group from wherever its settings say: built from facts, or taken from public sets."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adamem.benchmarks import facts, generate
from adamem.benchmarks.assemble import token_counter
from adamem.benchmarks.item import Item
from adamem.benchmarks.public import load, registry
from adamem.config import AdaMemConfig, Benchmark, Group, PublicOrigin, PublicSource

_log = logging.getLogger(__name__)


def items(
    group: Group, params: AdaMemConfig, tokenizer: Any, wheels: Path, root: Path
) -> dict[generate.Part, list[Item]]:
    """Train, validation and test items of a group, and counterfactual copies of test items where they can be made.

    Args:
        root: what the relative path of a public set is relative to.

    Raises:
        ValueError: as `generate.generate` and `taken` do.
    """
    settings: Benchmark = getattr(params.benchmarks, group)
    if isinstance(settings.source, PublicSource):
        making = load.Making(
            group, tokenizer, settings.min_tokens, settings.max_tokens, settings.source.longer, params.seed
        )
        return taken(settings, _below(root, settings.source), making)
    world = facts.load(wheels, params.data.facts)
    return generate.generate(group, world, token_counter(tokenizer), settings, params.seed)


def taken(settings: Benchmark, source: PublicSource, making: load.Making) -> dict[generate.Part, list[Item]]:
    """Up to as many items as wanted, shared evenly among the sets; no item whose id or text is trained on is tested.

    Raises:
        ValueError: a set is not known or cannot be read, a row is malformed, or a part is left without an item.
    """
    place = f"benchmarks.{making.group}"
    sets = _sets(source, place)
    made = {part: _part(sets, part, getattr(settings, part), making) for part in load.PARTS}
    train, validation, test = (made[part] for part in load.PARTS)
    validation = _unseen(validation, train, f"{place}, validation")
    test = _unseen(test, [*train, *validation], f"{place}, test")
    parts: dict[generate.Part, list[Item]] = {"train": train, "validation": validation, "test": test}
    for part, found in parts.items():
        if not found:
            raise ValueError(
                f"{place}.source: {', '.join(public.name for public, _ in sets)} give no item of part '{part}' "
                f"(sets to train on: {', '.join(_trainable())}); name another set beside them, or widen "
                f"{place}.min_tokens and max_tokens"
            )
    return {**parts, "counterfactual": []}


def _below(root: Path, source: PublicSource) -> PublicSource:
    """The source with its local paths as whole ones."""
    sets = tuple(
        origin.model_copy(update={"path": str(root / origin.path)}) if origin.path else origin for origin in source.sets
    )
    return source.model_copy(update={"sets": sets})


def _sets(source: PublicSource, place: str) -> list[tuple[registry.PublicSet, PublicOrigin]]:
    try:
        return [(public, origin) for origin in source.sets for public in registry.expand(origin.name)]
    except ValueError as error:
        raise ValueError(f"{place}.source.sets: {error}") from error


def _part(
    sets: Sequence[tuple[registry.PublicSet, PublicOrigin]], part: load.Part, wanted: int, making: load.Making
) -> list[Item]:
    """`wanted` items shared among the sets that have the part; the first sets take what does not divide."""
    having = [(public, origin) for public, origin in sets if part == "test" or public.train is not None]
    if not having:
        return []
    shares = [wanted // len(having) + (number < wanted % len(having)) for number in range(len(having))]
    return load.in_turn(
        [
            load.sample(public, origin, part, share, making)
            for (public, origin), share in zip(having, shares, strict=True)
            if share
        ]
    )


def _unseen(items: list[Item], training: Sequence[Item], place: str) -> list[Item]:
    left = load.unseen(items, training)
    if refused := len(items) - len(left):
        _log.warning("%s: %d of %d items refused, their id or text stands in training data", place, refused, len(items))
    return left


def _trainable() -> list[str]:
    return [name for name, public in registry.SETS.items() if public.train is not None and "babi" not in name]
