"""The hypotheses once more, from longer trainings: `reports/gpu/answers`, made with other settings and apart from the
graph. `about.json` there says with what; below SEED/METHOD lie answers as in `reports/benchmarks`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adamem.analysis import ablations, hypotheses, verdicts
from adamem.analysis.ablations import Experiment
from adamem.analysis.hypotheses import Evidence, Hypothesis
from adamem.analysis.methods import in_order
from adamem.analysis.results import Results, read, required
from adamem.analysis.tables import markdown, write_text
from adamem.analysis.targets import LOWER

FILE = "hypotheses_longer.json"
ABOUT = "about.json"
SHORT, LONG = "as committed", "longer"
PLOT = """\
Each mark is one training, each bar a mean; hollow: as committed, filled: longer.

![What each training scored](plots/longer.png)"""

Scores = Mapping[tuple[str, str], Mapping[str, Sequence[float]]]


class About(BaseModel):
    """What the trainings were made with: `set` differs from `params.yaml`, `seeds` are the folders of the training
    seeds; `commit`, `settings`, `code` and `stale` as in `ablations.csv`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str
    torch: str
    commit: str
    settings: str
    code: str
    set: dict[str, int]
    seeds: tuple[str, ...] = Field(min_length=1)
    stale: bool = False


@dataclass(frozen=True)
class Longer:
    """The methods that were trained for longer, and all that is known with them: their answers, and those of arms that
    are not trained."""

    about: About
    methods: tuple[str, ...]
    known: Evidence

    def judge(self, cost: Mapping[str, object]) -> list[Hypothesis]:
        """H1 to H3; `cost` is the content of `reports/efficiency.json`: how long was trained does not change it."""
        return hypotheses.judge(self.known.results, self.known.bootstrap, cost, self.known.again)


def read_about(folder: Path) -> About | None:
    """What the trainings below `folder` were made with; None where there are none.

    Raises:
        ValueError: `about.json` is no such description; the message names file and key.
    """
    path = folder / ABOUT
    if not path.is_file():
        return None
    try:
        return About.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise ValueError(f"{path}: {error}") from error


def mark(folder: Path, root: Path) -> bool:
    """Say in `about.json` whether code or settings below `root` have changed since, and return that."""
    about = read_about(folder)
    if about is None:
        return False
    made_with = Experiment(about="longer", set=dict(about.set), ask=("adamem",))
    now = (ablations.code_hash(root), ablations.settings_hash(root, made_with))
    about = about.model_copy(update={"stale": now != (about.code, about.settings)})
    write_text(folder / ABOUT, about.model_dump_json(indent=1) + "\n")
    return about.stale


def load(folder: Path, about: About, tasks: Path, committed: Evidence) -> Longer:
    """The answers of the trainings; `committed` has those of arms that are not trained.

    Raises:
        ValueError: answers are missing or malformed; the message names the file.
    """
    first, *again = (read(folder / seed, tasks) for seed in about.seeds)
    given = {
        key: one
        for key, one in committed.results.by_key.items()
        if one.cost.trainable_parameters == 0 or key[0] == LOWER
    }
    everything = replace(first, by_key=given | dict(first.by_key))
    return Longer(about, tuple(in_order(first.methods)), replace(committed, results=everything, again=again))


def section(longer: Longer, claims: Sequence[Hypothesis], committed: Evidence) -> str:
    """Verdicts, the effects training by training, and what each method scores with either length."""
    about = longer.about
    changes = ", ".join(f"`{key}={value}`" for key, value in about.set.items())
    head = (
        f"The arms that decide, trained for longer: {changes}; {len(about.seeds)} training seeds, on one "
        f"{about.device} (torch {about.torch}), by the stage scripts of this graph, outside DVC "
        "([answers](../gpu/answers)). No other opponent was trained for as long, so none has a say here. Judged as "
        f"above; all comparisons: [{FILE}]({FILE})."
    )
    parts = [head, verdicts.table(claims), verdicts.trainings(claims), _table(scores(longer, committed)), PLOT]
    return "\n\n".join(parts)


def out_of_date(about: About) -> str:
    """The section where code or settings have changed since."""
    return f"Out of date: made with code and settings of commit {about.commit}, which have changed. They have no say."


def scores(longer: Longer, committed: Evidence) -> Scores:
    """What each training of each method scored, by method and length of the training, by group."""
    trained, before = ([known.results, *known.again] for known in (longer.known, committed))
    return {
        (method, length): {
            group: [_mean(one, method, group) for one in trainings if (method, group) in one.by_key]
            for group in longer.known.results.groups
        }
        for method in longer.methods
        for length, trainings in ((SHORT, before), (LONG, trained))
    }


def _table(scores: Scores) -> str:
    rows = [[f"`{method}`", length, *map(_spread, found.values())] for (method, length), found in scores.items()]
    groups = list(next(iter(scores.values())))
    head = "Means over the training seeds, lowest and highest in brackets (F1; coverage on C):\n\n"
    return head + markdown(["method", "training", *groups], rows, numbers_from=2)


def _spread(found: Sequence[float]) -> str:
    return f"{fmean(found):.2f} [{min(found):.2f}, {max(found):.2f}]" if found else ""


def _mean(results: Results, method: str, group: str) -> float:
    metric = results.metric(group)
    return fmean(required(row, metric) for row in results.by_key[method, group].originals)
