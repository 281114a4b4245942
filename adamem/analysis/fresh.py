"""H1 and H2 on another draw of the items: experiments about `FRESH`, one for each training seed, which draw all data
with one other seed. What decides a claim was planned before any of its opponents was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adamem.analysis import copies, kept, planned, verdicts
from adamem.analysis.ablations import FRESH
from adamem.analysis.hypotheses import QUERY_FREE, RETRIEVAL_TUNED, Evidence, Hypothesis
from adamem.analysis.kept import Kept, Scores, Weighed
from adamem.analysis.methods import LOWER, OURS, WRITTEN
from adamem.analysis.quality import Bootstrap
from adamem.analysis.results import Results
from adamem.analysis.tables import markdown

FILE = "hypotheses_fresh.json"
TITLE = "On another draw of the items"
PLANNED = {"H1": 2, "H2": 3}  # trainings behind the comparison that decides
PLANS = {"H1": "0c93e82", "H2": "8af51cb", WRITTEN: "2bc8d6e"}  # the commits of experiments.yaml that say so
OLDER, NEWER = "older", "fresh"

HEAD = f"""\
All verdicts above are on items that had a part in choosing the design. Here training and test items were drawn anew,
with the steps of the longer trainings: {{changes}}; {{count}} training seeds, on: {{devices}}. On these items nothing
was chosen. Planned were {PLANNED["H2"]} trainings for H2 and {PLANNED["H1"]} for H1
([experiments.yaml](../../stages/ablations/experiments.yaml)): what they would be asked, and that each claim would be
judged as above, was written down in commit `{PLANS["H2"]}`, before the first training, and for H1 in commit
`{PLANS["H1"]}`, when scores of AdaMem and of retrieval on these items were known, and none without the question."""
ADDED = f"`{WRITTEN}` became an opponent of H2 later, in commit `{PLANS[WRITTEN]}`, before it was run here."
ABSENT = "Of the opponents that are trained, {names} were not asked."
JUDGED = f"""\
`{LOWER}`, which H1's opponent must beat, has the steps of the committed run. Claims whose opponents were not asked are
left out, and count in Holm's correction all the same, which errs towards undecided; undecided speaks neither for nor
against. All comparisons: [{FILE}]({FILE})."""
OPEN = "No verdict yet on {names}: not all of the planned trainings are there."
SEEN = """\
The draw is by the same generator, with the same wordings, from the same films, airports and the like that are held out
for tests. So this can tell what was fitted to the older items, and not what was fitted to the generator or to these
entities. What the two draws have in common:"""
APART = """\
Both draws of items, after as long a training. More than the items is different: training items, devices, and how many
trainings there are. Intervals are over test items and trainings, not over draws of training items."""


def weigh(answers: Kept, older: Evidence | None, bootstrap: Bootstrap, cost: Mapping[str, Any]) -> Weighed:
    """Judge the experiments about fresh items; `older` are the longer trainings on other items, to be shown beside
    them.

    Raises:
        ValueError: see `Kept.evidence`; or trainings were asked different items.
    """
    about = answers.about(FRESH)
    if not about.current:
        return Weighed(about.out_of_date())
    found = about.evidence(bootstrap)
    claims = planned.ready(found, cost, PLANNED)
    kinds = ({OLDER: older} if older else {}) | {NEWER: found}
    scores = kept.scores((row.method for row in about.current), kinds)
    return Weighed(_section(about, claims, scores, found, older), claims, scores, found)


def _section(about: Kept, claims: Sequence[Hypothesis], scores: Scores, fresh: Evidence, older: Evidence | None) -> str:
    changes, devices = about.made_with()
    judged = [_opponents(fresh), verdicts.table(claims), verdicts.trainings(claims), verdicts.by_group(fresh, claims)]
    waiting = [name for name in PLANNED if name not in {claim.name for claim in claims}]
    parts = [
        HEAD.format(changes=changes, count=len(fresh.trainings), devices=devices),
        *(judged if claims else []),
        OPEN.format(names=" and ".join(waiting)) if waiting else "",
        _common(fresh.results, older.results) if older else "",
        APART,
        kept.table(scores, "items"),
        copies.leads(fresh),
    ]
    return "\n\n".join(part for part in parts if part)


def _opponents(fresh: Evidence) -> str:
    """Which of them were asked, and how the claims are judged then."""
    absent = [f"`{name}`" for name in (*QUERY_FREE, *RETRIEVAL_TUNED) if name not in fresh.results.methods]
    missing = ABSENT.format(names=", ".join(absent)) if absent else ""
    said = [ADDED if WRITTEN in fresh.results.methods else "", missing, JUDGED]
    return "\n".join(part for part in said if part)


def _common(fresh: Results, older: Results) -> str:
    """How many of the questions and entities the older items have, too."""
    lines = []
    for group in fresh.groups:
        if (OURS, group) not in fresh.by_key or (OURS, group) not in older.by_key:
            continue
        asked = [(one, one.by_key[OURS, group].originals) for one in (fresh, older)]
        about = [{key for row in rows for key in one.entities[row.id]} for one, rows in asked]
        new, old = ([(row.question, frozenset(row.gold)) for row in rows] for _, rows in asked)
        questions, answered = {question for question, _ in old}, set(old)
        same = sum(question in questions for question, _ in new), sum(one in answered for one in new)
        lines.append([group, f"{len(about[0] & about[1])} of {len(about[0])}", *(f"{n} of {len(new)}" for n in same)])
    head = ["group", "entities", "questions, word for word", "with the same answer"]
    return f"{SEEN}\n\n{markdown(head, lines, numbers_from=1)}"
