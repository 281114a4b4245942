"""What the reports of group C say and how a summary is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from adamem.benchmarks.wording import Wordings


@dataclass(frozen=True)
class Askable:
    """How a fact is named in the summary, and in questions that avoid the words of the reports."""

    printed: str
    alias: str


@dataclass(frozen=True)
class Theme:
    """What reports on a kind of entity can say: clauses by fact, and the facts that may be asked for.

    A clause states one fact. `many` names facts of which a report states up to three values.
    """

    clauses: dict[str, tuple[str, ...]]
    asked: dict[str, Askable]
    many: tuple[str, ...] = ()


OPENINGS = ("Report on {name}: ", "{name} in brief: ", "Notes about {name}: ", "On {name} we hear: ", "{name}: ")

WORDINGS = Wordings(
    seen=(
        "Summarise {x}: give its {facts}.",
        "What do the reports say about the {facts} of {x}?",
        "Give the {facts} of {x}.",
        "For {x}, state the {facts}.",
        "In short, what are the {facts} of {x}?",
        "Write a summary of {x} with its {facts}.",
    ),
    held_out=("Sum up {x} by its {facts}.", "From the reports, list the {facts} of {x}."),
    alias_seen=("Summarise the {x} {facts}.", "{x} {facts}: sum up.", "State the {x} {facts}."),
    alias_held_out=("Describe briefly: {x} {facts}.",),
)

_COUNTRY = Theme(
    clauses={
        "capital": ("the capital is {capital}", "its capital city is {capital}"),
        "currency": ("the currency is {currency}", "people pay in {currency}"),
        "peak": ("the highest point is {peak}", "no mountain is higher than {peak}"),
        "domain": ("the internet domain is {domain}", "web sites end in {domain}"),
        "independence": ("it became independent in {independence}", "independence came in {independence}"),
        "age": ("the median age is {age} years", "half of the people are under {age} years"),
        "life": ("people live for {life} years", "life expectancy is {life} years"),
        "area": ("the area is {area} sq km", "it covers {area} sq km"),
        "coast": ("the coast is {coast} km long", "it has {coast} km of coast"),
        "exports": ("it exports {exports}", "what it sells abroad is {exports}"),
        "crops": ("farms produce {crops}", "its fields give {crops}"),
    },
    asked={
        "capital": Askable("capital", "seat of government"),
        "currency": Askable("currency", "money"),
        "peak": Askable("highest point", "summit"),
        "domain": Askable("domain", "online suffix"),
        "independence": Askable("independence", "start of freedom"),
    },
    many=("exports", "crops"),
)

_FILM = Theme(
    clauses={
        "director": ("the director is {director}", "it was directed by {director}"),
        "year": ("the year is {year}", "it was made in {year}"),
        "genre": ("the genre is {genre}", "it belongs to the genre {genre}"),
        "origin": ("the country is {origin}", "it comes from {origin}"),
        "runtime": ("it runs {runtime} minutes", "the length is {runtime} minutes"),
        "released": ("it opened on {released}", "the first showing was on {released}"),
        "star": ("the star is {star}", "{star} is the star"),
        "cast": ("also on the screen are {cast}", "other roles went to {cast}"),
    },
    asked={
        "director": Askable("director", "maker"),
        "year": Askable("year", "date"),
        "genre": Askable("genre", "sort"),
        "origin": Askable("country", "home"),
        "star": Askable("star", "lead"),
    },
    many=("cast",),
)

_ELEMENT = Theme(
    clauses={
        "number": ("the atomic number is {number}", "it has number {number}"),
        "density": ("the density is {density}", "it has a density of {density}"),
        "weight": ("the atomic weight is {weight}", "an atom weighs {weight} units"),
        "discovered": ("it was discovered in {discovered}", "the year of discovery is {discovered}"),
        "place": ("the place of discovery is {place}", "it was first found in {place}"),
        "series": ("it belongs to the group {series}", "its family is {series}"),
        "finder": ("the discoverer is {finder}", "{finder} found it"),
    },
    asked={
        "number": Askable("number", "count of protons"),
        "series": Askable("group", "class"),
        "discovered": Askable("discovery", "date"),
        "place": Askable("place", "land of origin"),
        "finder": Askable("discoverer", "scientist"),
    },
)

THEMES = {"country": _COUNTRY, "film": _FILM, "element": _ELEMENT}
