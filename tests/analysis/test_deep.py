"""Prompts in every layer are held against trainings without them, seed by seed, and against arms that have them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from adamem import config
from adamem.analysis import deep
from adamem.analysis.ablations import DEEP, Row
from adamem.analysis.hypotheses import Evidence
from adamem.analysis.kept import Kept
from adamem.analysis.quality import Bootstrap
from adamem.analysis.results import read

Level = Mapping[str, float]
Writer = Callable[[Level], Path]
WITHOUT = {"adamem": 0.5, "rag_minilm_written": 0.5}
SCORED = {"deep0": {"adamem": 0.75, "rag_minilm_written": 0.5}, "deep1": {"adamem": 0.95, "rag_minilm_written": 0.5}}


@pytest.fixture
def committed(reports: Writer, levels: Level, params: config.AdaMemConfig) -> Evidence:
    folder = reports({**levels, **WITHOUT})
    return Evidence(read(folder / "benchmarks", folder / "tasks"), Bootstrap.of(params))


@pytest.fixture
def answers(tmp_path: Path, committed: Evidence, write: Callable[[str, Level], Path], row: Callable[..., Row]) -> Kept:
    folder, rows = tmp_path / "ablations/answers", []
    for number, (name, scored) in enumerate(SCORED.items()):
        shutil.copytree(write(name, scored) / "benchmarks", folder / name)
        changes = f"training_seed={number} interface.kind=deep_prompt"
        rows += [row(name, about=DEEP, changes=changes, method=method) for method in scored]
    return Kept(folder, rows, tmp_path / "tasks")


def test_leads_are_over_arms_that_have_prompts_as_well(committed: Evidence, answers: Kept) -> None:
    page = deep.section(answers, committed)
    assert "2 training seeds" in page
    assert "| `adamem` | 1 | +0.25 [" in page and "| `rag_minilm_written` | 1 | +0.00 [" in page
    assert "| `rag_minilm_written` | +0.35 [" in page
    assert (
        "| `adamem` | input alone | 1 | 0.50 |" in page and "| `adamem` | every layer | 2 | 0.85 (0.75 to 0.95)" in page
    )


def test_without_current_answers_it_says_so_or_nothing(committed: Evidence, answers: Kept) -> None:
    old = replace(answers, rows=[one.model_copy(update={"stale": True}) for one in answers.rows])
    assert deep.section(old, committed).startswith("Out of date")
    assert deep.section(replace(answers, rows=[]), committed) == ""
