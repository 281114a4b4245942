"""Group A needs every gold document: dropping or altering one changes the answer, other documents do not matter."""

from random import Random

import pytest

from adamem.benchmarks import fusion
from adamem.benchmarks.assemble import Budget, counterfactual, render
from adamem.benchmarks.pool import Pool


@pytest.fixture(scope="module", params=fusion.KINDS)
def drafts(request, world, count):
    budget, rng = Budget(count, 256, 512, fusion.ANSWER_TOKENS), Random(0)
    pool = Pool(world, "train")
    found = [fusion.draw(request.param, pool, budget, rng) for _ in range(60)]
    kept = [draft for draft in found if draft is not None and render(draft, budget, "A-0", "A") is not None]
    assert len(kept) >= 20
    return kept


def test_two_gold_documents_at_least_and_each_is_necessary(drafts):
    for draft in drafts:
        answer, gold = draft.query.answer(draft.documents), draft.query.gold(draft.documents)
        assert len(gold) >= 2
        for index in gold:
            assert draft.query.answer([*draft.documents[:index], *draft.documents[index + 1 :]]) != answer


def test_another_value_in_one_gold_document_changes_the_answer(drafts):
    for draft in drafts:
        answer, gold = draft.query.answer(draft.documents), draft.query.gold(draft.documents)
        for index in gold:
            fields = [field for field, _ in draft.documents[index].values]
            altered = [
                draft.documents[index].exchanged(field, dict.fromkeys(draft.documents[index].get(field), "Elsewhere"))
                for field in ["name", *fields]
                if field != "name"
            ]
            versions = [[*draft.documents[:index], other, *draft.documents[index + 1 :]] for other in altered]
            assert any(draft.query.answer(version) != answer for version in versions)


def test_gold_documents_alone_give_the_same_answer(drafts):
    for draft in drafts:
        gold = [draft.documents[index] for index in draft.query.gold(draft.documents)]
        assert draft.query.answer(gold) == draft.query.answer(draft.documents)


def test_names_are_unique_in_a_context(drafts):
    for draft in drafts:
        names = [document.name for document in draft.documents if document.name]
        assert len(set(names)) == len(names)


def test_the_counterfactual_permutes_values_within_the_context(drafts):
    rng = Random(1)
    for draft in drafts:
        changed = counterfactual(draft.documents, draft, rng)
        for field in draft.swap:
            before, after = (
                {value for document in documents for value in document.get(field)}
                for documents in (draft.documents, changed)
            )
            assert before == after
            pairs = [(old.get(field), new.get(field)) for old, new in zip(draft.documents, changed, strict=True)]
            assert all(old != new for old, new in pairs if old)
