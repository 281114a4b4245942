"""Group C, redundancy: several reports on one entity that overlap, each with at most one changed value.

The changed value is the true one of another entity, and the reports that state the truth stay in the
majority, so the asked summary is decided by what most reports say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

from adamem.benchmarks.assemble import Asked, Budget, Draft, ask, fields_of
from adamem.benchmarks.entity import Document, Entity
from adamem.benchmarks.pool import Pool
from adamem.benchmarks.queries import Summary
from adamem.benchmarks.redundancy_texts import OPENINGS, THEMES, WORDINGS, Theme

KINDS = ("country", "film", "element")
ANSWER_TOKENS = 24
REPORTS = (3, 6)
SHARES = (0.65, 0.8)  # of the known facts that each report of an item states; two reports overlap by as much
CHANGED_SHARE = 0.8  # of the reports that have a changed value, as far as majorities allow
ALIAS_SHARE = 0.45  # of the questions on entities that have another name

Values = Mapping[str, tuple[str, ...]]


def draw(kind: str, pool: Pool, budget: Budget, rng: Random) -> Draft | None:
    """Three to six reports on one entity, and a question on three of its facts."""
    theme = THEMES[kind]
    entity = pool.pick(kind, rng=rng)
    truth = _values(entity, theme)
    askable = [field for field in theme.asked if field in truth]
    if len(truth) < 5 or len(askable) < 3:
        return None
    asked = tuple(sorted(rng.sample(askable, 3), key=list(theme.asked).index))
    size = max(4, round(rng.uniform(*SHARES) * len(truth)))
    stated = [_choose(list(truth), asked, size, rng) for _ in range(rng.randint(*REPORTS))]
    others = [_values(pool.pick(kind, rng=rng), theme) for _ in stated]
    changes = _changes(stated, truth, others, rng)
    return Draft(
        kind=kind,
        asked=_question(theme, entity, asked, pool, rng),
        query=Summary(entity.name, tuple((field, theme.asked[field].printed) for field in asked)),
        documents=tuple(
            _report(entity, theme, fields, {**truth, **change}, rng)
            for fields, change in zip(stated, changes, strict=True)
        ),
        swap=asked,
        substitutes={field: pool.values(kind, _source(field), rng) for field in asked},
        min_gold=2,
    )


def _source(field: str) -> str:
    """The fact that a field of a report comes from: the star is the first of the cast."""
    return "cast" if field == "star" else field


def _values(entity: Entity, theme: Theme) -> dict[str, tuple[str, ...]]:
    """What reports may state: up to three values of a list (without the star), else the first value."""
    found: dict[str, tuple[str, ...]] = {}
    for field in theme.clauses:
        values = entity.facts.get(_source(field), ())
        found[field] = values[1:4] if field == "cast" else values[: 3 if field in theme.many else 1]
    return {field: values for field, values in found.items() if values}


def _choose(known: list[str], asked: Sequence[str], size: int, rng: Random) -> list[str]:
    """The facts of one report in its own order, two of the asked ones at least among them."""
    chosen = rng.sample(known, size)
    missing = [field for field in asked if field not in chosen]
    chosen += missing[1:]
    rng.shuffle(chosen)
    return chosen


def _changes(stated: list[list[str]], truth: Values, others: Sequence[Values], rng: Random) -> list[Values]:
    """At most one false value a report, and only where the truth keeps more than half of the statements."""
    support = Counter(field for fields in stated for field in fields)
    false: Counter[str] = Counter()
    changes: list[Values] = []
    for fields, other in zip(stated, others, strict=True):
        change: Values = {}
        open_fields = [field for field in fields if support[field] > 2 * (false[field] + 1)]
        if open_fields and rng.random() < CHANGED_SHARE:
            field = rng.choice(open_fields)
            value = other.get(field, truth[field])
            change = {field: value} if not set(value) & set(truth[field]) else {}
        false.update(change.keys())
        changes.append(change)
    return changes


def _report(entity: Entity, theme: Theme, fields: Sequence[str], values: Values, rng: Random) -> Document:
    clauses = [rng.choice(theme.clauses[field]) for field in fields]
    template = rng.choice(OPENINGS) + "; ".join(clauses) + "."
    stated = tuple((field, values[field]) for field in fields_of(template))
    return Document(template=template, name=entity.name, owner=entity.owner, values=stated)


def _question(theme: Theme, entity: Entity, asked: Sequence[str], pool: Pool, rng: Random) -> Asked:
    alias = entity.alias if rng.random() < ALIAS_SHARE else None
    words = [theme.asked[field].alias if alias else theme.asked[field].printed for field in asked]
    question = ask(WORDINGS, pool.split, rng, entity.name, alias)
    facts = f"{words[0]}, {words[1]} and {words[2]}"
    return Asked(question.text.replace("{facts}", facts), question.wording)
