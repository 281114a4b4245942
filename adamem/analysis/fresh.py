"""H2 on another draw of the items: experiments about `FRESH`, one for each training seed, which draw all data with one
other seed. They were planned before the first of them was run."""

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
from adamem.analysis.tables import markdown

FILE = "hypotheses_fresh.json"
TITLE = "On another draw of the items"
PLANNED, PLAN = 3, "8af51cb"  # trainings, and the commit of experiments.yaml that says so
OLDER, NEWER = "older", "fresh"

HEAD = f"""\
All verdicts above are on items that had a part in choosing the design. Here training and test items were drawn anew,
with the steps of the longer trainings: {{changes}}; {{count}} of {PLANNED} training seeds, on: {{devices}}. The number
of trainings, what they would be asked and that H2 would be judged as above were written down in commit `{PLAN}`, before
the first was run ([experiments.yaml](../../stages/ablations/experiments.yaml)). On these items nothing was chosen."""
JUDGED = f"""\
Opponents are those of the longer trainings; tuned BM25 was not asked. Claims whose opponents were not asked are left
out, and count in Holm's correction all the same, which errs towards undecided; undecided speaks neither for nor
against. All comparisons: [{FILE}]({FILE})."""
OPEN = "No verdict before all of them are there."
SEEN = """\
The draw is by the same generator, with the same wordings, from the same films, airports and the like that are held out
for tests. So this can tell what was fitted to the older items, and not what was fitted to the generator or to these
entities. What the two draws have in common:"""
APART = """\
Both draws of items, after as long a training. More than the items is different: training items, devices, and how many
trainings there are. Intervals are over test items and trainings, not over draws of training items."""


@dataclass(frozen=True)
class Fresh:
    """The section of the page and the verdicts; none where not all trainings are there."""

    section: str = ""
    claims: Sequence[Hypothesis] = ()


def weigh(
    folder: Path,
    table: Sequence[Row],
    tasks: Path,
    older: Evidence | None,
    bootstrap: Bootstrap,
    cost: Mapping[str, Any],
) -> Fresh:
    """Judge the experiments about fresh items by their answers below `folder`; `older` are the longer trainings on
    other items, to be shown beside them.

    Raises:
        ValueError: answers or items are missing or malformed, or trainings were asked different items; the message
            names the place.
    """
    rows = [row for row in table if row.about == FRESH]
    if not (current := [row for row in rows if not row.stale]):
        return Fresh(longer.out_of_date(rows) if rows else "")
    found = longer.one_of(longer.trainings(folder, rows, tasks), bootstrap)
    claims = [claim for claim in hypotheses.judge(found, cost) if claim.effects]
    if len(found.trainings) < PLANNED:
        claims = []
    return Fresh(_section(current, claims, found, older), claims)


def _section(rows: Sequence[Row], claims: Sequence[Hypothesis], fresh: Evidence, older: Evidence | None) -> str:
    changes, devices = longer.made_with(rows)
    judged = [JUDGED, verdicts.table(claims), verdicts.trainings(claims), verdicts.by_group(fresh, claims)]
    kinds = ({OLDER: older} if older else {}) | {NEWER: fresh}
    parts = [
        HEAD.format(changes=changes, count=len(fresh.trainings), devices=devices),
        *(judged if claims else [OPEN]),
        _common(fresh.results, older.results) if older else "",
        APART,
        longer.table(longer.scores((row.method for row in rows), kinds), "items"),
        copies.leads(fresh),
    ]
    return "\n\n".join(part for part in parts if part)


def _common(fresh: Results, older: Results) -> str:
    """How many of the questions and entities the older items have, too."""
    lines = []
    for group in fresh.groups:
        if (OURS, group) not in fresh.by_key or (OURS, group) not in older.by_key:
            continue
        new, old = (one.by_key[OURS, group].originals for one in (fresh, older))
        questions, answered = {row.question for row in old}, {(row.question, row.gold) for row in old}
        about = [{key for row in one for key in of.entities[row.id]} for one, of in ((new, fresh), (old, older))]
        same = sum(row.question in questions for row in new), sum((row.question, row.gold) in answered for row in new)
        lines.append([group, f"{len(about[0] & about[1])} of {len(about[0])}", *(f"{n} of {len(new)}" for n in same)])
    head = ["group", "entities", "questions, word for word", "with the same answer"]
    return f"{SEEN}\n\n{markdown(head, lines, numbers_from=1)}"
