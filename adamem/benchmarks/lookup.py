"""Group D, sparse lookup: one fact sentence inside the sentences of a long speech."""

from __future__ import annotations

from random import Random

from adamem.benchmarks.assemble import Budget, Draft, embed
from adamem.benchmarks.pool import Pool
from adamem.benchmarks.queries import Look
from adamem.benchmarks.recall import question_on, stated
from adamem.benchmarks.relations import NAMES

KINDS = tuple(NAMES)
ANSWER_TOKENS = 12


def draw(kind: str, pool: Pool, budget: Budget, rng: Random) -> Draft | None:
    """One item of this kind; the fact stands anywhere among the filler."""
    relation = NAMES[kind]
    entity, document = stated(relation, pool, rng)
    return Draft(
        kind=kind,
        asked=question_on(relation, entity, pool, rng),
        query=Look(entity.name, relation.field),
        documents=embed(document, pool.sentences(rng), rng.random(), budget, rng),
        swap=(relation.field,),
        substitutes={relation.field: pool.values(relation.kind, relation.field, rng)},
        separator=" ",
    )
