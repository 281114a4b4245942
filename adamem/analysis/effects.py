"""What one changed part does, held against what another training seed does."""

from __future__ import annotations

from collections.abc import Sequence

from adamem.analysis.ablation_plots import FLOOR, GROUPS, called, differences
from adamem.analysis.ablations import SEED, TYPE, Row
from adamem.analysis.methods import OURS
from adamem.analysis.quality import Bootstrap, Summary, compare
from adamem.analysis.results import Results

CHANGED = f"""\
Drawn is the difference to the committed run, also for those marked *, which had the LLM in float32; the text below
holds these against a run in that type. The grey band is what further trainings of the committed settings do, the dashed
line their mean; differences below {FLOOR:g} are written out. Intervals are 95 %, over items.

![Difference to the committed run](plots/changes.png)"""

NOTES = """\
What names do not say: `no_selection` drops the small selection loss of the reading steps alone, the selector's own
steps stay; `no_phase1` is one step of it; `phase3` is `adamem_unfrozen` of the default page."""

UNFROZEN, PHASE3 = "adamem_unfrozen", "phase3"


def section(changes: Sequence[Row], further: Sequence[Row], again: Sequence[Row], summary: Summary) -> str:
    """The part of the page, without its heading: `changes` of the table, `further` from `phase3`, and `again`: further
    trainings of the committed settings."""
    control = [row for row in again if row.about == TYPE and row.method == OURS]
    alike = [row for row in changes if not (control and row.float32)]
    by_group = [_effects(alike, again, group) for group in GROUPS]
    parts = [CHANGED, _spread(again, summary), *by_group, _typed(changes, control), _goes_on(further), NOTES]
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


def _effects(rows: Sequence[Row], again: Sequence[Row], group: str) -> str:
    """Which changes do more than another training does, as far as one training can tell."""
    mine = [row for row in rows if row.group == group and row.difference is not None]
    band = differences([row for row in again if row.group == group])
    below = [row for row in mine if (row.difference_high or 0) < 0 and (row.difference or 0) < min(band)]
    above = [row for row in mine if (row.difference_low or 0) > 0 and (row.difference or 0) > max(band)]
    same = [row for row in mine if row not in below and row not in above]
    parts = [("worse", below), ("better", above), ("neither", same)]
    said = "; ".join(f"{what}: {', '.join(map(_named, found))}" for what, found in parts if found)
    return f"On {group}, {said}." if said else ""


def _typed(changes: Sequence[Row], control: Sequence[Row]) -> str:
    """What the mark of an experiment in another type than the committed run means, what that alone did, and what the
    change did beside it."""
    marked = [row for row in changes if row.float32]
    if not marked:
        return ""
    said = "Marked *: the LLM in float32, for want of a processor that has bfloat16, the type of the committed run."
    if not control:
        return said
    alone = {row.group: row.value for row in control}
    beside: dict[str, list[str]] = {}
    for row in (row for row in marked if row.group in alone):
        beside.setdefault(called(row), []).append(f"{row.group} {row.value - alone[row.group]:+.2f}")
    above = "; ".join(f"`{name}` {', '.join(found)}" for name, found in beside.items())
    return (
        f"{said} The committed run's own seed, trained again in float32 (`{control[0].experiment}`): {_gaps(control)}. "
        f"It is what these are held against, so they are not in the lists above; without intervals, since answers were "
        f"not kept: {above}."
    )


def _goes_on(further: Sequence[Row]) -> str:
    """What phase 3 adds: no other training, so that items alone say how sure it is."""
    return f"`{PHASE3}` goes on from the committed run itself: {_gaps(further)}." if further else ""


def _gaps(rows: Sequence[Row]) -> str:
    return ", ".join(f"{row.group} {row.gap}" for row in rows)


def _named(row: Row) -> str:
    return f"`{called(row)}` ({row.difference:+.2f})"


def _spread(again: Sequence[Row], summary: Summary) -> str:
    """What another training alone does, which is what changes have to be held against."""
    lines = []
    for group in GROUPS:
        values = [row.value for row in again if (row.method, row.group) == (OURS, group)]
        committed = summary.of(OURS, group)
        if values and committed is not None:
            found = sorted([committed.value, *values])
            lines.append(f"{found[0]:.2f} to {found[-1]:.2f} on {group} (the committed run: {committed.value:.2f})")
    if not lines:
        return ""
    return (
        f"Each change was trained once. {trained_again(again)} give {', '.join(lines)}. A change is called better or "
        "worse where its difference is beyond that of every one of them and its interval over items excludes 0; with "
        "so many changes, some may do so by chance."
    )


def trained_again(again: Sequence[Row]) -> str:
    """How many trainings of the committed settings there are, and in what they differ."""
    runs = {row.experiment: row for row in again if row.method == OURS}.values()
    seeds = 1 + sum(row.about == SEED for row in runs)
    typed = sum(row.float32 for row in runs)
    return f"{1 + len(runs)} trainings of the committed settings ({seeds} seeds" + (
        f"; {typed} with the LLM in float32)" if typed else ")"
    )
