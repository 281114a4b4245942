"""Which items a control asks about instead of the ones it is scored on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adamem.baselines import catalogue
from adamem.benchmarks.item import Item
from adamem.models.host import HostLLM
from tests import tiny, workplace


def test_a_gold_context_is_the_answering_documents_in_order() -> None:
    text = "Lima is in Peru.\nOslo is cold.\nCusco is in Peru."
    item = Item("A-0", "A", "", text, ((0, 16), (17, 30), (31, 48)), "Q?", "", (), (0, 2), (), 0, True)
    [found] = catalogue.entry("adamem_gold").items([item])
    assert found.context == "Lima is in Peru.\nCusco is in Peru."
    assert [found.document(index) for index in range(2)] == ["Lima is in Peru.", "Cusco is in Peru."]
    assert found.question == item.question


def test_the_wrong_memory_is_another_context_of_the_same_kind() -> None:
    entry = catalogue.entry("adamem_wrong_memory")
    kinds = ("code", "date", "code", "place", "date", "code")
    items = [
        Item(str(number), "A", kind, f"Text {number}.", (), f"Q{number}?", "", (), (), (), 0, True)
        for number, kind in enumerate(kinds)
    ]
    asked = entry.items(items)
    assert [item.context[5] for item in asked] == ["2", "4", "5", "4", "1", "0"]
    assert [item.question for item in asked] == [item.question for item in items]
    assert entry.items([]) == []


def test_a_wrong_memory_does_not_state_the_answer_where_another_text_can_be_had() -> None:
    """Not even in other letters; a number within a longer one is no answer. The next of the kind where all state it."""
    texts = ("Iron has 26.", "Tin has 50, and iron 26.", "Zinc has 260.", "OSLO is cold.", "Lima. Oslo.")
    kinds, answers = ("number",) * 3 + ("city",) * 2, ("26", "50", "260", "Oslo", "Lima")
    items = [
        Item(str(number), "B", kind, text, (), "Q?", answer, (answer,), (), (), 0, True)
        for number, (kind, text, answer) in enumerate(zip(kinds, texts, answers, strict=True))
    ]
    asked = catalogue.entry("adamem_wrong_memory").items(items)
    assert [item.context for item in asked] == [texts[2], texts[2], texts[0], texts[4], texts[3]]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What is trained, by variant, without the statistics that it was trained with."""
    folder = tmp_path_factory.mktemp("checkpoints")
    made = {name: workplace.furnish(folder / name, name) for name in ("plain", "features", "soft_prefix-retrieval")}
    for models in made.values():
        shutil.rmtree(models / "features")
    return made


@pytest.mark.parametrize("name", catalogue.EMPTY)
def test_a_trained_method_needs_its_checkpoint_and_no_statistics_beside_it(
    checkpoints: dict[str, Path], name: str
) -> None:
    """Stages that ask it name the one, and not the other."""
    [case] = [case for case in workplace.CASES if case.name == name and case.variant in checkpoints]
    assert workplace.load(case, checkpoints[case.variant]).state_dict()


def test_a_name_that_is_no_method() -> None:
    with pytest.raises(ValueError, match="no method 'adamen'; there are: adamem, "):
        catalogue.entry("adamen")


@pytest.mark.parametrize("name", [name for name in catalogue.PEERS if name.endswith("_tuned")])
def test_a_peer_that_cannot_read_between_the_layers_says_so(name: str, llm: HostLLM, tmp_path: Path) -> None:
    params = tiny.settings({"interface": {"kind": "deep_prompt"}})
    with pytest.raises(ValueError, match=rf"interface\.kind is deep_prompt, and {name} .* soft_prefix"):
        catalogue.peer(catalogue.Bench(llm, params, tmp_path), name)
