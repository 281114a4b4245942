"""The plots of the report, drawn without a display and without pyplot's global state.

Every method keeps its colour and marker (`analysis.methods`) and is named where it is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adamem.analysis.methods import BLACK, BLUE, GREY, in_order, style
from adamem.analysis.quality import Quality, Summary
from adamem.analysis.results import Results, Training

GROUP_NAMES = {"A": "A  distributed fusion", "B": "B  exact recall", "C": "C  redundancy", "D": "D  sparse lookup"}
METRIC_NAMES = {"f1": "F1", "coverage": "coverage of facts", "official": "official score"}
LIKE = 1.25  # costs of which none is this many times its neighbour are shown as one
PALE = "#C8C8C8"


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
    """What a method costs in every answer and what it scores: rows by decoder positions, among these by score."""
    groups = results.groups
    lines = -(-len(groups) // 2)
    figure = Figure(figsize=(12, lines * (0.23 * len(results.methods) + 1.6)), layout="constrained")
    panels = figure.subplots(lines, 2, squeeze=False).flatten()
    for panel in panels[len(groups) :]:
        panel.set_axis_off()
    for panel, group in zip(panels, groups, strict=False):
        rows = [row for row in summary.quality if row.group == group]
        _ranking(panel, rows, {row.method: results.by_key[row.method, group].cost.decoder_tokens for row in rows})
        panel.set(title=GROUP_NAMES[group], xlabel=f"{METRIC_NAMES[rows[0].metric]}, 95 % interval", xlim=(-0.02, 1.02))
    save(figure, path)


def _ranking(panel: Axes, rows: Sequence[Quality], costs: Mapping[str, float]) -> None:
    """From the bottom: a block of like costs, the best method on top, and over it what they cost."""
    lines: list[Quality | str] = []
    for block in blocks(costs):
        lines += sorted((row for row in rows if row.method in block), key=lambda row: row.value)
        lines.append(_positions([costs[method] for method in block]))
    panel.set_yticks(range(len(lines)), [line if isinstance(line, str) else line.method for line in lines])
    panel.set_ylim(-0.7, len(lines) - 0.3)
    panel.tick_params(axis="y", length=0, labelsize=9)
    for y, (line, label) in enumerate(zip(lines, panel.get_yticklabels(), strict=True)):
        if isinstance(line, str):
            label.set_fontweight("bold")
        else:
            _point(panel, line, line.value, y)
    _ours(panel, rows)
    plain(panel, "x")


def blocks(costs: Mapping[str, float]) -> list[list[str]]:
    """Methods by ascending cost, together with those that cost about as much (`LIKE`) as the one before."""
    found: list[list[str]] = []
    for method in sorted(costs, key=lambda name: (costs[name], name)):
        if found and costs[method] <= LIKE * costs[found[-1][-1]]:
            found[-1].append(method)
        else:
            found.append([method])
    return found


def _positions(costs: Sequence[float]) -> str:
    low, high = f"{min(costs):.0f}", f"{max(costs):.0f}"
    if high == "0":
        return "no decoder position"
    return f"{low} decoder positions" if low == high else f"{low} to {high} decoder positions"


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


def parts(stage: Training) -> list[Training]:
    """The trainings of a stage: one begins with a validation at the step at which the one before has ended."""
    steps = [point["step"] for point in stage.points]
    starts = [0, *(index for index, (last, step) in enumerate(pairwise(steps), 1) if step <= last)]
    return [replace(stage, points=stage.points[start:end]) for start, end in pairwise([*starts, len(steps)])]


def part_names(trainings: Sequence[Training]) -> Sequence[str]:
    """What each of them learns: all phases of the compressor, or text and then tasks, or the two parts of phase 2."""
    if len(trainings) == 3:
        return "text", "selector", "answers"
    names = ("text", "tasks") if trainings[0].curve("answer_nll")[0] else ("selector", "answers")
    return names[: len(trainings)]


def reading(part: Training) -> tuple[list[int], list[float]]:
    """Steps and the loss that validation measures, too: that of the answers, or the only one of a selector."""
    steps, values = part.curve("answer_nll")
    return (steps, values) if steps else part.curve("loss")


def moving_mean(values: Sequence[float]) -> list[float]:
    """Means of about a tenth of the curve around each value, of what there is of it at the ends."""
    reach = max(1, len(values) // 20)
    return [fmean(values[max(0, index - reach) : index + reach + 1]) for index in range(len(values))]


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


def names_at_ends(panel: Axes, ends: Sequence[tuple[str, float, str]], gap: float, end: float | None = None) -> None:
    """Name, last value and colour of each line: names right of where the lines end, `gap` of the panel apart.

    They end at the edge of the panel unless `end` says where. Call it once the limits stand.
    """
    ordered = sorted(ends, key=lambda line: line[1])
    last = panel.get_xlim()[1] if end is None else end
    places = [(panel.transData - panel.transAxes).transform((last, value)) for _, value, _ in ordered]
    heights = spread([own for _, own in places], gap)
    for (name, _, colour), (x, own), height in zip(ordered, places, heights, strict=True):
        line = {"arrowstyle": "-", "color": colour, "linewidth": 0.6, "relpos": (0, 0.5), "shrinkA": 0, "shrinkB": 0}
        panel.annotate(name, (x + 0.005, own), (x + 0.04, height), "axes fraction", "axes fraction", color=colour,
                       fontsize=8, va="center", annotation_clip=False, arrowprops=line)  # fmt: skip


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Where names stand: ascending heights moved as little as it takes to stand `gap` apart, from 0 to 1 if they fit.

    Least squares under an order (pool adjacent violators) on the heights less the room that each needs.
    """
    pools: list[list[float]] = []
    for index, height in enumerate(heights):
        pools.append([height - index * gap])
        while len(pools) > 1 and _middle(pools[-2]) > _middle(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    placed = [_middle(pool) for pool in pools for _ in pool]
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
