"""What the documents of group A say and how its questions are worded."""

from __future__ import annotations

from dataclasses import dataclass

from adamem.benchmarks.wording import Wordings

AIRPORTS = (
    "{name} in {country} has an airport at {elevation} feet.",
    "The airport of {name}, {country}, has the code {code}.",
    "{country}: airport at {name}, elevation {elevation} feet.",
    "Airport {code} serves {name} in {country}.",
)
DIRECTORS = (
    "{name} was directed by {director} and runs {runtime} minutes.",
    "{director} directed {name} in {year}.",
    "{name} is a {year} film by {director}.",
    "The director of {name} ({year}) was {director}.",
)
CASTS = (
    "{name} stars {cast}.",
    "The cast of {name} ({year}): {cast}.",
    "In {name} the actors are {cast}.",
    "{name} ({year}) was played by {cast}.",
)
ORIGINS = (
    "{name} was made in {origin} in {year}.",
    "{origin} is the home of {name} ({year}).",
    "{name}, by {director}, comes from {origin}.",
    "The film {name} was produced in {origin}.",
)
CAPITALS = (
    "The capital of {name} is {capital}.",
    "{name} is governed from {capital}.",
    "{name} has its capital at {capital}.",
)

CITIES = Wordings(
    seen=(
        "Which cities in {x} have an airport here?",
        "Name the airport cities of {x}.",
        "Which of these airports are in {x}?",
        "List the cities that lie in {x}.",
        "Where in {x} are there airports?",
        "Which airports belong to {x}?",
    ),
    held_out=("Give all cities of {x} with an airport.", "To which places in {x} can one fly?"),
    alias_seen=("Which {x} towns are named?", "Where do {x} planes land?", "Name the {x} towns."),
    alias_held_out=("Which towns have a {x} runway?",),
)
FILMS = Wordings(
    seen=(
        "Which films did {x} direct?",
        "Name the films directed by {x}.",
        "What films were made by {x}?",
        "Which of these films are by {x}?",
        "List the works of {x}.",
        "{x} directed which films?",
    ),
    held_out=("Which movies did {x} helm?", "What pictures came from {x}?"),
)
FROM = Wordings(
    seen=(
        "Which films were made in {x}?",
        "Name the films from {x}.",
        "Which of these films come from {x}?",
        "List the films produced in {x}.",
        "What films did {x} produce?",
        "{x} is the home of which films?",
    ),
    held_out=("Which movies have their origin in {x}?", "What did the studios of {x} shoot?"),
    alias_seen=("Which {x} movies are listed?", "Name the {x} movies.", "What did {x} studios shoot?"),
    alias_held_out=("Which titles belong to {x} cinema?",),
)
ACTORS = Wordings(
    seen=(
        "Who acts in both {x} and {y}?",
        "Which actor is in {x} and in {y}?",
        "Name the actor that {x} and {y} share.",
        "Who plays in {x} as well as in {y}?",
        "{x} and {y} have which actor in common?",
        "Who belongs to the cast of {x} and of {y}?",
    ),
    held_out=("Who links {x} with {y}?", "Which performer appears in {x} and also {y}?"),
)
HOPS = Wordings(
    seen=(
        "Which other film has the director of {x}?",
        "What else did the director of {x} make?",
        "Name another film by the director of {x}.",
        "Which film comes from the same director as {x}?",
        "{x} and which other film share a director?",
        "Which film besides {x} did its director make?",
    ),
    held_out=("What further movie did the maker of {x} helm?", "Which film has the same director as {x}?"),
)
HOMES = Wordings(
    seen=(
        "What is the capital of the country where {x} lies?",
        "Which capital governs the country of {x}?",
        "Name the capital of the country of {x}.",
        "{x} is in a country with which capital?",
        "From which capital is the country of {x} governed?",
        "Give the capital of the country that holds {x}.",
    ),
    held_out=("What capital does the land of {x} have?", "Which seat of government rules over {x}?"),
)


@dataclass(frozen=True)
class Trait:
    """A fact that several countries have in common."""

    statements: tuple[str, ...]
    wordings: Wordings


TRAITS = {
    "exports": Trait(
        (
            "{name} exports {exports}; its capital is {capital}.",
            "The exports of {name} are {exports}.",
            "{name}, capital {capital}, exports {exports}.",
        ),
        Wordings(
            seen=(
                "Which countries export {x}?",
                "Name the countries that export {x}.",
                "Which of these countries export {x}?",
                "Who exports {x}?",
                "List the exporters of {x}.",
                "{x} is exported by which countries?",
            ),
            held_out=("Which countries sell {x} abroad?", "From where does {x} come?"),
        ),
    ),
    "crops": Trait(
        (
            "{name} grows {crops}; its capital is {capital}.",
            "Farms in {name} produce {crops}.",
            "{name}, capital {capital}, produces {crops}.",
        ),
        Wordings(
            seen=(
                "Which countries produce {x}?",
                "Name the countries that produce {x}.",
                "Which of these countries grow {x}?",
                "Who produces {x}?",
                "List the producers of {x}.",
                "{x} is produced in which countries?",
            ),
            held_out=("In which countries do farms have {x}?", "Which countries harvest {x}?"),
        ),
    ),
    "language": Trait(
        (
            "In {name} people speak {language}; the capital is {capital}.",
            "People in {name} speak {language}.",
            "{name}, capital {capital}, speaks {language}.",
        ),
        Wordings(
            seen=(
                "Which countries speak {x}?",
                "Name the countries that speak {x}.",
                "In which of these countries do people speak {x}?",
                "Who speaks {x}?",
                "List the countries where {x} is spoken.",
                "{x} is spoken in which countries?",
            ),
            held_out=("Which countries talk in {x}?", "Where does one hear {x}?"),
        ),
    ),
}
