"""What one changed part does, held against what another training seed does."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

from adamem.analysis.ablation_plots import FLOOR, GROUPS, seed_differences
from adamem.analysis.ablations import FLOAT32, Row
from adamem.analysis.quality import OURS, Bootstrap, Summary, compare
from adamem.analysis.results import Results

CHANGED = f"""\
The grey band is what training seeds of the committed settings do, the dashed line their mean; differences
below {FLOOR:g} are written out. Intervals are 95 %.

![Difference to the committed run](plots/changes.png)"""

NOTES = """\
What names do not say: `no_selection` drops the small selection loss of the reading steps alone, the selector's own
steps stay; `no_phase1` is one step of it; `phase3` is `adamem_unfrozen` of the default page."""

UNFROZEN, PHASE3 = "adamem_unfrozen", "phase3"
TYPE = "type of the LLM"  # what the control for experiments that set it is about


def section(changes: Sequence[Row], further: Sequence[Row], seeds: Sequence[Row], summary: Summary) -> str:
    """The part of the page, without its heading: `changes` and `seeds` of the table, `further` from `phase3`."""
    held, of_seeds = (against_control(rows, changes) for rows in (changes, seeds))
    by_group = [_effects(held, of_seeds, group) for group in GROUPS]
    parts = [CHANGED, _spread(seeds, summary), *by_group, _typed(changes), _goes_on(further), NOTES]
    return "\n\n".join(part for part in parts if part)


def phase3(results: Results, summary: Summary, bootstrap: Bootstrap) -> list[Row]:
    """Phase 3 as an experiment: the default graph has it, as a method of its own."""
    rows = []
    for group in results.groups:
        gap, own = compare(results, bootstrap, UNFROZEN, OURS, group), summary.of(UNFROZEN, group)
        if gap is None or own is None:
            continue
        found = {"value": own.value, "low": own.low, "high": own.high, "n": gap.n, "metric": gap.metric}
        found |= {"difference": gap.difference, "difference_low": gap.low, "difference_high": gap.high}
        named = {"experiment": PHASE3, "about": "phase 3", "changes": "", "method": OURS, "group": group}
        cost = results.by_key[UNFROZEN, group].cost
        unknown = dict.fromkeys(("device", "commit", "settings", "code"), "")
        rows.append(Row(**named, **found, **unknown, decoder_tokens=cost.decoder_tokens))
    return rows


def _effects(rows: Sequence[Row], seeds: Sequence[Row], group: str) -> str:
    """Which changes do more than another training seed does, as far as one training can tell."""
    mine = [row for row in rows if row.group == group and row.difference is not None]
    of_seeds = seed_differences([row for row in seeds if row.group == group])
    below = [row for row in mine if (row.difference_high or 0) < 0 and (row.difference or 0) < min(of_seeds)]
    above = [row for row in mine if (row.difference_low or 0) > 0 and (row.difference or 0) > max(of_seeds)]
    same = [row for row in mine if row not in below and row not in above]
    parts = [("worse than every training seed", below), ("better than every one", above), ("neither", same)]
    said = "; ".join(f"{what}: {', '.join(map(_named, found))}" for what, found in parts if found)
    return f"On {group}, {said}." if said else ""


def _typed(rows: Sequence[Row]) -> str:
    """What the type of the LLM alone does, where experiments were run in another one than the committed run."""
    control = [row for row in rows if row.about == TYPE and row.method == OURS]
    if not control:
        return ""
    return (
        f"Where the changes name `{FLOAT32}`, the processor had no bfloat16, the type of the committed run. "
        f"That alone, `{control[0].experiment}`: {_gaps(control)}. Above and in the plot these experiments "
        "(marked *), and seeds in float32, are held against it: their differences to the committed run, less its own."
    )


def against_control(rows: Sequence[Row], control: Sequence[Row]) -> list[Row]:
    """The same, but for experiments in float32, which are held against the control in that type and marked; where
    there is no control they stay as they are."""
    alone = {row.group: row for row in control if row.about == TYPE and row.method == OURS}
    return [_held(row, alone.get(row.group)) if row.float32 and row.about != TYPE else row for row in rows]


def _held(row: Row, control: Row | None) -> Row:
    """Less the control's difference; half widths of the intervals add up as those of independent means do."""
    if control is None or control.difference is None or row.difference is None:
        return row
    low, high = (
        hypot(getattr(row, end) - row.difference, getattr(control, other) - control.difference)
        for end, other in (("difference_low", "difference_high"), ("difference_high", "difference_low"))
    )
    own = row.difference - control.difference
    shifted = {"difference": own, "difference_low": own - low, "difference_high": own + high}
    return row.model_copy(update={"experiment": f"{row.experiment}*", **shifted})


def _goes_on(further: Sequence[Row]) -> str:
    """What phase 3 adds: no other training, so that items alone say how sure it is."""
    return f"`{PHASE3}` goes on from the committed run itself: {_gaps(further)}." if further else ""


def _gaps(rows: Sequence[Row]) -> str:
    return ", ".join(f"{row.group} {row.gap}" for row in rows)


def _named(row: Row) -> str:
    return f"`{row.experiment}` ({row.difference:+.2f})"


def _spread(rows: Sequence[Row], summary: Summary) -> str:
    """What another seed alone does, which is what the differences above have to be held against."""
    lines = []
    for group in GROUPS:
        values = [row.value for row in rows if (row.method, row.group) == (OURS, group)]
        committed = summary.of(OURS, group)
        if values and committed is not None:
            found = sorted([committed.value, *values])
            lines.append(f"{found[0]:.2f} to {found[-1]:.2f} on {group} (the committed run: {committed.value:.2f})")
    if not lines:
        return ""
    count = 1 + len({row.experiment for row in rows if row.method == OURS})
    typed = len({row.experiment for row in rows if row.method == OURS and row.float32})
    return (
        f"Each change was trained once. {count} training seeds of the committed settings give {', '.join(lines)}"
        + (f", {typed} of them in float32" if typed else "")
        + ". A change is "
        "called worse or better where it lies below, or above, all of them and its interval over items does not hold "
        "what it is held against; with so many changes, some may do so by chance."
    )
