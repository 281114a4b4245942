"""The needle test: its part of the page, a heat map a method, and quality against the length of the text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from matplotlib import colormaps
from matplotlib.figure import Figure
from scipy.stats import t

from adamem.analysis.methods import in_order, style
from adamem.analysis.plots import names_at_ends, plain, save

Rows = Sequence[Mapping[str, Any]]
Shade = Sequence[float]  # red, green and blue from 0 to 1
METRIC = "f1"
MAP = colormaps["cividis"]

SECTION = """\
One fact of group B in longer and longer texts, at several depths. Training saw texts of some hundred tokens, and K is
the same at every length. {cell} questions in each cell of the map and {length} at each length tell large differences
apart, no others; bars are 95 % intervals over the depths. Each length asks other questions, so that points of one
method at two lengths differ by these, too. At 8,192 tokens the full text with frame and question ends
at the last position that SmolLM2 was trained on, or beyond. All numbers: [needle.json](needle.json).

![F1 by length and depth](plots/needle.png)

![F1 against length](plots/lengths.png)

{ends}"""


def read(path: Path) -> Rows:
    """The rows of the needle test.

    Raises:
        ValueError: the file is missing or not what stage `needle` writes.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [{key: row[key] for key in ("method", "length", "depth", "n", METRIC)} for row in rows]
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: no results of the needle test ({error!r}); run stage `needle`") from error


def section(rows: Rows) -> str:
    """The part of the page, without its heading."""
    first = rows[0]
    count = _asked(rows, first["method"], first["length"])
    return SECTION.format(cell=first["n"], length=count, ends=_at_both_ends(rows))


def plot(rows: Rows, folder: Path) -> None:
    """Both plots, as `needle.png` and `lengths.png`."""
    needle(rows, folder / "needle.png")
    lengths(rows, folder / "lengths.png")


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
        image = panel.imshow(grid, vmin=0, vmax=1, cmap=MAP, aspect="auto")
        panel.set_title(method, fontsize=9)
        panel.set_xticks(range(len(lengths)), [f"{length:,}" for length in lengths], fontsize=7)
        panel.set_yticks(range(len(depths)), [f"{depth:.0%}" for depth in depths], fontsize=7)
        panel.set_xlabel("context tokens", fontsize=8)
        for y, line in enumerate(grid):
            for x, value in enumerate(line):
                panel.text(x, y, f"{value:.2f}", ha="center", va="center", fontsize=8, color=ink(MAP(value)))
    panels[0].set_ylabel("depth of the fact", fontsize=8)
    if image is not None:
        figure.colorbar(image, ax=panels, label="F1", fraction=0.04)
    save(figure, path)


def ink(shade: Shade) -> str:
    """Black or white, whichever stands out more from a shade."""
    light = luminance(shade)
    return "black" if (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) else "white"


def luminance(shade: Shade) -> float:
    """How bright a colour of sRGB is, from 0 to 1, by the rules of WCAG 2 for text that can be read."""
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in shade[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def lengths(rows: Rows, path: Path) -> None:
    """Mean F1 over all depths against the length of the text, with K as it was in training; no lines between lengths,
    which ask other questions."""
    figure = Figure(figsize=(7.6, 4.2), layout="constrained")
    panel = figure.subplots()
    methods, places = in_order({row["method"] for row in rows}), sorted({row["length"] for row in rows})
    ends = []
    for number, method in enumerate(methods):
        scores = [_cells(rows, method, at) for at in places]
        look, means = style(method), [fmean(cells) for cells in scores]
        bounds = [interval(cells) or (mean, mean) for cells, mean in zip(scores, means, strict=True)]
        reach = [[abs(bound[end] - mean) for bound, mean in zip(bounds, means, strict=True)] for end in (0, 1)]
        beside = 2 ** (0.06 * (number - (len(methods) - 1) / 2))
        panel.errorbar([length * beside for length in places], means, reach,
                       fmt=look.marker, color=look.colour, markersize=5, capsize=2)  # fmt: skip
        ends.append((method, means[-1], look.colour))
    panel.set_xscale("log", base=2)
    panel.set_xticks(places, [f"{length:,}" for length in places])
    panel.set(xlabel="context tokens", ylabel="F1, mean over depths", ylim=(-0.02, 1.02))
    panel.set_title(f"{_asked(rows, methods[0], places[0])} questions a point; bars: 95 % intervals over the depths")
    plain(panel, "y")
    names_at_ends(panel, ends, gap=0.05)
    save(figure, path)


def interval(cells: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval (Student's) of the mean over cells, as far as scores can lie; None for a single cell, and where
    all are alike, which says nothing of how far they may differ."""
    if len(set(cells)) == 1:
        return None
    mean = fmean(cells)
    reach = float(t.ppf(0.975, len(cells) - 1)) * stdev(cells) / sqrt(len(cells))
    return max(0.0, mean - reach), min(1.0, mean + reach)


def _at_both_ends(rows: Rows) -> str:
    """Mean F1 on the shortest and on the longest texts, by method."""
    first, last = (choose(row["length"] for row in rows) for choose in (min, max))
    parts = []
    for method in in_order({row["method"] for row in rows}):
        ends = [_with_interval(_cells(rows, method, at)) for at in (first, last)]
        parts.append(f"`{method}` {' and '.join(ends)}")
    return f"Mean F1 at {first:,} and at {last:,} tokens, with 95 % interval: {', '.join(parts)}."


def _asked(rows: Rows, method: str, length: int) -> int:
    """How many questions a method was asked at a length."""
    return sum(row["n"] for row in rows if (row["method"], row["length"]) == (method, length))


def _cells(rows: Rows, method: str, length: int) -> list[float]:
    """The scores of a method at a length, a depth each."""
    return [row[METRIC] for row in rows if (row["method"], row["length"]) == (method, length)]


def _with_interval(cells: Sequence[float]) -> str:
    bounds = interval(cells)
    return f"{fmean(cells):.2f}" + (f" [{bounds[0]:.2f}, {bounds[1]:.2f}]" if bounds else "")
