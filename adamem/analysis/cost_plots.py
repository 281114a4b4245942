"""The two plots of what an answer costs: growth with the length of the text, and amortisation over queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from adamem.analysis.costs import WAYS, Cost
from adamem.analysis.plots import names_at_ends, plain, save

REPEATED = {  # ways to answer many queries on one text, and how each answers the first
    "full_cold": "full_cold",
    "full_reused": "full_cold",
    "adamem_cached": "adamem_cold",
    "rag_bm25_k": "rag_bm25_k",
}
QUERIES = range(1, 21)
NAME_WIDTH = 31  # characters of a line of a name


def growth(cost: Cost, path: Path) -> None:
    """Time to first token against length, both logarithmic."""
    figure = Figure(figsize=(8.5, 5), layout="constrained")
    panel = figure.subplots()
    lengths = [int(length) for length in cost["lengths"]]
    ends = []
    for way, name, colour, line in WAYS:
        values = [row[f"{way}_seconds"] for row in cost["lengths"].values()]
        panel.plot(lengths, values, line, color=colour, marker="o", markersize=3)
        ends.append((fill(name, NAME_WIDTH), values[-1], colour))
    panel.set(xscale="log", yscale="log", xlabel="context tokens", ylabel="seconds to the first token (median)")
    panel.set_xticks(lengths, [f"{length:,}" for length in lengths])
    panel.set_xlim(right=1.05 * lengths[-1])
    _seconds_axis(panel)
    names_at_ends(panel, ends, gap=0.075)
    save(figure, path)


def amortised(cost: Cost, path: Path) -> None:
    """Seconds spent on one text after so many queries, on a short one and on the longest."""
    known = {int(length): row for length, row in cost["lengths"].items()}
    figure = Figure(figsize=(10.5, 4.2), layout="constrained")
    shown, repeated = short_and_long(list(known)), [way for way in WAYS if way[0] in REPEATED]
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for panel, length in zip(panels, shown, strict=True):
        for way, _, colour, line in repeated:
            panel.plot(QUERIES, spent(known[length], REPEATED[way], way), line, color=colour)
        panel.set(title=f"text of {length:,} tokens", xlabel="queries on it", xlim=(0.5, 20.5), yscale="log")
        panel.set_xticks([1, 5, 10, 15, 20])
        _seconds_axis(panel)
    panels[0].set_ylabel("seconds to all first tokens (medians)")
    last = known[shown[-1]]
    ends = [(fill(name, NAME_WIDTH), spent(last, REPEATED[way], way)[-1], colour) for way, name, colour, _ in repeated]
    names_at_ends(panels[-1], ends, gap=0.1)
    save(figure, path)


def short_and_long(lengths: Sequence[int]) -> list[int]:
    """The shortest length and the longest, once where they are the same."""
    return sorted({min(lengths), max(lengths)})


def spent(row: Mapping[str, float], first: str, later: str) -> list[float]:
    """Seconds after each of the queries, the first answered in one way and the others in another."""
    return [row[f"{first}_seconds"] + row[f"{later}_seconds"] * (count - 1) for count in QUERIES]


def _seconds_axis(panel: Axes) -> None:
    panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter("{x:g}")
    panel.minorticks_off()
    plain(panel, "both")
