"""A made-up world in the shape of the real facts, so that the generators can be tested on a clean checkout."""

import re
from collections.abc import Callable
from random import Random

import pytest

from adamem.benchmarks.entity import Entity
from adamem.benchmarks.facts import World
from adamem.config import Benchmark

SYLLABLES = [first + vowel for first, vowel in zip("bcdfghjklmnprstvwxyz", "aouei" * 4, strict=True)]
GOODS = ["gold", "coffee", "rice", "copper", "wood", "fish", "cotton", "salt", "sugar", "wool", "tea", "iron"]
TONGUES = ["Aran", "Belic", "Coric", "Danic", "Elvan", "Faric"]
WORDS = ["we", "must", "keep", "our", "peace", "with", "all", "people", "and", "serve", "them", "in", "better", "days"]


def _name(number: int, prefix: str = "") -> str:
    """A pronounceable name, another one for every number."""
    parts = [SYLLABLES[number // 20**place % 20] for place in range(3)]
    return (prefix + "".join(parts)).capitalize()


def _countries(rng: Random) -> list[Entity]:
    found = []
    for number in range(160):
        name = _name(number, "q")
        facts = {
            "capital": (_name(number, "cap"),),
            "currency": (_name(number, "coin").lower(),),
            "peak": (_name(number, "mount"),),
            "domain": (f".{_name(number)[:2].lower()}{number}",),
            "independence": (str(1800 + number),),
            "age": (f"{20 + number / 10:.1f}",),
            "life": (f"{50 + number / 5:.1f}",),
            "area": (f"{1000 + 37 * number}",),
            "coast": (f"{10 + 3 * number}",),
            "exports": tuple(rng.sample(GOODS, 4)),
            "crops": tuple(rng.sample(GOODS, 4)),
            "language": (rng.choice(TONGUES),),
        }
        found.append(Entity("country", name, f"country:{name}", facts, alias=f"{name}ish"))
    return found


def _airports(countries: list[Entity], rng: Random) -> list[Entity]:
    found = []
    for number in range(700):
        country = rng.choice(countries)
        facts = {"country": (country.name,), "code": (f"Z{number:03d}",), "elevation": (str(7 * number + 1),)}
        found.append(Entity("airport", _name(number, "p"), country.owner, facts))
    return found


def _films(rng: Random) -> list[Entity]:
    actors = [f"{_name(number)} {_name(number, 'l')}" for number in range(150)]
    found = []
    for number in range(800):
        director = f"{_name(number // 4)} {_name(number // 4, 'd')}"
        facts = {
            "director": (director,),
            "cast": tuple(rng.sample(actors, 5)),
            "genre": (rng.choice(["Drama", "Comedy", "Western", "Horror"]),),
            "origin": (_name(rng.randrange(24), "q"),),
            "year": (str(1940 + number % 70),),
            "runtime": (str(80 + number % 60),),
            "released": (f"{number % 28 + 1} May {1940 + number % 70}",),
        }
        found.append(Entity("film", _name(number, "the f"), f"director:{director}", facts))
    return found


def _elements(rng: Random) -> list[Entity]:
    found = []
    for number in range(160):
        name = _name(number) + "ium"
        facts = {
            "symbol": (f"X{number}",),
            "number": (str(number + 1),),
            "density": (f"{number / 7 + 1:.3g}",),
            "weight": (f"{2.1 * number + 1:.4g}",),
            "discovered": (str(1700 + number),),
            "place": (_name(rng.randrange(30), "s"),),
            "series": (rng.choice(["Metals", "Gases", "Salts"]),),
            "finder": (f"{_name(number, 'f')} {_name(number, 'g')}",),
        }
        found.append(Entity("element", name, f"element:{name}", facts, alias=f"X{number}"))
    return found


def _speeches(rng: Random) -> dict[str, tuple[str, ...]]:
    return {
        f"speech:{number}": tuple(" ".join(rng.choices(WORDS, k=12)).capitalize() + "." for _ in range(60))
        for number in range(40)
    }


@pytest.fixture(scope="session")
def world() -> World:
    rng = Random(7)
    countries = _countries(rng)
    entities = {
        "country": tuple(countries),
        "airport": tuple(_airports(countries, rng)),
        "film": tuple(_films(rng)),
        "element": tuple(_elements(rng)),
    }
    return World(entities=entities, speeches=_speeches(rng))


@pytest.fixture(scope="session")
def count() -> Callable[[str], int]:
    """Stands in for the LLM's tokenizer: words of up to four letters, and marks."""
    pattern = re.compile(r"\w{1,4}|[^\w ]")
    return lambda text: len(pattern.findall(text))


@pytest.fixture(scope="session")
def settings() -> Benchmark:
    return Benchmark(train=60, validation=20, test=60, min_tokens=256, max_tokens=512)
