"""What the lead over retrieval is made of: each step by itself, of the committed run and after longer trainings."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from adamem import config
from adamem.analysis import ablations, lead
from adamem.analysis.ablations import Row
from tests.analysis.weighed import ARMS, Level, Writer, weigh

RowWriter = Callable[..., Row]


def test_the_lead_over_retrieval_is_taken_apart(reports: Writer, levels: Level, params: config.AdaMemConfig) -> None:
    """Each step by itself, and whether the memory has a part in it is read off the intervals."""
    arms = {"rag_minilm_tuned": 0.25, "rag_selector_tuned": 0.5, "picks_as_text_tuned": 1.0, "adamem": 0.75}
    folder = reports({**levels, **dict.fromkeys(ARMS, 0.5), **arms})
    weigh(folder, params)
    page = (folder / "evidence/README.md").read_text(encoding="utf-8").split("## What is the lead over retrieval")[1]
    for a, b, gained in (
        ("rag_selector_tuned", "rag_minilm_tuned", "+0.25"),
        ("adamem", "rag_selector_tuned", "+0.25"),
        ("adamem", "rag_minilm_tuned", "+0.50"),
        ("adamem", "picks_as_text_tuned", "-0.25"),
    ):
        assert re.search(rf"`{a}` - `{b}` \| {re.escape(gained)} \[", page)
    assert "Against `rag_selector_tuned` the memory gains on A, B, C, D." in page
    assert "Against `picks_as_text_tuned` the memory loses on A, B, C, D." in page


@pytest.mark.parametrize("stale", [False, True])
def test_the_lead_after_a_longer_training_stands_beside_it(
    reports: Writer,
    write: Callable[[str, Level], Path],
    levels: Level,
    params: config.AdaMemConfig,
    row: RowWriter,
    stale: bool,
) -> None:
    """Its arms are compared with each other and with retrieval of the same seed, never with other trainings."""
    folder, kept = reports({**levels, **dict.fromkeys({*ARMS, *lead.OTHERS}, 0.5)}), "ablations/answers"
    retrieval = {**levels, **dict.fromkeys(ARMS, 0.25), "rag_minilm_tuned": 0.0}
    read = {"adamem": 1.0, "rag_selector_tuned": 0.75, "picks_as_text_tuned": 0.25}
    rows = []
    for name, about, scored, old in (
        ("longer0", ablations.LONGER, {**retrieval, "rag_minilm_tuned": 0.5}, False),
        ("longer1", ablations.LONGER, retrieval, False),
        ("lead1", ablations.LEAD, read, stale),
    ):
        shutil.move(write(f"made-{name}", scored) / "benchmarks", folder / kept / name)
        changes = f"training_seed={name[-1]}"
        rows += [row(name, about=about, changes=changes, method=method, stale=old) for method in scored]
    ablations.write(folder / "ablations/ablations.csv", rows)
    weigh(folder, params)
    page = (folder / "evidence/README.md").read_text(encoding="utf-8").split("## What is the lead over retrieval")[1]
    after = page.split("## ")[0].split("The same after a longer training, with seed 1")
    assert len(after) == (1 if stale else 2)
    if not stale:
        for a, b, gained in (
            ("rag_selector_tuned", "rag_minilm_tuned", "+0.75"),
            ("adamem", "rag_selector_tuned", "+0.25"),
            ("adamem", "rag_minilm_tuned", "+1.00"),
            ("adamem", "picks_as_text_tuned", "+0.75"),
        ):
            assert re.search(rf"`{a}` - `{b}` \| {re.escape(gained)} \[", after[1])


@pytest.mark.parametrize("missing", [*lead.OTHERS, None])
def test_the_lead_needs_every_arm(
    reports: Writer, levels: Level, params: config.AdaMemConfig, missing: str | None
) -> None:
    arms = dict.fromkeys({*ARMS, *lead.OTHERS} - {missing}, 0.5)
    folder = reports({name: level for name, level in {**levels, **arms}.items() if name != missing})
    weigh(folder, params)
    page = (folder / "evidence/README.md").read_text(encoding="utf-8")
    assert ("## What is the lead over retrieval" in page) == (missing is None)
