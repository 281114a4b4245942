"""The plots of the report, drawn without a display and without pyplot's global state.

Every method keeps its colour and marker (`analysis.methods`) and is named where it is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from adamem.analysis.methods import BLUE, OURS, in_order, style
from adamem.analysis.quality import Quality, Summary
from adamem.analysis.results import Results

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
            _point(panel, row, methods.index(row.method))
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
            _point(panel, line, y)
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


def _point(panel: Axes, row: Quality, y: float) -> None:
    look = style(row.method)
    face = look.colour if look.filled else "white"
    panel.plot([row.low, row.high], [y, y], color=look.colour, linewidth=1.6)
    panel.plot(row.value, y, look.marker, color=look.colour, markerfacecolor=face, markersize=6, zorder=3)


def _ours(panel: Axes, rows: Sequence[Quality]) -> None:
    """A thin line at our score, so that the eye finds who lies beyond it."""
    for row in rows:
        if row.method == OURS:
            panel.axvline(row.value, color=BLUE, linewidth=0.6, linestyle=":", zorder=0)


def names_at_ends(panel: Axes, ends: Sequence[tuple[str, float, str]], gap: float, end: float | None = None) -> None:
    """Name, last value and colour of each line: names right of where the lines end, `gap` of the panel apart.

    They end at the edge of the panel unless `end` says where. Call it once the limits stand.
    """
    ordered = sorted(ends, key=lambda line: line[1])
    last = panel.get_xlim()[1] if end is None else end
    places = [(panel.transData - panel.transAxes).transform((last, value)) for _, value, _ in ordered]
    heights = spaced([own for _, own in places], gap)
    for (name, _, colour), (x, own), height in zip(ordered, places, heights, strict=True):
        line = {"arrowstyle": "-", "color": colour, "linewidth": 0.6, "relpos": (0, 0.5), "shrinkA": 0, "shrinkB": 0}
        panel.annotate(name, (x + 0.005, own), (x + 0.04, height), "axes fraction", "axes fraction", color=colour,
                       fontsize=8, va="center", annotation_clip=False, arrowprops=line)  # fmt: skip


def spaced(heights: Sequence[float], gap: float) -> list[float]:
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
