"""The hypotheses once more, from longer trainings: experiments about `LONGER`, one for each training seed, whose
answers are kept as those of further seeds are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from adamem.analysis import copies, verdicts
from adamem.analysis.ablations import LONGER, Row
from adamem.analysis.draws import items_of
from adamem.analysis.hypotheses import FUSION, Evidence, Hypothesis, judge, over
from adamem.analysis.methods import in_order
from adamem.analysis.quality import OURS, Bootstrap
from adamem.analysis.results import Results, read
from adamem.analysis.tables import gap, markdown
from adamem.analysis.targets import LOWER, UPPER
from adamem.evaluation.statistics import Interval

FILE = "hypotheses_longer.json"
SHORT, LONG = "as committed", "longer"
PLOT = f"""\
`{UPPER}` is asked fewer items, so its distance to `{OURS}` here is not quite the one that H3 judges. In the
plot each mark is one training, each upright line a mean; hollow: as committed, filled: longer.

![What each training scored](plots/longer.png)"""

MEANS = """\
Means over the training seeds, and in brackets the lowest and the highest training (F1; coverage on C; STR-HIT: no name
of the list missing).

"""
WHOLE = f"{FUSION} STR-HIT"  # no name missing, beside the F1 that gives credit for a part of a list

Scores = Mapping[tuple[str, str], Mapping[str, Sequence[float]]]  # trainings, by method and kind, by group or WHOLE


@dataclass(frozen=True)
class Weighed:
    """A section of the page, the verdicts in it, what each training scored, and the answers behind them. Nothing but a
    line to say so where there are none that count."""

    section: str = ""
    claims: Sequence[Hypothesis] = ()
    scores: Scores = field(default_factory=dict)
    evidence: Evidence | None = None


def weigh(folder: Path, table: Sequence[Row], tasks: Path, committed: Evidence, cost: Mapping[str, Any]) -> Weighed:
    """Judge the longer trainings of the table by their answers below `folder`, beside those `committed`; `cost` is the
    content of `reports/efficiency.json`.

    Raises:
        ValueError: see `load`.
    """
    about = rows(table)
    if not (current := [row for row in about if not row.stale]):
        return Weighed(out_of_date(about))
    found = load(folder, about, tasks, committed)
    claims = judge(found, cost)
    scored = scores((row.method for row in current), {SHORT: committed, LONG: found})
    return Weighed(section(current, claims, scored, found, committed), claims, scored, found)


def rows(table: Sequence[Row]) -> list[Row]:
    """Those of the table that are about longer training."""
    return [row for row in table if row.about == LONGER]


def trainings(folder: Path, rows: Sequence[Row], tasks: Path) -> dict[int, Results]:
    """The answers below `folder` that rows of the table speak of, but for stale ones, by the number of the training
    (`hypotheses.Evidence`), which tells the same seed of other settings.

    Raises:
        ValueError: answers are missing or malformed, or the table has no row of them; the message names the place.
    """
    found: dict[int, Results] = {}
    for name in _names(rows):
        of = [row for row in rows if row.experiment == name]
        number = of[0].seed + 1
        if number in found:
            raise ValueError(f"{folder / name}: another experiment has its training_seed, too; take out one of them")
        found[number] = _training(folder / name, of, items_of(of[0].draw, folder, tasks))
    return found


def one_of(found: Mapping[int, Results], bootstrap: Bootstrap) -> Evidence:
    """Trainings by number, the first of which is that of the results."""
    number = next(iter(found))
    return Evidence(found[number], bootstrap, {key: one for key, one in found.items() if key != number}, number)


def made_with(rows: Sequence[Row]) -> tuple[str, str]:
    """The changes of the settings but for the training seed, and the devices, as a sentence names them."""
    changes = dict.fromkeys(one for row in rows for one in row.changes.split() if not one.startswith("training_seed="))
    return ", ".join(f"`{one}`" for one in changes), ", ".join(dict.fromkeys(row.device for row in rows))


def load(folder: Path, rows: Sequence[Row], tasks: Path, committed: Evidence) -> Evidence:
    """The answers of the experiments of `rows`, below `folder`, beside those of arms that are not trained and of the
    lower bound in `committed`.

    Raises:
        ValueError: answers of the rows are missing or malformed, or the first training lacks a method that another has;
            the message names the place.
    """
    found = one_of(trainings(folder, rows, tasks), committed.bootstrap)
    first = found.results
    for name, one in zip(_names(rows)[1:], found.again.values(), strict=True):
        if more := set(one.methods) - set(first.methods):
            raise ValueError(
                f"{folder / name}: has {min(more)}, which {_names(rows)[0]} lacks, and effects are over the items of "
                f"that; run `python -m adamem.ablate {_names(rows)[0]}`"
            )
    given = {
        key: one
        for key, one in committed.results.by_key.items()
        if one.cost.trainable_parameters == 0 or key[0] == LOWER
    }
    return replace(found, results=replace(first, by_key=given | dict(first.by_key)))


def _names(rows: Sequence[Row]) -> list[str]:
    """The experiments that are not stale as a whole."""
    return list(dict.fromkeys(row.experiment for row in rows if not row.stale))


def _training(folder: Path, rows: Sequence[Row], tasks: Path) -> Results:
    if not tasks.is_dir():
        raise ValueError(
            f"{tasks}: the items of {folder.name} are not there; run `python -m adamem.ablate {folder.name}`"
        )
    found, methods = read(folder, tasks), {row.method for row in rows if not row.stale}
    if more := set(found.methods) - {row.method for row in rows}:
        raise ValueError(
            f"{folder}: has {min(more)}, of which the table has no row; remove it, or run `python -m adamem.ablate "
            f"{folder.name}`"
        )
    if lacking := methods - set(found.methods):
        raise ValueError(
            f"{folder}: no answers of {min(lacking)}, which the table has; run `python -m adamem.ablate {folder.name}`"
        )
    return replace(found, by_key={key: one for key, one in found.by_key.items() if key[0] in methods})


def scores(methods: Iterable[str], kinds: Mapping[str, Evidence]) -> Scores:
    """What each training of each method scored, by kind of training."""
    results = next(iter(kinds.values())).results
    judged = {group: (group, results.metric(group)) for group in results.groups}
    if FUSION in judged:
        judged |= {WHOLE: (FUSION, "str_hit")}
    return {
        (method, kind): {
            column: [one.mean(method, *score) for one in known.trainings.values() if (method, score[0]) in one.by_key]
            for column, score in sorted(judged.items())
        }
        for method in in_order(set(methods))
        for kind, known in kinds.items()
    }


def section(
    rows: Sequence[Row], claims: Sequence[Hypothesis], scores: Scores, longer: Evidence, committed: Evidence
) -> str:
    """Verdicts, the effects training by training and group by group, whether leads have grown, and what each method
    scores with either length."""
    changes, devices = made_with(rows)
    head = (
        f"Arms that are trained, trained for longer: {changes}; "
        f"{len(_names(rows))} training seeds, on: {devices} ([experiments](../ablations/README.md#all-experiments), "
        "[how](../../docs/experiments.md#what-an-h100-gave)). Compared are the arms that were trained for longer and "
        f"those that nobody trains; an arm that was trained, but not for longer, is left out. `{LOWER}`, which H1's "
        "opponent must beat, is as committed. Judged as above, the cost half of H3 by the costs of the committed run; "
        f"all comparisons: [{FILE}]({FILE}). Three times the steps were chosen when scores of such trainings on these "
        "test items had been seen."
    )
    judged = [verdicts.table(claims), verdicts.trainings(claims), verdicts.by_group(longer, claims)]
    parts = [head, *judged, _growth(claims, longer, committed), copies.leads(longer), table(scores), PLOT]
    return "\n\n".join(part for part in parts if part)


def _growth(claims: Sequence[Hypothesis], longer: Evidence, committed: Evidence) -> str:
    """What longer training adds to the leads of the first two claims."""
    parts = []
    for one in claims:
        if one.weakest is None or one.weakest.share != 1:
            continue
        found = change(committed, longer, one.weakest.against, one.weakest.group)
        if found is not None:
            grown = gap(found.difference, found.low, found.high)
            parts.append(f"over `{one.weakest.against}` on {one.weakest.group} ({one.name}) {grown}")
    if not parts:
        return ""
    return (
        f"What longer training adds to the leads, seed by seed: {', '.join(parts)}. Devices, and for some seeds the "
        "type of the LLM, changed as well."
    )


def change(before: Evidence, after: Evidence, against: str, group: str) -> Interval | None:
    """How much what ours is above another has grown from `before` to `after`, training by training; None where they
    do not have the same trainings and items."""
    metric = before.results.metric(group)
    short, long = (known.pairs(OURS, against, group, metric) for known in (before, after))
    if not short or [(number, one.ids) for number, one in short.items()] != [(n, one.ids) for n, one in long.items()]:
        return None
    gaps = [
        [(y - z) - (w - x) for w, x, y, z in zip(one.a, one.b, long[number].a, long[number].b, strict=True)]
        for number, one in short.items()
    ]
    return over(
        gaps, next(iter(short.values())).clusters, before.bootstrap, f"growth {OURS} - {against} {group} {metric}"
    )


def out_of_date(rows: Sequence[Row]) -> str:
    """The section where code or settings have changed since; none where there are no rows at all."""
    if not rows:
        return ""
    commits = ", ".join(dict.fromkeys(row.commit for row in rows))
    return f"Out of date: made with code and settings of commit {commits}, which have changed. They have no say."


def table(scores: Scores, kind: str = "training") -> str:
    """Means over trainings, with the lowest and the highest; `kind` heads the column of what tells them apart."""
    columns = list(next(iter(scores.values())))
    lines = [
        [f"`{method}`", called, str(len(found[columns[0]])), *map(_spread, found.values())]
        for (method, called), found in scores.items()
    ]
    return MEANS + markdown(["method", kind, "seeds", *columns], lines, numbers_from=2)


def _spread(found: Sequence[float]) -> str:
    mean = f"{fmean(found):.2f}" if found else ""
    return f"{mean} ({min(found):.2f} to {max(found):.2f})" if len(found) > 1 else mean
