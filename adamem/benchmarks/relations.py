"""Single facts: how documents state them and how questions ask for them. Shared by recall and lookup."""

from __future__ import annotations

from dataclasses import dataclass

from adamem.benchmarks.wording import Wordings


@dataclass(frozen=True)
class Relation:
    """A fact `field` of entities of one `kind`."""

    kind: str
    field: str
    statements: tuple[str, ...]
    wordings: Wordings


FIGURES = {
    "airport_code": Relation(
        "airport",
        "code",
        (
            "The airport of {name} has the code {code}.",
            "{name}: airport code {code}, elevation {elevation} feet.",
            "Planes to {name} carry the code {code} on their tags.",
        ),
        Wordings.framed(("the airport code of {x}", "the code for {x}", "the IATA letters of {x}")),
    ),
    "elevation": Relation(
        "airport",
        "elevation",
        (
            "The airport of {name} lies at {elevation} feet.",
            "{name}: elevation {elevation} feet, airport code {code}.",
            "At {name} the runway has an elevation of {elevation} feet.",
        ),
        Wordings.framed(("the elevation of {x}", "the height of the airport at {x}", "the altitude measured at {x}")),
    ),
    "atomic_number": Relation(
        "element",
        "number",
        (
            "{name} has atomic number {number} and density {density}.",
            "Element {number} is {name}, with a density of {density}.",
            "{name} has the atomic number {number} in the table of the elements.",
        ),
        Wordings.framed(
            ("the atomic number of {x}", "the number of {x}", "the place of {x} in the periodic table"),
            ("How many protons are in {x}?", "Count the protons of {x}.", "{x} holds how many protons?"),
            ("What is the proton count of {x}?",),
        ),
    ),
    "density": Relation(
        "element",
        "density",
        (
            "{name} has density {density} and atomic number {number}.",
            "The density of {name}, element {number}, is {density}.",
            "{name}: density {density}, atomic number {number}.",
        ),
        Wordings.framed(
            ("the density of {x}", "the density value of {x}", "the mass per volume of {x}"),
            ("How heavy is a cubic centimetre of {x}?", "How many grams weighs 1 cc of {x}?", "How compact is {x}?"),
            ("What does a cubic centimetre of {x} weigh?",),
        ),
    ),
    "release_date": Relation(
        "film",
        "released",
        (
            "{name} was released on {released}.",
            "{name} opened on {released}.",
            "The release date of {name} is {released}.",
        ),
        Wordings.framed(("the release date of {x}", "the day of release of {x}", "the opening day of {x}")),
    ),
    "runtime": Relation(
        "film",
        "runtime",
        (
            "{name} ({year}) runs {runtime} minutes.",
            "{name} has a length of {runtime} minutes.",
            "The film {name} lasts {runtime} minutes.",
        ),
        Wordings.framed(("the length of {x}", "the running time of {x}", "the duration of {x}")),
    ),
    "median_age": Relation(
        "country",
        "age",
        (
            "In {name} the median age is {age} years.",
            "{name}: median age {age} years, capital {capital}.",
            "Half of the people in {name} are younger than {age} years.",
        ),
        Wordings.framed(
            ("the median age in {x}", "the median age of {x}", "the middle age of people in {x}"),
            ("How old is a typical {x} citizen?", "How old are {x} folk?", "Say how old a normal {x} citizen is."),
            ("An ordinary {x} citizen is how old?",),
        ),
    ),
    "area": Relation(
        "country",
        "area",
        (
            "{name} covers {area} sq km.",
            "{name} has an area of {area} sq km and its capital is {capital}.",
            "The area of {name} is {area} sq km.",
        ),
        Wordings.framed(
            ("the area of {x}", "the land area of {x}", "the size of {x}"),
            ("How big is the {x} state?", "How much land is {x}?", "How large is the {x} nation?"),
            ("What is the size of the {x} land?",),
        ),
    ),
    "internet_domain": Relation(
        "country",
        "domain",
        (
            "Web sites of {name} end in {domain}.",
            "{name}: internet domain {domain}, capital {capital}.",
            "The internet domain of {name} is {domain}.",
        ),
        Wordings.framed(
            ("the internet domain of {x}", "the domain of {x}", "the web ending of {x}"),
            ("How do {x} addresses finish online?", "What suffix marks {x} pages?", "Which suffix is {x}?"),
            ("What letters close a {x} address online?",),
        ),
    ),
}

NAMES = {
    "capital": Relation(
        "country",
        "capital",
        (
            "The capital of {name} is {capital}.",
            "{name} has its capital at {capital}.",
            "{capital} is the capital of {name}.",
        ),
        Wordings.framed(
            ("the capital of {x}", "the capital city of {x}", "the town from which {x} is governed"),
            ("Where does the {x} government sit?", "Where do {x} ministers work?", "What city rules {x} people?"),
            ("Which town hosts the {x} government?",),
        ),
    ),
    "currency": Relation(
        "country",
        "currency",
        (
            "{name} pays in {currency}.",
            "The currency of {name} is called {currency}.",
            "Shops in {name} take {currency}.",
        ),
        Wordings.framed(
            ("the currency of {x}", "the money used in {x}", "the money that people in {x} pay with"),
            ("What do {x} wallets hold?", "What money do {x} banks print?", "What coins do {x} buyers use?"),
            ("Which cash do {x} people carry?",),
        ),
    ),
    "peak": Relation(
        "country",
        "peak",
        (
            "The highest point of {name} is {peak}.",
            "In {name} no mountain is higher than {peak}.",
            "{peak} is the highest place in {name}.",
        ),
        Wordings.framed(
            ("the highest point of {x}", "the highest mountain in {x}", "the tallest peak of {x}"),
            ("What tops the {x} land?", "What is the {x} summit?", "Which summit do {x} climbers dream of?"),
            ("Where does {x} land rise most?",),
        ),
    ),
    "airport_country": Relation(
        "airport",
        "country",
        (
            "{name} is a place in {country}.",
            "The airport of {name} belongs to {country}.",
            "{name} lies in {country}.",
        ),
        Wordings.framed(("the country of {x}", "the country where {x} lies", "the land to which {x} belongs")),
    ),
    "film_director": Relation(
        "film",
        "director",
        (
            "{name} was directed by {director}.",
            "{director} directed {name}.",
            "The director of {name} was {director}.",
        ),
        Wordings.framed(("the director of {x}", "the person who directed {x}", "the maker of {x}")),
    ),
    "discovery_place": Relation(
        "element",
        "place",
        (
            "{name} was discovered in {place}.",
            "The discovery of {name} was made in {place}.",
            "{place} is where {name} was discovered.",
        ),
        Wordings.framed(
            ("the place where {x} was discovered", "the place of discovery of {x}", "the country that first found {x}"),
            ("Where was {x} first isolated?", "In what land was {x} found?", "Who first had {x}, by country?"),
            ("From which country comes {x}?",),
        ),
    ),
    "independence": Relation(
        "country",
        "independence",
        (
            "{name} became independent in {independence}.",
            "The independence of {name} dates from {independence}.",
            "Since {independence} {name} has been independent.",
        ),
        Wordings.framed(
            ("the year when {x} became independent", "the date of independence of {x}", "the year that set {x} free"),
            ("When did {x} freedom begin?", "When were {x} people set free?", "What year freed the {x} people?"),
            ("When did {x} rule by others end?",),
        ),
    ),
}
