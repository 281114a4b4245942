"""FanOutQA's questions over one-fact documents, on rows in the package's own form (ids, names and values made up)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adamem import config
from adamem.analysis import fanout as page
from adamem.analysis.quality import Bootstrap
from adamem.config import load
from adamem.evaluation import fanout, metrics
from tests.cloned import ROOT

SETTINGS = load(ROOT / "params.yaml").fanout.model_copy(update={"items": 3, "min_tokens": 40, "max_tokens": 90})


def _part(question: str, answer: Any, parts: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    known = {"id": question, "question": question, "answer": answer, "depends_on": [], "evidence": None}
    return {**known, "decomposition": list(parts)}


def _row(number: int) -> dict[str, Any]:
    towns = [f"Town {number}{letter}" for letter in "ABC"]
    answer = {town: 1000 * number + place for place, town in enumerate(towns)}
    single = tuple(_part(f"How many people live in {town}?", answer[town]) for town in towns)
    nested = _part(f"What about district {number}?", None, (_part(f"Which towns has district {number}?", towns),))
    whole = _part(f"How many people live in each town of district {number}?", answer, (nested, *single))
    return {**whole, "categories": []}


ROWS = [_row(number) for number in range(1, 9)]
QUESTIONS = fanout.parse(json.dumps([*ROWS, {**_row(9), "answer": "one"}]))


def words(text: str) -> int:
    return len(text.split())


def test_a_question_has_the_facts_at_its_leaves_and_only_fusion_is_kept() -> None:
    assert [question.id for question in QUESTIONS] == [row["id"] for row in ROWS]
    first = QUESTIONS[0]
    assert first.facts[0] == "Which towns has district 1? Town 1A, Town 1B, Town 1C."
    assert first.facts[1:] == tuple(f"How many people live in Town 1{x}? {1000 + i}." for i, x in enumerate("ABC"))
    assert first.strings == ("Town 1A", "1000", "Town 1B", "1001", "Town 1C", "1002")


def test_every_fact_of_its_own_is_in_the_text_among_those_of_others() -> None:
    for item in fanout.items(QUESTIONS, words, SETTINGS, seed=0):
        own = next(question for question in QUESTIONS if question.id == item.id)
        assert sorted(item.document(index) for index in item.gold) == sorted(own.facts)
        assert len(item.documents) > len(item.gold)
        assert SETTINGS.min_tokens - 20 <= words(item.context) <= SETTINGS.max_tokens
        assert item.target.splitlines()[0].startswith(own.strings[0] + " - ")
        assert metrics.score(item.target, item.references, item.facts).coverage == 1.0


def test_the_same_seed_gives_the_same_items_and_another_one_others() -> None:
    first, again, other = (fanout.items(QUESTIONS, words, SETTINGS, seed) for seed in (0, 0, 1))
    assert first == again
    assert [item.id for item in first] != [item.id for item in other] or first != other


def test_too_few_that_fit_and_a_wrong_file_are_errors() -> None:
    with pytest.raises(ValueError, match=r"fanout\.items: 9 are asked for, 8 questions fit 90 tokens"):
        fanout.items(QUESTIONS, words, SETTINGS.model_copy(update={"items": 9}), 0)
    with pytest.raises(ValueError, match=r"correct fanout\.member"):
        fanout.parse('[{"id": 1}]')
    with pytest.raises(ValueError, match="32 or more above"):
        config.Fanout.model_validate({**SETTINGS.model_dump(), "max_tokens": 50})


def test_the_page_holds_ours_against_each_question_by_question(tmp_path: Any) -> None:
    rows = []
    for method, level in (("adamem", 0.8), ("icae", 0.2)):
        one = dict.fromkeys(fanout.SCORES, level)
        rows.append({"method": method, "n": 5, **one, "items": {str(n): one for n in range(5)}})
    (tmp_path / "fanout.json").write_text(json.dumps(rows), encoding="utf-8")
    text = page.section(page.read(tmp_path / "fanout.json"), Bootstrap(1000, 0))
    assert "| `icae` | 0.20 [0.20, 0.20] | +0.60 [+0.60, +0.60] | 0.20 | 0.20 | 0.20 |" in text
    assert text.endswith("`adamem` is above `icae`.")
    with pytest.raises(ValueError, match="run stage `fanout`"):
        page.read(tmp_path / "none.json")
    (tmp_path / "fanout.json").write_text(json.dumps(rows[1:]), encoding="utf-8")
    with pytest.raises(ValueError, match=r"fanout\.json: no answers of adamem, .* run stage `fanout` again"):
        page.read(tmp_path / "fanout.json")
