"""What a compressor relies on is read off its own answers, and answers of no part are refused."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import pytest

from adamem import config
from adamem.analysis import ablations, parts
from adamem.analysis.ablations import Row
from adamem.analysis.kept import Kept
from adamem.analysis.quality import Bootstrap
from adamem.evaluation import parts as asked
from stages import other_text as stage
from tests.analysis.conftest import Level


@pytest.fixture
def answers(write: Callable[[str, Level], Path], params: config.AdaMemConfig) -> Callable[..., str]:
    """The section on answers of these shares of right ones, and on those of others by experiment."""

    made = count()

    def section(levels: Level, others: dict[str, Level] | None = None, rows: Sequence[Row] = ()) -> str:
        folder = write(f"made{next(made)}", levels)
        shutil.move(folder / "benchmarks", folder / "parts")
        for name, other in (others or {}).items():
            shutil.copytree(write(name, other) / "benchmarks", folder / "kept" / name)
        if parts.OTHER in levels:
            shutil.move(folder / "parts" / parts.OTHER, folder / "fused" / parts.OTHER)
        kept = Kept(folder / "kept", rows, folder / "tasks")
        return parts.section(folder, folder / "tasks", Bootstrap.of(params), kept)

    return section


def test_without_a_part_is_lost_what_the_whole_has_above_the_rest(answers: Callable[[Level], str]) -> None:
    said = answers({"whole": 0.75, "selection": 0.25, "edges": 0.75, "fusing": 1.0})
    assert "| `whole` | its own score | 0.75 | 0.75 | 0.75 | 0.75 |" in said
    for name, gained in (("selection", "+0.50"), ("edges", "+0.00"), ("fusing", "-0.25")):
        assert re.search(rf"\| without `{name}` \|[^|]*\| {re.escape(gained)} \[", said)
    assert said.index("| without `selection`") < said.index("| without `edges`") < said.index("| without `fusing`"), (
        "as a text passes them"
    )
    assert (
        "scores less on A, B, C, D without `selection`; neither less nor more without `edges`; "
        "more on A, B, C, D without `fusing`." in said
    )


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


def test_what_is_lost_with_fused_vectors_of_another_text_stands_beside_that(answers: Callable[..., str]) -> None:
    said = answers({"whole": 0.75, "fusing": 0.5, "other_text": 0.25})
    assert re.search(r"\| with `other_text` \|[^|]*\| \+0\.50 \[", said)
    assert said.endswith("less on A, B, C, D without `fusing`; less on A, B, C, D with `other_text`.")


def test_another_compressor_has_its_own_table_and_a_stale_one_has_none(
    answers: Callable[..., str], row: Callable[..., Row]
) -> None:
    committed = {"whole": 0.75, "fusing": 0.5}
    rows = [row("longer", about=ablations.PARTS, method="adamem", device="H100")]
    said = answers(committed, {"longer": {"whole": 1.0, "fusing": 0.25}}, rows)
    assert said.startswith(alone := answers(committed)) and "`longer`, a compressor with" in said and "on: H100" in said
    assert "+0.75 [" in said and "+0.75 [" not in alone
    stale = [one.model_copy(update={"stale": True, "commit": "0123abc"}) for one in rows]
    assert answers(committed, {}, stale).removeprefix(alone).startswith("\n\nOut of date: made with code")


def test_where_no_part_was_asked_nothing_is_said(tmp_path: Path, params: config.AdaMemConfig) -> None:
    nothing = Kept(tmp_path / "kept", [], tmp_path)
    assert parts.section(tmp_path, tmp_path, Bootstrap.of(params), nothing) == ""


def test_the_page_knows_every_part_that_is_asked() -> None:
    assert [part for part in parts.PARTS if part != parts.OTHER] == list(asked.PARTS.values())
    assert (parts.WHOLE, parts.OTHER) == (asked.WHOLE, stage.NAME)
