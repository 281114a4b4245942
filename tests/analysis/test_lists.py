"""H2 on longer lists is judged from these alone, and not before all planned trainings are there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from adamem import config
from adamem.analysis import ablations, lists
from adamem.analysis.ablations import Row
from adamem.analysis.hypotheses import Evidence
from adamem.analysis.kept import Kept
from adamem.analysis.quality import Bootstrap
from adamem.analysis.results import read

Level = Mapping[str, float]
TRAINED = {"adamem": 0.9, "rag_minilm_tuned": 0.5, "rag_minilm_written": 0.6}
UNTRAINED = {"rag_minilm_k": 0.3, "rag_bm25_k": 0.2}
DRAW = "benchmarks.A.list_length=[4,4]"
ITEMS = "items/benchmarks.A.list_length=_4_4_"
COST = json.loads('{"lengths": {}}')


@pytest.fixture
def committed(reports: Callable[[Level], Path], levels: Level, params: config.AdaMemConfig) -> Evidence:
    """Shorter lists, where retrieval is ahead."""
    folder = reports({**levels, "adamem": 0.5, "rag_minilm_tuned": 1.0})
    return Evidence(read(folder / "benchmarks", folder / "tasks"), Bootstrap.of(params))


@pytest.fixture
def answers(tmp_path: Path, write: Callable[[str, Level], Path], row: Callable[..., Row]) -> Kept:
    folder, rows = tmp_path / "ablations/answers", []
    for number in range(3):
        scored = TRAINED | (UNTRAINED if number == 0 else {})
        made = write(f"made{number}", scored)
        _train(made / "benchmarks")
        shutil.move(made / "benchmarks", folder / f"four{number}")
        shutil.copytree(made / "tasks", folder / ITEMS, dirs_exist_ok=True)
        changes = f"training_seed={number} {DRAW}"
        rows += [row(f"four{number}", about=ablations.LISTS, changes=changes, method=method) for method in scored]
    return Kept(folder, rows, tmp_path / "tasks")


def test_the_verdict_is_of_these_lists_alone(committed: Evidence, answers: Kept) -> None:
    found = lists.weigh(answers, committed, COST)
    [claim] = found.claims
    assert (claim.name, claim.verdict, claim.seeds) == ("H2", "supported", 3)
    assert {effect.against for effect in claim.effects} == {*UNTRAINED, "rag_minilm_tuned", "rag_minilm_written"}
    assert f"differ by\n`{DRAW}`; 3 training seeds" in found.section
    assert "| `adamem` | four names | 3 | 0.90 (0.90 to 0.90) |" in found.section
    assert "| `rag_minilm_tuned` | two or three names | 1 | 1.00 |" in found.section


@pytest.mark.parametrize(
    "lacking",
    [("four2", "adamem"), ("four2", "rag_minilm_tuned"), ("four0", "rag_bm25_k"), (None, "rag_minilm_written")],
)
def test_no_verdict_before_all_that_was_planned_is_there(
    committed: Evidence, answers: Kept, lacking: tuple[str | None, str]
) -> None:
    """A training of ours or of an opponent, or an opponent as a whole."""
    old = [
        row.model_copy(update={"stale": True}) if lacking in ((row.experiment, row.method), (None, row.method)) else row
        for row in answers.rows
    ]
    found = lists.weigh(Kept(answers.folder, old, answers.tasks), committed, COST)
    assert not found.claims and lists.OPEN in found.section and "supported" not in found.section


def test_without_current_answers_it_says_so_or_nothing(committed: Evidence, answers: Kept) -> None:
    assert lists.weigh(Kept(answers.folder, [], answers.tasks), committed, COST).section == ""
    old = Kept(answers.folder, [one.model_copy(update={"stale": True}) for one in answers.rows], answers.tasks)
    assert lists.weigh(old, committed, COST).section.startswith("Out of date")


def _train(answers: Path) -> None:
    """Answers of retrieval whose vectors were trained."""
    for path in (path for name in TRAINED for path in (answers / name).glob("*.json")):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace('"trainable_parameters": 0', '"trainable_parameters": 9'), encoding="utf-8")
