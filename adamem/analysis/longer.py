"""The hypotheses once more, from longer trainings: experiments about `LONGER`, one for each training seed, whose
answers are kept as those of further seeds are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from adamem.analysis import copies, kept, margins, verdicts
from adamem.analysis.ablations import LONGER
from adamem.analysis.hypotheses import Evidence, Hypothesis, judge
from adamem.analysis.kept import Kept, Scores, Weighed
from adamem.analysis.methods import LOWER, OURS, UPPER
from adamem.analysis.tables import gap

FILE = "hypotheses_longer.json"
SHORT, LONG = "as committed", "longer"
PLOT = f"""\
`{UPPER}` is asked fewer items, so its distance to `{OURS}` here is not quite the one that H3 judges. In the
plot each mark is one training, each upright line a mean; hollow: as committed, filled: longer.

![What each training scored](plots/longer.png)"""


def weigh(answers: Kept, committed: Evidence, cost: Mapping[str, Any]) -> Weighed:
    """Judge the longer trainings among the answers, beside those `committed`; `cost` is the content of
    `reports/efficiency.json`.

    Raises:
        ValueError: see `load`.
    """
    about = answers.about(LONGER)
    if not about.current:
        return Weighed(about.out_of_date())
    found = load(about, committed)
    claims = judge(found, cost)
    scores = kept.scores((row.method for row in about.current), {SHORT: committed, LONG: found})
    return Weighed(section(about, claims, scores, found, committed), claims, scores, found)


def load(about: Kept, committed: Evidence) -> Evidence:
    """The answers of experiments, beside those of arms that are not trained and of the lower bound in `committed`.

    Raises:
        ValueError: see `Kept.evidence`.
    """
    found = about.evidence(committed.bootstrap)
    given = {
        key: one
        for key, one in committed.results.by_key.items()
        if one.cost.trainable_parameters == 0 or key[0] == LOWER
    }
    return replace(found, results=replace(found.results, by_key=given | dict(found.results.by_key)))


def section(about: Kept, claims: Sequence[Hypothesis], scores: Scores, longer: Evidence, committed: Evidence) -> str:
    """Verdicts, the effects training by training and group by group, whether leads have grown, and what each method
    scores with either length."""
    changes, devices = about.made_with()
    head = (
        f"Arms that are trained, trained for longer: {changes}; "
        f"{len(longer.trainings)} training seeds, on: {devices} "
        "([experiments](../ablations/README.md#all-experiments), [how](../../docs/experiments.md#what-an-h100-gave)). "
        "Compared are the arms that were trained for longer and "
        f"those that nobody trains; an arm that was trained, but not for longer, is left out. `{LOWER}`, which H1's "
        "opponent must beat, is as committed. Judged as above, the cost half of H3 by the costs of the committed run; "
        f"all comparisons: [{FILE}]({FILE}). Three times the steps were chosen when scores of such trainings on these "
        "test items had been seen."
    )
    judged = [verdicts.table(claims), verdicts.trainings(claims), verdicts.by_group(longer, claims)]
    leads = [_growth(claims, longer, committed), copies.leads(longer)]
    return "\n\n".join(part for part in [head, *judged, *leads, kept.table(scores, "training"), PLOT] if part)


def _growth(claims: Sequence[Hypothesis], longer: Evidence, committed: Evidence) -> str:
    """What longer training adds to the leads of the first two claims, and to those over other tuned retrieval."""
    parts = []
    leads = [(one.name, effect) for one in claims for effect in verdicts.close(one) if effect.share == 1]
    for name, effect in leads:
        found = margins.growth(committed, longer, effect.against, effect.group)
        if found is not None:
            grown, seeds = found
            told = gap(grown.difference, grown.low, grown.high)
            parts.append(f"over `{effect.against}` on {effect.group} ({name}) {told}, {seeds} seeds")
    if not parts:
        return ""
    return (
        "What longer training adds to the leads, with how many seeds were trained both ways: "
        f"{'; '.join(parts)}. Devices, and for some seeds the type of the LLM, changed as well."
    )
