"""The hypotheses once more, from longer trainings: `reports/gpu/answers`, made with other settings and apart from the
graph. `about.json` there says with what; below SEED/METHOD lie answers as in `reports/benchmarks`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adamem.analysis import ablations, verdicts
from adamem.analysis.ablations import Changes
from adamem.analysis.hypotheses import Evidence, Hypothesis
from adamem.analysis.quality import OURS
from adamem.analysis.results import Results, read, required
from adamem.analysis.tables import markdown, write_text
from adamem.analysis.targets import LOWER, UPPER

FILE = "hypotheses_longer.json"
ABOUT = "about.json"
SHORT, LONG = "as committed", "longer"
PLOT = """\
Each mark is one training, each bar a mean; hollow: as committed, filled: longer.

![What each training scored](plots/longer.png)"""

Scores = Mapping[tuple[str, str], Mapping[str, Sequence[float]]]  # a list of trainings by method and length, by group


class About(BaseModel):
    """What the trainings were made with: `set` differs from `params.yaml`, `seeds` are the folders of the training
    seeds, in each of which all `methods` lie; `commit`, `settings`, `code` and `stale` as in `ablations.csv`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str
    torch: str
    commit: str
    settings: str
    code: str
    set: Changes
    methods: tuple[str, ...] = Field(min_length=1)
    seeds: tuple[str, ...] = Field(min_length=1)
    stale: bool = False


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
    now = (ablations.code_hash(root), ablations.settings_hash(root, about.set))
    about = about.model_copy(update={"stale": now != (about.code, about.settings)})
    write_text(folder / ABOUT, about.model_dump_json(indent=1) + "\n")
    return about.stale


def load(folder: Path, about: About, tasks: Path, committed: Evidence) -> Evidence:
    """The answers of the trainings, beside those of arms that are not trained and of the lower bound in `committed`.

    Raises:
        ValueError: answers are missing or malformed; the message names the place.
    """
    first, *again = (_seed(folder / seed, about.methods, tasks) for seed in about.seeds)
    given = {
        key: one
        for key, one in committed.results.by_key.items()
        if one.cost.trainable_parameters == 0 or key[0] == LOWER
    }
    return replace(committed, results=replace(first, by_key=given | dict(first.by_key)), again=again)


def _seed(folder: Path, methods: Sequence[str], tasks: Path) -> Results:
    results = read(folder, tasks)
    if odd := set(results.methods) ^ set(methods):
        raise ValueError(
            f"{folder}: {min(odd)} is only there or only in {ABOUT}; every seed has the methods named in it"
        )
    return results


def scores(about: About, longer: Evidence, committed: Evidence) -> Scores:
    """What each training of each method scored, as committed and longer."""
    trained, before = ([known.results, *known.again] for known in (longer, committed))
    return {
        (method, length): {
            group: [_mean(one, method, group) for one in trainings if (method, group) in one.by_key]
            for group in longer.results.groups
        }
        for method in about.methods
        for length, trainings in ((SHORT, before), (LONG, trained))
    }


def section(about: About, claims: Sequence[Hypothesis], scores: Scores) -> str:
    """Verdicts, the effects training by training, and what each method scores with either length."""
    changes = ", ".join(f"`{key}={value}`" for key, value in about.set.items())
    head = (
        f"The arms that decide, trained for longer: {changes}; {len(about.seeds)} training seeds, on one "
        f"{about.device} (torch {about.torch}), outside DVC ([answers](../gpu/answers), "
        "[how](../../docs/experiments.md#what-an-h100-gave)). Opponents that were trained, but not for longer, have no "
        f"say here; untrained ones have. `{LOWER}`, which H1's opponent must beat, is as committed. Judged as above, "
        f"the cost half of H3 by the costs of the committed run; all comparisons: [{FILE}]({FILE})."
    )
    return "\n\n".join([head, verdicts.table(claims), verdicts.trainings(claims), _table(scores), PLOT])


def out_of_date(about: About) -> str:
    """The section where code or settings have changed since."""
    return f"Out of date: made with code and settings of commit {about.commit}, which have changed. They have no say."


def _table(scores: Scores) -> str:
    rows = [[f"`{method}`", length, *map(_spread, found.values())] for (method, length), found in scores.items()]
    groups = list(next(iter(scores.values())))
    head = (
        "Means over the training seeds, lowest and highest in brackets (F1; coverage on C). "
        f"`{UPPER}` is asked fewer items, so its distance to `{OURS}` here is not quite the one that H3 judges.\n\n"
    )
    return head + markdown(["method", "training", *groups], rows, numbers_from=2)


def _spread(found: Sequence[float]) -> str:
    return f"{fmean(found):.2f} [{min(found):.2f}, {max(found):.2f}]" if found else ""


def _mean(results: Results, method: str, group: str) -> float:
    metric = results.metric(group)
    return fmean(required(row, metric) for row in results.by_key[method, group].originals)
