"""Laws over the items of every group."""

from dataclasses import replace
from typing import get_args

import pytest

from adamem.benchmarks.facts import World
from adamem.benchmarks.generate import MODULES, generate
from adamem.benchmarks.item import read, write
from adamem.config import GROUPS, FusionBenchmark
from adamem.data.split import Split, split_of

SPLITS = get_args(Split)


@pytest.fixture(scope="module", params=GROUPS)
def group(request):
    return request.param


@pytest.fixture(scope="module")
def parts(group, world, count, settings):
    return generate(group, world, count, settings, seed=0)


def test_the_same_seed_gives_the_same_items(group, world, count, settings, parts):
    assert generate(group, world, count, settings, seed=0) == parts
    assert generate(group, world, count, settings, seed=1) != parts


def test_counts_are_those_of_the_settings_and_kinds_take_turns(group, parts, settings):
    for part, items in parts.items():
        assert len(items) == getattr(settings, "test" if part == "counterfactual" else part)
        assert len({item.id for item in items}) == len(items)
    assert [item.kind for item in parts["train"][: len(MODULES[group].KINDS)]] == list(MODULES[group].KINDS)


def test_entities_stay_in_their_split(parts):
    for part in SPLITS:
        assert all({split_of(entity) for entity in item.entities} == {part} for item in parts[part])


def test_filler_comes_from_speeches_of_the_split(parts, world):
    home = {text: split_of(key) for key, texts in world.speeches.items() for text in texts}
    for part in SPLITS:
        lines = [item.document(i) for item in parts[part] for i in range(len(item.documents))]
        assert {home[line] for line in lines if line in home} <= {part}


def test_documents_tile_the_context(parts):
    for item in parts["test"]:
        gaps = [
            item.context[end:start] for (_, end), (start, _) in zip(item.documents, item.documents[1:], strict=False)
        ]
        assert item.documents[0][0] == 0
        assert item.documents[-1][1] == len(item.context)
        assert set(gaps) <= {"\n", " "}


def test_gold_documents_state_the_answer(parts):
    for item in (*parts["test"], *parts["counterfactual"]):
        evidence = " ".join(item.document(index) for index in item.gold)
        values = [value for fact in item.facts for value in fact.accepted] or item.target.split(", ")
        assert all(value in evidence for value in values), item.id


def test_contexts_and_targets_keep_their_length(group, parts, count, settings):
    for items in parts.values():
        assert all(settings.min_tokens <= count(item.context) <= settings.max_tokens for item in items)
        assert all(count(item.target) <= MODULES[group].ANSWER_TOKENS for item in items)


def test_a_fifth_of_the_test_questions_share_no_word_with_the_evidence(parts):
    share = sum(not item.lexical for item in parts["test"]) / len(parts["test"])
    assert 0.05 < share < 0.5


def test_counterfactual_copies_ask_the_same_of_other_facts(parts):
    originals = {item.id: item for item in parts["test"]}
    for copy in parts["counterfactual"]:
        original = originals[copy.source]
        assert (copy.question, copy.wording, copy.kind) == (original.question, original.wording, original.kind)
        assert copy.context != original.context
        assert not set(copy.references) & set(original.references)
        assert len(copy.documents) == len(original.documents)
    assert all(item.source is None for part in SPLITS for item in parts[part])


def test_items_survive_the_file(tmp_path, parts):
    write(tmp_path / "test.jsonl", parts["test"])
    assert read(tmp_path / "test.jsonl") == parts["test"]


def test_too_few_entities_are_an_error_that_names_what_is_missing(world, count, settings):
    bare = World(entities={**world.entities, "film": ()}, speeches=world.speeches)
    with pytest.raises(ValueError, match="split train has no 2 films that share a director"):
        generate("A", bare, count, settings, seed=0)
    with pytest.raises(ValueError, match="split train has no speech"):
        generate("D", World(entities=world.entities, speeches={}), count, settings, seed=0)


def test_too_few_documents_are_an_error_that_names_kind_and_setting(world, count, settings):
    long = settings.model_copy(update={"min_tokens": 9000, "max_tokens": 9500})
    with pytest.raises(ValueError, match=r"split train: no new item of kind 'cities_in_country'.* benchmarks.A.train"):
        generate("A", world, count, long, seed=0)


def test_only_the_kinds_that_the_settings_name_are_asked(world, count, settings):
    few = {"train": 4, "validation": 4, "test": 4}
    small = settings.model_copy(update={**few, "kinds": ("two_hop",)})
    assert {item.kind for items in generate("A", world, count, small, seed=0).values() for item in items} == {"two_hop"}


def test_lists_have_as_many_names_as_the_settings_say(world, count, settings):
    few = {"train": 6, "validation": 2, "test": 6, "kinds": ("films_by_director", "films_from_country")}
    lists = FusionBenchmark(**{**settings.model_dump(), **few}, list_length=(3, 4))
    made = [item for items in generate("A", world, count, lists, seed=0).values() for item in items]
    assert {len(item.gold) for item in made} == {3, 4}
    assert all(len(item.target.split(", ")) == len(item.gold) for item in made)
    with pytest.raises(ValueError, match=r"A.list_length \[3, 4\] is not for two_hop, which need two documents"):
        generate("A", world, count, lists.model_copy(update={"kinds": ("films_by_director", "two_hop")}), seed=0)


def test_an_unknown_kind_is_refused_with_those_there_are(world, count, settings):
    odd = settings.model_copy(update={"kinds": ("three_hop",)})
    with pytest.raises(ValueError, match=r"benchmarks.A.kinds names 'three_hop'; there are: .*two_hop"):
        generate("A", world, count, odd, seed=0)


def test_a_copy_without_change_is_never_made(world, count, settings, parts):
    for copy in parts["counterfactual"]:
        assert replace(copy, id=copy.source, source=None) not in parts["test"]
