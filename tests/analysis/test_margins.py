"""What a change adds to a score or to a lead is over the seeds that were trained both ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from adamem import config
from adamem.analysis import margins
from adamem.analysis.hypotheses import Evidence
from adamem.analysis.quality import Bootstrap
from adamem.analysis.results import Results, read
from adamem.evaluation.statistics import Interval

Level = Mapping[str, float]
OTHER = "rag_minilm_tuned"
BEFORE = {"adamem": 0.6, OTHER: 0.7}
SOON, LATE = {"adamem": 0.75, OTHER: 0.7}, {"adamem": 0.95, OTHER: 0.7}


@pytest.fixture
def answers(write: Callable[[str, Level], Path]) -> Callable[[str, Level], Results]:
    def made(name: str, scored: Level) -> Results:
        folder = write(name, scored)
        return read(folder / "benchmarks", folder / "tasks")

    return made


@pytest.fixture
def before(answers: Callable[[str, Level], Results], params: config.AdaMemConfig) -> Evidence:
    return Evidence(answers("before", BEFORE), Bootstrap.of(params))


@pytest.fixture
def after(answers: Callable[[str, Level], Results], before: Evidence) -> Evidence:
    return replace(before, results=answers("soon", SOON), again={2: answers("late", LATE)})


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(lambda before, after: margins.gain(before, after, "adamem", "A"), id="gain"),
        pytest.param(lambda before, after: margins.growth(before, after, OTHER, "A"), id="growth"),
    ],
)
def test_it_is_over_the_seeds_that_were_trained_both_ways(
    what: Callable[[Evidence, Evidence], tuple[Interval, int] | None], before: Evidence, after: Evidence
) -> None:
    """The other arm stays as it is, so that the lead grows by what ours gains."""
    once = what(before, after)
    assert once is not None and (once[0].difference, once[1]) == (pytest.approx(0.15), 1)
    twice = what(replace(before, again={2: before.results}), after)
    assert twice is not None and (twice[0].difference, twice[1]) == (pytest.approx(0.25), 2)
    assert twice[0].low < 0.15 < twice[0].high, "trainings that differ widen the interval"
    assert what(replace(before, number=3), after) is None, "of another seed"


def test_a_table_is_of_what_ours_is_above_the_others(after: Evidence) -> None:
    """The mean over both trainings is 0.15 above the other, itself left out."""
    table = margins.table(after, ["adamem", OTHER])
    assert f"| `{OTHER}` | +0.15 [" in table and "`adamem`" not in table
    assert margins.table(after, ["adamem"]) == ""
    assert margins.cells(after, "no such arm") == [""] * len(after.results.groups)
    assert margins.cells(after, OTHER, share=0.5)[0].startswith("+0.50 [")
