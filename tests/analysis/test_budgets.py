"""The table of who was trained on what knows every method that is trained, and follows the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from adamem import config
from adamem.analysis import budgets
from adamem.analysis.results import read
from adamem.training.fitting import FITTERS

S = TypeVar("S", config.Phase2, config.Tuned)
TRAINED = {"adamem", "adamem_unfrozen", *FITTERS} - {"rag"}


def test_every_trained_method_has_a_line_that_follows_its_settings(
    reports: Callable[[Mapping[str, float]], Path], params: config.AdaMemConfig
) -> None:
    folder = reports({**dict.fromkeys(TRAINED, 0.5), "rag_minilm_k": 0.5})
    results = read(folder / "benchmarks", folder / "tasks")
    lines = _lines(budgets.section(params, results))
    assert lines.keys() == {f"`{name}`" for name in TRAINED}
    phase2, rag_tuned = params.phase2, params.baselines.rag_tuned
    changed = params.model_copy(update={"phase2": _longer(phase2)})
    moved = {name for name, line in _lines(budgets.section(changed, results)).items() if line != lines[name]}
    own = {f"`{name}`" for name in TRAINED if name.endswith("_tuned") and name not in budgets.SELECTED}
    assert moved == lines.keys() - own, "vectors behind a text have an optimiser of their own"
    changed = params.model_copy(
        update={"baselines": params.baselines.model_copy(update={"rag_tuned": _longer(rag_tuned)})}
    )
    moved = {name for name, line in _lines(budgets.section(changed, results)).items() if line != lines[name]}
    assert moved == {f"`{name}`" for name in ("rag_minilm_tuned", "rag_bm25_tuned", *budgets.SELECTED)}


def test_a_start_that_picks_nothing_has_no_training_of_its_selector(
    reports: Callable[[Mapping[str, float]], Path], params: config.AdaMemConfig
) -> None:
    folder = reports({"adamem": 0.5, "adamem_unfrozen": 0.5, "rag_minilm_k": 0.5})
    results = read(folder / "benchmarks", folder / "tasks")
    noise = params.model_copy(update={"resampler": params.resampler.model_copy(update={"start": "random"})})
    for settings, picking, told in ((params, f"{_examples(params):,}", "yes"), (noise, "0", "no")):
        lines = _lines(budgets.section(settings, results))
        assert {(line[1], line[3]) for line in lines.values()} == {(picking, told)}


def _examples(params: config.AdaMemConfig) -> int:
    selector = params.phase2.selector
    return selector.steps * selector.batch_size * selector.accumulate


def _longer(section: S) -> S:
    steps = {"steps": 3 * section.optimiser.steps}
    return section.model_copy(update={"optimiser": section.optimiser.model_copy(update=steps)})


def _lines(text: str) -> dict[str, list[str]]:
    rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.startswith("| `")]
    return {row[1]: row[2:] for row in rows}
