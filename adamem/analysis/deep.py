"""What learned vectors between the layers of the LLM bring: experiments about `DEEP` beside trainings without them from
the same seeds, and what is left of AdaMem's leads when all arms have them."""

from __future__ import annotations

from collections.abc import Sequence

from adamem.analysis import kept
from adamem.analysis.ablations import DEEP
from adamem.analysis.hypotheses import Evidence, difference, over
from adamem.analysis.kept import Kept
from adamem.analysis.methods import OURS, in_order
from adamem.analysis.tables import gap, gaps, markdown
from adamem.evaluation.statistics import Interval

TITLE = "Do prompts in every layer help the LLM to read?"
WITHOUT, WITH = "input alone", "every layer"
HEAD = """\
As committed, learned vectors reach the LLM at its input alone. Here others are learned beside them, the same for every
text and question, and added to what each layer gets of them; no position more is taken (`interface: deep_prompt`, as
the deep prompts of [Qin and Eisner 2021](../../docs/design.md#sources)). {count} training seeds, on: {devices}. What
that adds to each arm's score, over the seeds that were trained with and without it, with 95 % intervals over trainings
and items (over items alone where there is one seed); exploratory, as all that is asked of these items:"""
LEADS = f"""\
What `{OURS}` scores above the others where all of them have such prompts:"""


def section(answers: Kept, committed: Evidence) -> str:
    """What each arm gains, group by group, AdaMem's leads then, and all scores; `committed` has the trainings without.

    Raises:
        ValueError: see `Kept.evidence`; or trainings were asked different items.
    """
    about = answers.about(DEEP)
    if not about.current:
        return about.out_of_date()
    found = about.evidence(committed.bootstrap)
    methods = in_order(found.results.methods)
    _, devices = about.made_with()
    gained = [_gains(committed, found, method) for method in methods]
    parts = [
        HEAD.format(count=len(found.trainings), devices=devices),
        markdown(["arm", "seeds", *found.results.groups], [row for row in gained if row], numbers_from=1),
        _leads(found, methods),
        kept.table(kept.scores(methods, {WITHOUT: committed, WITH: found}), "prompts"),
    ]
    return "\n\n".join(part for part in parts if part)


def gain(before: Evidence, after: Evidence, method: str, group: str) -> tuple[Interval, int] | None:
    """What a method scores after a change above what it scored before, over the trainings that both have, and how many
    these are; None where there are none.

    Raises:
        ValueError: trainings were asked different items.
    """
    metric = after.results.metric(group)
    pairs = [
        found
        for number, one in after.trainings.items()
        if number in before.trainings
        and (found := one.pairs(method, method, group, metric, before.trainings[number])) is not None
    ]
    if not pairs:
        return None
    if any(one.ids != pairs[0].ids for one in pairs):
        raise ValueError(f"group {group}: {method} answered other items with another seed; ask them again")
    gained = [[x - y for x, y in zip(one.a, one.b, strict=True)] for one in pairs]
    name = f"gain {method} {group} {metric}"
    return over(gained, pairs[0].clusters, before.bootstrap, name), len(pairs)


def _gains(before: Evidence, after: Evidence, method: str) -> list[str]:
    """A line of the table; nothing where no seed was trained both ways."""
    found = [gain(before, after, method, group) for group in after.results.groups]
    counts = [one[1] for one in found if one is not None]
    if not counts:
        return []
    cells = ["" if one is None else gap(one[0].difference, one[0].low, one[0].high) for one in found]
    return [f"`{method}`", str(max(counts)), *cells]


def _leads(found: Evidence, methods: Sequence[str]) -> str:
    rows = []
    for other in (name for name in methods if name != OURS):
        effects = [difference(found, OURS, other, group) for group in found.results.groups]
        rows.append([f"`{other}`", *gaps([effect and effect.comparison for effect in effects])])
    return f"{LEADS}\n\n{markdown(['above', *found.results.groups], rows)}" if rows else ""
