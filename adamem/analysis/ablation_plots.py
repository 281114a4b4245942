"""Plots of the ablations: quality by size of the memory, what each change costs, and windows of several tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adamem.analysis.ablations import Row
from adamem.analysis.methods import BLUE, GREY, in_order, style
from adamem.analysis.plots import GROUP_NAMES, METRIC_NAMES, plain, save
from adamem.analysis.quality import Summary
from adamem.analysis.results import Results, Training

GROUPS = ("A", "D")  # those that the ablations are about
POSITIONS = (4, 8, 16, 32, 64, 128, 256)
FULL = "full_context"  # the method whose decoder positions are the tokens of the text


def compression(rows: Sequence[Row], results: Results, summary: Summary, path: Path) -> None:
    """Quality against decoder positions, which is also how far the text is compressed: a line for a method that was
    trained at several K, a point for the others."""
    figure = Figure(figsize=(11.5, 4.8), layout="constrained")
    for panel, group in zip(figure.subplots(1, 2, sharey=True), GROUPS, strict=True):
        swept = [row for row in rows if row.group == group]
        for method in in_order({row.method for row in swept}):
            points = [(row.decoder_tokens, row.value) for row in swept if row.method == method]
            _line(panel, method, sorted([*points, *_landed(results, summary, method, group)]))
        for method in in_order({row.method for row in summary.quality} - {row.method for row in swept}):
            _line(panel, method, _landed(results, summary, method, group))
        tokens = results.by_key[FULL, group].cost.decoder_tokens
        panel.set_xscale("log", base=2)
        panel.set_xticks(POSITIONS, [f"{count}\n{tokens / count:.3g}×" for count in POSITIONS])
        panel.set(title=GROUP_NAMES[group], ylim=(-0.03, 1.03))
        panel.set_xlabel("decoder positions, × fewer than the text")
        plain(panel, "both")
        panel.set_ylabel(METRIC_NAMES[results.metric(group)])
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right center", frameon=False, fontsize=7)
    save(figure, path)


def changes(rows: Sequence[Row], path: Path) -> None:
    """A row a change, a panel a group: the difference to the landed run with its 95 % interval."""
    names = list(dict.fromkeys(row.experiment for row in rows))[::-1]
    figure = Figure(figsize=(9.5, 0.32 * len(names) + 1.3), layout="constrained")
    for panel, group in zip(figure.subplots(1, 2, sharey=True), GROUPS, strict=True):
        for row in (row for row in rows if row.group == group and row.difference is not None):
            y = names.index(row.experiment)
            panel.plot([row.difference_low, row.difference_high], [y, y], color=BLUE, linewidth=1.6)
            panel.plot(row.difference, y, "o", color=BLUE, markersize=5)
        panel.axvline(0, color=GREY, linewidth=0.8)
        panel.set(title=GROUP_NAMES[group], xlabel="F1 above the landed run")
        panel.set_yticks(range(len(names)), names)
        panel.set_ylim(-0.6, len(names) - 0.4)
        plain(panel, "x")
    save(figure, path)


def windows(curves: Mapping[str, Training], path: Path) -> None:
    """Losses of phase 2 once the LLM reads, a line an experiment: in training (thin) and on validation items."""
    figure = Figure(figsize=(7.5, 4), layout="constrained")
    panel = figure.subplots()
    for number, (name, training) in enumerate(curves.items()):
        colour = f"C{number}"
        points = [point for point in training.points if point.get("validation_em") is not None]
        start = points[0]["step"]
        panel.plot([p["step"] - start for p in points], [p["validation_loss"] for p in points], color=colour,
                   marker="o", markersize=4, label=name)  # fmt: skip
        steps, losses = training.curve("answer_nll")
        panel.plot([step - start for step in steps], losses, color=colour, linewidth=0.5, alpha=0.35)
    panel.set(xlabel="steps of phase 2 after the selector's", ylabel="loss of the answer, nats a token", ylim=(0, None))
    panel.legend(frameon=False, fontsize=8)
    plain(panel, "y")
    save(figure, path)


def _landed(results: Results, summary: Summary, method: str, group: str) -> list[tuple[float, float]]:
    found = summary.of(method, group)
    return [] if found is None else [(results.by_key[method, group].cost.decoder_tokens, found.value)]


def _line(panel: Axes, method: str, points: Sequence[tuple[float, float]]) -> None:
    shown = [(x, y) for x, y in points if x > 0]  # no context takes no position: it has no place on a logarithm
    if shown:
        look = style(method)
        face = look.colour if look.filled else "white"
        panel.plot(*zip(*shown, strict=True), color=look.colour, marker=look.marker, markerfacecolor=face,
                   markersize=5, linewidth=1.3, label=method)  # fmt: skip
