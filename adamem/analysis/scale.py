"""The curves of `tokenize` over the size of the corpus: speed and memory, beside `datasets.map`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

PANELS: dict[str, Callable[[Mapping[str, Any]], float]] = {
    # not seconds: one way leaves the test side's documents out
    "million tokens a second": lambda row: row["tokens"] / row["seconds"] / 1e6,
    "peak memory of all processes, MB": lambda row: row["memory"],
}


def plot(measured: Sequence[Mapping[str, Any]], path: Path) -> None:
    """A panel for speed and one for memory, a line a way; both axes from zero."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for panel, (name, value) in zip(figure.subplots(1, 2), PANELS.items(), strict=True):
        for way in dict.fromkeys(row["way"] for row in measured):
            rows = [row for row in measured if row["way"] == way]
            panel.plot([row["megabytes"] for row in rows], [value(row) for row in rows], marker="o", label=way)
        panel.set(xlabel="text, MB", ylabel=name, xlim=(0, None), ylim=(0, None))
        panel.spines[["top", "right"]].set_visible(False)
        panel.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120, metadata={"Software": None})
