"""What each part adds is read off its own answers, and answers of no part are refused."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from adamem import config
from adamem.analysis import parts
from adamem.analysis.quality import Bootstrap
from adamem.evaluation import parts as asked
from tests.analysis.conftest import Level


@pytest.fixture
def answers(write: Callable[[str, Level], Path], params: config.AdaMemConfig) -> Callable[[Level], str]:
    """The section on answers of these shares of right ones."""

    def section(levels: Level) -> str:
        folder = write("made", levels)
        shutil.move(folder / "benchmarks", folder / "parts")
        return parts.section(folder / "parts", folder / "tasks", Bootstrap.of(params))

    return section


def test_a_part_adds_what_the_whole_has_above_the_rest(answers: Callable[[Level], str]) -> None:
    said = answers({"whole": 0.75, "selection": 0.25, "edges": 0.75, "fusing": 1.0})
    assert "| nothing: `whole` | its own score | 0.75 | 0.75 | 0.75 | 0.75 |" in said
    for name, gained in (("selection", "+0.50"), ("edges", "+0.00"), ("fusing", "-0.25")):
        assert re.search(rf"\| `{name}` \|[^|]*\| {re.escape(gained)} \[", said)
    assert said.index("| `selection` |") < said.index("| `edges` |") < said.index("| `fusing` |"), (
        "as a text passes them"
    )
    assert "`selection` adds on A, B, C, D; `edges` is not told to add anything; `fusing` costs on A, B, C, D." in said


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ({"whole": 1.0, "adamem": 1.0}, "parts/adamem: no part of the compressor has that name"),
        ({"edges": 1.0}, "parts/whole: no answers of the whole compressor"),
    ],
)
def test_answers_of_no_part_or_without_the_whole_are_refused(
    answers: Callable[[Level], str], levels: Level, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        answers(levels)


def test_where_no_part_was_asked_nothing_is_said(tmp_path: Path, params: config.AdaMemConfig) -> None:
    assert parts.section(tmp_path / "parts", tmp_path, Bootstrap.of(params)) == ""


def test_the_page_knows_every_part_that_is_asked() -> None:
    assert list(parts.PARTS) == list(asked.PARTS.values()) and parts.WHOLE == asked.WHOLE
