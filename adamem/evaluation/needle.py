"""One fact in a long text: does a method find it at every length of the text and every depth in it?

The needle test of long contexts (Kamradt 2023), with facts, questions and filler of benchmark group B: the filler is
speeches of the test split, and K stays what it was in training however long the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from random import Random
from statistics import fmean

from adamem import config
from adamem.benchmarks import recall
from adamem.benchmarks.assemble import Budget, Draft, embed, render
from adamem.benchmarks.item import Item
from adamem.benchmarks.pool import Pool
from adamem.benchmarks.queries import Look
from adamem.benchmarks.relations import FIGURES
from adamem.evaluation.benchmark import Asked, ask
from adamem.models.method import Method

SLACK = 80  # tokens that a text may be shorter than it is called: sentences stay whole
SPEECHES = 12  # joined for the filler of one text
PATIENCE = 100
TOGETHER = 4096  # context tokens answered in one batch, so that memory stays bounded


@dataclass(frozen=True)
class Cell:
    """Questions at one length (LLM tokens) and one relative depth."""

    length: int
    depth: float
    items: tuple[Item, ...]


def cells(pool: Pool, count: Callable[[str], int], settings: config.Needle, seed: int) -> Iterator[Cell]:
    """Every length with every depth.

    Raises:
        ValueError: the speeches of the split are too short for a length.
    """
    for length in settings.lengths:
        for step in range(settings.depths):
            depth = step / max(1, settings.depths - 1)
            rng = Random(f"{seed}/needle/{length}/{step}")
            budget = Budget(count, length - SLACK, length, recall.ANSWER_TOKENS)
            items = tuple(_item(pool, budget, depth, rng, f"needle-{length}-{step}-{n}") for n in range(settings.items))
            yield Cell(length, depth, items)


def _item(pool: Pool, budget: Budget, depth: float, rng: Random, identity: str) -> Item:
    for _ in range(PATIENCE):
        relation = FIGURES[rng.choice(tuple(FIGURES))]
        entity, fact = recall.stated(relation, pool, rng)
        filler = tuple(chain.from_iterable(pool.sentences(rng) for _ in range(SPEECHES)))
        draft = Draft(
            kind="needle",
            asked=recall.question_on(relation, entity, pool, rng),
            query=Look(entity.name, relation.field),
            documents=embed(fact, filler, depth, budget, rng),
            swap=(),
            separator=" ",
        )
        item = render(draft, budget, identity, "B")
        if item is not None:
            return item
    raise ValueError(f"needle.lengths: no text of {budget.high} tokens in {PATIENCE} draws; choose shorter ones")


def score(method: Method, asked: Asked, length: int, settings: config.Evaluation) -> dict[str, float]:
    """Mean scores on texts of a length in LLM tokens."""
    size = max(1, TOGETHER // length)
    found = ask(method, asked, settings.model_copy(update={"batch_size": size}))
    return {name: fmean(getattr(one.scores, name) for one in found) for name in ("em", "f1")}
