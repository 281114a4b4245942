"""Group A, distributed fusion: every answer needs at least two documents.

Values of distractors are shared by two or more documents as well, so an answer cannot be guessed from a
value that appears often; the question decides which value counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from random import Random

from adamem.benchmarks import fusion_texts as texts
from adamem.benchmarks.assemble import Asked, Budget, Draft, ask, scatter, state
from adamem.benchmarks.entity import Document, Entity
from adamem.benchmarks.pool import Pool
from adamem.benchmarks.queries import Chain, Query, Select, Shared, Sibling
from adamem.benchmarks.wording import Wordings
from adamem.config import LIST_LENGTH

KINDS = (
    "cities_in_country",
    "films_by_director",
    "shared_actor",
    "two_hop",
    "countries_with",
    "films_from_country",
    "home_capital",
)
ANSWER_TOKENS = 14  # 7 for each of the fewest names that a list has; longer lists must do with that
RIVALS = 2  # distractors for each of the fewest names; twice as many the LLM does not tell apart (docs/pipeline.md)
ALIAS_SHARE = 0.9  # of the questions on a country that has an adjective


@dataclass(frozen=True)
class _Plan:
    """A question, the documents that answer it, those that may stand beside them, and the fact to swap."""

    asked: Asked
    query: Query
    gold: tuple[Document, ...]
    others: Iterable[Document]
    swap: str


@dataclass(frozen=True)
class _Common:
    """What documents of a kind have in common, one value of a field, and how they and questions on it are worded;
    `aliased`: by a country's adjective."""

    kind: str
    field: str
    statements: tuple[str, ...]
    wordings: Wordings
    aliased: bool = False


_LANDING = _Common("airport", "country", texts.AIRPORTS, texts.CITIES, aliased=True)
_DIRECTED = _Common("film", "director", texts.DIRECTORS, texts.FILMS)
_SHOT = _Common("film", "origin", texts.ORIGINS, texts.FROM, aliased=True)  # held out by their directors all the same


def draw(kind: str, pool: Pool, budget: Budget, rng: Random) -> Draft | None:
    """One item of this kind; None where the drawn entities do not make one."""
    fewest, _ = budget.list_length
    plan = _plan(kind, pool, rng, budget.list_length)
    if plan is None:
        return None
    documents = scatter(plan.gold, plan.others, RIVALS * fewest, pool.sentences(rng), plan.query, budget, rng)
    return Draft(kind, plan.asked, plan.query, documents, swap=(plan.swap,), min_gold=fewest)


def _plan(kind: str, pool: Pool, rng: Random, length: tuple[int, int]) -> _Plan | None:
    if kind == "countries_with":
        return _countries(pool, rng, length)
    return _list(_LISTS[kind], pool, rng, length) if kind in _LISTS else _PAIRS[kind](pool, rng)


def _list(common: _Common, pool: Pool, rng: Random, length: tuple[int, int]) -> _Plan:
    value = pool.pick_value(common.kind, common.field, rng, length[0])
    return _Plan(
        asked=ask(common.wordings, pool.split, rng, value, _adjective(value, pool, rng) if common.aliased else None),
        query=Select(common.field, value),
        gold=_members(common, value, pool, rng, length),
        others=_grouped(common, pool, rng, length),
        swap=common.field,
    )


def _hop(pool: Pool, rng: Random) -> _Plan:
    director = pool.pick_value("film", "director", rng)
    first, second = rng.sample(pool.groups("film", "director")[director], 2)
    return _Plan(
        asked=ask(texts.HOPS, pool.split, rng, first.name),
        query=Sibling(first.name, "director"),
        gold=tuple(state(film, texts.DIRECTORS, rng) for film in (first, second)),
        others=_grouped(_DIRECTED, pool, rng),
        swap="name",
    )


def _actors(pool: Pool, rng: Random) -> _Plan | None:
    pairs = _pairs(pool, rng)
    if (gold := next(pairs, None)) is None:
        return None
    first, second = gold
    asked = ask(texts.ACTORS, pool.split, rng, first.name)
    return _Plan(
        asked=Asked(asked.text.replace("{y}", second.name), asked.wording),
        query=Shared((first.name, second.name), "cast"),
        gold=gold,
        others=chain.from_iterable(pairs),
        swap="cast",
    )


def _countries(pool: Pool, rng: Random, length: tuple[int, int]) -> _Plan:
    field, trait = rng.choice(list(texts.TRAITS.items()))
    value = pool.pick_value("country", field, rng, length[0])
    group = pool.groups("country", field)[value]
    owners = rng.sample(group, min(len(group), rng.randint(*length)))
    same = (_trait(entity, field, trait, rng) for entity in pool.shuffled("country", field, rng=rng))
    return _Plan(
        asked=ask(trait.wordings, pool.split, rng, value),
        query=Select(field, value),
        gold=tuple(_trait(entity, field, trait, rng, wanted=value) for entity in owners),
        others=chain(same, _grouped(_LANDING, pool, rng)),
        swap=field,
    )


def _home(pool: Pool, rng: Random) -> _Plan | None:
    towns = {airport.facts["country"][0]: airport for airport in pool.shuffled("airport", "country", rng=rng)}
    states = [entity for entity in pool.shuffled("country", "capital", rng=rng) if entity.name in towns]
    pairs = [
        (state(towns[one.name], texts.AIRPORTS, rng), state(one, texts.CAPITALS, rng))
        for one in states
        if one.facts["capital"][0] not in towns[one.name].name
    ]
    if not pairs:
        return None
    town = pairs[0][0].name
    return _Plan(
        asked=ask(texts.HOMES, pool.split, rng, town),
        query=Chain(town, "country", "capital"),
        gold=pairs[0],
        others=chain.from_iterable(pairs[1:]),
        swap="capital",
    )


_LISTS = {
    "cities_in_country": _LANDING,
    "films_by_director": _DIRECTED,
    "films_from_country": _SHOT,
}
_PAIRS = {
    "shared_actor": _actors,
    "two_hop": _hop,
    "home_capital": _home,
}
OF_ANY_LENGTH = (*_LISTS, "countries_with")


def _adjective(country: str, pool: Pool, rng: Random) -> str | None:
    return pool.alias("country", country) if rng.random() < ALIAS_SHARE else None


def _members(common: _Common, value: str, pool: Pool, rng: Random, length: tuple[int, int]) -> tuple[Document, ...]:
    """As many documents that state the value as a list has names."""
    group = pool.groups(common.kind, common.field)[value]
    chosen = rng.sample(group, min(len(group), rng.randint(*length)))
    return tuple(state(entity, common.statements, rng) for entity in chosen)


def _grouped(common: _Common, pool: Pool, rng: Random, length: tuple[int, int] = LIST_LENGTH) -> Iterator[Document]:
    """Documents in groups, as large as lists are, that share a value."""
    groups = list(pool.groups(common.kind, common.field, length[0]))
    for value in rng.sample(groups, len(groups)):
        yield from _members(common, value, pool, rng, length)


def _pairs(pool: Pool, rng: Random) -> Iterator[tuple[Document, Document]]:
    """Pairs of film documents whose casts have exactly one name in common."""
    groups = list(pool.groups("film", "cast").items())
    for actor, films in rng.sample(groups, min(len(groups), 60)):
        first, second = rng.sample(films, 2)
        if (own := _own_cast(first, second, rng)) and (other := _own_cast(second, first, rng)):
            yield (
                state(first, texts.CASTS, rng, {"cast": _mixed((actor, *own), rng)}),
                state(second, texts.CASTS, rng, {"cast": _mixed((actor, *other), rng)}),
            )


def _own_cast(film: Entity, other: Entity, rng: Random) -> tuple[str, ...]:
    """One or two actors of a film who are not in the other one."""
    names = [name for name in film.facts["cast"] if name not in other.facts["cast"]]
    return tuple(rng.sample(names, min(len(names), rng.randint(1, 2))))


def _mixed(values: tuple[str, ...], rng: Random) -> tuple[str, ...]:
    return tuple(rng.sample(values, len(values)))


def _trait(entity: Entity, field: str, trait: texts.Trait, rng: Random, wanted: str | None = None) -> Document:
    """A country document that states up to two of its values, the wanted one among them."""
    values = [value for value in entity.facts[field] if value != wanted]
    chosen = tuple(rng.sample(values, min(len(values), 2)))
    if wanted is not None:
        chosen = _mixed((wanted, *chosen[:1]), rng)
    return state(entity, trait.statements, rng, {field: chosen})
