"""The hypotheses on items that nobody had seen: experiments about `FRESH`, which draw their data with another seed, one
for each training seed, whose items are kept beside their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adamem.analysis import copies, hypotheses, longer, verdicts
from adamem.analysis.ablations import FRESH, Row
from adamem.analysis.hypotheses import Evidence, Hypothesis
from adamem.analysis.quality import OURS, Bootstrap
from adamem.analysis.results import Results

FILE = "hypotheses_fresh.json"
TITLE = "On items that nobody had seen"
OLDER, NEWER = "older items", "fresh items"
HEAD = """\
Training and test items drawn anew, with the steps of the longer trainings: {changes}; {count} training seeds, on:
{devices}. How many there would be, what they would be asked and how it would be judged was written down before the
first was run ([experiments.yaml](../../stages/ablations/experiments.yaml), at commit {commits}). A claim whose
opponents were not asked is left out, and counts in Holm's correction all the same. All comparisons:
[{file}]({file})."""
SEEN = """\
Which films, airports and the like are for tests does not depend on the draw, so these items are about the same ones,
in other texts. Questions that the older test items have word for word, and those that have the same answer, too:
{found}."""


def rows(table: Sequence[Row]) -> list[Row]:
    """Those of the table that are about fresh items, and not stale."""
    return [row for row in table if row.about == FRESH and not row.stale]


def load(folder: Path, rows: Sequence[Row], tasks: Path, bootstrap: Bootstrap) -> Evidence:
    """The answers of the experiments of `rows`, below `folder`, to the items that are kept beside them.

    Raises:
        ValueError: answers of the rows are missing or malformed, or two have one seed; the message names the place.
    """
    again = longer.trainings(folder, rows, tasks)
    number = next(iter(again))
    first = again.pop(number)
    return Evidence(first, bootstrap, again, number)


@dataclass(frozen=True)
class Fresh:
    """The section of the page and the verdicts; nothing where no such experiment counts."""

    section: str = ""
    claims: Sequence[Hypothesis] = ()


def weigh(
    folder: Path,
    rows: Sequence[Row],
    tasks: Path,
    older: Evidence | None,
    bootstrap: Bootstrap,
    cost: Mapping[str, Any],
) -> Fresh:
    """Judge the experiments of `rows` by their answers below `folder`; `older` are the longer trainings on other items,
    to be shown beside them. Raises ValueError as `load` does."""
    if not rows:
        return Fresh()
    found = load(folder, rows, tasks, bootstrap)
    claims = [claim for claim in hypotheses.judge(found, cost) if claim.effects]
    return Fresh(section(rows, claims, found, older), claims)


def section(rows: Sequence[Row], claims: Sequence[Hypothesis], fresh: Evidence, older: Evidence | None) -> str:
    """How it was done, verdicts, the effects training by training and group by group, and what each method scores
    beside what it scored on the `older` items after as long a training."""
    changes = ", ".join(f"`{one}`" for one in rows[0].changes.split() if not one.startswith("training_seed="))
    devices, commits = (
        ", ".join(dict.fromkeys(found)) for found in ([r.device for r in rows], [r.commit[:7] for r in rows])
    )
    head = HEAD.format(changes=changes, count=len(fresh.trainings), devices=devices, commits=commits, file=FILE)
    kinds = ({OLDER: older} if older else {}) | {NEWER: fresh}
    parts = [
        head,
        verdicts.table(claims),
        verdicts.trainings(claims),
        verdicts.by_group(fresh, claims),
        _seen(fresh.results, older.results) if older else "",
        longer.table(longer.scores((row.method for row in rows), kinds), "asked"),
        copies.leads(fresh),
    ]
    return "\n\n".join(part for part in parts if part)


def _seen(fresh: Results, older: Results) -> str:
    found = []
    for group in fresh.groups:
        known = {(row.question, row.gold) for row in older.by_key[OURS, group].originals}
        questions, asked = {question for question, _ in known}, fresh.by_key[OURS, group].originals
        same = sum(row.question in questions for row in asked)
        answered = sum((row.question, row.gold) in known for row in asked)
        found.append(f"{group} {same} and {answered} of {len(asked)}")
    return SEEN.format(found="; ".join(found))
