"""The answers of further trainings, which experiments of the ablations keep, and what those trainings scored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean

from adamem.analysis.ablations import Row
from adamem.analysis.draws import items_of
from adamem.analysis.hypotheses import FUSION, Evidence, Hypothesis
from adamem.analysis.methods import in_order
from adamem.analysis.quality import Bootstrap
from adamem.analysis.results import Results, read
from adamem.analysis.tables import markdown

WHOLE = f"{FUSION} STR-HIT"  # no name missing, beside the F1 that gives credit for a part of a list
MEANS = """\
Means over the training seeds, and in brackets the lowest and the highest training (F1; coverage on C; STR-HIT: no name
of the list missing).

"""

Scores = Mapping[tuple[str, str], Mapping[str, Sequence[float]]]  # trainings, by method and kind, by group or WHOLE


@dataclass(frozen=True)
class Kept:
    """Answers below `folder`, a folder an experiment, and the rows of the table that speak of them; `tasks` has the
    items of the committed run."""

    folder: Path
    rows: Sequence[Row]
    tasks: Path

    def about(self, what: str) -> Kept:
        """Those of experiments about this alone."""
        return replace(self, rows=[row for row in self.rows if row.about == what])

    @property
    def current(self) -> list[Row]:
        """The rows that are not stale."""
        return [row for row in self.rows if not row.stale]

    @property
    def names(self) -> list[str]:
        """The experiments that are not stale as a whole."""
        return list(dict.fromkeys(row.experiment for row in self.current))

    def trainings(self) -> dict[int, Results]:
        """The answers that rows speak of, but for stale ones, by the number of the training (`hypotheses.Evidence`),
        which tells the same seed of other settings. Experiments with the same settings that ask other methods count as
        one.

        Raises:
            ValueError: answers are missing or malformed, the table has no row of them, or two experiments have one seed
                and other settings or a method in common; the message names the place.
        """
        found: dict[int, Results] = {}
        settings: dict[int, str] = {}
        for name in self.names:
            of = [row for row in self.rows if row.experiment == name]
            number = of[0].seed + 1
            one = _training(self.folder / name, of, items_of(of[0].draw, self.folder, self.tasks))
            known = found.get(number, replace(one, by_key={}))
            if settings.setdefault(number, of[0].settings) != of[0].settings or known.by_key.keys() & one.by_key.keys():
                raise ValueError(
                    f"{self.folder / name}: another experiment has its training_seed, too, and other settings or a "
                    "method in common; take out one of them"
                )
            found[number] = replace(known, by_key=dict(known.by_key) | dict(one.by_key))
        return found

    def evidence(self, bootstrap: Bootstrap) -> Evidence:
        """Its trainings, the first of which is that of the results.

        Raises:
            ValueError: see `trainings`; or the first lacks a method that another has: effects are over its items, so
                that the method would be left out in silence. The message names the place.
        """
        found = one_of(self.trainings(), bootstrap)
        for number, one in found.again.items():
            if more := set(one.methods) - set(found.results.methods):
                raise ValueError(
                    f"{self.folder}: seed {number - 1} has {min(more)}, which seed {found.number - 1} lacks, and "
                    "effects are over the items of that; `python -m adamem.ablate` makes what is missing"
                )
        return found

    def made_with(self) -> tuple[str, str]:
        """The changes of the settings but for the training seed, and the devices, as a sentence names them."""
        changes = [one for row in self.rows for one in row.changes.split() if not one.startswith("training_seed=")]
        devices = dict.fromkeys(row.device for row in self.rows)
        return ", ".join(f"`{one}`" for one in dict.fromkeys(changes)), "; ".join(devices)

    def out_of_date(self) -> str:
        """The section where code or settings have changed since; none where there are no rows at all."""
        if not self.rows:
            return ""
        commits = ", ".join(dict.fromkeys(row.commit for row in self.rows))
        return f"Out of date: made with code and settings of commit {commits}, which have changed. They have no say."


@dataclass(frozen=True)
class Weighed:
    """A section of the page, the verdicts in it, what each training scored, and the answers behind them. Nothing but a
    line to say so where there are none that count."""

    section: str = ""
    claims: Sequence[Hypothesis] = ()
    scores: Scores = field(default_factory=dict)
    evidence: Evidence | None = None


def one_of(found: Mapping[int, Results], bootstrap: Bootstrap) -> Evidence:
    """Trainings by number, the first of which is that of the results."""
    number = next(iter(found))
    return Evidence(found[number], bootstrap, {key: one for key, one in found.items() if key != number}, number)


def _training(folder: Path, rows: Sequence[Row], tasks: Path) -> Results:
    again = f"run `python -m adamem.ablate {folder.name}`"
    if not tasks.is_dir():
        raise ValueError(f"{tasks}: the items of {folder.name} are not there; {again}")
    found, methods = read(folder, tasks), {row.method for row in rows if not row.stale}
    if more := set(found.methods) - {row.method for row in rows}:
        raise ValueError(f"{folder}: has {min(more)}, of which the table has no row; remove it, or {again}")
    if lacking := methods - set(found.methods):
        raise ValueError(f"{folder}: no answers of {min(lacking)}, which the table has; {again}")
    return replace(found, by_key={key: one for key, one in found.by_key.items() if key[0] in methods})


def scores(methods: Iterable[str], kinds: Mapping[str, Evidence]) -> Scores:
    """What each training of each method scored, by kind of training, for the kinds that it has."""
    results = next(iter(kinds.values())).results
    judged = {group: (group, results.metric(group)) for group in results.groups}
    if FUSION in judged:
        judged |= {WHOLE: (FUSION, "str_hit")}
    found = {
        (method, kind): {column: of_trainings(known, method, *score) for column, score in sorted(judged.items())}
        for method in in_order(set(methods))
        for kind, known in kinds.items()
    }
    return {row: columns for row, columns in found.items() if any(columns.values())}


def of_trainings(known: Evidence, method: str, group: str, metric: str) -> list[float]:
    """The means of a method's trainings that were asked the group."""
    return [one.mean(method, group, metric) for one in known.trainings.values() if (method, group) in one.by_key]


def table(scores: Scores, kind: str) -> str:
    """Means over trainings, with the lowest and the highest; `kind` heads the column of what tells them apart."""
    columns = list(next(iter(scores.values())))
    lines = [
        [f"`{method}`", called, str(len(found[columns[0]])), *map(spread, found.values())]
        for (method, called), found in scores.items()
    ]
    return MEANS + markdown(["method", kind, "seeds", *columns], lines, numbers_from=2)


def spread(found: Sequence[float]) -> str:
    """The mean, and where there are several the lowest and the highest."""
    mean = f"{fmean(found):.2f}" if found else ""
    return f"{mean} ({min(found):.2f} to {max(found):.2f})" if len(found) > 1 else mean
