"""Wordings: enough of them, some kept for test, and an honest flag for shared words."""

from random import Random

import pytest

from adamem.benchmarks import fusion_texts, redundancy_texts
from adamem.benchmarks.relations import FIGURES, NAMES
from adamem.benchmarks.wording import Wordings, shares_word

RELATIONS: dict[str, Wordings] = {
    **{name: relation.wordings for name, relation in {**FIGURES, **NAMES}.items()},
    **{name: trait.wordings for name, trait in fusion_texts.TRAITS.items()},
    **{name: value for name, value in vars(fusion_texts).items() if isinstance(value, Wordings)},
    "summary": redundancy_texts.WORDINGS,
}


@pytest.mark.parametrize("name", RELATIONS)
def test_eight_wordings_of_which_two_are_kept_for_test(name):
    wordings = RELATIONS[name]
    assert len(wordings.seen) + len(wordings.held_out) >= 8
    assert len(wordings.held_out) >= 2
    assert len(set(wordings.all)) == len(wordings.all)
    assert all("{x}" in template for template in wordings.all)


CASES = [(name, alias) for name, one in RELATIONS.items() for alias in ((False, True) if one.alias_seen else (False,))]


@pytest.mark.parametrize(("name", "alias"), CASES)
def test_held_out_wordings_are_picked_only_in_test(name, alias):
    wordings, rng = RELATIONS[name], Random(0)
    picked = {
        split: {wordings.pick(split, alias, rng) for _ in range(400)} for split in ("train", "validation", "test")
    }
    assert not any(wordings.is_held_out(index) for index in picked["train"] | picked["validation"])
    assert any(wordings.is_held_out(index) for index in picked["test"])
    assert picked["train"] < picked["test"]


def test_shared_words_are_found_without_case_plural_and_common_words():
    assert shares_word("Which exports has Peru?", ["peru sells gold."])
    assert shares_word("Name the rivers.", ["A river runs."])
    assert not shares_word("Where do Peruvian planes land?", ["Cusco in Peru has an airport."])
    assert not shares_word("What is the one that they have?", ["This is what the others have."])
