"""The answers of every method, and the paired view of two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from adamem.analysis import predictions
from adamem.analysis.predictions import Cost, Prediction
from adamem.evaluation.statistics import shared_clusters

# The score that speaks for a group built from facts: summaries are judged by their facts, answers by their words.
MAIN_METRIC = {"A": "f1", "B": "f1", "C": "coverage", "D": "f1"}


@dataclass(frozen=True)
class Result:
    """One method in one group: its answers to the test items, to their counterfactual copies, and its cost."""

    cost: Cost
    originals: tuple[Prediction, ...]
    counterfactuals: tuple[Prediction, ...]


@dataclass(frozen=True)
class Pairs:
    """Scores of two methods on the items both answered, or of one on copies of items and on these, with the id and the
    cluster of each."""

    ids: tuple[str, ...]
    a: tuple[float, ...]
    b: tuple[float, ...]
    clusters: tuple[str, ...]

    @property
    def gaps(self) -> list[float]:
        """a - b, item by item."""
        return [x - y for x, y in zip(self.a, self.b, strict=True)]


@dataclass(frozen=True)
class Results:
    """All results, by method and group; `entities` says, by item id, what an item is about, and `sources`, by the id of
    a counterfactual copy, which item it copies."""

    by_key: Mapping[tuple[str, str], Result]
    entities: Mapping[str, tuple[str, ...]]
    sources: Mapping[str, str]

    @property
    def methods(self) -> list[str]:
        return list(dict.fromkeys(method for method, _ in self.by_key))

    @property
    def groups(self) -> list[str]:
        return sorted({group for _, group in self.by_key})

    def metric(self, group: str) -> str:
        """The score that speaks for a group: the official one where its items are of public sets."""
        rows = [row for (_, one), result in self.by_key.items() if one == group for row in result.originals]
        return MAIN_METRIC[group] if any(row.official is None for row in rows) else "official"

    def mean(self, method: str, group: str, metric: str) -> float:
        """Over the test items."""
        return fmean(required(row, metric) for row in self.by_key[method, group].originals)

    def pairs(self, a: str, b: str, group: str, metric: str, other: Results | None = None) -> Pairs | None:
        """Both methods on their common items, b as `other` has it where given; None where one of them was not run.

        Raises:
            ValueError: both were run, but on different items, or on items of another draw, whose ids are the same.
        """
        b_results = other or self
        if (a, group) not in self.by_key or (b, group) not in b_results.by_key:
            return None
        ours = self.by_key[a, group].originals
        theirs = {row.id: row for row in b_results.by_key[b, group].originals}
        common = [row for row in ours if row.id in theirs]
        if not common:
            raise ValueError(f"group {group}: {a} and {b} share no item, so they cannot be compared; run both again")
        if unlike := [row.id for row in common if row.question != theirs[row.id].question]:
            raise ValueError(
                f"group {group}: {a} and {b} were asked other questions under the same id, {unlike[0]} first: items of "
                "another draw (`seed`); run one of them again"
            )
        return self._paired(common, theirs, metric)

    def copies(self, method: str, group: str, metric: str) -> Pairs | None:
        """The counterfactual copies that a method answered, and the items that they copy; None where there are none."""
        answered = {row.id: row for row in self.by_key[method, group].originals}
        copies = self.by_key[method, group].counterfactuals
        copied = {row.id: answered[source] for row in copies if (source := self.sources.get(row.id, "")) in answered}
        common = [row for row in copies if row.id in copied]
        return self._paired(common, copied, metric) if common else None

    def _paired(self, ours: Sequence[Prediction], theirs: Mapping[str, Prediction], metric: str) -> Pairs:
        return Pairs(
            ids=tuple(row.id for row in ours),
            a=tuple(required(row, metric) for row in ours),
            b=tuple(required(theirs[row.id], metric) for row in ours),
            clusters=tuple(self.clusters(ours)),
        )

    def clusters(self, rows: Sequence[Prediction]) -> list[str]:
        """What is resampled together: items about the same entity.

        Raises:
            ValueError: an answer belongs to no known item.
        """
        unknown = [row.id for row in rows if row.id not in self.entities]
        if unknown:
            raise ValueError(
                f"{len(unknown)} answers, {unknown[0]} first, belong to no item; run `benchmark` again, or "
                "`python -m adamem.ablate` for answers of an experiment"
            )
        return shared_clusters([self.entities[row.id] for row in rows])


def read(folder: Path, tasks: Path, *more: Path) -> Results:
    """Everything under `reports/benchmarks`, and `more` such folders, and the entities of the items under `data/tasks`.

    Raises:
        ValueError: nothing is there, or a file is malformed; the message names file, line and field.
    """
    found = []
    for place in (folder, *more):
        found += (below := sorted(place.glob("*/*.json")))
        if not below:
            raise ValueError(f"{place}: no METHOD/GROUP.json below it; run the stages `benchmark` first")
    asked = [one for path in asked_in(tasks) for one in predictions.read_asked(path)]
    return Results(
        by_key={(path.parent.name, path.stem): _read_one(path) for path in found},
        entities={one.id: one.entities for one in asked},
        sources={one.id: one.source for one in asked if one.source is not None},
    )


def asked_in(tasks: Path) -> list[Path]:
    """The files of test items and of their counterfactual copies."""
    return [path for part in ("test", "counterfactual") for path in sorted(tasks.glob(f"*/{part}.jsonl"))]


def _read_one(path: Path) -> Result:
    cost = predictions.read_cost(path)
    if (cost.method, cost.group) != (path.parent.name, path.stem):
        raise ValueError(f"{path}: holds {cost.method}/{cost.group}; the folder and the name must say the same")
    rows = predictions.read(path.with_suffix(".jsonl"))
    originals = tuple(row for row in rows if not row.counterfactual)
    if not originals:
        raise ValueError(f"{path.with_suffix('.jsonl')}: no answer to a test item; run stage `benchmark` again")
    return Result(cost, originals, tuple(row for row in rows if row.counterfactual))


def required(row: Prediction, metric: str) -> float:
    """A score the item must have. Raises ValueError where it does not."""
    value = getattr(row, metric)
    if value is None:
        raise ValueError(f"item {row.id} has no {metric}; its task file lists no facts")
    return value
