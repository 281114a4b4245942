"""Which items an experiment is asked follows from the settings that it changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adamem.analysis import draws
from adamem.analysis.ablations import Experiment, Row


@pytest.mark.parametrize(
    ("changed", "draw"),
    [
        ("seed", "seed=1"),
        ("training_seed", ""),
        ("benchmarks.A.test", "benchmarks.A.test=1"),
        ("+data.facts.movies.path", "data.facts.movies.path=1"),
        ("data.tokens.validation", ""),
        ("llm.source.kind", "llm.source.kind=1"),
        ("llm.dtype", ""),
    ],
)
def test_whether_an_experiment_is_asked_other_items_follows_from_what_it_changes(
    row: Callable[..., Row], changed: str, draw: str
) -> None:
    experiment = Experiment(about="x", set={"resampler.film": False, changed: 1}, ask=("adamem",))
    assert experiment.draw == row("x", changes=experiment.changes).draw == draw
    answers, tasks = Path("answers"), Path("tasks")
    assert draws.items_of(draw, answers, tasks) == (answers / "items" / draw if draw else tasks)


def test_a_list_among_the_settings_is_one_word_and_its_folder_has_no_brackets() -> None:
    experiment = Experiment(about="x", set={"k": 1, "+benchmarks.A.list_length": [4, 4]}, ask=("adamem",))
    assert experiment.changes == "k=1 benchmarks.A.list_length=[4,4]"
    folder = draws.items_of(experiment.draw, Path("answers"), Path("tasks"))
    assert folder == Path("answers/items/benchmarks.A.list_length=_4_4_")
