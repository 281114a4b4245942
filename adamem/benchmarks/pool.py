"""The entities and speeches of one split, with the look-ups that generators need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from random import Random

from adamem.benchmarks.entity import Entity
from adamem.benchmarks.facts import World
from adamem.data.split import Split, split_of

_LAZY = 120  # entities drawn for the distractors of one context, which needs only the first few
_SPEECH = 20  # sentences of the shortest speech that serves as filler


class Pool:
    """What a split may use: whole owners (countries, directors, elements) and whole speeches.

    Every look-up that finds nothing raises a ValueError that names the split and what it lacks.
    """

    def __init__(self, world: World, split: Split) -> None:
        self.split: Split = split
        self._entities = {
            kind: tuple(entity for entity in entities if split_of(entity.owner) == split)
            for kind, entities in world.entities.items()
        }
        self._aliases = {(kind, one.name): one.alias for kind, group in world.entities.items() for one in group}
        speeches = (text for key, text in world.speeches.items() if split_of(key) == split)
        self._speeches = tuple(text for text in speeches if len(text) >= _SPEECH)
        self._having: dict[tuple[str, ...], tuple[Entity, ...]] = {}
        self._groups: dict[tuple[str, str, int], dict[str, tuple[Entity, ...]]] = {}

    def alias(self, kind: str, name: str) -> str | None:
        """Another name, such as a country's adjective: a word of the language, known in every split."""
        return self._aliases.get((kind, name))

    def having(self, kind: str, *fields: str) -> tuple[Entity, ...]:
        """Entities of a kind with all these facts."""
        key = (kind, *fields)
        if key not in self._having:
            self._having[key] = tuple(entity for entity in self._entities.get(kind, ()) if entity.has(*fields))
        return self._having[key]

    def pick(self, kind: str, *fields: str, rng: Random) -> Entity:
        """A random entity with all these facts."""
        entities = self.having(kind, *fields)
        if not entities:
            raise self._lacks(f"{kind} with {' and '.join(fields) or 'any fact'}")
        return rng.choice(entities)

    def shuffled(self, kind: str, *fields: str, rng: Random) -> Iterator[Entity]:
        """Entities with these facts in random order."""
        entities = self.having(kind, *fields)
        return iter(rng.sample(entities, min(len(entities), _LAZY)))

    def values(self, kind: str, field: str, rng: Random) -> tuple[str, ...]:
        """A few values of a fact, first one of each entity: stand-ins for counterfactual copies."""
        return tuple(dict.fromkeys(entity.facts[field][0] for entity in list(self.shuffled(kind, field, rng=rng))[:12]))

    def groups(self, kind: str, field: str, least: int = 2) -> dict[str, tuple[Entity, ...]]:
        """Values of a fact that at `least` so many entities share, with those entities."""
        key = (kind, field, least)
        if key not in self._groups:
            found: defaultdict[str, list[Entity]] = defaultdict(list)
            for entity in self.having(kind, field):
                for value in entity.facts[field]:
                    found[value].append(entity)
            self._groups[key] = {value: tuple(group) for value, group in found.items() if len(group) >= least}
        return self._groups[key]

    def pick_value(self, kind: str, field: str, rng: Random, least: int = 2) -> str:
        """A random value that at `least` so many entities share."""
        groups = self.groups(kind, field, least)
        if not groups:
            raise self._lacks(f"{least} {kind}s that share a {field}")
        return rng.choice(list(groups))

    def sentences(self, rng: Random) -> tuple[str, ...]:
        """The sentences of a random speech."""
        if not self._speeches:
            raise self._lacks(f"speech of {_SPEECH} sentences")
        return rng.choice(self._speeches)

    def _lacks(self, what: str) -> ValueError:
        return ValueError(f"split {self.split} has no {what}: the facts in data/raw/wheels are too few")
