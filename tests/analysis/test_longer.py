"""Longer trainings are judged by the same rules, from their own answers and those of arms that nobody trains."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from adamem import config
from adamem.analysis import costs, hypotheses, kept, longer
from adamem.analysis.ablations import LONGER, Row
from adamem.analysis.hypotheses import Evidence
from adamem.analysis.kept import Kept
from adamem.analysis.quality import Bootstrap
from adamem.analysis.results import read

Level = Mapping[str, float]
Writer = Callable[[Level], Path]
RowWriter = Callable[..., Row]
SCORED = {"adamem": 0.95, "adamem_query_free": 0.5, "rag_minilm_tuned": 0.7, "full_context_tuned": 1.0}
SEEDS = ("longer0", "longer1")


@pytest.fixture
def committed(reports: Writer, levels: Level) -> Path:
    """A run in which tuned retrieval is ahead, with longer trainings in which it is behind."""
    return reports({**levels, "adamem": 0.6, "adamem_query_free": 0.5, "rag_minilm_tuned": 0.7})


@pytest.fixture
def rows(row: RowWriter) -> list[Row]:
    """What the table says of them."""
    changes = "training_seed={} phase2.optimiser.steps=600"
    return [
        row(name, about=LONGER, changes=changes.format(number), method=method, device="H100")
        for number, name in enumerate(SEEDS)
        for method in SCORED
    ]


def test_a_training_goes_by_its_seed_where_others_are_stale(
    committed: Path, write: Callable[[str, Level], Path], rows: list[Row], params: config.AdaMemConfig
) -> None:
    late = [one.model_copy(update={"stale": one.experiment == SEEDS[0]}) for one in rows]
    found = longer.load(_kept(_train(committed, write), late), _known(committed, params))
    assert set(found.pairs("adamem", "rag_minilm_tuned", "A", "f1")) == {2}
    twins = [one.model_copy(update={"changes": "training_seed=3"}) for one in rows]
    with pytest.raises(ValueError, match="longer1: another experiment has its training_seed"):
        _kept(committed / "ablations/answers", twins).trainings()


def test_experiments_with_the_same_settings_are_one_training(
    committed: Path, write: Callable[[str, Level], Path], rows: list[Row], row: RowWriter, params: config.AdaMemConfig
) -> None:
    """A method asked later stands beside those of its seed; with other settings it does not."""
    answers = _train(committed, write)
    late = {"about": LONGER, "changes": rows[0].changes, "method": "mean_pool"}
    shutil.copytree(write("late", {"mean_pool": 0.8}) / "benchmarks", answers / "late0")
    found = longer.load(_kept(answers, [*rows, row("late0", **late)]), _known(committed, params))
    assert list(found.trainings) == [1, 2]
    assert set(found.pairs("adamem", "mean_pool", "A", "f1")) == {1}
    assert set(found.pairs("adamem", "rag_minilm_tuned", "A", "f1")) == {1, 2}
    with pytest.raises(ValueError, match="late0: another experiment has its training_seed, too, and other settings"):
        _kept(answers, [*rows, row("late0", **late, settings="other")]).trainings()


def _train(folder: Path, write: Callable[[str, Level], Path]) -> Path:
    answers = folder / "ablations/answers"
    for name in SEEDS:
        shutil.copytree(write(name, SCORED) / "benchmarks", answers / name)
    return answers


def _kept(answers: Path, rows: list[Row]) -> Kept:
    return Kept(answers, rows, answers.parents[1] / "tasks")


def _without(answers: Path, rows: list[Row], seed: str) -> list[Row]:
    """The rows, and the answers, but for one arm of one training."""
    shutil.rmtree(answers / seed / "adamem_query_free")
    return [row for row in rows if (row.experiment, row.method) != (seed, "adamem_query_free")]


def _known(folder: Path, params: config.AdaMemConfig) -> Evidence:
    return Evidence(read(folder / "benchmarks", folder / "tasks"), Bootstrap.of(params))


def test_longer_trainings_have_a_verdict_of_their_own(
    committed: Path, write: Callable[[str, Level], Path], rows: list[Row], params: config.AdaMemConfig
) -> None:
    known, answers = _known(committed, params), _train(committed, write)
    found = longer.load(_kept(answers, rows), known)
    h1, h2, h3 = hypotheses.judge(found, costs.read(committed / "efficiency.json"))
    assert [(one.verdict, one.seeds) for one in (h1, h2, h3)] == [("supported", 2)] * 3
    assert {effect.against for effect in h1.effects} == {"adamem_query_free"}, "the others were not trained for longer"
    assert {effect.against for effect in h2.effects} == {"rag_minilm_k", "rag_bm25_k", "rag_minilm_tuned"}
    scores = kept.scores(SCORED, {longer.SHORT: known, longer.LONG: found})
    assert scores["adamem", "as committed"]["A"] == [0.6] and scores["adamem", "longer"]["A"] == [0.95, 0.95]
    page = longer.section(_kept(answers, rows), [h1, h2, h3], scores, found, known)
    assert "| `adamem` | longer | 2 | 0.95 (0.95 to 0.95)" in page
    assert "for longer: `phase2.optimiser.steps=600`; 2 training seeds" in page and "on: H100 (" in page


@pytest.mark.parametrize("seed", SEEDS)
def test_answers_that_the_table_speaks_of_and_a_seed_lacks_are_named(
    committed: Path, write: Callable[[str, Level], Path], rows: list[Row], params: config.AdaMemConfig, seed: str
) -> None:
    answers = _train(committed, write)
    shutil.rmtree(answers / seed / "rag_minilm_tuned")
    with pytest.raises(
        ValueError, match=rf"{seed}: no answers of rag_minilm_tuned, which the table has; .* adamem.ablate {seed}`"
    ):
        longer.load(_kept(answers, rows), _known(committed, params))


def test_a_method_that_one_seed_was_not_asked_is_judged_over_the_others(
    committed: Path, write: Callable[[str, Level], Path], rows: list[Row], params: config.AdaMemConfig
) -> None:
    answers = _train(committed, write)
    left = _without(answers, rows, SEEDS[1])
    h1, h2, _ = hypotheses.judge(
        longer.load(_kept(answers, left), _known(committed, params)),
        costs.read(committed / "efficiency.json"),
    )
    assert (h1.seeds, h2.seeds) == (1, 2)


def test_answers_of_which_the_table_has_no_row_are_refused_and_stale_ones_left_out(
    committed: Path, write: Callable[[str, Level], Path], rows: list[Row]
) -> None:
    answers = _train(committed, write)
    stale = [one.model_copy(update={"stale": one.method == "adamem"}) for one in rows]
    found = _kept(answers, stale).trainings()
    assert all("adamem" not in one.methods for one in found.values())
    gone = [one for one in rows if one.method != "adamem"]
    with pytest.raises(ValueError, match="longer0: has adamem, of which the table has no row; remove it, or run"):
        _kept(answers, gone).trainings()


def test_a_method_that_the_first_training_lacks_is_refused(
    committed: Path, write: Callable[[str, Level], Path], rows: list[Row], params: config.AdaMemConfig
) -> None:
    answers = _train(committed, write)
    left = _without(answers, rows, SEEDS[0])
    with pytest.raises(
        ValueError, match=r"answers: seed 1 has adamem_query_free, which seed 0 lacks, .*; `python -m adamem.ablate`"
    ):
        longer.load(_kept(answers, left), _known(committed, params))


def test_only_rows_about_longer_training_are_taken(tmp_path: Path, row: RowWriter, rows: list[Row]) -> None:
    assert _kept(tmp_path, [row(), *rows, row("seed1", about="training seed")]).about(LONGER).rows == rows
