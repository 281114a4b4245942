"""Answers as pure functions of the documents in view."""

from adamem.benchmarks.entity import Document
from adamem.benchmarks.item import Fact
from adamem.benchmarks.queries import Chain, Look, Select, Shared, Sibling, Summary


def doc(name, **values):
    stated = tuple((field, value if isinstance(value, tuple) else (value,)) for field, value in values.items())
    return Document("{name}: " + ", ".join(f"{{{field}}}" for field, _ in stated), name, f"owner:{name}", stated)


JAWS = doc("Jaws", director="Spielberg", cast=("Roy", "Shaw"))
HOOK = doc("Hook", director="Spielberg", cast=("Robin", "Roy"))
HEAT = doc("Heat", director="Mann", cast=("Al", "Val"))
FILMS = [HEAT, HOOK, JAWS]


def test_select_lists_names_in_order_of_appearance():
    query = Select("director", "Spielberg")
    assert query.answer(FILMS) == ("Hook", "Jaws")
    assert query.gold(FILMS) == (1, 2)
    assert query.references(query.answer(FILMS)) == ("Hook, Jaws", "Jaws, Hook")


def test_three_answers_are_accepted_in_any_of_six_orders():
    assert len(Select("a", "b").references(("x", "y", "z"))) == 6


def test_shared_needs_both_documents():
    query = Shared(("Jaws", "Hook"), "cast")
    assert query.answer(FILMS) == ("Roy",)
    assert query.gold(FILMS) == (1, 2)
    assert query.answer([HEAT, HOOK]) == ()


def test_sibling_goes_from_film_to_director_to_film():
    query = Sibling("Jaws", "director")
    assert query.answer(FILMS) == ("Hook",)
    assert query.gold(FILMS) == (1, 2)


def test_chain_follows_a_name_into_another_document():
    documents = [doc("Cusco", country="Peru"), doc("Peru", capital="Lima"), doc("Chile", capital="Santiago")]
    query = Chain("Cusco", "country", "capital")
    assert query.answer(documents) == ("Lima",)
    assert query.gold(documents) == (0, 1)


def test_look_reads_one_document():
    assert Look("Heat", "director").answer(FILMS) == ("Mann",)
    assert Look("Heat", "director").gold(FILMS) == (0,)
    assert Look("Alien", "director").answer(FILMS) == ()


def test_a_summary_follows_the_majority_and_names_what_contradicts_it():
    reports = [doc("Peru", capital="Lima", peak="Huascaran"), doc("Peru", capital="Lima"), doc("Peru", capital="Quito")]
    assert Summary("Peru", (("capital", "capital"),)).answer(reports) == ("capital Lima",)
    assert Summary("Peru", (("capital", "capital"),)).facts(reports) == (Fact("capital", ("Lima",), ("Quito",)),)
    assert Summary("Peru", (("capital", "capital"),)).gold(reports) == (0, 1, 2)
    assert Summary("Peru", (("peak", "top"),)).gold(reports) == (0,)


def test_a_summary_without_a_majority_has_no_answer():
    tie = [doc("Peru", capital="Lima"), doc("Peru", capital="Quito")]
    assert Summary("Peru", (("capital", "capital"),)).answer(tie) == ()
    assert Summary("Peru", (("capital", "capital"),)).answer(tie[:1]) == ()


def test_exchanged_values_show_in_the_text():
    assert JAWS.exchanged("director", {"Spielberg": "Mann"}).text == "Jaws: Mann, Roy, Shaw"
    assert JAWS.exchanged("name", {"Jaws": "Heat"}).text == "Heat: Spielberg, Roy, Shaw"
