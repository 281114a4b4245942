"""The whole report on made-up answers: numbers, verdicts and page, whichever way they fall."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from adamem import config
from adamem.analysis import costs, curves, hypotheses, page, quality, report
from adamem.analysis.results import read
from adamem.analysis.targets import bounds, targets
from tests.analysis.conftest import SECONDS, UNKNOWN

Level = Mapping[str, float]
Writer = Callable[[Level], Path]


def _numbers(folder: Path, params: config.AdaMemConfig) -> dict[str, Any]:
    return quality.metrics(
        quality.summarise(read(folder / "benchmarks", folder / "tasks"), quality.Bootstrap.of(params))
    )


def _page(folder: Path, params: config.AdaMemConfig) -> str:
    results, bootstrap = read(folder / "benchmarks", folder / "tasks"), quality.Bootstrap.of(params)
    summary = quality.summarise(results, bootstrap)
    cost = costs.read(folder / "efficiency.json")
    claims = hypotheses.judge(hypotheses.Evidence(results, bootstrap), cost)
    judged = page.Judged(targets(results, summary), bounds(results, bootstrap), claims)
    return page.render(params, results, summary, judged, page.Effort(curves.read(folder / "training"), SECONDS, cost))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_metrics_have_the_agreed_shape(good: Path, levels: Level) -> None:
    found = json.loads(_text(good / "metrics.json"))
    assert found["quality"]["icae"]["A"] == {"n": 40, "em": 0.5, "f1": 0.5, "rouge_l": 0.5}
    assert found["quality"]["icae"]["C"]["coverage"] == 0.5
    assert found["counterfactual"]["icae"]["A"]["f1"] == 0.5
    assert {row["b"] for row in found["comparisons"]} == set(levels) - {"adamem"}
    assert len(found["comparisons"]) == 4 * (len(levels) - 1)
    for row in found["comparisons"]:
        assert set(row) == {"group", "metric", "a", "b", "n", "difference", "low", "high"}
        assert row["a"] == "adamem" and row["metric"] == ("coverage" if row["group"] == "C" else "f1")
        assert row["low"] <= row["difference"] <= row["high"]


def test_a_group_of_public_sets_is_judged_by_its_official_score(
    reports: Writer, levels: Level, params: config.AdaMemConfig
) -> None:
    folder = reports(levels)
    for path in folder.glob("benchmarks/*/C.jsonl"):
        rows = [json.loads(line) for line in _text(path).splitlines()]
        public = [row | {"coverage": None, "contradictions": None, "official": row["f1"] / 2} for row in rows]
        path.write_text("".join(json.dumps(row) + "\n" for row in public), encoding="utf-8")
    report.write(folder, folder / "tasks", params, SECONDS, UNKNOWN)
    found = json.loads(_text(folder / "metrics.json"))
    assert found["quality"]["icae"]["C"]["official"] == 0.25 and "coverage" not in found["quality"]["icae"]["C"]
    assert {row["group"]: row["metric"] for row in found["comparisons"]} == dict.fromkeys("ABD", "f1") | {
        "C": "official"
    }
    assert "C official" in _text(folder / "README.md")


def test_a_comparison_is_over_the_items_both_answered(good: Path) -> None:
    found = json.loads(_text(good / "metrics.json"))["comparisons"]
    [row] = [row for row in found if row["b"] == "full_context_tuned" and row["group"] == "A"]
    assert row["n"] == 20
    assert row["difference"] == 0  # the first 20 items: both have all of them right


def test_copies_are_held_against_the_items_they_copy(good: Path) -> None:
    cells = {row[1]: row[2] for row in re.findall(r"^(\| (`\w+`) \| ([^|]+) \|)", _text(good / "README.md").split(
        "## Counterfactual copies")[1].split("\n## ")[0], re.MULTILINE)}  # fmt: skip
    assert cells["`icae`"].startswith("0.50 (-0.50 [-"), "all items that were copied are answered, half of the copies"
    assert cells["`no_context_tuned`"] == "0.00 (+0.00 [+0.00, +0.00])"


def test_the_same_answers_give_the_same_bytes(good: Path, params: config.AdaMemConfig) -> None:
    before = {path: path.read_bytes() for path in good.rglob("*") if path.is_file()}
    report.write(good, good / "tasks", params, SECONDS, UNKNOWN)
    assert before == {path: path.read_bytes() for path in good.rglob("*") if path.is_file()}
    assert not [path for path in before if "partial" in path.name]


def test_another_method_changes_no_number_of_the_others(
    reports: Writer, good: Path, levels: Level, params: config.AdaMemConfig
) -> None:
    before, after = json.loads(_text(good / "metrics.json")), _numbers(reports({**levels, "brand_new": 0.7}), params)
    assert [row for row in after["comparisons"] if row["b"] != "brand_new"] == before["comparisons"]
    assert after["quality"]["icae"] == before["quality"]["icae"]
    assert "brand_new" in after["quality"]


def test_targets_are_met_where_the_numbers_say_so(good: Path) -> None:
    text = _text(good / "README.md")
    assert "8 of 8 targets of quality are met" in text
    assert "not met" not in text
    assert "against `icae`, the better one: +0.400 f1" in text


def test_targets_are_not_met_where_the_numbers_say_so(
    reports: Writer, levels: Level, params: config.AdaMemConfig
) -> None:
    worse = {**{method: 1 - share for method, share in levels.items()}, "adamem": 0.0}
    text = _page(reports(worse), params)
    judged = text.split("**Targets.**")[1]
    assert "against `autocompressor`, the better one: -0.600 f1" in judged
    assert "0.000 against 0.000" in judged and "a share of" not in judged  # no share of nothing
    assert judged.count("**not met**") == 7  # nothing is at least 0.8 of nothing
    assert "| A | not met | -1.000" in text  # the bounds: full context is worse than none


def test_a_target_stays_open_without_its_method(reports: Writer, params: config.AdaMemConfig) -> None:
    text = _page(reports({"adamem": 0.5, "icae": 0.1}), params)
    assert text.count("**open**") == 8
    assert "0 of 8 targets of quality are met" in text
    assert text.count("| open | not run |") == 4


def test_the_page_holds_what_a_visitor_needs(good: Path) -> None:
    text = _text(good / "README.md")
    for expected in (
        "the embedded corpus, which cannot stand for FineWeb",
        "| `adamem` | 0.90 [",
        "SmolLM2-135M-Instruct",
        "A 40, B 40, C 40, D 40 for `adamem`",
        "A 20, B 20, C 20, D 20 for `full_context_tuned`",
        "| `download` | 0.5 |  |",
        "| `phase2` | 6.0 | 2 |",
        "| **sum** | **6.5** |  |",
        "[minutes.md](minutes.md)",
        "## How to reproduce",
    ):
        assert expected in text, expected
    for image in ("quality", "tokens", "losses", "validation", "cost_growth", "cost_amortised"):
        assert f"plots/{image}.png" in text
        assert (good / "plots" / f"{image}.png").stat().st_size > 5_000


def test_examples_show_right_and_wrong_answers_with_their_sources(good: Path) -> None:
    right, wrong = _text(good / "README.md").split("### Answered")[1].split("### Failed")
    assert right.count("expected:") == wrong.count("expected:") == 5
    assert "Qui\\|to" in wrong and "Qui\\|to" not in right
    assert "document 3 “capital: Lima” (0.80)" in right
    assert "\\<country" in right
    assert right.count("**A**") == 2 and right.count("**D**") == 1  # round the groups


def test_retrieval_at_two_budgets_that_come_to_the_same_is_shown_once(
    reports: Writer, levels: Level, params: config.AdaMemConfig
) -> None:
    alike = _page(reports({**levels, "rag_bm25_source": levels["rag_bm25_k"]}), params)
    assert "every answer is the same: `rag_bm25_source` (as `rag_bm25_k`)." in alike
    assert "| `rag_bm25_source` |" not in alike
    other = _page(reports({**levels, "rag_bm25_source": levels["rag_bm25_k"] + 0.1}), params)
    assert "| `rag_bm25_source` |" in other and "every answer is the same" not in other


def test_nothing_answered_is_said(reports: Writer, params: config.AdaMemConfig) -> None:
    text = _page(reports({"adamem": 0.0}), params)
    assert "### Answered\n\n(there is none)" in text


def test_tables_carry_cost_and_interval(good: Path, levels: Level) -> None:
    with (good / "tables" / "quality.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 4 * len(levels)
    first = rows[0]
    assert (first["method"], first["group"], first["decoder_tokens"]) == ("adamem", "A", "16.0")
    assert float(first["low"]) < float(first["value"]) < float(first["high"])
    assert first["coverage"] == ""


def test_every_number_has_a_name_for_the_tracker(good: Path) -> None:
    named = quality.by_name(json.loads(_text(good / "metrics.json")))
    assert named["comparison"]["A"]["adamem - icae"]["difference"] == pytest.approx(0.4)
    assert "comparisons" not in named


def test_missing_or_broken_input_names_the_place(reports: Writer, params: config.AdaMemConfig, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="run the stages `benchmark` first"):
        _numbers(tmp_path / "nowhere", params)
    folder = reports({"adamem": 0.5, "icae": 0.1})
    lines = folder / "benchmarks" / "icae" / "B.jsonl"
    text = _text(lines).split("\n")
    for broken, message in (
        ("\n".join([text[0], text[1].replace('"em":', '"me":')]), r"icae/B.jsonl, line 2: field 'em'"),
        ("{", r"B.jsonl, line 1: not valid JSON"),
        ("", "no answer to a test item"),
    ):
        lines.write_text(broken, encoding="utf-8")
        with pytest.raises(ValueError, match=message):
            _numbers(folder, params)


def test_methods_on_different_items_are_refused(reports: Writer, params: config.AdaMemConfig) -> None:
    folder = reports({"adamem": 0.5, "icae": 0.1})
    for method, kept in (("adamem", slice(0, 10)), ("icae", slice(10, 20))):
        lines = folder / "benchmarks" / method / "A.jsonl"
        lines.write_text("\n".join(_text(lines).split("\n")[kept]), encoding="utf-8")
    with pytest.raises(ValueError, match="adamem and icae share no item"):
        _numbers(folder, params)


def test_an_answer_to_no_known_item_is_refused(reports: Writer, params: config.AdaMemConfig) -> None:
    folder = reports({"adamem": 0.5})
    (folder / "tasks" / "B" / "test.jsonl").unlink()
    with pytest.raises(ValueError, match="40 answers, B-test-00000 first, belong to no item"):
        _numbers(folder, params)


def test_a_curve_file_of_another_kind_is_refused(reports: Writer) -> None:
    folder = reports({"adamem": 0.5})
    (folder / "training" / "odd.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"odd.json: not a learning curve"):
        curves.read(folder / "training")


def test_a_stage_that_learned_nothing_has_no_curve(reports: Writer) -> None:
    folder = reports({"adamem": 0.5})
    choice = {"stage": "baseline@rag", "seconds": 3.0, "steps": [{"step": 0, "rag_bm25_k.f1_at_8": 0.2}]}
    (folder / "training" / "rag.json").write_text(json.dumps(choice), encoding="utf-8")
    assert [training.stage for training in curves.read(folder / "training")] == ["phase1", "phase2"]
