"""Plots of the ablations: quality by size of the memory, what each change costs, and windows of several tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from statistics import fmean

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from adamem import config
from adamem.analysis import curves
from adamem.analysis.ablations import Row
from adamem.analysis.curves import Training
from adamem.analysis.methods import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    OURS,
    PURPLE,
    RETRIEVAL,
    VERMILLION,
    in_order,
    style,
)
from adamem.analysis.plots import GROUP_NAMES, METRIC_NAMES, PALE, names_at_ends, plain, save
from adamem.analysis.quality import Summary
from adamem.analysis.results import Results

GROUPS = config.GROUPS
POSITIONS = (4, 8, 16, 32, 64, 128, 256)
TINY = 1e-9  # positions, where an axis asks for none
RATIOS = (64, 32, 16, 8, 4, 2, 1)
FULL = "full_context"  # the method whose decoder positions are the tokens of the text
OTHERS = (  # that the swept ones have to be held against, and that may not have been run at several K themselves
    "full_context_tuned",
    RETRIEVAL,
    "rag_bm25_tuned",
    "longllmlingua_k_tuned",
    "adamem_query_free",
    "mean_pool",
)
NUDGED = (
    "methods stand side by side around the positions that they take; "
    "pale marks: further trainings of the committed settings"
)
STEP = 0.03  # octaves between methods at the same positions
FLOOR = -0.3  # differences below it are written, so that the small ones can be seen
HUES = (BLUE, VERMILLION, ORANGE, GREEN, PURPLE, BLACK)


@dataclass(frozen=True)
class Point:
    """What a method scores at so many decoder positions, with its 95 % interval."""

    positions: float
    value: float
    low: float
    high: float


Curves = Mapping[str, Sequence[Point]]


def compression(rows: Sequence[Row], again: Sequence[Row], results: Results, summary: Summary, path: Path) -> None:
    """Quality against decoder positions, which is also how far the text is compressed: a line for a method that was
    run at several K, pale marks for `again`, its further trainings with the committed settings, and a number in grey
    for those of the others that matter."""
    others = [name for name in OTHERS if name not in {row.method for row in rows}]
    figure = Figure(figsize=(16, 9.2), layout="constrained")
    panels = figure.subplots(2, 2).flatten()
    for panel, group in zip(panels, GROUPS, strict=True):
        swept = in_order({row.method for row in rows if row.group == group})
        found = {name: _points(rows, results, summary, name, group) for name in [*swept, *others]}
        lines = beside({name: found[name] for name in swept})
        _size_axes(panel, results.by_key[FULL, group].cost.decoder_tokens)
        panel.set_title(GROUP_NAMES[group], loc="left")
        panel.set_ylabel(f"{METRIC_NAMES[results.metric(group)]}, 95 % interval")
        _again(panel, [row for row in again if row.group == group], lines)
        _lines(panel, lines)
        _numbered(panel, {number: found[name] for number, name in enumerate(others, 1)})
    key = "    ".join(f"{number} {name}" for number, name in enumerate(others, 1))
    figure.supxlabel(f"{key}\n{NUDGED}", fontsize=8.5, color="#444444")
    save(figure, path)


def _points(rows: Sequence[Row], results: Results, summary: Summary, method: str, group: str) -> list[Point]:
    """Of the experiments and of the committed run, by positions."""
    mine = [row for row in rows if (row.method, row.group) == (method, group)]
    points = [Point(row.decoder_tokens, row.value, row.low, row.high) for row in mine]
    committed = summary.of(method, group)
    if committed is not None:
        positions = results.by_key[method, group].cost.decoder_tokens
        points.append(Point(positions, committed.value, committed.low, committed.high))
    return sorted(points, key=lambda point: point.positions)


def beside(curves: Curves) -> dict[str, list[Point]]:
    """Every method a little to the left or right of where it is, the same for all of its points, so that intervals of
    several methods at one size can be seen."""
    middle = (len(curves) - 1) / 2
    return {
        method: [replace(point, positions=point.positions * 2 ** (STEP * (number - middle))) for point in points]
        for number, (method, points) in enumerate(curves.items())
    }


def _lines(panel: Axes, curves: Curves) -> None:
    for method, points in curves.items():
        look = style(method)
        panel.errorbar([point.positions for point in points], [point.value for point in points], _reach(points),
                       color=look.colour, marker=look.marker, markersize=5, linewidth=1.4, elinewidth=1.1)  # fmt: skip
    if curves:
        last = max(points[-1].positions for points in curves.values())
        ends = [(method, points[-1].value, style(method).colour) for method, points in curves.items()]
        names_at_ends(panel, ends, gap=0.04, end=last * 1.25)


def _again(panel: Axes, rows: Sequence[Row], curves: Curves) -> None:
    """Where the line of a method has a point at as many positions, a little beside it."""
    for row in rows:
        for point in curves.get(row.method, ()):
            if abs(np.log2(point.positions / row.decoder_tokens)) < 0.5:
                look, x = style(row.method), point.positions * 2 ** (STEP / 2)
                panel.plot(x, row.value, look.marker, color=look.colour, alpha=0.4, markersize=4)


def _numbered(panel: Axes, curves: Mapping[int, Sequence[Point]]) -> None:
    for number, points in curves.items():
        for point in points:
            panel.errorbar(point.positions, point.value, _reach([point]), color=GREY, marker="o", markersize=10,
                           elinewidth=1.1, zorder=4)  # fmt: skip
            panel.text(point.positions, point.value, str(number), color="white", fontsize=7.5,
                       fontweight="bold", ha="center", va="center_baseline", zorder=5)  # fmt: skip


def _reach(points: Sequence[Point]) -> list[list[float]]:
    """How far the intervals reach below and above the values."""
    below = [max(0.0, point.value - point.low) for point in points]
    return [below, [max(0.0, point.high - point.value) for point in points]]


def _size_axes(panel: Axes, tokens: float) -> None:
    """Decoder positions below, and above how many tokens of the text there are for each."""
    panel.set_xscale("log", base=2)
    panel.set(xlim=(3.4, max(480, 1.5 * tokens)), ylim=(-0.05, 1.02), xlabel="decoder positions")
    panel.set_xticks(POSITIONS, [str(positions) for positions in POSITIONS])
    ratio = panel.secondary_xaxis("top", functions=(there := lambda x: tokens / np.maximum(x, TINY), there))
    ratio.set_xlabel("tokens of the text per decoder position (the stored memory has one state a token)")
    ratio.xaxis.set_major_locator(FixedLocator(RATIOS))
    ratio.xaxis.set_major_formatter("{x:g}×")
    ratio.xaxis.set_minor_locator(NullLocator())
    plain(panel, "both")


def changes(rows: Sequence[Row], again: Sequence[Row], path: Path) -> None:
    """A row a change, the best on top, a panel a group: the difference to the committed run with its 95 % interval.

    `again` are further trainings of the committed settings; a band shows what these alone do.
    """
    shown = [row for row in rows if row.difference is not None and row.group in GROUPS]
    labels = by_effect(shown)
    figure = Figure(figsize=(15, 0.34 * len(labels) + 1.7), layout="constrained")
    panels = figure.subplots(1, len(GROUPS), sharex=True, sharey=True)
    for panel, group in zip(panels, GROUPS, strict=True):
        band = differences([row for row in again if row.group == group])
        name = f"{len(band)} trainings of the committed settings: range"
        panel.axvspan(min(band), max(band), color=PALE, alpha=0.6, linewidth=0, zorder=0, label=name)
        panel.axvline(fmean(band), color=GREY, linewidth=0.8, linestyle="--", label="their mean")
        for row in (row for row in shown if row.group == group):
            _effect(panel, row, list(labels).index(row.experiment))
        panel.axvline(0, color=GREY, linewidth=0.8)
        metric = next((METRIC_NAMES[row.metric] for row in shown if row.group == group), "score")
        panel.set(title=GROUP_NAMES[group], xlabel=f"{metric} above committed")
        panel.set_yticks(range(len(labels)), list(labels.values()))
        panel.set_ylim(-0.6, len(labels) - 0.4)
        plain(panel, "x")
    panels[0].set_xlim(FLOOR - 0.015, max([0.1, *(row.difference_high or 0.0 for row in shown)]) + 0.02)
    if again:
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False, fontsize=9)
    save(figure, path)


def by_effect(rows: Sequence[Row]) -> dict[str, str]:
    """The experiments and what to call them, from the one that costs most, over the groups, to the best."""
    effects: dict[str, list[float]] = {}
    for row in rows:
        effects.setdefault(row.experiment, []).append(row.difference or 0.0)
    names = {row.experiment: f"{row.about}: {called(row)}" for row in rows}
    return {name: names[name] for name in sorted(effects, key=lambda name: (fmean(effects[name]), name))}


def called(row: Row) -> str:
    """The experiment, with a mark where the LLM was in another type than in the committed run."""
    return f"{row.experiment}*" if row.float32 else row.experiment


def differences(again: Sequence[Row]) -> list[float]:
    """Those of trainings with the committed settings to the committed run, which itself is at 0."""
    return [0.0, *(row.difference for row in again if row.method == OURS and row.difference is not None)]


def _effect(panel: Axes, row: Row, y: float) -> None:
    """A point and its interval, or an arrow and the numbers where they lie too far out."""
    value, low, high = row.difference or 0.0, row.difference_low or 0.0, row.difference_high or 0.0
    if value >= FLOOR:
        panel.plot([max(low, FLOOR), high], [y, y], color=BLUE, linewidth=1.6)
        panel.plot(value, y, "o", color=BLUE, markersize=5)
    else:
        panel.plot(FLOOR, y, "<", color=BLUE, markersize=7)
        panel.annotate(f"{value:+.2f} [{low:+.2f}, {high:+.2f}]", (FLOOR, y), (8, 0), textcoords="offset points",
                       va="center", fontsize=8, color=BLUE)  # fmt: skip


def windows(trained: Mapping[str, Training], path: Path) -> None:
    """Losses of phase 2 once the LLM reads, a line an experiment: on validation items, and in training (thin)."""
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    panel = figure.subplots()
    ends = []
    for (name, training), colour in zip(trained.items(), cycle(HUES)):
        part = curves.parts(training)[-1]
        start = part.points[0]["step"]
        kept, losses = part.curve("validation_loss")
        panel.plot([step - start for step in kept], losses, color=colour, marker="o", markersize=4)
        steps, values = curves.reading(part)
        panel.plot([step - start for step in steps], curves.moving_mean(values), color=colour, linewidth=0.8, alpha=0.7)
        ends.append((name, losses[-1], colour))
    panel.set(xlabel="steps of phase 2 after the selector's", ylabel="nats per token of the answer", ylim=(0, None))
    panel.margins(x=0.01)
    panel.set_title("on validation items (dots), and the moving mean in training (thin)")
    plain(panel, "y")
    names_at_ends(panel, ends, gap=0.05)
    save(figure, path)
