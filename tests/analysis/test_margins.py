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
OTHER = "icae"
BEFORE = {"adamem": 0.6, OTHER: 0.7}
SOON, LATE = {"adamem": 0.75, OTHER: 0.6}, {"adamem": 0.95, OTHER: 0.5}


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


CHANGES = [
    pytest.param(lambda before, after: margins.gain(before, after, "adamem", "A"), (0.15, 0.25), id="gain"),
    pytest.param(lambda before, after: margins.growth(before, after, OTHER, "A"), (0.25, 0.4), id="growth"),
]
Change = Callable[[Evidence, Evidence], tuple[Interval, int] | None]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_it_is_over_the_seeds_that_were_trained_both_ways(
    change: Change, expected: tuple[float, float], before: Evidence, after: Evidence
) -> None:
    once = change(before, after)
    assert once is not None and (once[0].difference, once[1]) == (pytest.approx(expected[0]), 1)
    twice = change(replace(before, again={2: before.results}), after)
    assert twice is not None and (twice[0].difference, twice[1]) == (pytest.approx(expected[1]), 2)
    assert twice[0].low < expected[0] < twice[0].high, "trainings that differ widen the interval"
    assert change(replace(before, number=3), after) is None, "of another seed"


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_trainings_that_were_asked_other_items_are_refused(
    change: Change, expected: tuple[float, float], before: Evidence, after: Evidence
) -> None:
    key = ("adamem", "A")
    fewer = replace(before.results.by_key[key], originals=before.results.by_key[key].originals[:10])
    short = replace(before.results, by_key={**before.results.by_key, key: fewer})
    with pytest.raises(ValueError, match=r"items.*; ask them again"):
        change(replace(before, again={2: short}), after)


def test_a_table_is_of_what_ours_is_above_the_others(after: Evidence) -> None:
    """Over both trainings, our own line left out."""
    table = margins.table(after, ["adamem", OTHER])
    assert f"| `{OTHER}` | +0.30 [" in table and "`adamem`" not in table
    assert margins.table(after, ["adamem"]) == ""
    assert margins.cells(after, "no such arm") == [""] * len(after.results.groups)
    assert margins.cells(after, OTHER, share=0.5)[0].startswith("+0.57 [")
