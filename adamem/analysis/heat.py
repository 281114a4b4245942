"""Plots of the needle test: a heat map a method, and quality against the length of the text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from matplotlib.figure import Figure

from adamem.analysis.methods import in_order, style
from adamem.analysis.plots import plain, save

Rows = Sequence[Mapping[str, Any]]
METRIC = "f1"


def read(path: Path) -> Rows:
    """The rows of the needle test.

    Raises:
        ValueError: the file is missing or not what stage `needle` writes.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [{key: row[key] for key in ("method", "length", "depth", "n", "em", METRIC)} for row in rows]
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: no results of the needle test ({error!r}); run stage `needle`") from error


def needle(rows: Rows, path: Path) -> None:
    """F1 by length of the text (across) and depth of the fact in it (down), a panel a method."""
    methods = in_order({row["method"] for row in rows})
    lengths, depths = sorted({row["length"] for row in rows}), sorted({row["depth"] for row in rows})
    figure = Figure(figsize=(3.4 * len(methods) + 0.8, 3.2), layout="constrained")
    panels = figure.subplots(1, len(methods), sharey=True, squeeze=False)[0]
    image = None
    for panel, method in zip(panels, methods, strict=True):
        found = {(row["depth"], row["length"]): row[METRIC] for row in rows if row["method"] == method}
        grid = [[found[depth, length] for length in lengths] for depth in depths]
        image = panel.imshow(grid, vmin=0, vmax=1, cmap="cividis", aspect="auto")
        panel.set_title(method, fontsize=9)
        panel.set_xticks(range(len(lengths)), [f"{length:,}" for length in lengths], fontsize=7)
        panel.set_yticks(range(len(depths)), [f"{depth:.0%}" for depth in depths], fontsize=7)
        panel.set_xlabel("context tokens", fontsize=8)
        for y, line in enumerate(grid):
            for x, value in enumerate(line):
                colour = "black" if value > 0.6 else "white"
                panel.text(x, y, f"{value:.2f}", ha="center", va="center", fontsize=7, color=colour)
    panels[0].set_ylabel("depth of the fact", fontsize=8)
    if image is not None:
        figure.colorbar(image, ax=panels, label="F1", fraction=0.04)
    save(figure, path)


def lengths(rows: Rows, path: Path) -> None:
    """Mean F1 over all depths against the length of the text, with K as it was in training."""
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    panel = figure.subplots()
    for method in in_order({row["method"] for row in rows}):
        mine = [row for row in rows if row["method"] == method]
        places = sorted({row["length"] for row in mine})
        means = [fmean(row[METRIC] for row in mine if row["length"] == length) for length in places]
        look = style(method)
        panel.plot(places, means, marker=look.marker, color=look.colour, label=method, linewidth=1.4, markersize=5)
    panel.set_xscale("log", base=2)
    panel.set_xticks(places, [f"{length:,}" for length in places])
    panel.set(xlabel="context tokens", ylabel="F1, mean over depths", ylim=(-0.02, 1.02))
    panel.legend(frameon=False, fontsize=8)
    plain(panel, "y")
    save(figure, path)
