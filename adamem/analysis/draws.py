"""Which items an experiment is asked: those of the committed run, or of another draw, which have the same ids."""

from __future__ import annotations

import re
from pathlib import Path

ITEMS = "items"  # the folder of items of other draws, among the answers of the experiments
DECIDE = ("seed.", "data.facts.", "benchmarks.", "llm.source.")  # settings by which items are drawn


def draw(changes: str) -> str:
    """Those of the changes of settings that make items others than the committed; empty where none does."""
    return " ".join(change for change in changes.split() if f"{change.split('=')[0]}.".startswith(DECIDE))


def items_of(draw: str, answers: Path, tasks: Path) -> Path:
    """Where items of a draw stand: among the `answers` of the experiments, or in `tasks` where it is the committed."""
    return answers / ITEMS / re.sub(r"[^\w.=-]+", "_", draw) if draw else tasks
