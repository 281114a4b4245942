"""The plot of the longer trainings: what each of them scored."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

from matplotlib.figure import Figure

from adamem.analysis.kept import Scores
from adamem.analysis.longer import SHORT
from adamem.analysis.methods import style
from adamem.analysis.plots import GROUP_NAMES, METRIC_NAMES, plain, save
from adamem.analysis.results import Results

APART = 0.11  # of a row, between trainings that would cover each other


def longer(scores: Scores, results: Results, path: Path) -> None:
    """A row a method and length of its training, a panel a group: a mark for each training, a bar at their mean.
    `results` knows the groups and the metric of each."""
    rows = list(scores)[::-1]
    figure = Figure(figsize=(2.6 * len(results.groups) + 2.2, 0.34 * len(rows) + 1.2), layout="constrained")
    panels = figure.subplots(1, len(results.groups), sharey=True, squeeze=False)[0]
    for panel, group in zip(panels, results.groups, strict=True):
        for y, (method, length) in enumerate(rows):
            look, values = style(method), scores[method, length][group]
            face = "white" if length == SHORT else look.colour
            heights = [y + APART * (number - (len(values) - 1) / 2) for number in range(len(values))]
            panel.plot(values, heights, look.marker, color=look.colour, markerfacecolor=face, markersize=4,
                       clip_on=False)  # fmt: skip
            mean = [fmean(values)] if values else []
            panel.vlines(mean, y - 0.35, y + 0.35, color=look.colour, linewidth=1.6)
        panel.set(title=GROUP_NAMES[group], xlabel=METRIC_NAMES[results.metric(group)], xlim=(-0.02, 1.02))
        panel.set_yticks(range(len(rows)), [", ".join(row) for row in rows])
        plain(panel, "x")
    save(figure, path)
