"""Group C: reports overlap by 60-80 %, change one value at most, and leave the truth in the majority."""

from collections import Counter
from itertools import permutations
from random import Random
from statistics import mean

import pytest

from adamem.benchmarks import redundancy
from adamem.benchmarks.assemble import Budget, render
from adamem.benchmarks.pool import Pool
from adamem.benchmarks.redundancy_texts import THEMES


@pytest.fixture(scope="module", params=redundancy.KINDS)
def drafts(request, world, count):
    budget, rng = Budget(count, 200, 512, redundancy.ANSWER_TOKENS), Random(0)
    pool = Pool(world, "test")
    found = [redundancy.draw(request.param, pool, budget, rng) for _ in range(300)]
    kept = [draft for draft in found if draft is not None and render(draft, budget, "C-0", "C") is not None]
    assert len(kept) >= 20
    return kept


def test_three_to_six_reports_on_one_entity(drafts):
    for draft in drafts:
        assert 3 <= len(draft.documents) <= 6
        assert len({document.owner for document in draft.documents}) == 1


def test_reports_overlap_by_60_to_80_percent(drafts):
    shares = []
    for draft in drafts:
        fields = [{field for field, _ in document.values} for document in draft.documents]
        shares += [len(one & other) / len(one) for one, other in permutations(fields, 2)]
    assert 0.6 <= mean(shares) <= 0.8


def test_a_report_changes_one_value_at_most_and_the_truth_wins(drafts, world):
    entities = {(entity.owner, entity.name): entity for group in world.entities.values() for entity in group}
    changed = 0
    for draft in drafts:
        first = draft.documents[0]
        truth = redundancy._values(entities[first.owner, first.name], THEMES[draft.kind])
        false: Counter[str] = Counter()
        for document in draft.documents:
            wrong = [field for field, values in document.values if values != truth[field]]
            assert len(wrong) <= 1
            false.update(wrong)
        stated = Counter(field for document in draft.documents for field, _ in document.values)
        assert all(2 * false[field] < stated[field] for field in false)
        changed += sum(false.values())
    assert changed > len(drafts)


def test_facts_hold_truth_and_lies_apart(drafts):
    for draft in drafts:
        facts = draft.query.facts(draft.documents)
        assert len(facts) == 3
        assert all(not set(fact.accepted) & set(fact.contradicted) for fact in facts)
        target = draft.query.references(draft.query.answer(draft.documents))[0]
        assert target == "; ".join(f"{fact.name} {fact.accepted[0]}" for fact in facts)
