"""H2 where more pieces must be fused: experiments about `LISTS`, whose lists in group A have four names, one for each
training seed. All of it was planned before one of them was run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adamem.analysis import copies, kept, planned, verdicts
from adamem.analysis.ablations import LISTS
from adamem.analysis.hypotheses import FUSION, Evidence
from adamem.analysis.kept import Kept, Weighed
from adamem.analysis.methods import RETRIEVAL, RETRIEVAL_AT_K, WRITTEN

FILE = "hypotheses_lists.json"
TITLE = "When four pieces must be fused"
PLANNED = {"H2": 3}  # trainings behind the comparison that decides
PLAN = "c1cead7"  # the commit of experiments.yaml that says so
OPPONENTS = (*RETRIEVAL_AT_K, RETRIEVAL, WRITTEN)
COMMITTED, HERE = "two or three names", "four names"

HEAD = f"""\
H2 is about evidence in several pieces, of which the lists of {FUSION} have two or three. Here they have four, each in a
document of its own, among two other groups of four that share another value, as the shorter lists stand among two of
two or three. Arms that are trained were trained on such lists. Beside the training seed, settings differ by
{{changes}}; {{count}} training seeds, on: {{devices}}. What would be asked, and that {PLANNED["H2"]} trainings would be
judged as above, was written down in commit `{PLAN}`
([experiments.yaml](../../stages/ablations/experiments.yaml)), before the first training; nobody had seen an answer to
these items. Items of the other groups are those of the committed run."""
JUDGED = f"""\
H1 and H3, whose opponents were not asked, are left out, and count in Holm's correction all the same. All comparisons:
[{FILE}]({FILE})."""
OPEN = "No verdict yet: not all of the planned trainings are there."


def weigh(answers: Kept, committed: Evidence, cost: Mapping[str, Any]) -> Weighed:
    """Judge the experiments about lists of four names, beside the trainings `committed`, whose lists are shorter.

    Raises:
        ValueError: see `Kept.evidence`; or trainings were asked different items.
    """
    about = answers.about(LISTS)
    if not about.current:
        return Weighed(about.out_of_date())
    found = about.evidence(committed.bootstrap)
    claims = planned.ready(found, cost, PLANNED, OPPONENTS)
    changes, devices = about.made_with()
    scores = kept.scores((row.method for row in about.current), {COMMITTED: committed, HERE: found})
    judged = [JUDGED, verdicts.table(claims), verdicts.trainings(claims), verdicts.by_group(found, claims)]
    parts = [
        HEAD.format(changes=changes, count=len(found.trainings), devices=devices),
        *(judged if claims else [OPEN]),
        kept.table(scores, "lists"),
        copies.leads(found),
    ]
    return Weighed("\n\n".join(part for part in parts if part), claims, scores, found)
