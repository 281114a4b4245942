"""Counterfactual copies: leads on them are their own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from adamem import config
from tests.analysis.weighed import ARMS, Level, Writer, weigh


def test_leads_on_the_copies_are_those_of_the_copies(
    reports: Writer, write: Callable[[str, Level], Path], levels: Level, params: config.AdaMemConfig
) -> None:
    """Answers to the original items have no part in them: here they are those of better methods."""
    folder = reports({**levels, **dict.fromkeys(ARMS, 0.5)})
    better = write("better", {"rag_minilm_tuned": 1.0}) / "benchmarks/rag_minilm_tuned"
    for worse in (folder / "evidence/benchmarks/rag_minilm_tuned").glob("*.jsonl"):
        rows = [*worse.read_text(encoding="utf-8").splitlines(), *(better / worse.name).read_text().splitlines()]
        kept = [row for number, row in enumerate(rows) if json.loads(row)["counterfactual"] == (number < len(rows) / 2)]
        worse.write_text("\n".join(kept) + "\n", encoding="utf-8")
    weigh(folder, params)
    page = (folder / "evidence/README.md").read_text(encoding="utf-8")
    originals, copies = page.split("On the counterfactual copies alone")
    assert re.search(r"\| `rag_minilm_tuned` \| \+0\.40 \[", copies.split("## ")[0])
    assert "| `rag_minilm_tuned` | – | -0.50 [" in originals
