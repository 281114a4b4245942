"""H2 on longer lists is judged from these alone, and not before all planned trainings are there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from adamem import config
from adamem.analysis import ablations, draws, lists
from adamem.analysis.ablations import Row
from adamem.analysis.hypotheses import Evidence
from adamem.analysis.kept import Kept
from adamem.analysis.quality import Bootstrap
from adamem.analysis.results import read

Level = Mapping[str, float]
TRAINED = {"adamem": 0.9, "rag_minilm_tuned": 0.5}
UNTRAINED = {"rag_minilm_k": 0.3, "rag_bm25_k": 0.2}
DRAW = "benchmarks.A.names=[4,4]"
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
        shutil.move(made / "benchmarks", folder / f"four{number}")
        shutil.copytree(made / "tasks", draws.items_of(DRAW, folder, tmp_path), dirs_exist_ok=True)
        changes = f"training_seed={number} {DRAW}"
        rows += [row(f"four{number}", about=ablations.LISTS, changes=changes, method=method) for method in scored]
    return Kept(folder, rows, tmp_path / "tasks")


def test_the_verdict_is_of_these_lists_alone(committed: Evidence, answers: Kept) -> None:
    found = lists.weigh(answers, committed, COST)
    [claim] = found.claims
    assert (claim.name, claim.verdict, claim.seeds) == ("H2", "supported", 3)
    assert {effect.against for effect in claim.effects} == {*UNTRAINED, "rag_minilm_tuned"}
    assert f"such lists: `{DRAW}`;\n3 training seeds" in found.section
    assert "| `adamem` | four names | 3 | 0.90 (0.90 to 0.90) |" in found.section
    assert "| `rag_minilm_tuned` | two or three names | 1 | 1.00 |" in found.section


def test_no_verdict_before_the_planned_trainings_are_there(committed: Evidence, answers: Kept) -> None:
    two = Kept(answers.folder, [one for one in answers.rows if one.experiment != "four2"], answers.tasks)
    found = lists.weigh(two, committed, COST)
    assert not found.claims and lists.OPEN in found.section and "supported" not in found.section
    assert lists.weigh(Kept(answers.folder, [], answers.tasks), committed, COST).section == ""
    old = Kept(answers.folder, [one.model_copy(update={"stale": True}) for one in answers.rows], answers.tasks)
    assert lists.weigh(old, committed, COST).section.startswith("Out of date")
