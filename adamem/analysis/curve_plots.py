"""Plots of learning curves: a panel a trained stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adamem.analysis.curves import Training, moving_mean, part_names, parts, reading
from adamem.analysis.methods import BLACK, BLUE, GREY
from adamem.analysis.plots import PALE, plain, save


def losses(training: Sequence[Training], path: Path) -> None:
    """A panel a trained stage: the training loss of each step, and validation losses."""
    _panels(training, path, _loss_panel)


def validation(training: Sequence[Training], path: Path) -> None:
    """A panel a trained stage: share of validation items whose whole answer is the arg-max, teacher-forced."""
    _panels([stage for stage in training if stage.curve("validation_em")[0]], path, _match_panel)


def _panels(training: Sequence[Training], path: Path, draw: Callable[[Axes, Training], None]) -> None:
    columns = min(4, max(1, len(training)))
    lines = max(1, -(-len(training) // columns))
    figure = Figure(figsize=(3.2 * columns, 2.5 * lines + 0.5), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).flatten()
    for panel in panels[len(training) :]:
        panel.set_axis_off()
    for panel, stage in zip(panels, training, strict=False):
        draw(panel, stage)
        _switches(panel, parts(stage))
        panel.set(title=stage.stage.split("@")[-1], xlabel="step")
        plain(panel, "y")
    handles, names = panels[0].get_legend_handles_labels()
    if names:
        figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False, fontsize=9)
    save(figure, path)


def _switches(panel: Axes, trainings: Sequence[Training]) -> None:
    """A line wherever another loss begins, and over each part its name, where it is wide enough for one."""
    starts = [part.points[0]["step"] for part in trainings]
    for start in starts[1:]:
        panel.axvline(start, color=BLACK, linewidth=0.8, linestyle="--")
    if len(starts) > 1:
        for name, (start, end) in zip(part_names(trainings), pairwise([*starts, trainings[-1].steps]), strict=True):
            if end - start > 0.1 * panel.get_xlim()[1]:
                panel.annotate(name, ((start + end) / 2, 0.99), xycoords=panel.get_xaxis_transform(),
                               ha="center", va="top", fontsize=8, style="italic")  # fmt: skip


def _loss_panel(panel: Axes, stage: Training) -> None:
    for index, part in enumerate(parts(stage)):
        names = (None, None, None) if index else ("training, each step", "its moving mean", "validation")
        steps, values = reading(part)
        panel.plot(steps, values, color=PALE, linewidth=0.6, label=names[0])
        panel.plot(steps, moving_mean(values), color=GREY, linewidth=1.4, label=names[1])
        panel.plot(*part.curve("validation_loss"), color=BLUE, marker="o", markersize=4, label=names[2])
    panel.set_ylabel("loss (nats)", fontsize=9)
    low, high = panel.get_ylim()
    panel.set_ylim(max(0, low), high + 0.1 * (high - low))  # with room for the names of the parts


def _match_panel(panel: Axes, stage: Training) -> None:
    known = [part.curve("validation_em") for part in parts(stage)]
    for steps, values in known:
        panel.plot(steps, values, color=BLUE, marker="o", markersize=4)
    steps, values = known[-1]
    panel.annotate(f"{values[-1]:.2f}", (steps[-1], values[-1]), (6, 0), textcoords="offset points", va="center",
                   fontsize=8)  # fmt: skip
    panel.set_ylabel("validation exact match", fontsize=9)
    panel.set_ylim(-0.03, 1.03)
    panel.set_xlim(0, 1.15 * steps[-1])  # with room for the last value
