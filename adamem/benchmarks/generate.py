"""The items of one group: draws until every split has its count, test items each with a counterfactual copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from types import ModuleType
from typing import Literal, get_args

from adamem.benchmarks import assemble, fusion, lookup, recall, redundancy
from adamem.benchmarks.assemble import Budget, Draft
from adamem.benchmarks.facts import World
from adamem.benchmarks.item import Item
from adamem.benchmarks.pool import Pool
from adamem.config import LIST_LENGTH, Benchmark, FusionBenchmark, Group
from adamem.data.split import Split

Part = Literal["train", "validation", "test", "counterfactual"]
MODULES: dict[Group, ModuleType] = {"A": fusion, "B": recall, "C": redundancy, "D": lookup}
_PATIENCE = 200  # draws for each item before the facts are called too few


@dataclass(frozen=True)
class _Made:
    """An item; in the test set with its counterfactual copy."""

    item: Item
    copy: Item | None


def generate(
    group: Group, world: World, count: Callable[[str], int], settings: Benchmark, seed: int
) -> dict[Part, list[Item]]:
    """Train, validation and test items, and a counterfactual copy of every test item; the same for the same facts,
    settings and seed.

    Raises:
        ValueError: a kind of question is unknown, or has no lists of the wanted length, or the entities of a split do
            not suffice for the wanted number.
    """
    kinds = _chosen(group, settings)
    budget = _budget(group, count, settings)
    made = {
        split: _draw(group, kinds, Pool(world, split), budget, getattr(settings, split), seed)
        for split in get_args(Split)
    }
    parts: dict[Part, list[Item]] = {split: [one.item for one in items] for split, items in made.items()}
    parts["counterfactual"] = [one.copy for one in made["test"] if one.copy is not None]
    return parts


def _budget(group: Group, count: Callable[[str], int], settings: Benchmark) -> Budget:
    fixed = Budget(count, settings.min_tokens, settings.max_tokens, MODULES[group].ANSWER_TOKENS)
    if not isinstance(settings, FusionBenchmark):
        return fixed
    length = settings.list_length
    return replace(fixed, answer=fixed.answer * length[0] // LIST_LENGTH[0], list_length=length)


def _chosen(group: Group, settings: Benchmark) -> Sequence[str]:
    known: Sequence[str] = MODULES[group].KINDS
    for kind in settings.kinds:
        if kind not in known:
            raise ValueError(f"benchmarks.{group}.kinds names {kind!r}; there are: {', '.join(known)}")
    kinds = settings.kinds or known
    others = [kind for kind in kinds if kind not in fusion.OF_ANY_LENGTH]
    if isinstance(settings, FusionBenchmark) and settings.list_length != LIST_LENGTH and others:
        raise ValueError(
            f"benchmarks.{group}.list_length {list(settings.list_length)} is not for {', '.join(others)}, which need "
            f"two documents; name others in benchmarks.{group}.kinds: {', '.join(fusion.OF_ANY_LENGTH)}"
        )
    return kinds


def _draw(group: Group, kinds: Sequence[str], pool: Pool, budget: Budget, wanted: int, seed: int) -> list[_Made]:
    """Items of each kind in turn, none twice."""
    rng = Random(f"{seed}/{group}/{pool.split}")
    made: list[_Made] = []
    seen: set[tuple[str, str]] = set()
    while len(made) < wanted:
        kind = kinds[len(made) % len(kinds)]
        attempts = _attempts(group, kind, pool, budget, rng, f"{group}-{pool.split}-{len(made):05d}")
        one = next((one for one in attempts if (one.item.question, one.item.context) not in seen), None)
        if one is None:
            raise ValueError(
                f"group {group}, split {pool.split}: no new item of kind '{kind}' in {_PATIENCE} draws after "
                f"{len(made)} of {wanted}; lower benchmarks.{group}.{pool.split} or widen min_tokens and max_tokens"
            )
        seen.add((one.item.question, one.item.context))
        made.append(one)
    return made


def _attempts(group: Group, kind: str, pool: Pool, budget: Budget, rng: Random, identity: str) -> Iterator[_Made]:
    for _ in range(_PATIENCE):
        draft: Draft | None = MODULES[group].draw(kind, pool, budget, rng)
        item = assemble.render(draft, budget, identity, group) if draft is not None else None
        if item is None or draft is None:
            continue
        copy = _copy(item, draft, budget) if pool.split == "test" else None
        if copy is not None or pool.split != "test":
            yield _Made(item, copy)


def _copy(item: Item, draft: Draft, budget: Budget) -> Item | None:
    """The same question with values permuted so that the answer is another; None where no permutation does that."""
    rng = Random(f"{item.id}/{item.context}")
    for _ in range(20):
        documents = assemble.counterfactual(draft.documents, draft, rng)
        identity = item.id.replace("test", "counterfactual")
        copy = assemble.render(replace(draft, documents=documents), budget, identity, item.group)
        if copy is not None and not set(copy.references) & set(item.references):
            return replace(copy, source=item.id)
    return None
