"""Group B, exact local recall: a code, a figure or a date among many documents of the same type.

`needle` hides one such sentence at a controlled depth inside a speech.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from adamem.benchmarks.assemble import Asked, Budget, Draft, ask, embed, scatter, state
from adamem.benchmarks.entity import Document, Entity
from adamem.benchmarks.pool import Pool
from adamem.benchmarks.queries import Look
from adamem.benchmarks.relations import FIGURES, NAMES, Relation

KINDS = (*FIGURES, "needle")
ANSWER_TOKENS = 12
DEPTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
ALIAS_SHARE = 0.45  # of the questions on entities that have another name
DISTRACTORS = 8  # documents that state the same fact of other entities


def draw(kind: str, pool: Pool, budget: Budget, rng: Random) -> Draft | None:
    """One item of this kind, or None where the drawn entities do not make one."""
    relation = FIGURES[rng.choice(tuple(FIGURES)) if kind == "needle" else kind]
    entity, document = stated(relation, pool, rng)
    query = Look(entity.name, relation.field)
    if kind == "needle":
        documents = embed(document, pool.sentences(rng), rng.choice(DEPTHS), budget, rng)
    else:
        documents = scatter(
            (document,), _others(relation, pool, rng), DISTRACTORS, pool.sentences(rng), query, budget, rng
        )
    return Draft(
        kind=kind,
        asked=question_on(relation, entity, pool, rng),
        query=query,
        documents=documents,
        swap=(relation.field,),
        substitutes={relation.field: pool.values(relation.kind, relation.field, rng)},
        separator=" " if kind == "needle" else "\n",
    )


def stated(relation: Relation, pool: Pool, rng: Random) -> tuple[Entity, Document]:
    """A random entity that has the fact, and a document that states it."""
    entity = pool.pick(relation.kind, relation.field, rng=rng)
    return entity, state(entity, relation.statements, rng)


def question_on(relation: Relation, entity: Entity, pool: Pool, rng: Random) -> Asked:
    """A question on the fact, by the entity's other name for a share of those that have one."""
    aliased = bool(relation.wordings.alias_seen) and entity.alias is not None and rng.random() < ALIAS_SHARE
    return ask(relation.wordings, pool.split, rng, entity.name, entity.alias if aliased else None)


def _others(relation: Relation, pool: Pool, rng: Random) -> Iterator[Document]:
    """Documents of the same type, then single facts of other types where a split has too few."""
    for entity in pool.shuffled(relation.kind, relation.field, rng=rng):
        yield state(entity, relation.statements, rng)
    for other in NAMES.values():
        for entity in pool.shuffled(other.kind, other.field, rng=rng):
            yield state(entity, other.statements, rng)
