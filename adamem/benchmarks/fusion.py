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
from adamem.config import NAMES

KINDS = (
    "cities_in_country",
    "films_by_director",
    "shared_actor",
    "two_hop",
    "countries_with",
    "films_from_country",
    "home_capital",
)
ANSWER_TOKENS = 14  # of the shortest lists; longer ones have as many a name
DISTRACTORS = 4  # documents of the kind beside the answer's own; among 8 the LLM does not find them (docs/pipeline.md)
Names = tuple[int, int]  # of a list, fewest and most
ALIAS_SHARE = 0.9  # of the questions on a country that has an adjective


@dataclass(frozen=True)
class _Plan:
    """A question, the documents that answer it, those that may stand beside them, and the fact to swap."""

    asked: Asked
    query: Query
    gold: tuple[Document, ...]
    others: Iterable[Document]
    swap: str


def draw(kind: str, pool: Pool, budget: Budget, rng: Random) -> Draft | None:
    """One item of this kind; None where the drawn entities do not make one."""
    plan = _LISTS[kind](pool, rng, budget.names) if kind in _LISTS else _PAIRS[kind](pool, rng)
    if plan is None:
        return None
    documents = scatter(plan.gold, plan.others, DISTRACTORS, pool.sentences(rng), plan.query, budget, rng)
    return Draft(kind, plan.asked, plan.query, documents, swap=(plan.swap,), min_gold=budget.names[0])


def _cities(pool: Pool, rng: Random, names: Names) -> _Plan:
    country = pool.pick_value("airport", "country", rng, names[0])
    return _Plan(
        asked=ask(texts.CITIES, pool.split, rng, country, _adjective(country, pool, rng)),
        query=Select("country", country),
        gold=_members(pool, "airport", "country", country, texts.AIRPORTS, rng, names),
        others=_grouped(pool, "airport", "country", texts.AIRPORTS, rng, names),
        swap="country",
    )


def _films(pool: Pool, rng: Random, names: Names) -> _Plan:
    director = pool.pick_value("film", "director", rng, names[0])
    return _Plan(
        asked=ask(texts.FILMS, pool.split, rng, director),
        query=Select("director", director),
        gold=_members(pool, "film", "director", director, texts.DIRECTORS, rng, names),
        others=_grouped(pool, "film", "director", texts.DIRECTORS, rng, names),
        swap="director",
    )


def _from(pool: Pool, rng: Random, names: Names) -> _Plan:
    """The films are held out by their directors; the country is only what they have in common."""
    country = pool.pick_value("film", "origin", rng, names[0])
    return _Plan(
        asked=ask(texts.FROM, pool.split, rng, country, _adjective(country, pool, rng)),
        query=Select("origin", country),
        gold=_members(pool, "film", "origin", country, texts.ORIGINS, rng, names),
        others=_grouped(pool, "film", "origin", texts.ORIGINS, rng, names),
        swap="origin",
    )


def _hop(pool: Pool, rng: Random) -> _Plan:
    director = pool.pick_value("film", "director", rng)
    first, second = rng.sample(pool.groups("film", "director")[director], 2)
    return _Plan(
        asked=ask(texts.HOPS, pool.split, rng, first.name),
        query=Sibling(first.name, "director"),
        gold=tuple(state(film, texts.DIRECTORS, rng) for film in (first, second)),
        others=_grouped(pool, "film", "director", texts.DIRECTORS, rng),
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


def _countries(pool: Pool, rng: Random, names: Names) -> _Plan:
    field, trait = rng.choice(list(texts.TRAITS.items()))
    value = pool.pick_value("country", field, rng, names[0])
    group = pool.groups("country", field)[value]
    owners = rng.sample(group, min(len(group), rng.randint(*names)))
    same = (_trait(entity, field, trait, rng) for entity in pool.shuffled("country", field, rng=rng))
    return _Plan(
        asked=ask(trait.wordings, pool.split, rng, value),
        query=Select(field, value),
        gold=tuple(_trait(entity, field, trait, rng, wanted=value) for entity in owners),
        others=chain(same, _grouped(pool, "airport", "country", texts.AIRPORTS, rng)),
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
    "cities_in_country": _cities,
    "films_by_director": _films,
    "countries_with": _countries,
    "films_from_country": _from,
}
_PAIRS = {
    "shared_actor": _actors,
    "two_hop": _hop,
    "home_capital": _home,
}
LISTS = tuple(_LISTS)  # kinds whose answers have as many names as the settings say


def _adjective(country: str, pool: Pool, rng: Random) -> str | None:
    return pool.alias("country", country) if rng.random() < ALIAS_SHARE else None


def _members(
    pool: Pool, kind: str, field: str, value: str, templates: tuple[str, ...], rng: Random, names: Names
) -> tuple[Document, ...]:
    """As many documents that state the value as a list has names."""
    group = pool.groups(kind, field)[value]
    return tuple(state(entity, templates, rng) for entity in rng.sample(group, min(len(group), rng.randint(*names))))


def _grouped(
    pool: Pool, kind: str, field: str, templates: tuple[str, ...], rng: Random, names: Names = NAMES
) -> Iterator[Document]:
    """Documents in groups, as large as lists are, that share a value."""
    groups = list(pool.groups(kind, field, names[0]).items())
    for value, _ in rng.sample(groups, len(groups)):
        yield from _members(pool, kind, field, value, templates, rng, names)


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
