"""Hypotheses on fresh items are judged from these alone, by the rules that hold for all others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from adamem import config
from adamem.analysis import ablations, fresh
from adamem.analysis.ablations import Row
from adamem.analysis.quality import Bootstrap
from adamem.analysis.results import read
from tests.analysis.weighed import ARMS, weigh

Level = Mapping[str, float]
Writer = Callable[[Level], Path]
Named = Callable[[str, Level], Path]
SCORED = {"adamem": 0.9, "rag_minilm_tuned": 0.5, "rag_minilm_k": 0.3, "rag_bm25_k": 0.2}
NAMES = ("fresh0", "fresh1")


@pytest.fixture
def answers(tmp_path: Path, write: Named) -> Path:
    """What two trainings answered, with the items beside it; the second was asked what is trained alone."""
    folder = tmp_path / "ablations/answers"
    for name in NAMES:
        scored = SCORED if name == NAMES[0] else {key: SCORED[key] for key in ("adamem", "rag_minilm_tuned")}
        made = write(f"made-{name}", scored)
        shutil.move(made / "benchmarks", folder / name)
        shutil.move(made / "tasks", folder / name / ablations.ITEMS)
    return folder


@pytest.fixture
def rows(row: Callable[..., Row], answers: Path) -> list[Row]:
    return [
        row(name, about=ablations.FRESH, changes=f"seed=1 training_seed={number}", method=one.name)
        for number, name in enumerate(NAMES)
        for one in sorted((answers / name).iterdir())
        if one.name != ablations.ITEMS
    ]


@pytest.mark.parametrize("stale", [False, True])
def test_fresh_items_have_verdicts_of_their_own(
    reports: Writer, levels: Level, rows: list[Row], params: config.AdaMemConfig, stale: bool
) -> None:
    folder = reports({**levels, **dict.fromkeys(ARMS, 0.5), "rag_minilm_tuned": 1.0, "adamem": 0.5})
    table = [one.model_copy(update={"stale": stale}) for one in rows]
    ablations.write(folder / "ablations/ablations.csv", table)
    assert weigh(folder, params)["H2"]["verdict"] == "not supported"
    found = json.loads((folder / "evidence" / fresh.FILE).read_text(encoding="utf-8"))
    page = (folder / "evidence/README.md").read_text(encoding="utf-8")
    if stale:
        assert found == {} and fresh.TITLE not in page
        return
    assert list(found) == ["H2"], "nobody was asked what the others need"
    assert (found["H2"]["verdict"], found["H2"]["seeds"]) == ("supported", 2)
    assert found["H2"]["effect"] == pytest.approx(0.9 - 0.5)
    assert {one["against"] for one in found["H2"]["effects"]} == {"rag_minilm_tuned", "rag_minilm_k", "rag_bm25_k"}
    section = page.split(f"## {fresh.TITLE}")[1].split("\n## ")[0]
    assert "`seed=1`; 2 training seeds" in section and "| `adamem` | fresh items | 2 | 0.90 (0.90 to 0.90)" in section


def test_questions_that_were_asked_before_are_counted(
    reports: Writer, levels: Level, answers: Path, rows: list[Row], params: config.AdaMemConfig
) -> None:
    folder, draw = reports(levels), Bootstrap.of(params)
    new = fresh.load(answers, rows, folder / "tasks", draw)
    old = replace(new, results=read(folder / "benchmarks", folder / "tasks"), again={})
    assert "A 40 and 40 of 40; B 40 and 40 of 40" in fresh.section(rows, [], new, old)
    path = folder / "benchmarks/adamem/A.jsonl"
    path.write_text(path.read_text().replace("<country 0>", "<country 99>").replace('"Lima","the', '"Oslo","the', 1))
    old = replace(new, results=read(folder / "benchmarks", folder / "tasks"), again={})
    assert "A 39 and 39 of 40" in fresh.section(rows, [], new, old)


def test_answers_are_held_against_the_items_beside_them(
    reports: Writer, levels: Level, answers: Path, rows: list[Row], params: config.AdaMemConfig
) -> None:
    tasks = reports(levels) / "tasks"
    path = answers / "fresh1" / ablations.ITEMS / "A/test.jsonl"
    path.write_text(path.read_text(encoding="utf-8").split("\n", 1)[1], encoding="utf-8")
    known = fresh.load(answers, rows, tasks, Bootstrap.of(params))
    results = known.again[2]
    with pytest.raises(ValueError, match="1 answers, A-test-00000 first, belong to no item"):
        results.pairs("adamem", "rag_minilm_tuned", "A", "f1")


def test_items_of_two_draws_are_never_compared(reports: Writer, levels: Level) -> None:
    """Their ids are the same."""
    folder = reports(levels)
    path = folder / "benchmarks/icae/A.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("<country 3>", "<country 99>"), encoding="utf-8")
    results = read(folder / "benchmarks", folder / "tasks")
    with pytest.raises(ValueError, match=r"group A: adamem and icae were asked other questions .* A-test-00003 first"):
        results.pairs("adamem", "icae", "A", "f1")
