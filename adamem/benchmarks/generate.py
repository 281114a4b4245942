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
from adamem.config import NAMES, Benchmark, Group
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
        ValueError: a kind of question is unknown, or asks for no list where lists of other lengths are wanted, or the
            entities of a split do not suffice for the wanted number.
    """
    kinds = _chosen(group, settings)
    longest = MODULES[group].ANSWER_TOKENS * settings.names[0] // NAMES[0]
    budget = Budget(count, settings.min_tokens, settings.max_tokens, longest, settings.names)
    made = {
        split: _draw(group, kinds, Pool(world, split), budget, getattr(settings, split), seed)
        for split in get_args(Split)
    }
    parts: dict[Part, list[Item]] = {split: [one.item for one in items] for split, items in made.items()}
    parts["counterfactual"] = [one.copy for one in made["test"] if one.copy is not None]
    return parts


def _chosen(group: Group, settings: Benchmark) -> Sequence[str]:
    known: Sequence[str] = MODULES[group].KINDS
    for kind in settings.kinds:
        if kind not in known:
            raise ValueError(f"benchmarks.{group}.kinds names {kind!r}; there are: {', '.join(known)}")
    kinds = settings.kinds or known
    if settings.names != NAMES and (others := [kind for kind in kinds if kind not in fusion.LISTS]):
        raise ValueError(
            f"benchmarks.{group}.names {list(settings.names)} is of lists, which {', '.join(others)} do not ask for; "
            f"name others in benchmarks.{group}.kinds: {', '.join(fusion.LISTS)}"
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
