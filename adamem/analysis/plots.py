"""The plots of the report, drawn without a display and without pyplot's global state.

Every method keeps its colour and marker (`analysis.methods`) and is named where it is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adamem.analysis.methods import BLUE, GREY, in_order, style
from adamem.analysis.quality import Quality, Summary
from adamem.analysis.results import Results, Training

GROUP_NAMES = {"A": "A  distributed fusion", "B": "B  exact recall", "C": "C  redundancy", "D": "D  sparse lookup"}
METRIC_NAMES = {"f1": "F1", "coverage": "coverage of facts", "official": "official score"}
MARGIN = 1.04  # of the axes' width: where names stand beside a panel


def quality(summary: Summary, path: Path) -> None:
    """A row a method, a panel a group: the main metric with its 95 % interval."""
    methods = in_order({row.method for row in summary.quality})[::-1]
    groups = sorted({row.group for row in summary.quality})
    figure = Figure(figsize=(2.6 * len(groups) + 2.2, 0.3 * len(methods) + 1.4), layout="constrained")
    panels = figure.subplots(1, len(groups), sharey=True, squeeze=False)[0]
    for panel, group in zip(panels, groups, strict=True):
        rows = [row for row in summary.quality if row.group == group]
        for row in rows:
            _point(panel, row, row.value, methods.index(row.method))
        _ours(panel, rows)
        panel.set(title=GROUP_NAMES[group], xlabel=METRIC_NAMES[rows[0].metric], xlim=(-0.02, 1.02))
        panel.set_yticks(range(len(methods)), methods)
        plain(panel, "x")
    save(figure, path)


def tokens(results: Results, summary: Summary, path: Path) -> None:
    """Quality against mean decoder positions: what each method costs in every answer."""
    groups = results.groups
    figure = Figure(figsize=(12, 4.2 * ((len(groups) + 1) // 2)), layout="constrained")
    panels = figure.subplots((len(groups) + 1) // 2, 2, squeeze=False).flatten()
    for panel in panels[len(groups) :]:
        panel.set_axis_off()
    for panel, group in zip(panels, groups, strict=False):
        rows = [row for row in summary.quality if row.group == group]
        points = {row: results.by_key[row.method, group].cost.decoder_tokens for row in rows}
        for row, cost in points.items():
            _marker(panel, row.method, cost, row.value)
        panel.set_xscale("symlog", linthresh=10)
        panel.set_xlim(left=-1)
        panel.set(title=GROUP_NAMES[group], ylabel=METRIC_NAMES[rows[0].metric], ylim=(-0.03, 1.03))
        panel.set_xlabel("mean decoder positions (logarithmic above 10)")
        panel.xaxis.set_major_formatter("{x:.0f}")
        plain(panel, "both")
        _names_beside(panel, [(row.method, cost, row.value) for row, cost in points.items()])
    save(figure, path)


def losses(training: Sequence[Training], path: Path) -> None:
    """A panel a trained stage: the training loss of each step, and validation losses."""
    _panels(training, path, _loss_panel)


def validation(training: Sequence[Training], path: Path) -> None:
    """A panel a trained stage: share of validation items whose whole answer is the arg-max, teacher-forced."""
    _panels([stage for stage in training if stage.curve("validation_em")[0]], path, _match_panel)


def _panels(training: Sequence[Training], path: Path, draw: Callable[[Axes, Training], None]) -> None:
    columns = min(4, max(1, len(training)))
    lines = max(1, -(-len(training) // columns))
    figure = Figure(figsize=(3.2 * columns, 2.5 * lines + 0.2), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).flatten()
    for panel in panels[len(training) :]:
        panel.set_axis_off()
    for panel, stage in zip(panels, training, strict=False):
        draw(panel, stage)
        panel.set(title=stage.stage, xlabel="step")
        plain(panel, "y")
    save(figure, path)


def _loss_panel(panel: Axes, stage: Training) -> None:
    panel.plot(*stage.curve("loss"), color=GREY, linewidth=0.8, label="training")
    panel.plot(*stage.curve("validation_loss"), color=BLUE, marker="o", markersize=4, label="validation")
    panel.set_ylabel("loss")
    panel.legend(frameon=False, fontsize=7)


def _match_panel(panel: Axes, stage: Training) -> None:
    steps, values = stage.curve("validation_em")
    panel.plot(steps, values, color=BLUE, marker="o", markersize=4)
    last = (steps[-1], values[-1])
    panel.annotate(f"{values[-1]:.2f}", last, (0, 5), textcoords="offset points", ha="right", fontsize=8)
    panel.set(ylabel="validation exact match", ylim=(-0.03, 1.03))
    panel.set_xlim(left=0)


def _point(panel: Axes, row: Quality, x: float, y: float) -> None:
    panel.plot([row.low, row.high], [y, y], color=style(row.method).colour, linewidth=1.6)
    _marker(panel, row.method, x, y)


def _marker(panel: Axes, method: str, x: float, y: float) -> None:
    look = style(method)
    face = look.colour if look.filled else "white"
    panel.plot(x, y, look.marker, color=look.colour, markerfacecolor=face, markersize=6, zorder=3)


def _ours(panel: Axes, rows: Sequence[Quality]) -> None:
    """A thin line at our score, so that the eye finds who lies beyond it."""
    for row in rows:
        if row.method == "adamem":
            panel.axvline(row.value, color=BLUE, linewidth=0.6, linestyle=":", zorder=0)


def _names_beside(panel: Axes, points: Sequence[tuple[str, float, float]]) -> None:
    """Names in a column at the right edge, in the order of the scores, each tied to its point by a thin line."""
    ordered = sorted(points, key=lambda point: point[2])
    for (method, x, y), height in zip(ordered, _spread([y for _, _, y in ordered]), strict=True):
        panel.annotate(
            method,
            xy=(x, y),
            xytext=(MARGIN, height),
            textcoords=panel.get_yaxis_transform(),
            color=style(method).colour,
            fontsize=8,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": style(method).colour,
                "linewidth": 0.5,
                "alpha": 0.5,
                "relpos": (0, 0.5),
                "shrinkB": 4,
            },
        )


def _spread(heights: Sequence[float], gap: float = 0.068) -> list[float]:
    """Ascending heights moved as little as it takes to stand `gap` apart, within the panel if they fit.

    Least squares under an order (pool adjacent violators) on the heights less the room that each needs.
    """
    blocks: list[list[float]] = []
    for index, height in enumerate(heights):
        blocks.append([height - index * gap])
        while len(blocks) > 1 and _middle(blocks[-2]) > _middle(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    placed = [_middle(block) for block in blocks for _ in block]
    roof = 1.0 - (len(placed) - 1) * gap
    return [max(0.0, min(base, roof)) + index * gap for index, base in enumerate(placed)]


def _middle(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def plain(panel: Axes, grid: str) -> None:
    """The house style of a panel: no frame above and right, a light grid along `grid`."""
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(axis=grid, color="#DDDDDD", linewidth=0.6)  # pyright: ignore[reportArgumentType]
    panel.set_axisbelow(True)
    panel.title.set_fontsize(10)


def save(figure: Figure, path: Path) -> None:
    """Write a PNG that depends on nothing but what is drawn."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, metadata={"Software": None})
